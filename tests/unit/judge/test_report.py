"""The README's summary says what the tables say."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from outside_modules import module_at

from advex.common.plain_yaml import parse_yaml
from advex.judge.claims import PRIMARY
from advex.judge.pages.counts import Chance, by_chance
from advex.judge.report import markdown_summary

ROOT = Path(__file__).parents[3]
SCORECARD = pd.DataFrame(
    {
        "claim": ["a", "b", "c"],
        "kind": ["primary", "claim", "premise"],
        "primary": ["I7", "", ""],
        "source": ["ilyas"] * 3,
        "figure": ["relabelled", "relabelled", "gaussian"],
        "quantity": ["first & second", "q", "q"],
        "published": [43.7, None, 0.2],
        "ours": [20.0, None, 0.21],
        "ours_sd": [1.0, None, 0.0],
        "seeds": [3, 0, 5],
        "criterion": ["above chance"] * 3,
        "verdict": ["effect", "not tested", "reproduced"],
        "p": [0.001, None, 0.01],
        "p_adjusted": [0.002, None, 0.01],
    }
)
COSTS = pd.DataFrame(
    {
        "of": ["verb", "study"],
        "name": ["train", "all jobs"],
        "jobs": [2, 3],
        "seconds": [10.0, 12.0],
        "computing_seconds": [8.0, 9.0],
        "share_not_computing_percent": [20.0, 25.0],
    }
)


def test_the_summary_has_primary_claims_and_counts_findings_by_source() -> None:
    text = markdown_summary("digits", "docs/results/digits", SCORECARD, COSTS)
    assert (
        "of 1 primary claims, 1 effect; of 1 other claims, 1 not tested; of 1 premises, 1 reproduced" in text
    )
    picture = "docs/results/digits/figures/ilyas/relabelled.png"
    assert f"| ilyas | I7 | [first & second]({picture}) | effect |" in text
    row = next(line for line in text.splitlines() if line.startswith("| ilyas |") and "I7" not in line)
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["", "", "1", "", "", "", "", "1"]


def test_what_chance_would_give_is_computed() -> None:
    """Of forty claims tested, one in forty ends of an interval lies on the wrong side of nothing."""
    rows = pd.DataFrame(
        {
            "kind": ["claim"] * 38 + ["primary"] * 3 + ["premise"] * 9,
            "verdict": ["effect"] * 10
            + ["undecided"] * 27
            + ["not tested"]
            + ["reproduced"] * 3
            + ["effect"] * 9,
            "p": [0.001] * 10 + [0.5] * 27 + [None] + [0.02] * 3 + [0.001] * 9,
            "p_adjusted": [0.01] * 10 + [0.6] * 27 + [None] + [0.06] * 3 + [0.01] * 9,
        }
    )
    assert by_chance(rows) == Chance(tested=40, there=13, expected=pytest.approx(1.0), adjusted=10)
    assert (
        "chance would show at most 1.0 (2.5 % of them). 10 are left at an adjusted p of 0.05"
        in by_chance(rows).words
    )


@pytest.fixture(scope="module")
def update() -> Any:
    return module_at("docs/update.py")


@pytest.mark.parametrize(("page", "block"), [("README.md", "summary"), ("docs/artifact.md", "artifacts")])
def test_pages_say_what_the_copied_results_say(update: Any, page: str, block: str) -> None:
    found = re.search(r"<!-- digits -->\n(.*)\n<!-- /digits -->", (ROOT / page).read_text(), re.DOTALL)
    assert found is not None
    assert found.group(1) == getattr(update, block)("digits")


def test_the_readme_has_a_row_with_a_picture_for_each_source(update: Any) -> None:
    rows = [row for row in update.summary("digits").splitlines() if row.startswith("| **[")]
    assert len(rows) == 7
    named = re.findall(r"\b[A-Z]\d+\b", " ".join(row.split(" | ")[2] for row in rows))
    assert sorted(named) == sorted(PRIMARY)
    for row in rows:
        picture = re.search(r'<img src="([^"]+)" width="240" alt="[^"]+">', row)
        assert picture is not None
        assert (ROOT / picture[1]).exists()


def test_the_page_of_results_shows_every_copied_figure(update: Any) -> None:
    folder = ROOT / "docs/results/digits"
    page = (folder / "README.md").read_text()
    assert page == update.results_page("digits")
    for picture in folder.rglob("*.png"):
        assert f"({picture.relative_to(folder).as_posix()})" in page


def test_the_citation_names_the_version_and_the_licence() -> None:
    cited = parse_yaml((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], "MIT")
    assert {"cff-version", "message", "title", "authors", "type"} <= cited.keys()
