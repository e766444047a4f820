"""The digests of our own jobs: what moves and edits of our own library mean for them."""

import ast
import random
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import NamedTuple

import pytest

from advex.config import Uses, load
from advex.records.provenance import Code
from advex.records.provenance.library import WHOLE, Node
from advex.records.provenance.memory import Memory

ROOT = Path(__file__).parents[3]
STUDY = "digits"
Job = tuple[str, frozenset[str]]


def all_jobs() -> dict[str, Job]:
    """Return the script of every kind of job of the study, and the entries it uses."""
    plan = load(ROOT / "config")
    uses, experiments = Uses(plan), plan.experiments
    jobs = {f"train/{name}": ("train", uses.train(STUDY, name)) for name in plan.models(STUDY)}
    jobs |= {f"construct/{name}": ("construct", uses.construct(STUDY, name)) for name in experiments.datasets}
    jobs |= {f"measure/{name}": ("measure", uses.measure(STUDY, name)) for name in experiments.measurements}
    jobs |= {f"draw/{name}": ("draw", uses.draw(STUDY, name)) for name in experiments.figures}
    jobs |= {
        row.job(name): ("experiment", uses.experiment(STUDY, name))
        for name, row in experiments.experiments.items()
    }
    jobs |= {"prepare": ("prepare", uses.prepare(STUDY)), "corrupt": ("corrupt", uses.corrupt(STUDY))}
    others = ("collect", "judge", "picture", "report")
    jobs |= {name: (name, set()) for name in others}
    return {name: (script, frozenset(entries)) for name, (script, entries) in jobs.items()}


JOBS = all_jobs()
FOUND_BY_NAME = ("figures", "experiments")
"""Folders of a source whose modules are found by their names."""


class Copy:
    """A copy of scripts and library."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("src", "scripts"):
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)

    def outdated(
        self, before: dict[str, str], memory: Memory | None = None, jobs: Iterable[str] = JOBS
    ) -> set[str]:
        """Return the jobs, of some, whose digests are others here."""
        code = Code(self.folder / "src/advex", memory)
        digests = {
            name: code.digest(self.folder / f"scripts/{JOBS[name][0]}.py", JOBS[name][1]) for name in jobs
        }
        return {name for name, digest in digests.items() if digest != before[name]}

    def path(self, definition: str) -> Path:
        """Return the file of the one module that binds a name at its top, ``name`` or ``module.name``."""
        module, _, name = definition.rpartition(".")
        binds = re.compile(rf"^(def|class) {name}\b|^{name}\b.*=", re.MULTILINE)
        found = [
            path
            for path in (self.folder / "src/advex").rglob("*.py")
            if binds.search(path.read_text()) and (not module or path.stem == module)
        ]
        assert len(found) == 1, (definition, found)
        return found[0]


@pytest.fixture(scope="module")
def memory() -> Memory:
    return Memory(None)


@pytest.fixture(scope="module")
def before(memory: Memory) -> dict[str, str]:
    code = Code(memory=memory)
    return {
        name: code.digest(ROOT / f"scripts/{script}.py", entries) for name, (script, entries) in JOBS.items()
    }


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.slow
def test_no_job_counts_the_whole_library() -> None:
    """That is what becomes of a job whose code does what cannot be followed: correct, and of no use."""
    code = Code(memory=Memory(None))
    sources = [code.library.source(module) for module in code.library.modules()]
    everything = sum(len(source.definitions) for source in sources if source is not None)
    for name, (script, entries) in JOBS.items():
        reached = code.reached(ROOT / f"scripts/{script}.py", entries)
        assert len(reached.definitions) < everything / 4, name


@pytest.mark.slow
def test_a_copy_elsewhere_has_the_same_digests(copy: Copy, before: dict[str, str]) -> None:
    assert copy.outdated(before) == set()


@pytest.mark.slow
def test_a_move_of_every_file_outdates_nothing(copy: Copy, before: dict[str, str]) -> None:
    """Every module and package gets another name, all of them lie deeper, and imports follow.

    But for the last part of the module of a figure or an experiment, which is its name: they are found by it.
    """
    library = copy.folder / "src/advex"
    house = library / "house"
    moved = {
        path: "_".join(path.relative_to(library).with_suffix("").parts)
        for path in library.rglob("*.py")
        if path != library / "__init__.py" and "provenance" not in path.parts
    }
    names: dict[str, str] = {}
    for path, name in moved.items():
        parts = path.relative_to(library).with_suffix("").parts
        dotted = ".".join(["advex", *(parts[:-1] if path.stem == "__init__" else parts)])
        found_by_name = len(parts) == 4 and parts[2] in FOUND_BY_NAME and path.stem != "__init__"
        names[dotted] = (
            f"advex.found.{parts[2]}_of_{parts[1]}.{path.stem}"
            if found_by_name
            else f"advex.house.room_{name}"
        )
    replaced = _Rewriting(names)
    texts = {path: replaced(path.read_text()) for path in [*moved, *(copy.folder / "scripts").glob("*.py")]}
    for path in moved:
        path.unlink()
    for path, text in texts.items():
        place = path
        if path in moved:
            parts = path.relative_to(library).with_suffix("").parts
            dotted = ".".join(["advex", *(parts[:-1] if path.stem == "__init__" else parts)])
            place = library.joinpath(*names[dotted].split(".")[1:]).with_suffix(".py")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for folder in (house, library / "found", *(library / "found").glob("*_of_*")):
        (folder / "__init__.py").touch()
    assert copy.outdated(before) == set()


class _Rewriting:
    """Rewrites imports and references of modules that have other names, as a person would who moves them."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def __call__(self, text: str) -> str:
        lines = text.split("\n")
        for node in reversed(
            [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.ImportFrom)]
        ):
            if (node.module or "").split(".")[0] == "advex" and node.end_lineno is not None:
                indent = " " * node.col_offset
                new = [indent + line for line in self._imports(node)]
                lines[node.lineno - 1 : node.end_lineno] = ["; ".join(new) if indent else "\n".join(new)]
        text = "\n".join(lines)
        for kind in FOUND_BY_NAME:
            text = text.replace(f"advex.discussion.{{}}.{kind}.{{}}:", f"advex.found.{kind}_of_{{}}.{{}}:")
        return re.sub(r'"(advex[\w.]*):(\w+)"', self._reference, text)

    def _reference(self, found: re.Match[str]) -> str:
        return f'"{self.names.get(found[1], found[1])}:{found[2]}"'

    def _imports(self, node: ast.ImportFrom) -> Iterator[str]:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            called = alias.asname or alias.name
            if whole in self.names:
                package, _, name = self.names[whole].rpartition(".")
                yield f"from {package} import {name} as {called}"
            else:
                module = self.names.get(str(node.module), str(node.module))
                yield f"from {module} import {alias.name} as {called}"


class Edit(NamedTuple):
    """A text in the place of another in a definition; the kinds of jobs it outdates, and at most how many."""

    definition: str
    old: str
    new: str
    kinds: tuple[str, ...] = ()
    most: int = 1000


SHARE = 0.4
"""How many of the definitions are mutated, so that it takes a minute at most."""
RING = ("measure/gilmer_hendrycks/fourier_heatmaps",)
MEASURING_BY_ATTACK = (
    "measure/ilyas/attack_check",
    "measure/ilyas/attack_strength",
    "measure/ilyas/robust_datasets",
    "measure/ilyas/robust_generalisation",
    "measure/ilyas/transferability",
    "measure/nakano/layer_robustness",
    "measure/nakkiran/attack_transfer",
    "measure/nakkiran/squares/",
    "measure/wallace/two_dimensional/",
)
EDITS = {
    "a function of a module that many import": Edit(
        "frequency.ring_means", "ring = rings", "ring = 1 * rings", RING, 1
    ),
    "a new architecture": Edit("small_plain", "def small", "def new():\n    return 1\n\n\ndef small"),
    "a row of a new architecture": Edit(
        "ARCHITECTURES", '"resnet18":', '"new": "advex.new:new", "resnet18":'
    ),
    "a row of a new instrument": Edit("INSTRUMENTS", '"accuracy":', '"new": "advex.new:rows", "accuracy":'),
    "a row of a new norm": Edit("NORMS", '"l2":', '"l1": "advex.new:L1Ball", "l2":'),
    "a row of a new objective": Edit("OBJECTIVES", '"cw_margin"', '"new": "advex.new:new", "cw_margin"'),
    "a field of settings": Edit("LayerSizes", "min_length=1)]\n", "min_length=1)]\n    late: int = 3\n"),
    "a field of many settings": Edit(
        "AttackSettings", "shrinking: bool = False\n", "shrinking: bool = False\n    late: int = 3\n"
    ),
    "a default": Edit(
        "Recipe",
        "lt=1)] = 0.9",
        "lt=1)] = 0.8",
        ("train/", "measure/wallace/", "measure/nakkiran/squares"),
        60,
    ),
    "an architecture": Edit("small_vgg", ":\n", ":\n    assert True\n", ("train/", "measure/"), 30),
    "an attack": Edit(
        "stepped",
        "moved = current +",
        "moved = 0 + current +",
        ("train/robust", "construct/", *MEASURING_BY_ATTACK),
        24,
    ),
    "an adversary that no recipe of the study has": Edit(
        "diverged", "if start is None", "if start is None and True"
    ),
    "a loss that no recipe of the study has": Edit("trades", "beta * ", "1 * beta * "),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_outdates_the_kinds_of_jobs_that_it_concerns(
    copy: Copy, before: dict[str, str], memory: Memory, edit: str
) -> None:
    definition, old, new, kinds, most = EDITS[edit]
    path = copy.path(definition)
    text, name = path.read_text(), definition.split(".")[-1]
    at = re.search(rf"^(def|class) {name}\b|^{name}\b.*=", text, re.MULTILINE)
    assert at is not None
    assert old in text[at.start() :]
    path.write_text(text[: at.start()] + text[at.start() :].replace(old, new, 1))
    outdated = copy.outdated(before, memory)
    assert all(job.startswith(kinds) for job in outdated), outdated
    assert all(any(job.startswith(kind) for job in outdated) for kind in kinds), outdated
    assert len(outdated) <= most, outdated


def _mutated(text: str, line: int) -> str | None:
    """Return a module's text with a number, an operator or a result changed in what begins in a line."""
    tree = ast.parse(text)
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        if first == line:
            break
    else:
        return None
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.Constant)
            and type(inner.value) in (int, float)
            and inner.end_lineno is not None
        ):
            return _replaced(text, inner, f"{inner.value + 1!r}")
    for inner in ast.walk(node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            left, right = (ast.get_source_segment(text, part) for part in (inner.left, inner.right))
            return _replaced(text, inner, f"(({left}) % ({right}))")
    for inner in ast.walk(node):
        if isinstance(inner, ast.Return) and inner.value is not None:
            return _replaced(text, inner.value, f"[{ast.get_source_segment(text, inner.value)}]")
    return None


def _replaced(text: str, node: ast.expr, new: str) -> str:
    lines = text.encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    return (text.encode()[:start] + new.encode() + text.encode()[end:]).decode()


@pytest.mark.slow
def test_mutating_a_definition_changes_the_digests_of_exactly_the_jobs_that_reach_it(
    copy: Copy, before: dict[str, str], memory: Memory
) -> None:
    """Each is changed alone, and looked at for a few of the jobs that reached it, and of the others."""
    code = Code(copy.folder / "src/advex", memory)
    reaching: dict[Node, set[str]] = {}
    for name, (script, entries) in JOBS.items():
        for node in code.reached(copy.folder / f"scripts/{script}.py", entries).nodes:
            reaching.setdefault(node, set()).add(name)
    chance, mutations = random.Random(0), 0
    for node, jobs in sorted(reaching.items(), key=lambda pair: (pair[0].module, pair[0].index)):
        definition = None if node.index == WHOLE else code.library.definition(node)
        path = code.library.path(node.module)
        if path is None or definition is None or definition.kind not in ("function", "class", "assignment"):
            continue
        original = path.read_text()
        mutated = _mutated(original, definition.line) if chance.random() < SHARE else None
        if mutated is None:
            continue
        others = sorted(JOBS.keys() - jobs)
        looked_at = {
            *chance.sample(sorted(jobs), min(len(jobs), 3)), *chance.sample(others, min(len(others), 3)),
        }  # fmt: skip
        path.write_text(mutated)
        outdated = copy.outdated(before, memory, looked_at)
        path.write_text(original)
        expected = jobs & looked_at
        # Of settings, it may be a field that a job does not read.
        assert outdated <= expected if definition.fields else outdated == expected, definition.names
        mutations += 1
    assert mutations >= 200, mutations


@pytest.mark.slow
def test_digests_of_a_whole_study_take_seconds(tmp_path: Path) -> None:
    memory = tmp_path / "definitions.json"
    seconds = []
    for _ in range(2):
        started = process_time()
        code = Code(memory=memory)
        for script, entries in JOBS.values():
            code.digest(ROOT / f"scripts/{script}.py", entries)
        seconds.append(process_time() - started)
    assert seconds[0] < 8
    assert seconds[1] < 4
