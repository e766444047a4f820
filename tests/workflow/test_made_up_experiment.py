"""An experiment is its modules, its rows, and its section in a study: nothing else knows of it."""

import re
import shutil
from pathlib import Path

from copies import Snakemake

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.records.records import Record

SECTION = '        "brightness": "advex.discussion.made_up.settings:BrightnessSettings",\n'
ROW = """  made_up/brightness:
    says: look how bright images are
    section: brightness
    tables: [brightness]
    pictures: [brightest]
    datasets: [natural_test]
    environment: figures
    resources: {mem_mb: 500, runtime_minutes: 5}
"""
TABLE = "results/test/measurements/made_up/brightness.csv"
PICTURE = "results/test/measurements/made_up/brightest/seed0.safetensors"


def add(file: Path, before: str, text: str) -> None:
    """Put lines in front of a table's heading."""
    content = file.read_text()
    assert f"\n{before}" in content
    file.write_text(content.replace(f"\n{before}", f"\n{text}{before}", 1))


def test_an_experiment_that_is_added_by_rows_plans_and_runs(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    shutil.copytree(Path(__file__).parent / "made_up", folder / "src/advex/discussion/made_up")
    add(folder / "src/advex/registries.py", '        "worlds": "advex.', SECTION)
    add(folder / "config/experiments.yaml", "figures:\n", ROW)
    with (folder / "config/studies/test.yaml").open("a") as file:
        file.write("brightness: {seeds: 2, images: 7}\n")

    planned = snakemake("-n", TABLE, PICTURE)
    assert planned.returncode == 0, planned.stderr[-3000:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned.stdout + planned.stderr, re.MULTILINE))
    assert jobs == {"prepare": "1", "made_up_brightness": "2", "collect": "1", "total": "4"}
    finished = snakemake(TABLE, PICTURE)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert "look how bright images are, seed 1 of test" in finished.stdout + finished.stderr

    assert read_table(folder / TABLE).groupby("seed").size().to_dict() == {0: 7, 1: 7}
    assert Picture.read(folder / PICTURE).images.shape == (1, 1, 1, 8, 8)
    record = Record.read(folder / "results/test/records/measure/made_up/brightness/seed1.json")
    assert record.params["settings"] == {"images": 7}
    assert list(record.inputs) == ["results/test/datasets/natural/test.safetensors"]

    # Its sizes are asked for by studies that draw it; others go on without.
    others = snakemake("-n", "results/digits/measurements/ilyas/gaussian.csv")
    assert others.returncode == 0, others.stderr[-3000:]
    refused = snakemake("-n", TABLE.replace("/test/", "/digits/"))
    assert refused.returncode != 0
    assert "study digits: brightness: missing; it must be given" in refused.stdout + refused.stderr
