"""The strips of the comment's figures 1 and 3: images with their labels, a bar, test images with theirs."""

from matplotlib.axes import Axes

from advex.common.pictures import Picture
from advex.draw import marks, style

_TESTS = 2  # images right of the bar


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
