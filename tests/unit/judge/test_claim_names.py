"""Whatever a claim names is there: else a slip of the pen would read "not tested"."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.config import load
from advex.config.checks.tables import known_tables
from advex.judge.claim_names import check_claims
from advex.judge.claims import claims_files
from advex.registries import TABLES

ROOT = Path(__file__).parents[3]
PLAN = load(ROOT / "config")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of claims and published numbers."""
    shutil.copytree(ROOT / "config/claims", tmp_path / "claims")
    shutil.copytree(ROOT / "published", tmp_path / "published")
    return tmp_path


def check(folder: Path) -> None:
    check_claims(PLAN, claims_files(folder / "claims"), sorted((folder / "published").glob("*.csv")))


def test_all_claims_name_what_is_there(copy: Path) -> None:
    check(copy)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "claims/ilyas/claims.yaml",
            "table: ilyas/robust_datasets",
            "table: ilyas/robust_dataset",
            [".table: found 'ilyas/robust_dataset'; near: ", "ilyas/robust_datasets"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "figure: robust_datasets",
            "figure: robust_dataset",
            ["robust_dataset"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "published: table7_standard_accuracy",
            "published: table7_standart_accuracy",
            ["standard_accuracy.published: found 'table7_standart_accuracy'; near: table7_standard_accuracy"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "ours: {rows: {model: standard, quantity: accuracy}}",
            "ours: {rows: {modle: standard, quantity: accuracy}}",
            ["standard_accuracy.ours: column of ilyas/robust_datasets: found 'modle'; near: model"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "ours: {rows: {model: standard, quantity: accuracy}}",
            "ours: {rows: {model: standart, quantity: accuracy}}",
            ["standard_accuracy.ours.rows.model: found 'standart'; near: standard"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "{below: {rows: {model: standard, quantity: accuracy}}}",
            "{below: {rows: {model: standard, quantity: acuracy}}}",
            ["robust_accuracy.effect.0.below.rows.quantity: found 'acuracy'; near: accuracy"],
        ),
        (
            "claims/ilyas/claims.yaml",
            "table: ilyas/robust_generalisation",
            "table: ilyas/accuracy_curves",
            ["rows.model: found 'on_robust'; near: "],
        ),
        (
            "claims/gilmer_hendrycks/claims.yaml",
            "corruption: fog",
            "corruption: fogg",
            [".corruption: found 'fogg'; near: fog"],
        ),
        (
            "claims/goh_features/claims.yaml",
            "pair: plotted",
            "pair: ploted",
            [".pair: found 'ploted'; near: plotted"],
        ),
        (
            "claims/nakano/layers.yaml",
            "position: 1",
            "position: first",
            ["position: found 'first'; allowed: a number"],
        ),
        (
            "claims/goh_leakage/claims.yaml",
            "near: {feature:",
            "near: {method:",
            ["method: found a number; allowed: a text, in rows"],
        ),
        (
            "published/ilyas.csv",
            ",robust_datasets,",
            ",robust_dataset,",
            ["ilyas.csv: ", "figure: found 'robust_dataset'; near: robust_datasets"],
        ),
    ],
)
def test_a_name_that_is_not_there_is_refused_in_one_line(
    copy: Path, file: str, old: str, new: str, says: list[str]
) -> None:
    path = copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        check(copy)
    lines = str(caught.value).splitlines()
    assert [line for line in lines if all(part in line for part in [path.name, *says])], lines


@pytest.mark.parametrize("place", ["nakanoo/claims.yaml", "nakano.yaml"])
def test_claims_in_a_folder_that_is_no_source_are_refused(copy: Path, place: str) -> None:
    """No study would draw its figures, and so none would judge them."""
    (copy / "claims" / place).parent.mkdir(exist_ok=True)
    (copy / "claims/nakano/claims.yaml").rename(copy / "claims" / place)
    with pytest.raises(UserError, match=rf"{place}: the name of its folder is no source: found '\w+'; "):
        check(copy)


def test_published_numbers_of_another_source_than_their_file_are_refused(copy: Path) -> None:
    """Figures read the file of their source's name."""
    path = copy / "published/nakano.csv"
    path.write_text(path.read_text().replace(",nakano,", ",nakkiran,", 1))
    with pytest.raises(UserError, match=r"nakano.csv: \w+.source: found 'nakkiran'; allowed: nakano"):
        check(copy)
    path.rename(copy / "published/nakanoo.csv")
    with pytest.raises(UserError, match=r"nakanoo.csv: its name is no source: found 'nakanoo'; near: nakano"):
        check(copy)


def test_a_claim_twice_is_refused(copy: Path) -> None:
    shutil.copy(copy / "claims/nakano/claims.yaml", copy / "claims/nakano/later.yaml")
    with pytest.raises(UserError, match=r"later.yaml: \w+: found a second time \(first in .*claims.yaml"):
        check(copy)


def test_every_column_that_any_claim_reads_matters(copy: Path) -> None:
    """Mistype each column and each quantity of a file in turn: each is found."""
    path = copy / "claims/wallace/claims.yaml"
    text = path.read_text()
    for word in (
        "headline",
        "labels",
        "student",
        "learnt_from",
        "points",
        "teacher_test_accuracy",
        "flipped",
    ):
        assert word in text
        path.write_text(text.replace(word, f"{word}x"))
        with pytest.raises(UserError, match=f"'{word}x'"):
            check(copy)


def test_the_workflow_refuses_before_it_plans(tmp_path: Path) -> None:
    """The rules call the check; it needs no pandas, as all of planning."""
    assert "check_claims" in (ROOT / "rules/common.smk").read_text()
    code = (
        "import sys; from pathlib import Path; from advex.config import load; "
        "from advex.judge.claim_names import check_claims; from advex.judge.claims import claims_files; "
        "check_claims(load('config'), claims_files('config/claims'), "
        "sorted(Path('published').glob('*.csv'))); assert not {'pandas', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_tables_that_no_figure_draws_are_unknown() -> None:
    """They are never measured, so that a claim on them would never be tested."""
    drawn = {name for row in PLAN.experiments.figures.values() for name in row.measurements}
    assert set(known_tables(PLAN)) == drawn - PLAN.pictures()


def test_a_table_that_its_source_does_not_describe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    described = TABLES["wallace"]([])
    fewer = {name: columns for name, columns in described.items() if name != "worlds"}
    monkeypatch.setattr("advex.discussion.wallace.tables.columns", lambda studies: fewer)
    with pytest.raises(UserError, match=r"wallace/worlds: not described; .* advex.discussion.wallace.tables"):
        known_tables(PLAN)


NEW_CLAIM = """
  - claim: {name}
    figure: relabelled
    quantity: something
    table: ilyas/relabelled
    ours: {{rows: {{model: on_det, quantity: accuracy}}}}
    {more}
"""


def added(folder: Path, *claims: str) -> None:
    """Put further claims into a file of their own."""
    (folder / "claims/ilyas/further.yaml").write_text("claims:" + "".join(claims))


def one(name: str, *, effect: str = "{above: chance}", more: str = "") -> str:
    return NEW_CLAIM.format(name=name, more=f"effect: [{effect}]\n    {more}")


def test_premises_are_claims_and_never_rest_on_what_rests_on_them(copy: Path) -> None:
    added(copy, one("first"), one("second", more="premise: [first]"), one("third", more="premise: [second]"))
    check(copy)
    added(copy, one("first"), one("second", more="premise: [frist]"))
    with pytest.raises(UserError, match=r"further.yaml: second.premise: found 'frist'; near: first"):
        check(copy)
    added(copy, one("first", more="premise: [second]"), one("second", more="premise: [first]"))
    with pytest.raises(UserError, match=r"first.premise: found second, which rest on the claim"):
        check(copy)


def test_a_primary_claim_is_one_row(copy: Path) -> None:
    added(copy, one("first", more="kind: primary\n    primary: R2"))
    path = copy / "claims/ilyas/again.yaml"
    path.write_text("claims:" + one("second", more="kind: primary\n    primary: R2"))
    lines = _refused(copy)
    assert any("further.yaml: first.primary: found R2 a second time (first second)" in line for line in lines)


def _refused(folder: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        check(folder)
    return str(caught.value).splitlines()


def test_a_left_side_and_further_published_numbers_are_looked_up(copy: Path) -> None:
    left = "{of: {rows: {model: on_dett, quantity: accuracy}}, above: chance}"
    added(copy, one("first", effect=left, more="also: [table7_standart_accuracy]"))
    lines = _refused(copy)
    assert any("first.effect.0.of.rows.model: found 'on_dett'; near: on_det" in line for line in lines)
    assert any("first.also: found 'table7_standart_accuracy'; near: " in line for line in lines)


def test_not_above_needs_a_margin_where_the_unit_is_not_percent(copy: Path) -> None:
    percent, squares = "{rows: {model: on_det, quantity: accuracy}}", "{table: nakkiran/squares, rows: {}}"
    ratio = f"{{combine: ratio, of: [{percent}, {percent}]}}"
    for left, refused in ((percent, False), (squares, True), (ratio, True)):
        effect = f"{{of: {left}, not_above: 3}}"
        added(copy, one("first", effect=effect, more="margin: 1"))
        check(copy)
        added(copy, one("first", effect=effect))
        if refused:
            assert any("first.effect.0.not_above: found no margin" in line for line in _refused(copy))
        else:
            check(copy)
