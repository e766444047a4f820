"""Figure 2 of Gilmer and Hendrycks: error under noise of one frequency, for networks trained in five ways."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.frequency import fourier_basis
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, values

_TABLE, _PICTURE = "gilmer_hendrycks/fourier_heatmaps", "gilmer_hendrycks/test_images"
_MODELS = (
    ("standard", "standard", "standard training"),
    ("robust", "robust", "adversarial training"),
    ("gaussian_augmented", "accent", "Gaussian noise"),
    ("on_robust", "from_robust", "on the robust set"),
    ("on_nonrobust", "from_standard", "on the non-robust set"),
)
_PUBLISHED = ("standard", "robust", "gaussian_augmented")
_PUBLISHED_RINGS = 16
_SHOWN_SHARES = (0, 0.25, 0.5, 0.75, 1)  # of the highest frequency
_LEAST_SCALE = 10  # percent; the colour scale ends at the next multiple of it


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw maps and ring means from "fourier_heatmaps", and an image of "test_images" under such noise."""
    table: pd.DataFrame = tables[_TABLE]
    picture: Picture = tables[_PICTURE]
    figure, axes = style.canvas(
        style.PAGE_WIDTH, 138, 3, len(_MODELS), height_ratios=(1, 1.15, 0.95), gridspec_kw={"hspace": 0.06}
    )
    maps = {model: _mean_map(table, model) for model, *_ in _MODELS}
    highest = _LEAST_SCALE * np.ceil(max(found.max() for found in maps.values()) / _LEAST_SCALE)
    for column, (model, role, name) in enumerate(_MODELS):
        image = axes[0, column].imshow(maps[model], cmap="YlGnBu", norm=PowerNorm(0.5, 0, highest))
        axes[0, column].set_title(name, loc="center")
        axes[0, column].set_xticks([])
        axes[0, column].set_yticks([])
        axes[0, column].spines[:].set_visible(False)
        _draw_rings(axes[1, column], table, model, role)
        if model in _PUBLISHED:
            _draw_published(axes[1, column], published, model)
        axes[1, column].sharey(axes[1, 0])
        axes[1, column].tick_params(labelleft=column == 0)
    colours = figure.colorbar(image, ax=list(axes[0]), shrink=0.9, pad=0.01, aspect=14)
    colours.set_label(f"error (%), noise of\nroot mean square {_strength(table):g}")
    colours.set_ticks([0, *(highest * share for share in (0.05, 0.25, 0.5, 1))], labels=None)
    colours.ax.yaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_ylabel("zero frequency at\nthe centre")
    axes[1, 0].set(ylim=(0, 103), yticks=range(0, 101, 20), ylabel="error by ring (%)")
    axes[1, 2].set_xlabel("ring: largest of both frequencies / highest frequency")
    _draw_images(figure, axes[2], picture.images[0, 0], _strength(table))
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 2)
    return figure


def _strength(table: pd.DataFrame) -> float:
    return float(table.loc[table["quantity"] == "error", "root_mean_square"].iloc[0])


def _mean_map(table: pd.DataFrame, model: str) -> Array:
    """Return the error at each frequency, the mean over seeds, (side, side)."""
    rows = table[(table["model"] == model) & (table["quantity"] == "error")]
    if rows.empty:
        raise UserError(f"the measurement has no map of model {model!r}; measure it")
    means = rows.groupby(["vertical_frequency", "horizontal_frequency"])["value"].mean()
    found: Array = means.unstack().to_numpy(dtype=float)
    return found


def _draw_rings(axis: Axes, table: pd.DataFrame, model: str, role: str) -> None:
    """Draw the ring means at every strength of the noise, each with its band over seeds."""
    rows = table[(table["model"] == model) & table["quantity"].str.startswith("ring_error")]
    for number, strength in enumerate(sorted(rows["root_mean_square"].unique())):
        dashes = style.line_style(number)
        at = rows[rows["root_mean_square"] == strength]
        shares = np.unique(at["relative_ring"])
        found = np.stack([values(at, relative_ring=share) for share in shares], axis=1)
        marks.mean_line(axis, shares, found, role, linestyle=dashes, marker=False)
        axis.plot([], [], color="black", linestyle=dashes, label=f"ours, root mean square {strength:g}")
    clean = values(table, model=model, quantity="clean_error").mean()
    axis.axhline(clean, color=style.COLOURS["neutral"], linewidth=0.8, zorder=1, label="ours, no noise")
    axis.set(xlim=(-0.03, 1.03), xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"))


def _draw_published(axis: Axes, published: pd.DataFrame, model: str) -> None:
    rings, errors = published_points(published, f"figure2_{model}_ring")
    label = "published (Fig. 2), CIFAR-10, root mean square 0.125"
    marks.published_marks(axis, rings / _PUBLISHED_RINGS, errors, label, size=3)


def _draw_images(figure: Figure, axes: Array, image: Array, strength: float) -> None:
    """Draw an image (C, H, W) with noise of growing frequency along the diagonal, over the whole width."""
    side = image.shape[-1]
    grid = axes[0].get_gridspec()
    for axis in axes:
        axis.remove()
    row = figure.add_subplot(grid[2, :])
    frequencies = [-round(share * (side // 2)) for share in _SHOWN_SHARES]
    waves = [strength * side * fourier_basis(each, each, side) for each in frequencies]
    images = np.stack([image, *(np.clip(image + wave, 0, 1) for wave in waves)])
    names = ["no noise", *(f"{share:g}" for share in _SHOWN_SHARES)]
    marks.image_grid(row, images.transpose(0, 2, 3, 1)[None], (), names)
    row.set_title(
        f"a test image under noise of root mean square {strength:g}, by its ring on the diagonal",
        loc="center", pad=14,
    )  # fmt: skip


_CLAIMS = {  # of each training, that it turns a network's weakness to low frequencies
    "robust": "fourier_adversarial_training_turns_to_low_frequencies",
    "gaussian_augmented": "fourier_gaussian_noise_turns_to_low_frequencies",
}


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether two trainings turn the weakness to low frequencies, by the claims on them.

    As these do, it looks at what the strongest noise adds to the error without noise.
    """
    rows = table[table["quantity"] == "added_ring_error"]
    rows = rows[rows["root_mean_square"] == rows["root_mean_square"].max()]

    def added(ring: int) -> str:
        points = [values(rows, model=model, relative_ring=ring).mean() for model in (*_CLAIMS, "standard")]
        return "{:.0f} and {:.0f} points (standard {:.0f})".format(*points)

    adversarial, gaussian = (
        context.by_verdict(claim, there="turns", against="does not turn", open_="does not clearly turn")
        for claim in _CLAIMS.values()
    )
    trainings = (
        f"Adversarial training {adversarial} the weakness to low frequencies, Gaussian noise {gaussian} it"
    )
    if adversarial == gaussian:
        verb = adversarial.replace("turns", "turn").replace("does", "do")
        trainings = f"Adversarial training and Gaussian noise {verb} the weakness to low frequencies"
    return (
        f"{trainings}: the strongest adds {added(0)} at the lowest, {added(1)} at the highest"
        f"{context.reserve(*_CLAIMS.values())}"
    )
