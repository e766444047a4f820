"""How the verdicts of a run differ from those that are published."""

from pathlib import Path

import pandas as pd
import pytest

from advex.common.errors import UserError
from advex.judge import comparison
from advex.judge.comparison import DIFFERENT, SAME, TROUBLE, differences, main, report


def scorecard(**verdicts: tuple[str, float]) -> pd.DataFrame:
    """Return a table of the judge, given the verdict and our number for each claim."""
    return pd.DataFrame(
        [
            {"claim": claim, "source": "ilyas", "figure": "relabelled", "verdict": verdict, "ours": ours}
            for claim, (verdict, ours) in verdicts.items()
        ]
    )


PUBLISHED = scorecard(
    zebra=("direction", 43.7),
    ant=("not tested", float("nan")),
    bee=("reproduced", 1.0),
    cow=("direction", 2.0),
)
HERE = scorecard(
    dog=("direction", 5.0),
    ant=("not tested", float("nan")),
    bee=("direction", 1.5),
    zebra=("direction", 41.0),
)


def test_equal_scorecards_differ_in_nothing() -> None:
    assert differences(PUBLISHED, PUBLISHED).empty
    assert report("test", PUBLISHED, PUBLISHED) == (
        "Study test: 0 of 4 verdicts here differ from the published ones."
    )


def test_what_differs_is_listed_in_the_published_order() -> None:
    """Another number with the same verdict is none; a claim that only one scorecard has is one."""
    found = differences(HERE, PUBLISHED)
    assert found[["claim", "verdict_published", "verdict_here"]].to_numpy().tolist() == [
        ["bee", "reproduced", "direction"],
        ["cow", "direction", "absent"],
        ["dog", "absent", "direction"],
    ]
    assert set(found["figure"]) == {"ilyas/relabelled"}
    assert found.loc[0, ["ours_published", "ours_here"]].tolist() == [1.0, 1.5]


def test_the_report_names_claim_figure_numbers_and_verdicts() -> None:
    lines = report("test", HERE, PUBLISHED).splitlines()
    assert lines[0] == "Study test: 3 of 5 verdicts here differ from the published ones."
    assert lines[1:3] == ["ilyas/relabelled: bee", "    published reproduced (1), here direction (1.5)"]
    assert lines[4] == "    published direction (2), here absent"
    assert len(lines) == 7


@pytest.mark.parametrize(("here", "status"), [(PUBLISHED, SAME), (HERE, DIFFERENT), (None, TROUBLE)])
def test_the_exit_status_is_that_of_diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: pd.DataFrame | None, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "published_scorecard", lambda study: PUBLISHED)
    Path("results/test").mkdir(parents=True)
    if here is not None:
        here.to_csv("results/test/scorecard.csv", index=False)
    assert main("test") == status
    assert (SAME, DIFFERENT, TROUBLE) == (0, 1, 2)


def test_a_study_of_which_nothing_is_published_cannot_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="nothing of this study is published"):
        comparison.published_scorecard("test")
