"""Style is part of the tests: lint, format, types, and what the repository may not contain."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from advex.config import load

ROOT = Path(__file__).parents[2]
PLAN = load(ROOT / "config")
RULES = ["Snakefile", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "rules").glob("*.smk"))]
CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "snakefmt": ["snakefmt", "--check", *RULES],
    "snakemake lint": ["snakemake", "--lint"],
}
SECTIONS = (  # in the order that snakefmt asks for
    "name", "input", "output", "log", "benchmark", "wildcard_constraints", "conda", "threads", "resources",
    "params", "message", "script",
)  # fmt: skip
OPTIONAL = {"name", "input", "wildcard_constraints"}


@pytest.mark.parametrize("check", CHECKS)
def test_checks_are_clean(check: str) -> None:
    command = [sys.executable, "-m", *CHECKS[check]]
    if check == "snakefmt":
        command = [str(Path(sys.executable).parent / "snakefmt"), *CHECKS[check][1:]]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]


def rules() -> list[tuple[str, dict[str, str]]]:
    """Return every rule as its name, that of its script where rows give it, and its sections."""
    found = []
    for file in RULES[1:]:
        text = re.sub(
            r"^for .*:\n\n((?:    .*\n|\n)+)", unindented, (ROOT / file).read_text(), flags=re.MULTILINE
        )
        for name, body in re.findall(r"^rule ?(\w*):\n((?:    .*\n|\n)+)", text, re.MULTILINE):
            sections = dict(re.findall(r"^    (\w+):((?:.*\n)(?:        .*\n)*)", body, re.MULTILINE))
            script = Path(sections["script"].strip().strip('"')).stem
            assert bool(name) != ("name" in sections)
            found.append((name or script, sections))
    return found


def unindented(loop: re.Match[str]) -> str:
    """Return the body of a loop as if it stood at the margin."""
    return textwrap.dedent(loop[1])


@pytest.mark.parametrize(("name", "sections"), rules(), ids=[name for name, _ in rules()])
def test_all_rules_have_one_shape(name: str, sections: dict[str, str]) -> None:
    wanted = [section for section in SECTIONS if section in sections or section not in OPTIONAL]
    assert list(sections) == wanted
    assert sections["script"].strip() == f'"../scripts/{name}.py"'
    assert (ROOT / "scripts" / f"{name}.py").exists()


def test_every_wildcard_is_also_a_parameter() -> None:
    """So that Snakemake's cache between workflows, which does not look at wildcards, cannot mix jobs up."""
    for name, sections in rules():
        output, params = sections["output"], sections["params"]
        if "PLAN.experiment_outputs(experiment)" in output:
            continue  # tested below, row by row
        assert set(re.findall(r"{(\w+)}", output)) <= set(re.findall(r"{(\w+)}", params)), name


@pytest.mark.parametrize("experiment", PLAN.experiments.experiments)
def test_every_wildcard_of_an_experiment_is_also_a_parameter(experiment: str) -> None:
    row = PLAN.experiment(experiment)
    wanted = {"study"} | set(re.findall(r"{(\w+)}", row.seed))
    for path in (*PLAN.experiment_outputs(experiment).values(), f"{{study}}/{row.job(experiment)}"):
        assert set(re.findall(r"{(\w+)}", path)) == wanted


def test_every_script_is_the_script_of_a_rule() -> None:
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == {name for name, _ in rules()}


def test_rules_look_up_and_do_not_compute() -> None:
    for file in RULES:
        assert "lambda" not in (ROOT / file).read_text(), file


def test_scripts_read_no_wildcards_and_stay_short() -> None:
    for script in (ROOT / "scripts").glob("*.py"):
        text = script.read_text()
        assert "snakemake.wildcards" not in text, script
        assert len(text.splitlines()) <= 60, script


def test_the_library_knows_no_snakemake() -> None:
    for file in (ROOT / "src/advex").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) snakemake", file.read_text(), re.MULTILINE), file


def test_every_figure_has_module_caption_and_row() -> None:
    experiments = yaml.safe_load((ROOT / "config/experiments.yaml").read_text())
    for figure in experiments["figures"]:
        source, _, name = figure.partition("/")
        assert (ROOT / f"src/advex/discussion/{source}/figures/{name}.py").exists()
        assert len((ROOT / f"report/captions/{figure}.md").read_text()) > 100


def test_conda_environments_carry_the_pins_of_the_lock() -> None:
    lock = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split() if "==" in line)
    for file in (ROOT / "envs").glob("*.yaml"):
        listed = yaml.safe_load(file.read_text())["dependencies"]
        pins = [pin for entry in listed if isinstance(entry, dict) for pin in entry["pip"]]
        assert pins, file
        for pin in pins:
            if pin.startswith("-e"):
                continue
            name, version = pin.split("==")
            assert lock[name] == version, f"{file.name}: {pin}"
