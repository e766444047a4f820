"""What keeps a figure's file the same on every machine: nothing in it hangs on the last bits of its numbers.

Sums, logarithms and products of matrices differ in their last bits between processors, and the solver of
matplotlib's constrained layout even between two runs, since it orders by memory address. Such bits come to
light where coordinates are named by a hash, cut to digits or put on pixels. So places of panels are rounded
when they are laid out, and coordinates where they are written or drawn; names count from 1.
"""

import codecs
import itertools
import re
from typing import IO, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.path import Path
from matplotlib.transforms import Bbox, IdentityTransform

from advex.common.artifacts import Array

_OF_A_FIGURE = 6  # decimals of a place in units of the figure's width or height
_OF_A_POINT = 3  # decimals of a coordinate, in points or pixels

# Where a number is cut. Coordinates that follow from round ones often lie in the middle between two, where
# the last bit would decide; hardly any lies here.
_CUT = 0.6372

_COORDINATES = re.compile(r'(?<=\s)(?:d|x|y|width|height)="[^"]*"|translate\([^)]*\)')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{4,}")
_NAME = re.compile(r'(?<=[\s(#"])([A-Za-z][A-Za-z0-9]*(?:_\d+_)*)([0-9a-f]{10})(?=["\)])')


def steady(values: Any, decimals: int = _OF_A_POINT) -> Array:
    """Round numbers so that those that differ in their last bits only become equal."""
    scale = 10.0**decimals
    rounded: Array = np.floor(np.asarray(values, dtype=float) * scale + _CUT) / scale
    return rounded


class SteadyLayout(ConstrainedLayoutEngine):
    """Matplotlib's constrained layout, with places rounded to a millionth of the figure."""

    def execute(self, fig: FigureBase) -> Any:
        """Lay out a figure's panels."""
        grids = super().execute(fig)  # type: ignore[arg-type]
        _round_parts(fig)
        panels: list[Axes] = fig.axes  # type: ignore[assignment]
        for axes in panels:
            counts = axes.get_in_layout()
            axes.set_position(_rounded(axes.get_position(original=True)))
            axes.set_in_layout(counts)  # which a position of one's own would end
        return grids


def _round_parts(figure: FigureBase) -> None:
    for part in figure.subfigs:
        part.bbox_relative.set(_rounded(part.bbox_relative))
        _round_parts(part)


def _rounded(box: Any) -> Bbox:
    return Bbox(steady(box.get_points(), _OF_A_FIGURE))


class SteadyRenderer(RendererAgg):
    """Matplotlib's renderer of pixels, which rounds coordinates before it draws."""

    def __init__(self, width: float, height: float, dpi: float):
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        # These lead around the methods below, straight to compiled code. Those of collections and meshes
        # are written for all renderers, in terms of single paths.
        direct = vars(self)
        self._draw_markers, self._draw_image = direct.pop("draw_markers"), direct.pop("draw_image")
        for name in ("draw_path_collection", "draw_quad_mesh"):
            direct.pop(name)

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Any,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Draw a path."""
        unmoved = IdentityTransform()
        super().draw_path(gc, _steady_path(path, transform), unmoved, rgbFace)  # type: ignore[no-untyped-call]

    def draw_markers(
        self, gc: GraphicsContextBase, marker_path: Path, marker_trans: Any, path: Path, trans: Any,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:  # fmt: skip
        """Draw a marker at each vertex of a path."""
        unmoved = IdentityTransform()
        marker = _steady_path(marker_path, marker_trans)
        self._draw_markers(gc, marker, unmoved, _steady_path(path, trans), unmoved, rgbFace)

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Draw an image of pixels at a place."""
        self._draw_image(gc, float(steady(x)), float(steady(y)), im)

    def draw_text(
        self, gc: GraphicsContextBase, x: float, y: float, s: str, prop: Any, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """Draw a line of text."""
        place = float(steady(x)), float(steady(y))
        super().draw_text(gc, *place, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]


def _steady_path(path: Path, transform: Any) -> Path:
    moved = Path(steady(transform.transform(path.vertices)), path.codes)
    moved.should_simplify = path.should_simplify
    return moved


class PngCanvas(FigureCanvasAgg):
    """A canvas of pixels that draws with the :class:`SteadyRenderer`."""

    def get_renderer(self) -> RendererAgg:
        """Return the renderer, a new one where the figure's size has changed."""
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        if self._lastKey != size:
            self.renderer, self._lastKey = SteadyRenderer(*size), size
        renderer: RendererAgg = self.renderer
        return renderer


class SvgCanvas(FigureCanvasSVG):
    """A canvas of lines and curves whose parts that are pixels are drawn with the :class:`SteadyRenderer`."""

    def print_svg(self, filename: IO[bytes], *, metadata: Any = None, **_: Any) -> None:
        """Write to an open file; as the method of the base class does, but for the renderer of pixels."""
        dots_per_inch = self.figure.dpi
        self.figure.dpi = 72
        width, height = self.figure.get_size_inches()
        file = codecs.getwriter("utf-8")(filename)
        lines = RendererSVG(  # type: ignore[no-untyped-call]
            72 * width, 72 * height, file, image_dpi=dots_per_inch, metadata=metadata
        )
        renderer: Any = MixedModeRenderer(  # type: ignore[no-untyped-call]
            self.figure, width, height, dots_per_inch, lines, SteadyRenderer
        )
        self.figure.draw(renderer)
        renderer.finalize()


def steady_svg(text: str) -> str:
    """Round the coordinates in an SVG file of matplotlib's, and number what it names by a hash."""
    short = _COORDINATES.sub(lambda found: _LONG_NUMBER.sub(_shorter, found[0]), text)
    numbers: dict[str, int] = {}
    counts: dict[str, itertools.count[int]] = {}

    def numbered(found: re.Match[str]) -> str:
        kind = found[1]
        if found[0] not in numbers:
            numbers[found[0]] = next(counts.setdefault(kind, itertools.count(1)))
        return f"{kind}{numbers[found[0]]}"

    return _NAME.sub(numbered, short)


def _shorter(found: re.Match[str]) -> str:
    return f"{float(steady(float(found[0]))):.{_OF_A_POINT}f}".rstrip("0").rstrip(".")
