"""How the verdicts of a run differ from those that are published."""

from pathlib import Path

import pandas as pd
import pytest

from advex.common.errors import UserError
from advex.judge import comparison
from advex.judge.comparison import (
    DIFFERENT,
    SAME,
    TROUBLE,
    differences,
    joined,
    main,
    page,
    report,
    reversed_rows,
)


def scorecard(**verdicts: tuple[str, float]) -> pd.DataFrame:
    """Return a table of the judge, given the verdict and our number for each claim."""
    return pd.DataFrame(
        [
            {"claim": claim, "source": "ilyas", "figure": "relabelled", "verdict": verdict, "ours": ours}
            for claim, (verdict, ours) in verdicts.items()
        ]
    )


ROOT = Path(__file__).parents[3]
PUBLISHED = scorecard(
    zebra=("effect", 43.7),
    ant=("not tested", float("nan")),
    bee=("reproduced", 1.0),
    cow=("effect", 2.0),
)
HERE = scorecard(
    dog=("effect", 5.0),
    ant=("not tested", float("nan")),
    bee=("effect", 1.5),
    zebra=("effect", 41.0),
)


def test_equal_scorecards_differ_in_nothing() -> None:
    assert differences(PUBLISHED, PUBLISHED).empty
    lines = report("Study test", PUBLISHED, PUBLISHED).splitlines()
    assert lines[0] == "Study test: 0 of 4 verdicts here differ from the published ones."
    assert lines[-1].startswith(
        "Of 0 primary claims 0 differ. From there to excluded, or back: 0 of all rows"
    )


def test_what_differs_is_listed_in_the_published_order() -> None:
    """Another number with the same verdict is none; a claim that only one scorecard has is one."""
    found = differences(HERE, PUBLISHED)
    assert found[["claim", "verdict_published", "verdict_here"]].to_numpy().tolist() == [
        ["bee", "reproduced", "effect"],
        ["cow", "effect", "no such row"],
        ["dog", "no such row", "effect"],
    ]
    assert set(found["figure"]) == {"ilyas/relabelled"}
    assert found.loc[0, ["ours_published", "ours_here"]].tolist() == [1.0, 1.5]


def test_the_report_names_claim_figure_numbers_and_verdicts() -> None:
    lines = report("Study test", HERE, PUBLISHED).splitlines()
    assert lines[0] == "Study test: 3 of 5 verdicts here differ from the published ones."
    assert lines[2:4] == ["ilyas/relabelled: bee", "    published reproduced (1), here effect (1.5)"]
    assert lines[5] == "    published effect (2), here no such row"
    assert len(lines) == 8


@pytest.mark.parametrize(("here", "status"), [(PUBLISHED, SAME), (HERE, DIFFERENT), (None, TROUBLE)])
def test_the_exit_status_is_that_of_diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: pd.DataFrame | None, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "published_scorecard", lambda study: PUBLISHED)
    monkeypatch.setattr(comparison, "TEMPLATE", ROOT / comparison.TEMPLATE)
    Path("results/test").mkdir(parents=True)
    if here is not None:
        here.to_csv("results/test/scorecard.csv", index=False)
    assert main("test") == status
    assert Path("results/test/comparison.html").exists() == (here is not None)
    assert (SAME, DIFFERENT, TROUBLE) == (0, 1, 2)


def test_a_study_of_which_nothing_is_published_cannot_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="nothing of this study is published"):
        comparison.published_scorecard("test")


def measured(*rows: tuple[str, str, str, float, float]) -> pd.DataFrame:
    """Return a table of the judge: claim, kind, verdict, our number, its deviation."""
    return pd.DataFrame(
        [
            {
                "claim": claim, "kind": kind, "source": "ilyas", "figure": "relabelled", "verdict": verdict,
                "ours": ours, "ours_sd": sd, "seeds": 4, "flips": 0.25,
            }
            for claim, kind, verdict, ours, sd in rows
        ]
    )  # fmt: skip


FIRST = measured(
    ("ant", "claim", "effect", 10.0, 2.0),
    ("bee", "claim", "effect", 5.0, 0.0),
    ("cow", "primary", "effect", 1.0, 2.0),
    ("dog", "primary", "undecided", 1.0, 2.0),
)
SECOND = measured(
    ("ant", "claim", "undecided", 12.0, 2.0),
    ("bee", "claim", "effect", 5.0 + 1e-12, 0.0),
    ("cow", "primary", "contradicted", -3.0, 2.0),
    ("dog", "primary", "undecided", 1.5, 2.0),
)


def test_differences_are_held_against_their_joint_standard_error() -> None:
    """Two means of four seeds with deviation 2: one over the square root of two, from each other."""
    found = joined(SECOND, FIRST).set_index("claim")["standardised"]
    assert found["ant"] == pytest.approx(2 / 2**0.5)
    assert found["cow"] == pytest.approx(-4 / 2**0.5)
    assert found["bee"] == 0


def test_primary_claims_come_first_and_reversals_are_counted() -> None:
    assert differences(SECOND, FIRST)["claim"].tolist() == ["cow", "ant"]
    assert reversed_rows(joined(SECOND, FIRST))["claim"].tolist() == ["cow"]
    lines = report("Two scorecards", SECOND, FIRST, ("second", "first")).splitlines()
    assert lines[:4] == [
        "Two scorecards: 2 of 4 verdicts of second differ from those of first.",
        "Of 2 primary claims 1 differ. From there to excluded, or back: 1 of all rows, 1 of primary claims.",
        "A repetition with other seeds would be expected to change 1.0.",
        "Largest difference of ours over its joint standard error: -2.8 (cow), of 4 rows.",
    ]
    assert lines[4:6] == ["ilyas/relabelled: cow (primary)", "    first effect (1), second contradicted (-3)"]


def test_two_scorecards_are_compared_by_file_or_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "one").mkdir()
    FIRST.to_csv(tmp_path / "one/scorecard.csv", index=False)
    SECOND.to_csv(tmp_path / "two.csv", index=False)
    one, two, written = str(tmp_path / "one"), str(tmp_path / "two.csv"), tmp_path / "page.html"
    assert main(one, two, "--page", str(written)) == DIFFERENT
    assert f"2 of 4 verdicts of {two} differ from those of {one}" in capsys.readouterr().out
    text = written.read_text()
    assert "contradicted" in text
    assert "nan" not in text
    assert main(one, one) == SAME
    assert main(one, str(tmp_path / "three.csv")) == TROUBLE
    FIRST.drop(columns="verdict").to_csv(tmp_path / "two.csv", index=False)
    assert main(one, two) == TROUBLE
    assert "no scorecard; it has no column verdict" in capsys.readouterr().err


def test_the_page_escapes_and_lists_what_lies_farthest_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = page("Study <b>", SECOND, FIRST)
    assert "Study &lt;b&gt;: 2 of 4 verdicts here differ" in text
    farthest = text.partition("Numbers farthest apart")[2]
    assert farthest.index("cow") < farthest.index("ant") < farthest.index("dog")
    assert "bee" not in farthest
