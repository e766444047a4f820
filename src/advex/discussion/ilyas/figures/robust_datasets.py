"""Figure 2b and Table 7: what standard training learns from robust and from non-robust data sets."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE, _CHECK = "ilyas/robust_datasets", "ilyas/attack_check"
_MODELS = (
    ("standard", "standard", "original\nimages"),
    ("robust", "robust", "original,\nadversarial"),
    ("on_robust", "from_robust", "robust set"),
    ("on_robust_from_noise", "from_robust", "robust set,\nfrom noise"),
    ("on_robust_resnet18", "from_robust", "robust set,\nother network"),
    ("on_nonrobust", "from_standard", "non-robust\nset"),
    ("on_nonrobust_from_noise", "from_standard", "non-robust,\nfrom noise"),
    ("on_nonrobust_resnet18", "from_standard", "non-robust,\nother network"),
)
_UNPUBLISHED = ("on_robust_resnet18", "on_nonrobust_resnet18")
_HALF, _FULL = "robust_accuracy_half_epsilon", "robust_accuracy_full_epsilon"
_QUANTITIES = (("accuracy", "0"), (_HALF, "ε/2"), (_FULL, "ε"))
_PITCH, _WIDTH, _BESIDE = 0.3, 0.18, 0.15  # of bars in a group whose width is 1; a diamond's distance
_WORDS = {1: "more", -1: "less", 0: "not clearly more"}
_PUBLISHED = "published (Table 7), CIFAR-10 ResNet-50, ε = 0.5"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy without attack and at two radii for every training set, from "ilyas/robust_datasets".

    Where independent code was tried, in "ilyas/attack_check", a tick says how much less it would leave.
    """
    table, check = tables[_TABLE], tables[_CHECK]
    figure, axes = style.canvas(style.PAGE_WIDTH, 92)
    axis = axes[0, 0]
    for group, (model, role, _) in enumerate(_MODELS):
        for place, (quantity, _) in zip(_places(group), _QUANTITIES, strict=True):
            heights = values(table, model=model, quantity=quantity)
            marks.bars(axis, place, heights.tolist(), role, width=_WIDTH)
            if model not in _UNPUBLISHED:
                number = published_value(published, f"table7_{model}_{quantity}")
                marks.published_marks(axis, place + _BESIDE, number, _PUBLISHED, clip=False)
    _draw_check(axis, table, check)
    _name(axis, table)
    marks.chance_line(axis, context.chance)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _draw_check(axis: Axes, table: pd.DataFrame, check: pd.DataFrame) -> None:
    """Mark our robust accuracy at half epsilon less its mean excess over AutoAttack's on the same images."""
    tried = check[check["quantity"] == "autoattack_excess"]
    label = f"less the excess over AutoAttack on {tried['images'].max():.0f} images"
    for group, (model, *_) in enumerate(_MODELS):
        excess = tried.loc[tried["model"] == model, "value"]
        if len(excess):
            height = values(table, model=model, quantity=_HALF).mean() - excess.mean()
            axis.plot(
                _places(group)[1],
                height,
                marker="_",
                markersize=9,
                color="black",
                linestyle="none",
                label=label,
            )


def _places(group: int) -> list[float]:
    """Return where the bars of a group stand; a little left, to leave room for the diamonds."""
    return [group + _PITCH * step - _BESIDE / 2 for step in (-1, 0, 1)]


def _name(axis: Axes, table: pd.DataFrame) -> None:
    places = [place for group in range(len(_MODELS)) for place in _places(group)]
    radii = [label for _ in _MODELS for _, label in _QUANTITIES]
    centres = [(group - _BESIDE / 2, label) for group, (*_, label) in enumerate(_MODELS)]
    half, full = (float(table.loc[table["quantity"] == name, "epsilon"].max()) for name in (_HALF, _FULL))
    name = f"attack of radius 0, ε/2 = {half:g} or ε = {full:g}; below, the training set"
    marks.group_ticks(axis, places, radii, centres, name)
    axis.set(ylabel="test accuracy (%)", ylim=(0, 105), yticks=range(0, 101, 20))
    axis.set_xlim(-0.55, len(_MODELS) - 0.5)
    for border in (1.5, 4.5):
        axis.axvline(border - _BESIDE / 4, color="#D9D9D9", linewidth=0.6, zorder=0)


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the robust set gives robustness, and the non-robust set accuracy without it."""
    claims = "on_robust_robust_accuracy_half_epsilon", "on_nonrobust_accuracy"
    names = ("on_robust", "standard", "on_nonrobust")
    robust, original, nonrobust = (values(table, model=name, quantity=_HALF).mean() for name in names)
    accurate = values(table, model="on_nonrobust", quantity="accuracy").mean()
    return (
        f"Standard training is {context.whether(claims[0], 'more robust')} on the robust set "
        f"than on original "
        f"images ({robust:.0f} against {original:.0f} % at ε/2); on the non-robust set it is "
        f"{context.whether(claims[1], 'accurate without being robust')} ({accurate:.0f} %, at ε/2 "
        f"{nonrobust:.0f} %){context.reserve(*claims)}"
    )
