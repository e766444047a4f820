"""What tests see of a drawn figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from advex.common.artifacts import Array
from advex.draw import lettering, style


def context_of(context: lettering.Context, *tables: pd.DataFrame, **verdicts: str) -> lettering.Context:
    """Return a context with the number of seeds of some tables, and with verdicts on claims."""
    return replace(context, seeds=max(table["seed"].nunique() for table in tables), verdicts=verdicts)


def heading(figure: Figure) -> str:
    """Return a figure's title as one line."""
    return " ".join(figure.get_suptitle().split())


def points_of(axis: Axes, marker: str) -> Array:
    """Return all points drawn with a marker, (points, 2)."""
    lines = [np.array(line.get_xydata()) for line in axis.get_lines() if line.get_marker() == marker]
    return np.concatenate(lines) if lines else np.empty((0, 2))


def diamonds(axis: Axes) -> list[float]:
    """Return the heights of all published numbers in a panel, ascending."""
    return sorted(points_of(axis, "D")[:, 1].tolist())


def check_readable(figure: Figure, seeds: int, spill: float = 0.0) -> None:
    """Check that text is large enough and inside, that published numbers have a source, one seed a word.

    Args:
        figure: drawn from so many seeds.
        seeds: how many.
        spill: by how many inches lines may reach over the left and right edges.
    """
    figure.draw_without_rendering()
    written = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in written) >= style.SMALLEST_TEXT
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert -spill <= box.x0 <= box.x1 <= width + spill
    assert 0 <= box.y0 <= box.y1 <= height
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(entry.startswith("published (") for entry in legend)
    assert ("(one seed)" in heading(figure)) == (seeds == 1)
    assert len(figure.get_suptitle().split("\n")) <= lettering.TITLE_LINES
