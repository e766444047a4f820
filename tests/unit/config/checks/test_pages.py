"""Figures without caption or claim, captions without figure, and pages without their files."""

from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.config import load
from advex.config.checks.pages import check_pages
from advex.judge.claims import claimed_figures, claims_files

ROOT = Path(__file__).parents[4]
PLAN = load(ROOT / "config")
CAPTIONS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "report/captions").glob("*/*.md"))
CLAIMED = claimed_figures(claims_files(ROOT / "config/claims"))


def test_all_figures_have_captions_and_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    check_pages(PLAN, CAPTIONS, CLAIMED)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no template lies
    captions = [path for path in CAPTIONS if not path.endswith("ilyas/relabelled.md")]
    with pytest.raises(UserError) as caught:
        check_pages(PLAN, [*captions, "report/captions/ilyas/relabeled.md"], CLAIMED - {"ilyas/gaussian"})
    lines = str(caught.value).splitlines()
    for said in (
        "figures.ilyas/relabelled: found no caption; allowed: one, report/captions/ilyas/relabelled.md",
        "figures.ilyas/gaussian: found no claim; allowed: one at least, in config/claims/ilyas/",
        "report/captions/ilyas/relabeled.md: found a caption of no figure; allowed: those of ilyas: ",
        "experiments.goh_features/explorer.template: found 'report/explorer.html.j2', which is no file",
        "experiments.wallace/two_dimensional.published: found 'published/wallace.csv', which is no file",
    ):
        assert [line for line in lines if said in line], said
