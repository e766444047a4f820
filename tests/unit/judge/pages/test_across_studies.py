"""The page that compares studies with what was published."""

import re
from pathlib import Path

import pandas as pd
from outside_modules import module_at

from advex.judge.pages.across_studies import Judged, results_markdown

ROOT = Path(__file__).parents[4]


def scorecard(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Return a scorecard of primary claims, each given by name, published number, ours and verdict."""
    return pd.DataFrame(
        [
            {
                "kind": "primary", "primary": name, "source": "ilyas", "figure": "relabelled",
                "quantity": f"what {name} | says", "published": published, "published_from": "Table 1",
                "ours": ours, "ours_low": ours - 1, "ours_high": ours + 1, "seeds": 3, "verdict": verdict,
            }
            for name, published, ours, verdict in rows
        ]
    )  # fmt: skip


def test_studies_stand_beside_what_was_published() -> None:
    nothing = float("nan")
    text = results_markdown(
        {
            "large": Judged(
                scorecard(("I5", 43.7, 40, "effect"), ("I4", 63.3, 60, "undecided")), "photographs", "copies"
            ),
            "small": Judged(
                scorecard(("I4", 63.3, 75.25, "effect"), ("W1", nothing, nothing, "not tested")), "toys"
            ),
        }
    )
    assert "`large`](results/large/scorecard.csv), photographs (copies): 1 effect, 1 undecided." in text
    rows = [line for line in text.splitlines() if re.match(r"\| [A-Z]\d", line)]
    assert [row[2:4] for row in rows] == ["I4", "I5", "W1"]
    assert "what I4 \\| says | 63.3<br>Table 1 | [undecided](" in rows[0]
    assert "75.25 (74.25 to 76.25), 3 seeds" in rows[0]
    assert rows[1].endswith("| not drawn |")
    assert rows[2].endswith("| not drawn | [not tested](results/small/figures/ilyas/relabelled.png) |")
    assert "nan" not in text


def test_the_page_says_what_the_copied_results_say() -> None:
    update = module_at("docs/update.py")
    page = (ROOT / "docs/results.md").read_text()
    assert page == update.results()
    for link in set(re.findall(r"\]\((results/[^)]+)\)", page)):
        assert (ROOT / "docs" / link).exists(), link
