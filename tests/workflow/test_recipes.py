"""The recipes of docs/architecture.md, executed as they stand there, each in a copy of the repository."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from copies import Snakemake

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.records.records import Record

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/architecture.md").read_text()


class Block(NamedTuple):
    """Text for a file: all of it; or, of one that is there, lines below a heading, or at the end."""

    path: str
    heading: str
    at_the_end: bool
    text: str

    def put(self, folder: Path) -> None:
        """Put it where it belongs."""
        file = folder / self.path
        if self.heading:
            lines = file.read_text().splitlines(keepends=True)
            (start,) = (n for n, line in enumerate(lines) if re.match(rf"{self.heading}\b.*[:=]", line))
            opens = re.compile(r".*[:{]\s*(#.*)?$")
            below = next(n for n in range(start, len(lines)) if opens.match(lines[n])) + 1
            file.write_text("".join([*lines[:below], self.text, *lines[below:]]))
        elif self.at_the_end:
            apart = "\n\n\n" if file.suffix == ".py" else "\n"
            file.write_text(file.read_text().rstrip("\n") + apart + self.text)
        else:
            assert not file.exists(), file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text)


class Recipe(NamedTuple):
    """What goes into which files, and the words of the command that follows."""

    blocks: list[Block]
    command: list[str]

    def prepare(self, folder: Path) -> list[str]:
        """Put everything into a copy of the repository, and return snakemake's arguments."""
        for block in self.blocks:
            block.put(folder)
        program, *arguments = self.command
        assert program == ".venv/bin/snakemake"
        return arguments


def recipes() -> dict[str, Recipe]:
    """Return the document's recipes by heading."""
    _, _, text = DOCUMENT.partition("\n## Recipes\n")
    text, _, _ = text.partition("\n## ")
    found = {}
    for part in text.split("\n### ")[1:]:
        name, _, body = part.partition("\n")
        blocks, commands = [], []
        fenced = re.split(r"^```(\w*)\n(.*?)^```\n", body, flags=re.DOTALL | re.MULTILINE)
        for above, language, content in zip(fenced[::3], fenced[1::3], fenced[2::3], strict=False):
            if language == "sh":
                commands.append(content.split())
                continue
            place = re.search(r"`([^`]+)`(?:, in `(\w+)`|(, at the end))?:\n\Z", above)
            assert place, f"{name}: no file is named above a block: {above[-80:]!r}"
            blocks.append(Block(place[1], place[2] or "", bool(place[3]), content))
        (command,) = commands
        found[name] = Recipe(blocks, command)
    return found


RECIPES = recipes()


def executed(name: str, copy: tuple[Path, Snakemake]) -> Path:
    """Execute a recipe in a copy; return the copy's folder."""
    folder, snakemake = copy
    finished = snakemake(*RECIPES[name].prepare(folder))
    assert finished.returncode == 0, finished.stderr[-4000:]
    (folder / "run.txt").write_text(finished.stdout + finished.stderr)
    return folder


def test_there_is_a_recipe_for_everything_that_is_added_often() -> None:
    wanted = ["A model", "A loss", "An instrument", "An experiment with a job of its own", "A comment"]
    assert list(RECIPES) == wanted


@pytest.mark.parametrize("name", RECIPES)
def test_code_in_recipes_is_in_the_style_of_the_library(name: str, fresh: tuple[Path, Snakemake]) -> None:
    folder, _ = fresh
    RECIPES[name].prepare(folder)
    files = sorted({block.path for block in RECIPES[name].blocks if block.path.endswith(".py")})
    for check in (["check"], ["format", "--check"]) if files else ():
        command = [sys.executable, "-m", "ruff", *check, "--config", str(ROOT / "pyproject.toml"), *files]
        finished = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert finished.returncode == 0, finished.stdout


def test_a_model(fresh: tuple[Path, Snakemake]) -> None:
    folder = executed("A model", fresh)
    record = Record.read(folder / "results/test/records/train/gaussian_augmented_vgg16/seed0.json")
    assert record.params["run"]["architecture"]["name"] == "small_vgg"


def test_a_loss(fresh: tuple[Path, Snakemake]) -> None:
    folder = executed("A loss", fresh)
    record = Record.read(folder / "results/smoothed/records/train/standard/seed0.json")
    assert record.params["run"]["recipe"]["loss_options"] == {"smoothing": 0.2}
    assert "loss smoothed_cross_entropy" in record.params["uses"]


def test_an_instrument(fresh: tuple[Path, Snakemake]) -> None:
    folder = executed("An instrument", fresh)
    (row,) = read_table(folder / "results/test/measurements/ilyas/confidence.csv").to_dict("records")
    assert row["quantity"] == "confidence"
    assert 10 <= row["value"] <= 100


def test_an_experiment_with_a_job_of_its_own(fresh: tuple[Path, Snakemake]) -> None:
    """Its modules, its rows and its section are all that anything knows of it."""
    folder, snakemake = fresh
    target = "results/test/measurements/doe/brightness.csv"
    arguments = RECIPES["An experiment with a job of its own"].prepare(folder)
    assert arguments == [target]
    planned = snakemake("-n", *arguments)
    assert planned.returncode == 0, planned.stderr[-3000:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE))
    assert jobs == {"prepare": "1", "doe_brightness": "2", "collect": "1", "total": "4"}
    finished = snakemake(*arguments)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert "look how bright images are, seed 1 of test" in finished.stdout + finished.stderr

    table = read_table(folder / target)
    assert table.groupby("seed").size().to_dict() == {0: 7, 1: 7}
    described = runpy.run_path(str(folder / "src/advex/discussion/doe/tables.py"))["columns"]([])
    assert set(described["brightness"]) == set(table.columns)
    picture = Picture.read(folder / "results/test/measurements/doe/brightest/seed0.safetensors")
    assert picture.images.shape == (1, 1, 1, 8, 8)
    record = Record.read(folder / "results/test/records/measure/doe/brightness/seed1.json")
    assert record.params["settings"] == {"images": 7}
    assert list(record.inputs) == ["results/test/datasets/natural/test.safetensors"]

    # Its sizes are asked for by studies that draw it; others go on without.
    others = snakemake("-n", "results/digits/measurements/ilyas/gaussian.csv")
    assert others.returncode == 0, others.stderr[-3000:]
    refused = snakemake("-n", target.replace("/test/", "/digits/"))
    assert refused.returncode != 0
    assert "study digits: brightness: missing; it must be given" in refused.stdout + refused.stderr


def test_a_comment(fresh: tuple[Path, Snakemake]) -> None:
    """A seventh source costs files in places of its own name, and its rows."""
    own = {block.path for block in RECIPES["A comment"].blocks}
    assert {path for path in own if "doe" not in re.split(r"\W", path)} == {"config/experiments.yaml"}

    folder = executed("A comment", fresh)
    results = folder / "results/doe"
    assert [path.name for path in sorted((results / "figures").rglob("*.*"))] == ["noise.png", "noise.svg"]
    (verdict,) = read_table(results / "scorecard.csv").to_dict("records")
    assert (verdict["source"], verdict["figure"], verdict["seeds"]) == ("doe", "noise", 2)
    assert verdict["published"] == 90
    assert verdict["verdict"] != "not tested"
    page = (results / "index.html").read_text()
    assert "the number that Doe never published" in page
    assert "Doe, Networks and noise" in page
    assert 'id="claim/noise_leaves_accuracy"' in page
    record = Record.read(results / "records/judge/scorecard.json")
    assert [path for path in record.inputs if "claims" in path] == ["config/claims/doe/claims.yaml"]

    # Every other study draws and judges it too, without a word about it.
    _, snakemake = fresh
    planned = snakemake("-n", "--config", "study=test")
    assert planned.returncode == 0, planned.stderr[-3000:]
    assert "results/test/figures/doe/noise.svg" in planned.stdout + planned.stderr


def test_a_slip_in_a_recipe_would_be_found(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    arguments = RECIPES["A comment"].prepare(folder)
    claims = folder / "config/claims/doe/claims.yaml"
    claims.write_text(claims.read_text().replace("figure: noise", "figure: noises"))
    refused = snakemake("-n", *arguments)
    assert refused.returncode != 0
    assert "noise_leaves_accuracy.figure: found 'noises'; near: noise" in refused.stdout + refused.stderr
