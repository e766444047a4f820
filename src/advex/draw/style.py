"""The one style of all figures: sizes, colours with a fixed meaning, an empty figure, and how it is written.

Lengths are millimetres in print, text is 7 pt or more. What is drawn is in :mod:`advex.draw.marks`, what is
said in :mod:`advex.draw.lettering`.
"""

import io
import os
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter
from PIL import Image

from advex.common.artifacts import Array
from advex.common.files import atomic_path, write_text
from advex.draw.steady import PngCanvas, SteadyLayout, SvgCanvas, steady_svg

COLUMN_WIDTH = 85
PAGE_WIDTH = 175
SMALLEST_TEXT = 7

# The colour-blind-safe palette of Okabe and Ito; "published" and the greys complete it.
COLOURS: dict[str, str] = {
    "standard": "#0072B2",
    "robust": "#D55E00",
    "from_standard": "#56B4E9",
    "from_robust": "#E69F00",
    "published": "#000000",
    "neutral": "#8C8C8C",
    "chance": "#595959",
    "accent": "#009E73",
    "second_accent": "#CC79A7",
}

_TEXT = 7.5
_MILLIMETRES_PER_INCH = 25.4
_DOTS_PER_INCH = 150
_SETTINGS: Any = {  # matplotlib types the keys by version
    "font.family": "DejaVu Sans",  # ships with matplotlib, so figures are equal on every machine
    "font.size": _TEXT,
    "axes.titlesize": _TEXT,
    "axes.labelsize": _TEXT,
    "xtick.labelsize": SMALLEST_TEXT,
    "ytick.labelsize": SMALLEST_TEXT,
    "legend.fontsize": SMALLEST_TEXT,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "advex",
}


def line_style(index: int) -> Any:
    """Return a line style of matplotlib that differs for every place, from 0; the fifth on has many dots."""
    named = ("-", "--", ":", "-.")
    return named[index] if index < len(named) else (0, (5, 1.5, *(1, 1.5) * (index - 2)))


def _use_own_settings() -> None:
    """Start from matplotlib's own defaults and fonts, whatever the user's matplotlibrc and machine have."""
    defaults: Any = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    matplotlib.rcParams.update({**defaults, **_SETTINGS})
    shipped = Path(matplotlib.get_data_path())
    fontManager.ttflist = [font for font in fontManager.ttflist if shipped in Path(font.fname).parents]


def canvas(
    width_mm: float, height_mm: float, rows: int = 1, columns: int = 1, **subplots_keywords: Any
) -> tuple[Figure, Array]:
    """Make a figure of the given print size in the common style.

    Args:
        width_mm: width in millimetres, usually COLUMN_WIDTH or PAGE_WIDTH.
        height_mm: height in millimetres.
        rows: number of rows of panels.
        columns: number of columns of panels.
        **subplots_keywords: further keywords of :meth:`matplotlib.figure.Figure.subplots`.

    Returns:
        The figure and its panels, an array of Axes of shape (rows, columns).
    """
    _use_own_settings()
    size = (width_mm / _MILLIMETRES_PER_INCH, height_mm / _MILLIMETRES_PER_INCH)
    figure = Figure(figsize=size, layout=SteadyLayout())
    return figure, figure.subplots(rows, columns, squeeze=False, **subplots_keywords)


def _take_literally(figure: Figure) -> None:
    """Write texts as people gave them: a dollar sign is no mathematics, but in the numbers of an axis."""
    numbers = {
        label
        for panel in figure.axes
        for axis in (panel.xaxis, panel.yaxis)
        if isinstance(axis.get_major_formatter(), LogFormatter)
        for label in axis.get_ticklabels(which="both")
    }
    for text in figure.findobj(Text):
        if text not in numbers:
            text.set_parse_math(False)


def save(figure: Figure, svg_path: str | os.PathLike[str], png_path: str | os.PathLike[str]) -> None:
    """Write the figure as SVG and as PNG, 150 dots an inch; equal ones give equal bytes.

    The PNG has 256 colours, or all where the figure shows colour images.
    """
    lines, drawn = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context():
        _use_own_settings()
        _take_literally(figure)
        SvgCanvas(figure).print_figure(lines, format="svg", dpi=_DOTS_PER_INCH, metadata={"Date": None})
        PngCanvas(figure).print_figure(drawn, format="png", dpi=_DOTS_PER_INCH)
    write_text(svg_path, steady_svg(lines.getvalue().decode()))
    with Image.open(drawn, formats=("PNG",)) as picture, atomic_path(png_path) as temporary:
        colours = picture.convert("RGB")
        if not _shows_colour_images(figure):
            colours = colours.quantize(256, dither=Image.Dither.NONE)
        colours.save(temporary, format="png", optimize=True)


def _shows_colour_images(figure: Figure) -> bool:
    """Tell whether a figure has images in colour, which would look like posters in 256 colours."""
    for image in figure.findobj(AxesImage):
        pixels = np.asarray(image.get_array())
        if pixels.ndim == 3 and (pixels != pixels[..., :1]).any():
            return True
    return False
