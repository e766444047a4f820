"""A person's own images: the steps of docs/data.md, followed as they stand there with a zip of 60 images."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import programs
import pytest
from copies import clean_environment, copy_repository
from mirror_samples import encoded, write_zip

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs/data.md").read_text().partition("\n## Your own data\n")[2].partition("\n## ")[0]
STEPS = re.search(r"^```sh\n(.*?)^```\n", SECTION, re.DOTALL | re.MULTILINE)
CLASSES = ("cat", "dog", "08")
SIDE = 9


def sixty_images() -> dict[str, bytes]:
    """Return 60 colour images of three classes, one of which looks like a number, in one folder."""
    random = np.random.default_rng(5)
    images = {}
    for split, count in (("train", 14), ("test", 6)):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                pixels = random.integers(0, 160, (SIDE, SIDE, 3))
                pixels[..., label] += 80
                images[f"pets/{split}/{name}/{number:03}.png"] = encoded(pixels.astype(np.uint8))
    return images


def commands(step: str) -> list[list[str]]:
    """Return a step's programs, as arguments of Python; those of ``make`` as its rules have them."""
    words = shlex.split(step)
    if words[0] == ".venv/bin/snakemake":
        return [["-m", "snakemake", *words[1:]]]
    assert words[0] == "make"
    asked = ["make", "--no-print-directory", "-n", "-o", ".venv/installed", *words[1:]]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    started = [shlex.split(line.partition("advex.common.machine.launch ")[2]) for line in told.splitlines()]
    return [["-m", *(word for word in line if word != "--alone")] for line in started]


@pytest.mark.slow
def test_the_steps_as_written(tmp_path: Path) -> None:
    """Each does what it says; of the last, which makes everything, all is planned."""
    assert STEPS
    steps = STEPS[1].splitlines()
    assert len(steps) == 4
    folder = copy_repository(tmp_path / "copy")
    (folder / "data").mkdir()
    shutil.copy2(ROOT / "config/hardware.yaml", folder / "config")
    write_zip(folder / "data/pets.zip", sixty_images())
    told = {**clean_environment(), "PYTHONPATH": str(folder / "src")}
    said = []
    for number, step in enumerate(steps):
        for command in commands(step):
            everything = ["-n"] if number == len(steps) - 1 else []
            finished = programs.run((sys.executable, *command, *everything), folder, told, seconds=300)
            assert finished.returncode == 0, f"{step}: {finished.stdout[-2000:]}{finished.stderr[-3000:]}"
            said.append(finished.stdout + finished.stderr)
    figure = folder / shlex.split(steps[2])[-1]
    assert b"9x9 colour" in figure.read_bytes()
    planned = dict(re.findall(r"^(\w+) +(\d+)$", said[-1], re.MULTILINE))
    assert int(planned["draw"]) > 30
    assert int(planned["train"]) > 100
