"""Vouching: a change that changes no bit of the study ``test`` keeps others' artifacts, and no other does.

Here another study has one artifact, the table of the two ellipses.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from checkouts import Checkout
from copies import copy_repository

TABLE = "results/other/measurements/ilyas/robust_and_accurate.csv"
ELLIPSES = "src/advex/discussion/ilyas/ellipses.py"
VOUCH = (sys.executable, "-m", "advex.records.vouching", "other")
BRANCH = "    if samples > 10**6:\n        samples -= 1\n"
"""A branch that neither study takes: their samples are fewer."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository in which the other study's table has been made and its records are committed."""
    folder = copy_repository(tmp_path_factory.mktemp("measured") / "repository")
    shutil.copy(folder / "config/studies/test.yaml", folder / "config/studies/other.yaml")
    checkout = Checkout(folder)
    checkout.replace(ELLIPSES, "    generator = ", f"{BRANCH}    generator = ")
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.commit("code")
    checkout.snakemake(TABLE)
    shutil.move(folder / "results/other/records", folder / "records/other")  # as publishing all of it does
    checkout.commit("records")
    return checkout


@pytest.fixture
def checkout(measured: Checkout, tmp_path: Path) -> Checkout:
    return measured.copy(tmp_path / "checkout")


def records(checkout: Checkout) -> dict[Path, str]:
    return {path: path.read_text() for path in sorted((checkout.folder / "records").rglob("*.json"))}


def measurement(checkout: Checkout) -> dict[str, Any]:
    path = checkout.folder / "records/other/measure/ilyas/robust_and_accurate/seed0.json"
    return dict(json.loads(path.read_text()))


def is_clean(checkout: Checkout) -> bool:
    """Tell whether vouching left no checkout behind."""
    return len(checkout.git("worktree", "list").splitlines()) == 1


def test_a_renamed_variable_passes_and_its_history_is_told(checkout: Checkout) -> None:
    text = (checkout.folder / ELLIPSES).read_text()
    (checkout.folder / ELLIPSES).write_text(text.replace("disc", "in_unit_disc"))
    assert checkout.planned(TABLE)
    before, code = measurement(checkout), checkout.git("rev-parse", "HEAD").strip()
    checkout.commit("renamed")

    said = checkout.ok(*VOUCH)

    seeds = len(list((checkout.folder / "records/other/measure/ilyas/robust_and_accurate").iterdir()))
    assert f"vouches for {seeds} jobs, and not for 0" in said
    assert checkout.planned(TABLE) == set()
    after = measurement(checkout)
    assert after["outputs"] == before["outputs"]
    assert after["definitions"].keys() == before["definitions"].keys()
    (voucher,) = after["vouched"]
    assert voucher["code"] == before["params"]["code"] != after["params"]["code"]
    assert voucher["commit"] == code
    assert voucher["new_commit"] == checkout.git("rev-parse", "HEAD").strip()
    told = checkout.ok(sys.executable, "-m", "advex.records.lineage", TABLE)
    assert f"ran with code {voucher['code'][:12]} of commit {code[:12]}" in told
    assert is_clean(checkout)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("RIDGE = 1e-4", "RIDGE = 2e-4", "(RIDGE): a constant differs"),
        ("samples -= 1\n", "samples += seed\n", "(robust_and_accurate_table): not executed in test with"),
        ("np.cos(angle), np.sin(angle)", "np.sin(angle), np.cos(angle)",
         "results/test/measurements/ilyas/robust_and_accurate/seed0.csv: differs"),
    ],
    ids=["constant", "branch", "bits"],
)  # fmt: skip
def test_what_changes_results_or_was_not_executed_is_refused_by_name(
    checkout: Checkout, old: str, new: str, fault: str
) -> None:
    checkout.replace(ELLIPSES, old, new)
    checkout.commit("changed")
    before = records(checkout)

    said = checkout.refused(*VOUCH)

    assert fault in said
    assert "records/other/measure/ilyas/robust_and_accurate/seed0.json" in said
    assert records(checkout) == before
    assert is_clean(checkout)


def test_another_setting_is_refused(checkout: Checkout) -> None:
    text = (checkout.folder / ELLIPSES).read_text()
    (checkout.folder / ELLIPSES).write_text(text.replace("disc", "in_unit_disc"))
    study = checkout.folder / "config/studies/other.yaml"
    samples = measurement(checkout)["params"]["settings"]["samples"]
    assert f"samples: {samples}" in study.read_text()
    study.write_text(study.read_text().replace(f"samples: {samples}", f"samples: {samples + 2}"))
    checkout.commit("other settings")
    said = checkout.refused(*VOUCH)
    assert f"its setting settings.samples is not as recorded: {samples} -> {samples + 2}" in said


def test_without_coverage_it_says_what_to_do(checkout: Checkout) -> None:
    hidden = (
        "import runpy, sys; sys.modules['coverage'] = None; runpy.run_module(sys.argv[1], {}, '__main__')"
    )
    said = checkout.refused(sys.executable, "-c", hidden, *VOUCH[2:])
    assert "coverage, which notes what runs execute, is not installed" in said
    assert "make .venv/testable" in said


def test_what_is_not_committed_is_refused(checkout: Checkout) -> None:
    checkout.replace(ELLIPSES, "RIDGE = 1e-4", "RIDGE = 2e-4")
    assert "not committed" in checkout.refused(*VOUCH)


def test_code_that_was_never_recorded_is_refused(checkout: Checkout) -> None:
    path = checkout.folder / "records/other/measure/ilyas/robust_and_accurate/seed0.json"
    record = measurement(checkout)
    record["params"]["code"] = "0" * 64
    path.write_text(json.dumps(record))
    checkout.commit("damaged")
    assert "its code is that of no commit since it was recorded" in checkout.refused(*VOUCH)


def test_nothing_is_run_where_records_name_todays_code(checkout: Checkout) -> None:
    assert "nothing to vouch for" in checkout.ok(*VOUCH)
