"""What is said when a study is there: verdicts, its page, and whether this machine agrees with others."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from advex.common.names.verdicts import VERDICTS

PAGE = "index.html"
"""The page of a study, in the folder of its results."""

_KINDS = {"primary": "primary claims", "claim": "other claims"}


def ending(study: str) -> str:
    """Return those lines; none where the study has no scorecard yet."""
    results = Path(f"results/{study}")
    here = _rows(results / "scorecard.csv")
    if not here:
        return ""
    lines = [
        f"{len(rows)} {name}: {_counted(rows)}"
        for kind, name in _KINDS.items()
        if (rows := [row for row in here if row["kind"] == kind])
    ]
    if (results / PAGE).exists():
        lines.append(f"Open {results / PAGE}")
    shipped = _rows(Path(f"docs/results/{study}/scorecard.csv"))
    if shipped:
        lines.append(_agreement(study, here, shipped))
    return "\n".join(lines)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _counted(rows: Sequence[dict[str, str]]) -> str:
    counts = Counter(row["verdict"] for row in rows)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def _agreement(study: str, here: Sequence[dict[str, str]], shipped: Sequence[dict[str, str]]) -> str:
    """Say how many verdicts are those published."""
    published = {row["claim"]: row["verdict"] for row in shipped}
    parts = []
    for kind, name in _KINDS.items():
        rows = [row for row in here if row["kind"] == kind]
        same = sum(published.get(row["claim"]) == row["verdict"] for row in rows)
        parts.append(f"{same} of {len(rows)} {name}")
    told = f"make compare{'' if study == 'digits' else f' STUDY={study}'}"
    return (
        f"This machine agrees with the published study on {' and '.join(parts)}; `{told}` says on which not"
    )
