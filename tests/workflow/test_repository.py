"""Style is part of the tests: lint, format, types, and what the repository may not contain."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ["Snakefile", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "rules").glob("*.smk"))]
CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "snakefmt": ["snakefmt", "--check", *RULES],
    "snakemake lint": ["snakemake", "--lint"],
}
SECTIONS = (  # in the order that snakefmt asks for
    "input", "output", "log", "benchmark", "wildcard_constraints", "conda", "threads", "resources", "params",
    "message", "script",
)  # fmt: skip
OPTIONAL = {"input", "wildcard_constraints"}


@pytest.mark.parametrize("check", CHECKS)
def test_checks_are_clean(check: str) -> None:
    command = [sys.executable, "-m", *CHECKS[check]]
    if check == "snakefmt":
        command = [str(Path(sys.executable).parent / "snakefmt"), *CHECKS[check][1:]]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]


def rules() -> list[tuple[str, list[str]]]:
    found = []
    for file in RULES[1:]:
        text = (ROOT / file).read_text()
        for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", text, re.MULTILINE):
            found.append((name, re.findall(r"^    (\w+):", body, re.MULTILINE)))
    return found


@pytest.mark.parametrize(("name", "sections"), rules(), ids=[name for name, _ in rules()])
def test_all_rules_have_one_shape(name: str, sections: list[str]) -> None:
    wanted = [section for section in SECTIONS if section in sections or section not in OPTIONAL]
    assert sections == wanted
    assert (ROOT / "scripts" / f"{name}.py").exists()


def test_every_wildcard_is_also_a_parameter() -> None:
    """So that Snakemake's cache between workflows, which does not look at wildcards, cannot mix jobs up."""
    for file in RULES[1:]:
        for name, body in re.findall(
            r"^rule (\w+):\n((?:    .*\n|\n)+)", (ROOT / file).read_text(), re.MULTILINE
        ):
            output, params = (
                re.search(rf"^    {part}:\n((?:        .*\n)+)", body, re.MULTILINE)[1]  # type: ignore[index]
                for part in ("output", "params")
            )
            assert set(re.findall(r"{(\w+)}", output)) <= set(re.findall(r"{(\w+)}", params)), name


def test_every_script_is_the_script_of_a_rule() -> None:
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == {name for name, _ in rules()}


def test_scripts_read_no_wildcards_and_stay_short() -> None:
    for script in (ROOT / "scripts").glob("*.py"):
        text = script.read_text()
        assert "snakemake.wildcards" not in text, script
        assert len(text.splitlines()) <= 60, script


def test_the_library_knows_no_snakemake() -> None:
    for file in (ROOT / "src").rglob("*.py"):
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
