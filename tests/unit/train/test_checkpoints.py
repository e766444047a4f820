import json
import logging
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from samples import ADVERSARIAL, RECIPES, STANDARD, run, same

from advex.common.artifacts import read_description
from advex.common.progress import Progress
from advex.common.settings import plain
from advex.train.training import train


def interrupted(epochs, monkeypatch, run, images, device, checkpoint, seconds=0.0):
    """Train until the given epoch is reported, then raise, as a kill would."""

    def advance(self, units=1, note=""):
        self.reported = getattr(self, "reported", 0) + units
        if self.reported == epochs:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            train(run, images, images, device, checkpoint=checkpoint, checkpoint_seconds=seconds)


@pytest.mark.parametrize("name", RECIPES)
def test_an_interrupted_training_resumes_to_the_same_bits(
    few_digits, cpu, trained, name, tmp_path, monkeypatch, caplog
):
    checkpoint = tmp_path / "checkpoint"
    caplog.set_level(logging.INFO, "advex")
    for resumed in (1, 2):  # stopped twice, in the epoch after the next
        interrupted(2, monkeypatch, run(RECIPES[name]), few_digits, cpu, checkpoint)
        assert read_description(checkpoint)["epochs"] == resumed
    finished = train(run(RECIPES[name]), few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert same(finished, trained[name])
    assert "resume model, seed 0 after epoch 2" in caplog.text
    assert checkpoint.exists(), "it stays until the model is written"


SCRIPT = """
import json, sys, time
from pathlib import Path
import torch
from advex.train import training
from advex.common.machine.devices import Device
from advex.common.images import ImageSet
from advex.common.progress import Progress
from advex.common.settings import TrainingRun

advance = Progress.advance
Progress.advance = lambda *arguments, **options: (time.sleep(0.2), advance(*arguments))
run = TrainingRun(**json.loads(sys.argv[3]))
images = ImageSet.read(sys.argv[1])
torch.set_num_threads(1)
device = Device(torch.device("cpu"))
training.train(run, images, images, device, checkpoint=Path(sys.argv[2]), checkpoint_seconds=0)
"""


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_bits(few_digits, cpu, tmp_path):
    """A process killed at any moment leaves a whole checkpoint."""
    recipe, checkpoint = replace(ADVERSARIAL, epochs=12), tmp_path / "checkpoint"
    few_digits.write(tmp_path / "images", {})
    settings = json.dumps(plain(run(recipe)))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, tmp_path / "images", checkpoint, settings])
    try:
        deadline = time.monotonic() + 60
        while not (checkpoint.exists() and read_description(checkpoint)["epochs"] >= 3):
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 3 <= read_description(checkpoint)["epochs"] < 12
    resumed = train(run(recipe), few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert same(resumed, train(run(recipe), few_digits, few_digits, cpu))


@pytest.mark.parametrize(
    "fault", ["truncated", "no checkpoint", "other recipe", "other images", "other labels"]
)
def test_a_damaged_or_foreign_checkpoint_is_ignored_with_a_warning(
    few_digits, cpu, trained, tmp_path, monkeypatch, caplog, fault
):
    checkpoint, images, recipe = tmp_path / "checkpoint", few_digits, STANDARD
    if fault == "other recipe":
        recipe = replace(STANDARD, learning_rate=0.2)
    if fault == "other images":
        images = replace(few_digits, images=few_digits.images[:, :, ::-1].copy())
    if fault == "other labels":
        images = replace(few_digits, labels=few_digits.labels[::-1].copy())
    interrupted(3, monkeypatch, run(recipe), images, cpu, checkpoint)
    if fault == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    if fault == "no checkpoint":
        checkpoint.write_text("something else")
    assert same(train(run(STANDARD), few_digits, few_digits, cpu, checkpoint=checkpoint), trained["standard"])
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("start from the beginning: ")
    assert str(checkpoint) in warnings[0]


def test_checkpoints_wait_for_their_time(few_digits, cpu, tmp_path, monkeypatch):
    checkpoint = tmp_path / "checkpoint"
    interrupted(3, monkeypatch, run(STANDARD), few_digits, cpu, checkpoint, seconds=60)
    assert not checkpoint.exists()
