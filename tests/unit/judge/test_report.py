"""The report and the README's summary: they say what the tables say."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

from advex.common.errors import UserError
from advex.judge.report import markdown_summary, report_html

ROOT = Path(__file__).parents[3]
SCORECARD = pd.DataFrame(
    {
        "claim": ["a", "b", "c"],
        "source": ["ilyas"] * 3,
        "figure": ["relabelled", "relabelled", "gaussian"],
        "quantity": ["first & second", "q", "q"],
        "published": [43.7, None, 0.2],
        "ours": [20.0, None, 0.21],
        "ours_sd": [1.0, None, 0.0],
        "seeds": [3, 0, 5],
        "criterion": ["above chance"] * 3,
        "verdict": ["direction", "not tested", "reproduced"],
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


def page(tmp_path: Path, captions: list[str]) -> str:
    figure = tmp_path / "figures/ilyas/relabelled.png"
    figure.parent.mkdir(parents=True, exist_ok=True)
    figure.write_bytes(b"a picture")
    return report_html(
        template=str(ROOT / "report/report.html.j2"),
        study="digits",
        title="handwritten digits",
        origin=pd.DataFrame([{"source": "cifar10", "note": "images are lossy JPEG copies"}]),
        figures=[str(figure)],
        captions=captions,
        scorecard=SCORECARD,
    )


def test_the_report_says_where_the_data_come_from_and_counts_verdicts(tmp_path: Path) -> None:
    text = page(tmp_path, [str(ROOT / "report/captions/ilyas/relabelled.md")])
    assert "images are lossy JPEG copies" in text
    assert "1 reproduced, 1 direction, 1 not tested" in " ".join(text.split())
    assert "first &amp; second" in text
    assert "nan" not in text.lower()


def test_a_figure_without_caption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"report/captions/ilyas/relabelled\.md: missing"):
        page(tmp_path, [])


def test_the_summary_counts_by_figure() -> None:
    text = markdown_summary("digits", "docs/results/digits", SCORECARD, COSTS)
    assert "of 3 published claims, 1 reproduced, 1 direction, 1 not tested" in text
    row = next(line for line in text.splitlines() if "ilyas/relabelled" in line)
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["", "1", "", "1"]


def test_the_readme_says_what_the_copied_results_say() -> None:
    spec = importlib.util.spec_from_file_location("update", ROOT / "docs/update.py")
    assert spec is not None
    assert spec.loader is not None
    update = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(update)
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- digits -->\n(.*)\n<!-- /digits -->", readme, re.DOTALL)
    assert block is not None
    assert block.group(1) == update.summary("digits")


def test_the_readme_shows_every_copied_figure() -> None:
    readme = (ROOT / "README.md").read_text()
    for picture in (ROOT / "docs/results/digits/figures").rglob("*.png"):
        assert f"({picture.relative_to(ROOT).as_posix()})" in readme
