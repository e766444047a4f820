"""Names in claims: everything that a claim names must be there, or it would never be tested without a word.

Checked when the configuration is read, with what is known then: figures, measurements, published numbers,
and columns and texts of tables (:mod:`advex.config.checks.tables`). A claim may still go untested in a study
that leaves its figures, models or sizes out.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from advex.common.errors import UserError
from advex.config.checks.tables import known_tables, measured_together
from advex.config.plan import Plan
from advex.judge.claims import Claim, all_rows, load_claims
from advex.judge.selectors import Combination, RowSelector
from advex.measure.columns import ANY_TEXT, Columns

_MOST = 12  # names that a message lists where none is near


def check_claims(plan: Plan, claims: Sequence[str | Path], published: Sequence[str | Path]) -> None:
    """Check all names in files of claims and of published numbers.

    Args:
        plan: the experiments and studies there are; sources are those of its figures.
        claims: files of claims, ``.../<source>/<part>.yaml``.
        published: tables of published numbers, ``.../<source>.csv``.

    Raises:
        UserError: one line for every mistake: file, place, what was found, what is near it or allowed.
    """
    figures: dict[str, list[str]] = {}
    for name in plan.experiments.figures:
        source, _, figure = name.partition("/")
        figures.setdefault(source, []).append(figure)
    keys: set[str] = set()
    mistakes = list(_mistakes_in_numbers(published, figures, keys))
    tables, seen = known_tables(plan), dict[str, str | Path]()
    together = measured_together(plan)
    primary, premises = dict[str, str](), dict[str, tuple[str, tuple[str, ...]]]()
    for path in claims:
        source = Path(path).parent.name
        if source not in figures:
            mistakes.append(f"{path}: the name of its folder is no source: {_found(source, figures)}")
            continue
        for claim in load_claims([path]):
            place = f"{path}: {claim.claim}"
            if claim.figure not in figures[source]:
                mistakes.append(f"{place}.figure: {_found(claim.figure, figures[source])}")
            if claim.published is not None and claim.published not in keys:
                mistakes.append(f"{place}.published: {_found(claim.published, keys)}")
            mistakes += [f"{place}.also: {_found(key, keys)}" for key in claim.also if key not in keys]
            if claim.claim in seen:
                mistakes.append(f"{place}: found a second time (first in {seen[claim.claim]})")
            seen[claim.claim] = path
            if claim.primary is not None and claim.primary in primary:
                mistakes.append(
                    f"{place}.primary: found {claim.primary} a second time (first {primary[claim.primary]})"
                )
            primary |= {} if claim.primary is None else {claim.primary: claim.claim}
            premises[claim.claim] = place, claim.premise
            mistakes += [f"{place}.{mistake}" for mistake in _mistakes(claim, tables)]
            mistakes += [f"{place}: {mistake}" for mistake in _of_no_row(claim, together)]
    mistakes += _mistakes_in_premises(premises)
    if mistakes:
        raise UserError("\n".join(mistakes))


def _mistakes_in_numbers(
    published: Sequence[str | Path], figures: Mapping[str, Sequence[str]], keys: set[str]
) -> Iterator[str]:
    """Find names in tables of published numbers that are not there, and add the tables' keys to ``keys``."""
    for path in published:
        source = Path(path).stem
        if source not in figures:
            yield f"{path}: its name is no source: {_found(source, figures)}"
            continue
        try:
            rows = list(_rows_of(path))
        except (csv.Error, UnicodeDecodeError) as error:
            yield f"{path}: not a CSV table ({error})"
            continue
        needed = ("key", "source", "figure")
        missing = [name for name in needed if any(row.get(name) is None for row in rows)]
        if missing or not rows:
            yield f"{path}: found rows without {', '.join(missing) or 'anything'}; allowed: all columns"
            continue
        for row in rows:
            keys.add(row["key"])
            if row["source"] != source:
                yield f"{path}: {row['key']}.source: found {row['source']!r}; allowed: {source}"
            if row["figure"] not in figures[source]:
                yield f"{path}: {row['key']}.figure: {_found(row['figure'], figures[source])}"


def _mistakes_in_premises(premises: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """Find premises that are no claims, and claims that rest on themselves; claim: (place, premises)."""
    for claim, (place, names) in premises.items():
        yield from (f"{place}.premise: {_found(name, premises)}" for name in names if name not in premises)
        below, pending = set[str](), list(names)
        while pending:
            name = pending.pop()
            if name not in below and name in premises:
                below.add(name)
                pending += premises[name][1]
        if claim in below:
            yield f"{place}.premise: found {', '.join(names)}, which rest on the claim; allowed: others"


def _rows_of(path: str | Path) -> Iterator[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _mistakes(claim: Claim, tables: Mapping[str, Columns]) -> Iterator[str]:
    if claim.table is not None and claim.table not in tables:
        yield f"table: {_found(claim.table, tables)}"
    if "{" in claim.quantity:
        yield f"quantity: found {claim.quantity!r}; allowed: names of for_each in braces, nothing else"
    places: list[tuple[str, object]] = [("ours", claim.ours)]
    for number, each in enumerate(claim.effect):
        places += [(f"effect.{number}.of", each.of), (f"effect.{number}.{each.side}", each.reference)]
        left = each.of or claim.ours
        if each.needs_margin and claim.margin is None and not _may_be_percent(left, claim.table, tables):
            yield f"effect.{number}.{each.side}: found no margin; allowed: one, since this is not in percent"
    for place, selector in places:
        yield from _of_selector(place, selector, claim.table, tables, ())


def _may_be_percent(selector: object, table: str | None, tables: Mapping[str, Columns]) -> bool:
    """Whether a selector's numbers can be in percent, of which two points are of no importance."""
    if isinstance(selector, Combination):
        parts = (_may_be_percent(part, table, tables) for part in selector.of)
        return selector.combine == "difference" and all(parts)
    assert isinstance(selector, RowSelector)
    units = tables.get(selector.table or table or "", {}).get("unit")
    return units is not None and (units == ANY_TEXT or "percent" in units)


def _of_selector(
    place: str,
    selector: object,
    table: str | None,
    tables: Mapping[str, Columns],
    points: Sequence[str],
) -> Iterator[str]:
    """Find names in a selector that are not there; ``points`` are columns that it must have for others."""
    if isinstance(selector, Combination):
        for number, part in enumerate(selector.of):
            along = [*points, *filter(None, [selector.along])]
            yield from _of_selector(f"{place}.of.{number}", part, table, tables, along)
    elif isinstance(selector, RowSelector):
        name = selector.table or table or ""
        if name not in tables:
            if selector.table is not None:
                yield f"{place}.table: {_found(selector.table, tables)}"
            return
        columns = tables[name]
        used = [*selector.rows, *selector.at_least, *selector.near, *points, *filter(None, [selector.along])]
        for column in dict.fromkeys(used):
            if column not in columns:
                yield f"{place}: column of {name}: {_found(column, columns)}"
        yield from _texts(f"{place}.rows", selector, columns)


def _of_no_row(claim: Claim, together: Mapping[str, Sequence[Mapping[str, frozenset[str]]]]) -> Iterator[str]:
    """Find selectors whose model, data set and quantity are measured, but never all three together."""
    for selector in all_rows(claim):
        name = selector.table or claim.table or ""
        wanted = {
            column: frozenset(map(str, values if isinstance(values, list) else [values]))
            for column, values in selector.rows.items()
            if column in ("model", "dataset", "quantity")
        }
        sections = together.get(name)
        if sections is not None and not any(
            all(values & section[column] for column, values in wanted.items()) for section in sections
        ):
            rows = ", ".join(f"{column}: {' or '.join(sorted(values))}" for column, values in wanted.items())
            yield f"rows of {name}: found {rows}, which no row holds together; allowed: what it measures"


def _texts(place: str, selector: RowSelector, columns: Columns) -> Iterator[str]:
    """Find values that a column never has: texts it does not know, and texts among numbers or the reverse."""
    for column, wanted in selector.rows.items():
        known = columns.get(column)
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if value is None or column not in columns or known == ANY_TEXT:
                continue
            if known is None and isinstance(value, str):
                yield f"{place}.{column}: found {value!r}; allowed: a number"
            elif known is not None and value not in known:
                yield f"{place}.{column}: {_found(str(value), known)}"
    for column in (*selector.at_least, *selector.near):
        if columns.get(column) is not None:
            yield f"{place}.{column}: found a number; allowed: a text, in rows"


def _found(name: str, allowed: Iterable[str]) -> str:
    """Say what was found, and what is near it, or else what there is."""
    names = sorted(set(allowed))
    near = get_close_matches(name, names)
    if near:
        return f"found {name!r}; near: {', '.join(near)}"
    more = ", ..." if len(names) > _MOST else ""
    return f"found {name!r}; allowed: {', '.join(names[:_MOST])}{more}"
