"""Every verdict again, from claims as they are written and tables as they lie, without a line of the library.

Plain pandas, NumPy and SciPy. It shares no code with the judge, and says nothing in words: a row is a
verdict, our number with its interval, and a p value.
"""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy import stats

NONE = float("nan")
EPS = 1e-9
HOLDING = ("reproduced", "size differs", "effect")


class Untested(Exception):  # noqa: N818
    """A claim cannot be judged."""


def read_claims(folder: Path, of: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Return claims of some sources as mappings, ``for_each`` written out, the folder's name as source."""
    claims = []
    for path in sorted(path for path in folder.glob("*/*.yaml") if of(path.parent.name)):
        for claim in yaml.safe_load(path.read_text())["claims"]:
            for written in each(claim):
                written["source"] = path.parent.name
                claims.append(written)
    return claims


def each(claim: dict[str, Any]) -> list[dict[str, Any]]:
    """Write a claim out."""
    if "for_each" not in claim:
        return [dict(claim)]
    ((name, values),) = claim["for_each"].items()
    rest = {key: value for key, value in claim.items() if key != "for_each"}

    def fill(part: Any, value: str) -> Any:
        if isinstance(part, str):
            return part.replace("{" + name + "}", value)
        if isinstance(part, list):
            return [fill(one, value) for one in part]
        return {key: fill(one, value) for key, one in part.items()} if isinstance(part, dict) else part

    return [fill(rest, str(value)) for value in values]


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables below ``measurements`` by source and name."""
    return {
        f"{path.parent.name}/{path.stem}": pd.read_csv(path, dtype={"outcomes": str})
        for path in sorted(folder.glob("*/*.csv"))
    }


def bits(text: str, images: int) -> np.ndarray:
    """Return (images,) outcomes, read digit by digit."""
    binary = "".join(f"{int(digit, 16):04b}" for digit in text)
    assert set(binary[images:]) <= {"0"}
    return np.array([int(bit) for bit in binary[:images]], dtype=float)


class Study:
    """The tables of a study, and what is known of it."""

    def __init__(
        self,
        claims: list[dict[str, Any]],
        tables: dict[str, pd.DataFrame],
        published: pd.DataFrame,
        same_sizes: bool | list[str],
        classes: int,
        resplit: Iterable[str] = (),
    ) -> None:
        self.claims, self.tables = {claim["claim"]: claim for claim in claims}, tables
        self.numbers = published.set_index("key")["value"].to_dict()
        self.same_sizes, self.chance, self.resplit = same_sizes, 100 / classes, set(resplit)
        self.known: dict[str, tuple[str, float]] = {}

    def matching(self, claim: dict[str, Any], selector: dict[str, Any]) -> tuple[pd.DataFrame, str]:
        name = selector.get("table") or claim.get("table")
        if name not in self.tables:
            raise Untested
        table = self.tables[name]
        keep = table["seed"].notna()
        for column, wanted in selector.get("rows", {}).items():
            options = wanted if isinstance(wanted, list) else [wanted]
            keep &= np.logical_or.reduce(
                [table[column].isna() if one is None else table[column] == one for one in options]
            )
        for column, least in selector.get("at_least", {}).items():
            keep &= table[column].astype(float) >= least
        for column, near in selector.get("near", {}).items():
            target = float(near["value"]) / float(near.get("over", 1))
            keep &= (table[column].astype(float) - target).abs() <= near["within"]
        rows = table[keep]
        if rows.empty or not np.isfinite(rows["value"]).all():
            raise Untested
        return rows, name

    def one(self, rows: pd.DataFrame, selector: dict[str, Any]) -> tuple[float, list[int]]:
        """Return the number of some rows, and the places of the rows it is of."""
        pick, column = selector.get("pick", "only"), selector.get("along")
        if pick == "only":
            assert len(rows) == 1
            return float(rows["value"].iloc[0]), [0]
        if pick == "mean":
            return float(rows["value"].mean()), list(range(len(rows)))
        by = rows["value"] if pick in ("min", "max") else rows[column]
        place = int(np.argmin(by)) if pick in ("first", "min") else int(np.argmax(by))
        if pick == "last":
            place = len(by) - 1 - int(np.argmax(by.to_numpy()[::-1]))
        return float(rows["value"].iloc[place]), [place]

    def points(self, claim: dict[str, Any], selector: dict[str, Any], along: str) -> dict[tuple, float]:
        if "combine" in selector:
            first, second = (self.points(claim, part, along) for part in selector["of"])
            return {
                key: first[key] - second[key]
                if selector["combine"] == "difference"
                else first[key] / second[key]
                for key in first.keys() & second.keys()
            }
        rows, _ = self.matching(claim, selector)
        return {key: self.one(group, selector)[0] for key, group in rows.groupby(["seed", along])}

    def values(self, claim: dict[str, Any], selector: dict[str, Any]) -> dict[str, Any]:
        """Return numbers by seed; per-image numbers by set of images and seed, or None; unit; test share."""
        combine = selector.get("combine")
        if combine in ("correlation", "rank_correlation", "slope"):
            x, y = (self.points(claim, part, selector["along"]) for part in selector["of"])
            numbers = {}
            for seed in sorted({key[0] for key in x.keys() & y.keys()}):
                keys = [key for key in x if key in y and key[0] == seed]
                a, b = np.array([x[key] for key in keys]), np.array([y[key] for key in keys])
                if len(keys) < 3 or np.ptp(a) < 1e-12 or (combine != "slope" and np.ptp(b) < 1e-12):
                    raise Untested
                numbers[seed] = {
                    "correlation": lambda a, b: stats.pearsonr(a, b)[0],
                    "rank_correlation": lambda a, b: stats.spearmanr(
                        np.round(a / np.abs(a).max(), 10), np.round(b / np.abs(b).max(), 10)
                    )[0],
                    "slope": lambda a, b: stats.linregress(a, b).slope,
                }[combine](a, b)
            if not numbers:
                raise Untested
            return {"numbers": numbers, "images": None, "percent": False, "share": 0.0}
        if combine is not None:
            first, second = (self.values(claim, part) for part in selector["of"])
            found = minus(first, second)
            if not found["numbers"]:
                raise Untested
            if combine == "ratio":
                if any(second["numbers"][seed] == 0 for seed in found["numbers"]):
                    raise Untested
                ratios = {seed: first["numbers"][seed] / second["numbers"][seed] for seed in found["numbers"]}
                found = {"numbers": ratios, "images": None, "percent": False, "share": found["share"]}
            return found
        return self.rows(claim, selector)

    def rows(self, claim: dict[str, Any], selector: dict[str, Any]) -> dict[str, Any]:
        """Return what :meth:`values` does, of a selector of rows."""
        rows, name = self.matching(claim, selector)
        percent = "unit" in rows and bool((rows["unit"] == "percent").all())
        numbers, images, sets = {}, {}, set()
        for seed, group in rows.groupby("seed"):
            numbers[seed], places = self.one(group, selector)
            chosen = group.iloc[places]
            if "outcomes" in chosen and chosen["outcomes"].notna().all():
                parts = [100 * bits(row["outcomes"], int(row["images"])) for _, row in chosen.iterrows()]
                sets |= {(row.get("dataset", name), int(row["images"])) for _, row in chosen.iterrows()}
                images[seed] = np.mean(parts, axis=0) if len({len(part) for part in parts}) == 1 else None
        share = 0.0
        if name in self.resplit:
            table = self.tables[name]
            if "training_images" in table:
                share = (table["images"] / table["training_images"]).max()
            else:
                share = (
                    table.loc[table["split"] == "test", "images"].max()
                    / table.loc[table["split"] == "train", "images"].max()
                )
        by_image = None
        if percent and not share and len(images) == len(numbers) and len(sets) == 1:
            by_image = {sets.pop(): images}
        return {"numbers": numbers, "images": by_image, "percent": percent, "share": share}

    def part(self, claim: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
        """Judge one comparison."""
        (side,) = {"above", "below", "equals", "not_above", "not_below"} & set(part)
        left, reference = self.values(claim, part.get("of", claim["ours"])), part[side]
        floor = False
        if isinstance(reference, dict):
            right = self.values(claim, reference)
            difference = minus(left, right)
            if difference["percent"] and side in ("above", "below"):
                both = [*left["numbers"].values(), *right["numbers"].values()]
                floor = any(all(abs(number - bound) < EPS for number in both) for bound in (0, 100))
        else:
            constant = self.chance if reference == "chance" else float(reference)
            difference = left | {"numbers": {seed: one - constant for seed, one in left["numbers"].items()}}
        if len(difference["numbers"]) < 2:
            raise Untested
        margin = claim.get("margin", 2.0 if difference["percent"] else None)
        mean, error, degrees = interval(difference)
        half = stats.t.ppf(0.975, degrees) * error
        sign = -1 if side in ("below", "not_below") else 1
        low, high = sorted((sign * (mean - half), sign * (mean + half)))
        width = part.get("within", 0)

        def greater(limit: float) -> float:
            """p of mean <= limit, in the direction of the claim."""
            distance = sign * mean - limit
            return float(distance <= 0) if error == 0 else float(stats.t.sf(distance / error, degrees))

        if side == "equals":
            holds = low >= -width - EPS and high <= width + EPS
            excluded = low > width + EPS or high < -width - EPS
            p = max(greater(-width - EPS), 1 - greater(width + EPS))
        elif side in ("not_above", "not_below"):
            holds, excluded = high < margin - EPS, low > margin + EPS
            p = 1 - greater(margin) if error else float(sign * mean >= margin)
        else:
            p, holds, excluded = greater(0), low > EPS, high < -EPS
            inside = margin is not None and low >= -margin - EPS and high <= margin + EPS
            if floor or (inside and not holds):
                return {"outcome": "not measurable here" if floor else "absent", "p": p}
        outcome = "holds" if holds else "contradicted" if excluded else "undecided"
        return {"outcome": outcome, "p": p}

    def verdict(self, name: str) -> tuple[str, float]:
        """Return verdict and p value of a claim."""
        if name not in self.claims:
            return "not tested", NONE
        if name not in self.known:
            self.known[name] = self._verdict(self.claims[name])
        return self.known[name]

    def _verdict(self, claim: dict[str, Any]) -> tuple[str, float]:
        try:
            ours = self.values(claim, claim["ours"]) if "not_tested" not in claim else {"numbers": {}}
            if len(ours["numbers"]) < 2:
                raise Untested
            parts = [self.part(claim, part) for part in claim["effect"]]
        except Untested:
            return "not tested", NONE
        premises = [self.verdict(premise)[0] for premise in claim.get("premise", [])]
        outcomes = {part["outcome"] for part in parts}
        if any(premise not in (*HOLDING, "undecided") for premise in premises):
            return "not measurable here", NONE
        worst = next(
            one
            for one in ("contradicted", "absent", "not measurable here", "undecided", "holds")
            if one in outcomes
        )
        if "undecided" in premises:
            worst = "undecided"
        if worst == "not measurable here":
            return worst, NONE
        p = max(part["p"] for part in parts)
        if worst != "holds":
            return worst, p
        return self.size(claim, ours), p

    def size(self, claim: dict[str, Any], ours: dict[str, Any]) -> str:
        """Return the verdict on an effect that is there."""
        comparable = claim.get("comparable", "study")
        same = self.same_sizes
        if not isinstance(same, bool):
            same = tables_of(claim) <= set(same)
        if comparable == "never" or not (same or comparable == "always"):
            return "effect"
        if "tolerance" not in claim:
            return "reproduced"
        mean, error, degrees = interval(ours)
        half = stats.t.ppf(0.975, degrees) * error
        away = max(
            abs(mean - half - self.numbers[claim["published"]]),
            abs(mean + half - self.numbers[claim["published"]]),
        )
        return "reproduced" if away <= claim["tolerance"] + EPS else "size differs"

    def scorecard(self) -> pd.DataFrame:
        """Return claim, kind, verdict, p, p_adjusted, ours and its interval."""
        rows = []
        for name, claim in self.claims.items():
            verdict, p = self.verdict(name)
            row = {"claim": name, "kind": claim.get("kind", "claim"), "verdict": verdict, "p": p}
            try:
                ours = self.values(claim, claim["ours"]) if "not_tested" not in claim else None
                row["ours"] = np.mean([*ours["numbers"].values()]) if ours else NONE
                if ours and len(ours["numbers"]) > 1:
                    _, error, degrees = interval(ours)
                    row["ours_low"] = row["ours"] - stats.t.ppf(0.975, degrees) * error
            except Untested:
                pass
            rows.append(row)
        table = pd.DataFrame(
            rows, columns=["claim", "kind", "verdict", "p", "p_adjusted", "ours", "ours_low"]
        )
        table["p_adjusted"] = table["p_adjusted"].astype(float)
        primary = table[(table["kind"] == "primary") & table["p"].notna()].sort_values("p", kind="stable")
        largest = 0.0
        for place, (index, p) in enumerate(primary["p"].items()):
            largest = max(largest, min(1.0, p * (len(primary) - place)))
            table.loc[index, "p_adjusted"] = largest
        others = table[table["kind"].isin(["claim", "premise"]) & table["p"].notna()].sort_values(
            "p", kind="stable"
        )
        smallest = 1.0
        for place, (index, p) in reversed(list(enumerate(others["p"].items(), 1))):
            smallest = min(smallest, p * len(others) / place)
            table.loc[index, "p_adjusted"] = smallest
        return table


def minus(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return a difference, paired by seed and, where both know the same images, by image."""
    seeds = [seed for seed in first["numbers"] if seed in second["numbers"]]
    images = None
    if first["images"] is not None and second["images"] is not None:
        images = {}
        for key in {**first["images"], **second["images"]}:
            one, other = first["images"].get(key, {}), second["images"].get(key, {})
            images[key] = {seed: np.asarray(one.get(seed, 0.0)) - other.get(seed, 0.0) for seed in seeds}
    return {
        "numbers": {seed: first["numbers"][seed] - second["numbers"][seed] for seed in seeds},
        "images": images,
        "percent": first["percent"] and second["percent"],
        "share": max(first["share"], second["share"]),
    }


def interval(values: dict[str, Any]) -> tuple[float, float, float]:
    """Return mean, its standard error, and degrees of freedom: sums of squares of the two-way layout."""
    numbers = np.array([*values["numbers"].values()], dtype=float)
    s = len(numbers)
    variance = numbers.var(ddof=1)
    if values["share"]:
        return numbers.mean(), np.sqrt((1 / s + values["share"]) * variance), s - 1
    terms = [(variance / s, s - 1, 1)]
    for by_seed in (values["images"] or {}).values():
        table = pd.DataFrame({seed: by_seed[seed] for seed in values["numbers"]})
        i = len(table)
        total = ((table - table.to_numpy().mean()) ** 2).to_numpy().sum()
        of_seeds = i * ((table.mean(axis=0) - table.to_numpy().mean()) ** 2).sum()
        of_images = s * ((table.mean(axis=1) - table.to_numpy().mean()) ** 2).sum()
        rest = (total - of_seeds - of_images) / ((s - 1) * (i - 1))
        if of_images / (i - 1) > rest * (1 + 1e-9):
            terms += [(of_images / (i - 1) / (s * i), i - 1, 1), (rest / (s * i), (s - 1) * (i - 1), -1)]
    square = sum(sign * term for term, _, sign in terms)
    uncertainty = sum(term**2 / degrees for term, degrees, _ in terms)
    return numbers.mean(), np.sqrt(square), square**2 / uncertainty if uncertainty > 0 else s - 1


def tables_of(claim: dict[str, Any]) -> set[str]:
    """Return the tables of all selectors of a claim."""
    found, pending = set(), [claim["ours"], *itertools.chain(*(part.values() for part in claim["effect"]))]
    while pending:
        part = pending.pop()
        if isinstance(part, dict) and "combine" in part:
            pending += part["of"]
        elif isinstance(part, dict):
            found.add(part.get("table") or claim.get("table"))
    return found


def agree(ours: pd.DataFrame, again: pd.DataFrame) -> None:
    """Compare verdicts, p values and intervals, row by row."""
    assert list(ours["claim"]) == list(again["claim"])
    different = ours["verdict"].to_numpy() != again["verdict"].to_numpy()
    assert not different.any(), pd.concat([ours[different], again.loc[different, ["verdict"]]], axis=1)
    for column in ("p", "p_adjusted", "ours", "ours_low"):
        first, second = (table[column].to_numpy(dtype=float) for table in (ours, again))
        assert np.allclose(first, second, rtol=1e-6, atol=1e-8, equal_nan=True), column
