"""The strips of the comment's figures 1 and 3: images with their labels, a bar, test images with theirs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.pictures import Picture
from advex.draw import marks, style

_TESTS = 2  # images right of the bar


def strip_over_two_panels(
    picture: Picture, left: str, right: str, *, height_mm: float, width_ratios: tuple[float, float]
) -> tuple[Figure, Axes, Axes]:
    """Make a figure with a strip above, named a, and two panels below.

    Args:
        picture: of the strip, see :func:`strip`.
        left: what stands left of its bar.
        right: what stands right of it.
        height_mm: of the figure.
        width_ratios: of the two panels.
    """
    figure, axes = style.canvas(style.PAGE_WIDTH, height_mm, 2, 1, height_ratios=[0.42, 1])
    strip(axes[0, 0], picture, left, right)
    axes[0, 0].set_title("a  What the student learns, and what it is tested on")
    axes[1, 0].axis("off")
    grid = axes[1, 0].get_subplotspec().subgridspec(1, 2, width_ratios=width_ratios)
    return figure, figure.add_subplot(grid[0]), figure.add_subplot(grid[1])


def strip(axis: Axes, picture: Picture, left: str, right: str) -> None:
    """Draw a picture of one row, its last images right of a bar; both parts are named."""
    images = picture.images.transpose(0, 1, 3, 4, 2)
    axis.axis("off")
    count = images.shape[1]
    for inset, part, names, text in (
        ((0.0, 0.0, 0.63, 0.8), images[:, :-_TESTS], picture.columns[:-_TESTS], left),
        ((0.68, 0.0, 0.32, 0.8), images[:, -_TESTS:], picture.columns[-_TESTS:], right),
    ):
        panel = axis.inset_axes(inset)
        marks.image_grid(panel, part, [], [f"“{name}”" for name in names])
        panel.set_xlabel(text, fontsize=style.SMALLEST_TEXT, labelpad=3)
    axis.plot([0.655, 0.655], [0, 0.8], color="black", linewidth=1.2, transform=axis.transAxes)
    assert count > _TESTS
