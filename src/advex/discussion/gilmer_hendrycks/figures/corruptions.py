"""Accuracy on common corruptions, and which frequencies each changes (Gilmer and Hendrycks, text)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE = "gilmer_hendrycks/corruptions"
_MODELS = (
    ("standard", "standard", "o", "standard training"),
    ("robust", "robust", "s", "adversarial training"),
    ("gaussian_augmented", "accent", "^", "Gaussian noise"),
    ("on_robust", "from_robust", "v", "on the robust set"),
)
_PUBLISHED = {"standard": "standard", "robust": "adversarial"}
_FIRST = ("fog", "contrast", "low_pass_noise")
_NONE = "no corruption"
_SPELLING = {"jpeg compression": "JPEG compression", "gaussian": "Gaussian"}


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracies and power by ring from the table "gilmer_hendrycks/corruptions"."""
    table = tables[_TABLE]
    names = _ordered(table)
    figure, axes = style.canvas(
        style.PAGE_WIDTH, 62 + 6.2 * len(names), 1, 2, sharey=True, width_ratios=(1.8, 1)
    )
    fog = {model: published_value(published, f"text_{model}_fog_accuracy") for model in _PUBLISHED}
    _draw_accuracies(axes[0, 0], table, names, lowest=min(fog.values()))
    for model, accuracy in fog.items() if "fog" in names else ():
        place, label = names.index("fog") + 1, f"published (text), {_PUBLISHED[model]}"
        marks.published_marks(axes[0, 0], accuracy, place, label, role=model, clip=False)
    _draw_spectra(axes[0, 1], table, names)
    axes[0, 0].set_yticks(range(len(names) + 1), [_NONE, *map(_spelled, names)])
    axes[0, 0].set_ylim(len(names) + 0.5, -0.6)
    if axes[0, 0].get_xlim()[0] < context.chance:
        axes[0, 0].axvline(context.chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7)
        axes[0, 0].text(context.chance + 0.8, -0.55, "chance", va="top", color=style.COLOURS["chance"])
    lettering.title(figure, _finding(table, names, fog, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _ordered(table: pd.DataFrame) -> list[str]:
    """Return the corruptions: those of the comment's text, then the others from low to high frequencies."""
    rows = table[table["quantity"] == "power_share"]
    if rows.empty:
        raise UserError("the measurement has no corruption with its spectrum; measure it")
    weighted = (rows["value"] * rows["relative_ring"]).groupby(rows["corruption"]).mean()
    found = [str(name) for name in weighted.sort_values(kind="stable").index]
    return sorted(found, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))


def _spelled(name: str) -> str:
    words = name.replace("_", " ")
    for plain, right in _SPELLING.items():
        words = words.replace(plain, right)
    return words.replace("low pass", "low-pass").replace("high pass", "high-pass")


def _accuracies(table: pd.DataFrame, model: str, corruption: str | None) -> Array:
    """Return the mean over severities, (seeds,), or the accuracy on images as they are."""
    rows = table[(table["model"] == model) & (table["quantity"] == "accuracy")]
    if corruption is None:
        return values(rows[rows["corruption"].isna()], quantity="accuracy")
    rows = rows[rows["corruption"] == corruption]
    found: Array = rows.groupby("seed")["value"].mean().to_numpy(dtype=float)
    if not found.size:
        raise UserError(f"the measurement has no {corruption} of model {model!r}; measure it")
    return found


def _draw_accuracies(axis: Axes, table: pd.DataFrame, names: Sequence[str], lowest: float) -> None:
    """Draw a mark with its interval, and each seed, for every model and corruption; start below all."""
    for offset, (model, role, marker, label) in zip(
        np.linspace(-0.27, 0.27, len(_MODELS)), _MODELS, strict=True
    ):
        colour = style.COLOURS[role]
        for place, corruption in enumerate((None, *names)):
            found = _accuracies(table, model, corruption)
            summary = marks.bounded(found.tolist(), marks.SHARE)
            if summary.n > 1:
                axis.errorbar(
                    summary.mean, place + offset, xerr=marks.whiskers(summary), color=colour, linewidth=0.9,
                    capsize=1.5,
                )  # fmt: skip
                axis.plot(
                    found, np.full(len(found), place + offset), linestyle="none", marker=".", markersize=2,
                    color="black", zorder=4,
                )  # fmt: skip
            axis.plot(
                summary.mean, place + offset, linestyle="none", marker=marker, markersize=4.5, color=colour,
                markeredgecolor="black", markeredgewidth=0.3, label=f"ours, {label}" if not place else None,
            )  # fmt: skip
    for border in range(len(names)):
        axis.axhline(border + 0.5, color="#E5E5E5", linewidth=0.5, zorder=0)
    every = [_accuracies(table, model, name) for model, *_ in _MODELS for name in (None, *names)]
    lows = [np.nanmin([marks.bounded(found.tolist(), marks.SHARE).low, found.min()]) for found in every]
    start = max(0, 10 * int(min(lowest, *lows) // 10) - 5)
    axis.set(xlim=(start, 102), xlabel="accuracy, mean over severities (%)")
    axis.tick_params(axis="y", length=0)
    axis.set_title("a  Accuracy", loc="left")


def _draw_spectra(axis: Axes, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw each corruption's power by ring, in percent of all of it, a row beside its accuracies."""
    rows = table[table["quantity"] == "power_share"]
    shares = rows.groupby(["corruption", "relative_ring"])["value"].mean().unstack().loc[list(names)]
    rings = shares.columns.to_numpy(dtype=float)
    half = 0.5 / (len(rings) - 1)
    image = axis.imshow(
        shares.to_numpy(dtype=float), cmap="viridis", vmin=0, aspect="auto",
        extent=(-half, 1 + half, len(names) + 0.5, 0.5),
    )  # fmt: skip
    axis.set(xlim=(-half, 1 + half), xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"))
    axis.set_xlabel("ring / highest frequency")
    severity = int(rows["severity"].iloc[0])
    axis.set_title(f"b  Power of what changes, severity {severity}", loc="left")
    axis.tick_params(axis="y", length=0)
    axis.spines[:].set_visible(False)
    bar = axis.figure.colorbar(image, ax=axis, pad=0.02, aspect=30)
    bar.set_label("share of the power (%)")


def _finding(
    table: pd.DataFrame, names: Sequence[str], fog: Mapping[str, float], context: lettering.Context
) -> str:
    """Say whether adversarial training costs accuracy in fog and at low contrast, more than without."""
    parts, gains = [], []
    for corruption, where in (("fog", "in fog"), ("contrast", "at low contrast")):
        if corruption not in names:
            continue
        standard, robust = (_accuracies(table, model, corruption).mean() for model in ("standard", "robust"))
        theirs = f"; published {fog['standard']:.0f} to {fog['robust']:.0f} %" if corruption == "fog" else ""
        parts.append(f"{where} ({standard:.0f} to {robust:.0f} %{theirs})")
        gains.append(robust > standard)
    if not parts:
        return "Adversarial training was not tried in fog or at low contrast" + context.reserve()
    words = context.by_verdict(
        "fog_loss",
        there="costs accuracy",
        against="does not cost accuracy",
        open_="does not clearly cost accuracy",
    )
    sign = ", more than on clean images" if context.holds("fog_loss") else ""
    if all(gains):
        sign = ": the opposite sign"
    return f"Adversarial training {words} {' and '.join(parts)}{sign}{context.reserve('fog_loss')}"
