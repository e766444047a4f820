"""The page on reliability: what was tried, how often, and what happened."""

import ast
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from advex.judge.pages.markdown import cell

_OPENING = """# Reliability

What was tried to have a run lose something, or take something wrong for right, how often, and what happened.
This page is made by `make docs` from the tables in `benchmarks/results/` and from the tests; nothing in it
is written by hand.
"""

_FAULTS = """## Faults of machines and people

`.venv/bin/python benchmarks/faults kills` (and `signals`, `accidents`): the whole study `test` is disturbed
at random moments, run again until it is done, and every file of its results is compared, bit by bit, with
that of an undisturbed run. Left behind are processes, locks, temporary files, scripts' copies and
checkpoints that are there when it is done. The short form is `tests/workflow/test_faults.py`.
"""

_FUZZED = """## Files that others made

`.venv/bin/python benchmarks/faults fuzz`: every reader reads files that Hypothesis derives from sound ones,
by changing bytes, cutting out, putting in, and by replacing values inside. It may take a file or refuse it
with a message. Wrong are any other exception, a program that is started, a pickle that is looked up, a file
that is written elsewhere, and more than 20 seconds. The short form is `tests/unit/test_fuzzed.py`.
"""

_SOAKED = """## The same again and again

`.venv/bin/python benchmarks/faults soak`: a study is made several times in one place. Memory and open files
are the most of all its processes together.
"""

_MISTAKES = """## Mistakes in the configuration

Each is made in a test (`tests/unit/config/mistakes.py`) and answered when the configuration is read, before
anything runs: file, key, what was found, what is allowed.
"""

_TESTS = """## Further tests

One line each, as the tests are named.
"""


def reliability_markdown(
    faults: pd.DataFrame,
    fuzzed: pd.DataFrame,
    soaked: pd.DataFrame,
    kinds: Iterable[str],
    tests: Sequence[Path],
) -> str:
    """Write the page in Markdown.

    Args:
        faults: of ``benchmarks/faults``, one row for each study that was disturbed.
        fuzzed: one row for each kind of file.
        soaked: one row for each time a study was made; may be empty.
        kinds: of every mistake in the configuration that is tried.
        tests: files of tests, whose names are listed.
    """
    lines = [_OPENING, _FAULTS, _table(_summed(faults)), ""]
    lines += [_sentence(faults), "", _FUZZED, _table(_named(fuzzed)), ""]
    lines += [_SOAKED, _table(soaked) if len(soaked) else "Not run yet.", ""]
    counts = Counter(kinds)
    rows = [{"kind": kind, "mistakes": count} for kind, count in counts.items()]
    rows.append({"kind": "all", "mistakes": counts.total()})
    lines += [_MISTAKES, _table(pd.DataFrame(rows)), "", _TESTS]
    for file in tests:
        says, names = _tests_of(file)
        lines += [f"**{says}** (`{'/'.join(file.parts[-3:])}`)", "", *(f"- {name}" for name in names), ""]
    return "\n".join(lines).rstrip() + "\n"


def _summed(faults: pd.DataFrame) -> pd.DataFrame:
    """Add up the studies of each fault, with workers and without."""
    groups = faults.groupby(["fault", "workers"], sort=False)
    columns = ["times", "runs", "files_compared", "files_different", "left_behind"]
    summed = groups[columns].sum().reset_index()
    summed.insert(2, "studies", groups.size().to_numpy())
    failed = groups["failed"].agg(lambda said: int((said == "yes").sum())).to_numpy()
    return _named(summed.assign(failed=failed))


def _sentence(faults: pd.DataFrame) -> str:
    wrong = int(
        faults["files_different"].sum() + faults["left_behind"].sum() + (faults["failed"] == "yes").sum()
    )
    what = (
        "nothing differed, was left or failed"
        if not wrong
        else f"{wrong} things differed, were left or failed"
    )
    return f"Of {len(faults)} studies that were disturbed {int(faults['times'].sum())} times, {what}."


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=lambda name: str(name).replace("_", " "))


def _table(table: pd.DataFrame) -> str:
    rows = [map(str, table.columns), ["---"] * table.shape[1], *table.astype(str).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(cell, map(str, row)))} |" for row in rows)


def _tests_of(file: Path) -> tuple[str, list[str]]:
    """Return what a file of tests says of itself, and its tests in words."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = (ast.get_docstring(tree) or file.stem).splitlines()[0].rstrip(".")
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return said, [name.removeprefix("test_").replace("_", " ") for name in names if name.startswith("test_")]
