"""What two runs must show to vouch for a change, on a made-up library of two modules and made-up runs."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from advex.records.provenance import Code
from advex.records.records import Record
from advex.records.vouching.changes import Change, change
from advex.records.vouching.decision import Run, objections
from advex.records.vouching.executed import Executed, read_executed
from advex.records.vouching.machine import machine
from advex.records.vouching.sides import Side
from advex.records.vouching.versions import HOOK

SCRIPT = """
from advex.norms import NORMS
from advex.work import work

with open(snakemake.output[0], "w") as file:
    file.write(repr(work(3) + NORMS["l2"](2)))
"""
REGISTRY = """
class Registry:
    def __init__(self, name, table):
        self.table = table
"""
NORMS = """
from advex.registry import Registry

NORMS = Registry("norm", {"l2": "advex.balls:l2", "linf": "advex.balls:linf"})
"""
BALLS = """
def l2(x):
    return x * x


def linf(x):
    return abs(x)
"""
WORK = '''
from advex.help import halve

STEP = 2
LIMIT = 100
UNUSED_LIMIT = 7


def work(count, scale=1):
    """Work."""
    total = 0
    for index in range(count):
        total += index * STEP * scale
    if total > LIMIT:
        total = halve(total) - UNUSED_LIMIT
    if count < 0:
        raise ValueError("too few")
    return total
'''
HELP = """
def halve(value):
    return value // 2


def third(value):
    return value // 3
"""
LOG = "results/test/logs/measure/job.log"
JOB = Record("measure", "results/other/logs/measure/job.log", {}, {}, {})
"""The job for which runs should vouch."""
OUTPUT = "results/test/job.csv"


def library(folder: Path, **modules: str) -> Path:
    """Write a library, with some modules as given, and a job's script."""
    texts = {"work": WORK, "help": HELP, "norms": NORMS, "registry": REGISTRY, "balls": BALLS, **modules}
    package = folder / "src" / "advex"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    (folder / "scripts").mkdir()
    (folder / "scripts" / "job.py").write_text(texts.get("script", SCRIPT))
    return folder


def side(folder: Path, *entries: str) -> Side:
    return Side(folder, Code(folder / "src" / "advex").reached(folder / "scripts" / "job.py", entries))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Change]:
    """Return a function giving the change from the library above to one with other modules."""

    def result(**modules: str) -> Change:
        old = side(library(tmp_path / "old"), "norm l2")
        return change(old, side(library(tmp_path / "new", **modules), "norm l2"))

    return result


def asked(change: Change) -> tuple[set[str], set[str]]:
    """Return the lines that the old and the new code must have executed, by module."""
    old, new = (
        {f"{Path(each.path).stem}:{each.piece.lines.start}" for each in statements}
        for statements in (change.old, change.new)
    )
    return old, new


def run(arcs: dict[str, list[tuple[int, int]]], rule: str = "measure", digest: str = "a") -> Run:
    record = Record(rule, LOG, {"uses": ["norm l2"]}, {}, {OUTPUT: {"sha256": digest, "md5": digest}})
    executed = Executed({f"src/advex/{name}.py": frozenset(pairs) for name, pairs in arcs.items()})
    return Run({LOG: record}, {LOG: executed})


def passing(*lines: int) -> list[tuple[int, int]]:
    return list(pairwise(lines))


TAKEN = {"work": passing(0, 9, 11, 12, 13, 12, 14, 16, 18, 0)}
"""What work(3) executes: neither branch is taken."""


def test_a_renamed_variable_asks_for_the_lines_that_name_it(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("index", "number"))
    assert asked(found) == ({"work:12", "work:13"}, {"work:12", "work:13"})
    assert not found.entries
    assert objections(JOB, found, run(TAKEN), run(TAKEN)) == []


def test_moving_and_commenting_asks_for_nothing_else(changed: Callable[..., Change]) -> None:
    moved = WORK.replace("advex.help", "advex.elsewhere").replace("index", "number").replace("Work.", "Go.")
    found = changed(work=moved, elsewhere=HELP)
    assert asked(found) == ({"work:12", "work:13"}, {"work:12", "work:13"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("halve(total) -", "halve(total) +"),
        ('"too few"', '"far too few"'),
    ],
)
def test_a_line_that_was_not_executed_is_refused(changed: Callable[..., Change], old: str, new: str) -> None:
    faults = objections(JOB, changed(work=WORK.replace(old, new)), run(TAKEN), run(TAKEN))
    assert len(faults) == 2
    assert all("(work): not executed in test with" in fault for fault in faults)


def test_a_line_that_goes_away_must_have_been_executed(changed: Callable[..., Change]) -> None:
    found = changed(
        work=WORK.replace("        total = halve(total) - UNUSED_LIMIT\n", "        total -= 1\n")
    )
    executed = {"work": passing(0, 9, 11, 12, 14, 15, 16, 18, 0)}
    faults = objections(JOB, found, run(TAKEN), run(executed))
    assert any(
        "src/advex/work.py:15 (work): not executed" in each and "recorded code" in each for each in faults
    )


def test_a_changed_condition_must_have_gone_both_ways(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("if total > LIMIT", "if total >= LIMIT"))
    both = {"work": [*TAKEN["work"], (14, 15), (15, 16)]}
    assert objections(JOB, found, run(both), run(both)) == []
    faults = objections(JOB, found, run(TAKEN), run(both))
    assert [each.split(" in ")[0] for each in faults] == ["src/advex/work.py:14 (work): went only one way"]


def test_a_changed_condition_of_an_error_need_not_have_raised_it(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("count < 0", "count <= 0"))
    assert objections(JOB, found, run(TAKEN), run(TAKEN)) == []


def test_a_constant_of_another_name_asks_for_the_lines_that_use_it(changed: Callable[..., Change]) -> None:
    """It is executed on import, whether it is used or not."""
    found = changed(work=WORK.replace("UNUSED_LIMIT", "LEFT_OUT"))
    assert not found.unclear
    imported = {"work": [*TAKEN["work"], *passing(0, 2, 4, 5, 6, 9, 0)]}
    faults = objections(JOB, found, run(imported), run(imported))
    assert len(faults) == 2
    assert all("work.py:15 (work): not executed" in each for each in faults)


def test_a_constant_is_followed_through_others_and_other_names(tmp_path: Path) -> None:
    text = WORK.replace("STEP = 2", "from advex.values import WHOLE as STEP")
    values = "HALF = 1\nWHOLE = 2 * HALF\n"
    old = side(library(tmp_path / "old", work=text, values=values))
    new = side(library(tmp_path / "new", work=text, values=values.replace("HALF = 1", "HALF: int = 1")))
    found = change(old, new)
    assert not found.unclear
    assert asked(found)[1] == {"values:1", "values:2", "work:13"}
    assert all(
        "it names what differs" in each for each in objections(JOB, found, run({}), run({})) if "work" in each
    )


@pytest.mark.parametrize("text", ["\ndef double(value): return {}\n", "\ndouble = lambda value: {}\n"])
def test_what_is_made_on_import_must_also_be_called(tmp_path: Path, text: str) -> None:
    """Its line is executed when its module is imported."""
    work = WORK.replace("halve(total)", "double(total)").replace("halve", "double")
    old = side(library(tmp_path / "old", work=work, help=text.format("value * 2")))
    new = side(library(tmp_path / "new", work=work, help=text.format("2 * value")))
    found = change(old, new)
    executed = {"work": [*TAKEN["work"], (14, 15)], "help": [(-1, 2), (2, -1)]}
    assert any("help.py:2 (double)" in each for each in objections(JOB, found, run(executed), run(executed)))


def test_a_lambda_that_was_called_passes(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("total = 0", "total = (lambda: 0)()"))
    called = {"work": [*TAKEN["work"], (-11, 11), (11, -11)]}
    assert objections(JOB, found, run(TAKEN), run(called)) == []
    (fault,) = objections(JOB, found, run(TAKEN), run(TAKEN))
    assert "(work): its lambda was not called" in fault


def test_another_parameter_asks_for_the_calls(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("scale=1", "scale=1, more=0"))
    assert not found.unclear
    assert "job:6" in asked(found)[1]


OPTIONS = WORK.replace("    total = 0\n", "    total = 0 if STEP else LIMIT\n")


@pytest.mark.parametrize(
    ("before", "old", "new", "fault"),
    [
        (WORK, "LIMIT = 100", "LIMIT = 200", "a constant differs"),
        (WORK, "LIMIT = 100", "LIMIT = 10 * 20", "a constant differs"),
        (WORK, "LIMIT = 100", "LIMIT = len('100')", "another value"),
        (WORK, "STEP", "STRIDE", ""),
        (WORK.replace("STEP", "STRIDE"), "STRIDE", "STEP", ""),
        (WORK, "STEP = 2", "STRIDE = 3", "a constant differs"),
        (WORK, "scale=1", "scale=2", "a constant differs"),
        (WORK, "scale=1", "scale=STEP", "another value"),
        (WORK, "total = 0", "total = 1", "a constant differs"),
        (WORK, "count < 0", "count < -1", "a constant differs"),
        (WORK, "count < 0", "0 > count", ""),
        (OPTIONS, "else LIMIT", "else UNUSED_LIMIT", "a choice within a line"),
        (OPTIONS, "if STEP else", "if LIMIT else", "a choice within a line"),
        (OPTIONS, "total", "result", ""),
        (WORK, "if total > LIMIT", "if total > LIMIT or count", "a choice within a line"),
        (WORK, "if total > LIMIT", "if 0 < LIMIT < total", "a choice within a line"),
        (WORK, "range(count)", "[each for each in range(count) if each]", "a choice within a line"),
        (WORK, "range(count)", "[each for each in range(count)]", ""),
    ],
)  # fmt: skip
def test_what_no_line_tells_is_refused(tmp_path: Path, before: str, old: str, new: str, fault: str) -> None:
    """That a limit is kept says nothing of those who pass it, nor a line what was worked out of it."""
    one, two = (
        side(library(tmp_path / "old", work=before)),
        side(library(tmp_path / "new", work=before.replace(old, new))),
    )
    found = change(one, two).unclear
    assert any(fault in each for each in found) if fault else not found


SETTINGS = """
STRICT = dict(frozen=True)


@dataclass(config=STRICT)
class Sizes:
    epochs: int
    warmup: int = 1
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("warmup: int = 1", "warmup: int = 2"),
        ("warmup: int = 1", "warmup: int = 1\n    rest: int = 0"),
        ("    warmup: int = 1\n", ""),
        ("class Sizes", "class Size"),
    ],
)
def test_defaults_of_settings_are_refused(tmp_path: Path, old: str, new: str) -> None:
    """The study that vouches may be told what another leaves at its default."""
    read = WORK.replace(
        "from advex.help import halve", "from advex.sizes import Sizes\nfrom advex.help import halve"
    )
    read = read.replace("total = 0", "total = [vars(Sizes(count)), 0][1]")
    one = side(library(tmp_path / "old", work=read, sizes=SETTINGS))
    again = {"work": read.replace("Sizes", "Size"), "sizes": SETTINGS.replace(old, new)}
    again = again if "class" in new else {**again, "work": read}
    two = side(library(tmp_path / "new", **again))
    assert any("settings may leave at its default" in each for each in change(one, two).unclear)


@pytest.mark.parametrize("text", ["\n\ndef {}(value):\n    return value\n", "\n\nclass {}:\n    side = 1\n"])
def test_a_definition_that_comes_or_goes_must_have_been_executed(tmp_path: Path, text: str) -> None:
    """Also where it only stands in the place of another one."""
    without = WORK.replace("return total", "return halve(total)")
    given = WORK.replace("return total", "return extra(total)") + text.format("extra")
    one, two = side(library(tmp_path / "old", work=without)), side(library(tmp_path / "new", work=given))
    for old, new, pick in ((one, two, "new"), (two, one, "old")):
        found = change(old, new)
        assert any(each.label == "extra" for each in getattr(found, pick))
        faults = [*found.unclear, *objections(JOB, found, run(TAKEN), run(TAKEN))]
        assert any("(extra): " in each for each in faults)


def test_another_function_of_the_same_name_asks_for_the_calls(changed: Callable[..., Change]) -> None:
    other = "def halve(value):\n    return value / 2\n"
    found = changed(work=WORK.replace("advex.help", "advex.other"), other=other)
    old, new = asked(found)
    assert {"work:15", "help:3"} & old
    assert "other:2" in new


def test_another_entry_must_be_used(changed: Callable[..., Change]) -> None:
    found = changed(norms=NORMS.replace("balls:l2", "balls:linf"))
    assert found.entries == {"norm l2"}
    without = run({})
    (record,) = without.records.values()
    bare = Run({LOG: Record(**{**vars(record), "params": {}})}, without.executed)
    assert "norm l2: no job of rule measure in test uses it" in objections(JOB, found, bare, bare)


def test_what_acts_on_import_is_refused(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK + "\nprint(LIMIT)\n")
    assert any("on import" in each or "counts" in each for each in found.unclear)


def test_any_bit_that_differs_is_refused_by_name(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("index", "number"))
    assert objections(JOB, found, run(TAKEN), run(TAKEN, digest="b")) == [f"{OUTPUT}: differs"]


def test_jobs_of_the_same_rule_must_have_run(changed: Callable[..., Change]) -> None:
    found = changed(work=WORK.replace("index", "number"))
    train = Record("train", JOB.log, {}, {}, {})
    assert objections(train, found, run(TAKEN), run(TAKEN)) == ["the study test made nothing by rule train"]


def test_the_hook_notes_what_a_job_executes(tmp_path: Path) -> None:
    folder = library(tmp_path / "code")
    script = folder / ".snakemake" / "scripts" / "tmp1.job.py"
    script.parent.mkdir(parents=True)
    preamble = f"""
        import types
        snakemake = types.SimpleNamespace(log=[{LOG!r}], output=["out"])
        __real_file__ = __file__; __file__ = {str(folder / "scripts" / "job.py")!r}
        ######## snakemake preamble end #########
    """
    lines = SCRIPT.replace(' + NORMS["l2"](2)', "")
    script.write_text(textwrap.dedent(preamble).strip() + "\n" + lines)
    noted = tmp_path / "noted"
    noted.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HOOK), str(folder / "src"), *sys.path]),
        "ADVEX_WATCHED": str(noted),
    }
    subprocess.run([sys.executable, str(script)], cwd=folder, env=environment, check=True, timeout=60)
    (executed,) = read_executed(noted).values()
    assert executed.executed("scripts/job.py", [6])
    assert executed.executed("src/advex/work.py", [13])
    assert not executed.executed("src/advex/work.py", [15])
    assert executed.left_to("src/advex/work.py", [14]) == {16}
    assert not executed.executed("src/advex/help.py", [3])


def test_records_hold_what_vouched_only_where_there_is_any(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    JOB.write(path)
    assert "vouched" not in json.loads(path.read_text())
    assert Record.read(path) == JOB
    vouched = replace(JOB, vouched=[{"code": "a", "machine": machine()}])
    vouched.write(path)
    assert Record.read(path) == vouched
    assert vouched.tells_the_same_as(JOB)


@pytest.mark.parametrize(
    ("verb", "faults"),
    [
        ("draw", ["src/advex/work.py:15 (work): not executed"] * 2),
        ("measure", ["results/test/other.csv: differs"]),
    ],
)
def test_what_another_job_executed_counts_if_it_agrees(
    changed: Callable[..., Change], verb: str, faults: list[str]
) -> None:
    """One of the same verb must agree at any rate, whatever its rule."""
    found = changed(work=WORK.replace("halve(total) -", "halve(total) +"))
    other, output = f"results/test/logs/{verb}/other.log", "results/test/other.csv"

    def both(digest: str) -> Run:
        one = run(TAKEN)
        record = Record("other", other, {}, {}, {output: {"sha256": digest, "md5": digest}})
        taken = Executed({"src/advex/work.py": frozenset({(14, 15)})})
        return Run({**one.records, other: record}, {**one.executed, other: taken})

    assert objections(JOB, found, both("a"), both("a")) == []
    assert [each.split(" in test")[0] for each in objections(JOB, found, both("a"), both("b"))] == faults


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"params": {"epsilon": 1}}, {"params": {"epsilon": 2}}),
        ({"inputs": {"published/ilyas.csv": "a"}}, {"inputs": {"published/ilyas.csv": "b"}}),
    ],
)
def test_runs_that_were_told_something_else_compare_nothing(
    changed: Callable[..., Change], old: dict[str, Any], new: dict[str, Any]
) -> None:
    """A setting of test may make up for what a change of code does to others."""

    def told(values: dict[str, Any]) -> Run:
        one = run(TAKEN)
        return Run({LOG: replace(one.records[LOG], **values)}, one.executed)

    found = changed(work=WORK.replace("index", "number"))
    assert objections(JOB, found, told(old), told(old)) == []
    (fault,) = objections(JOB, found, told(old), told(new))
    assert "epsilon differs in test: 1 -> 2" in fault or fault == "published/ilyas.csv: differs"


def test_a_name_that_becomes_ours_asks_for_the_lines_that_say_it(changed: Callable[..., Change]) -> None:
    """They read as before, but a function of ours stands in the place of Python's."""
    found = changed(work=WORK + "\n\ndef range(count):\n    return [*reversed([0, 1, 2])]\n")
    assert "work:12" in asked(found)[1]
