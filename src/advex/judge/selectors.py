"""What a claim compares: rows of measured tables, combinations of them, and comparisons.

Parts of the form of claims (:mod:`advex.judge.claims`).
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator
from pydantic import model_validator as check

Number = Annotated[float, Field(strict=True)]
"""No text that looks like a number, and no truth value."""


class Strict(BaseModel):
    """A part of a claim: names a key that it does not know, and is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @check(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := [str(key) for key in data if key not in cls.model_fields]):
            near = get_close_matches(unknown[0], cls.model_fields)
            meant = f"near: {', '.join(near)}; " if near else ""
            raise ValueError(
                f"found unknown {', '.join(unknown)}; {meant}allowed: {', '.join(cls.model_fields)}"
            )
        return data


class Near(Strict):
    """A number, ``value / over``, and how far from it will do."""

    value: float  # which may be filled in, as text (for_each)
    over: Number = Field(1.0, gt=0)
    within: Number = Field(gt=0)


class RowSelector(Strict):
    """One number for each seed: the matching rows of a measured table.

    Attributes:
        table: the measurement; empty for the claim's own.
        rows: column: value, or a list of values any of which will do, or null for an empty cell.
        at_least: column: the smallest number that will do.
        near: column: the number wanted, and how far from it will do.
        pick: which of several rows of a seed, ``first`` and ``last`` in the order of column ``along``;
            ``only`` says that there is exactly one.
        along: the column that several rows of a seed differ in.
    """

    table: str | None = None
    rows: dict[str, Any]
    at_least: dict[str, Number] = Field(default_factory=dict)
    near: dict[str, Near] = Field(default_factory=dict)
    pick: Literal["only", "mean", "max", "min", "first", "last"] = "only"
    along: str | None = None

    @field_validator("rows")
    @classmethod
    def _plain_values(cls, rows: dict[str, Any]) -> dict[str, Any]:
        for column, wanted in rows.items():
            for value in wanted if isinstance(wanted, list) else [wanted]:
                if isinstance(value, bool) or not isinstance(value, str | int | float | None):
                    raise ValueError(
                        f"found {column} = {value!r}; allowed: text (true and false quoted), a number, null, "
                        "or a list of those"
                    )
        return rows

    @check(mode="after")
    def _several_rows_need_a_column(self) -> "RowSelector":
        if (self.pick == "only") != (self.along is None):
            raise ValueError(f"found pick: {self.pick}, along: {self.along}; allowed: both, or neither")
        return self


OVER_POINTS = ("correlation", "rank_correlation", "slope")
"""Combinations that need several points of each seed."""


class Combination(Strict):
    """One number for each seed, from two selectors.

    Attributes:
        combine: first minus second, first over second, or the correlation of the two (Pearson's, or
            Spearman's of the ranks), or the least-squares slope of the second against the first.
        of: the two selectors.
        along: for correlations and slope, the column whose values are the points.
    """

    combine: Literal["difference", "ratio", "correlation", "rank_correlation", "slope"]
    of: tuple["Selector", "Selector"]
    along: str | None = None

    @check(mode="after")
    def _points_need_a_column(self) -> "Combination":
        if (self.combine in OVER_POINTS) != (self.along is not None):
            raise ValueError(
                f"found along: {self.along} with combine: {self.combine}; allowed: a column for "
                f"{', '.join(OVER_POINTS)}, none otherwise"
            )
        return self


def _kind(value: Any) -> str:
    if value == "chance":
        return "chance"
    if isinstance(value, int | float):
        return "number"
    is_combination = isinstance(value, Combination) or (isinstance(value, dict) and "combine" in value)
    return "combination" if is_combination else "rows"


_RowChoice = Annotated[RowSelector, Tag("rows")]
_CombinationChoice = Annotated[Combination, Tag("combination")]
Selector = Annotated[_RowChoice | _CombinationChoice, Discriminator(_kind)]
Reference = Annotated[
    _RowChoice | _CombinationChoice | Annotated[Number, Tag("number")]
    | Annotated[Literal["chance"], Tag("chance")],
    Discriminator(_kind),
]  # fmt: skip

SIDES = ("above", "below", "equals", "not_above", "not_below")
"""What a comparison may say of its left side."""


class Comparison(Strict):
    """One part of an effect: its left side lies above, below, or within some distance of a reference.

    A reference is a number, ``chance`` (100 over the number of classes), or a selector. ``not_above`` and
    ``not_below`` say that it does not lie on that side by the claim's ``margin`` or more.

    Attributes:
        of: the left side; empty for the claim's ``ours``.
        within: for ``equals``, the distance.
    """

    of: Selector | None = None
    above: Reference | None = None
    below: Reference | None = None
    equals: Reference | None = None
    not_above: Reference | None = None
    not_below: Reference | None = None
    within: Number | None = Field(None, gt=0)

    @check(mode="after")
    def _exactly_one(self) -> "Comparison":
        given = [name for name in SIDES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"found {', '.join(given) or 'none'}; allowed: one of {', '.join(SIDES)}")
        if (self.within is not None) != (given == ["equals"]):
            raise ValueError("found within and equals apart; allowed: both, or neither")
        return self

    @property
    def side(self) -> str:
        """Which of :data:`SIDES` it says."""
        return next(name for name in SIDES if getattr(self, name) is not None)

    @property
    def needs_margin(self) -> bool:
        """Whether it cannot be judged without a margin."""
        return self.side in ("not_above", "not_below")

    @property
    def reference(self) -> "float | str | RowSelector | Combination":
        """What the left side is compared with."""
        found: float | str | RowSelector | Combination = getattr(self, self.side)
        return found
