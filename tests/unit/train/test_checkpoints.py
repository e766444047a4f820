import json
import logging
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from samples import ADVERSARIAL, RECIPES, STANDARD, run, same

from advex.common.artifacts import read_description, read_tensors, write_tensors
from advex.common.checkpoint import Checkpoint
from advex.common.machine.progress import Progress
from advex.common.settings import plain
from advex.train.training import train


def epochs_in(checkpoint: Checkpoint) -> int:
    return int(read_description(checkpoint.path)["progress"]["epochs"])


def interrupted(epochs, monkeypatch, run, images, device, checkpoint, seconds=0.0, test_set=None):
    """Train until the given epoch is reported, then raise, as a kill would."""

    def advance(self, units=1, note=""):
        self.reported = getattr(self, "reported", 0) + units
        if self.reported == epochs:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            train(run, images, test_set or images, device, checkpoint=checkpoint, checkpoint_seconds=seconds)


@pytest.mark.parametrize("name", RECIPES)
def test_an_interrupted_training_resumes_to_the_same_bits(
    few_digits, cpu, trained, name, tmp_path, monkeypatch, caplog
):
    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    caplog.set_level(logging.INFO, "advex")
    for resumed in (1, 2):  # stopped twice, in the epoch after the next
        interrupted(2, monkeypatch, run(RECIPES[name]), few_digits, cpu, checkpoint)
        assert epochs_in(checkpoint) == resumed
    finished = train(run(RECIPES[name]), few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert same(finished, trained[name])
    assert "resume model, seed 0 after epoch 2" in caplog.text
    assert checkpoint.path.exists(), "it stays until the model is written"


SCRIPT = """
import json, sys, time
from pathlib import Path
import torch
from advex.train import training
from advex.common.checkpoint import Checkpoint
from advex.common.machine.devices import Device
from advex.common.images import ImageSet
from advex.common.machine.progress import Progress
from advex.common.settings import TrainingRun

advance = Progress.advance
Progress.advance = lambda *arguments, **options: (time.sleep(0.2), advance(*arguments))
run = TrainingRun(**json.loads(sys.argv[3]))
images = ImageSet.read(sys.argv[1])
torch.set_num_threads(1)
device = Device(torch.device("cpu"))
training.train(run, images, images, device, checkpoint=Checkpoint(Path(sys.argv[2])), checkpoint_seconds=0)
"""


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_bits(few_digits, cpu, tmp_path):
    """A process killed at any moment leaves a whole checkpoint."""
    recipe, checkpoint = replace(ADVERSARIAL, epochs=12), Checkpoint(tmp_path / "seed0.checkpoint")
    few_digits.write(tmp_path / "images", {})
    settings = json.dumps(plain(run(recipe)))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, tmp_path / "images", checkpoint.path, settings])
    try:
        deadline = time.monotonic() + 60
        while not (checkpoint.path.exists() and epochs_in(checkpoint) >= 3):
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 3 <= epochs_in(checkpoint) < 12
    resumed = train(run(recipe), few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert same(resumed, train(run(recipe), few_digits, few_digits, cpu))


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _told_otherwise(checkpoint: Checkpoint, **changes: object) -> None:
    """Write what a checkpoint says of its progress anew, sealed as it was."""
    sealed, arrays = read_description(checkpoint.path), read_tensors(checkpoint.path)
    write_tensors(checkpoint.path, arrays, {**sealed, "progress": {**sealed["progress"], **changes}})


def _sealed_anew(checkpoint: Checkpoint, rename: str = "", **changes: object) -> None:
    """The same by someone who knows how checkpoints are sealed."""
    sealed, arrays = read_description(checkpoint.path), read_tensors(checkpoint.path)
    arrays = {f"{rename}{name}" if name.startswith("model/") else name: one for name, one in arrays.items()}
    Checkpoint(checkpoint.path, sealed["made_by"]).write(arrays, {**sealed["progress"], **changes})


DAMAGES = {
    "truncated": lambda one: one.path.write_bytes(one.path.read_bytes()[:-100]),
    "something else": lambda one: one.path.write_text("something else"),
    "empty": lambda one: one.path.write_bytes(b""),
    "no description": lambda one: write_tensors(one.path, read_tensors(one.path), {}),
    "progress is no mapping": lambda one: write_tensors(one.path, {}, {"progress": [1], "content": ""}),
    "more epochs than there are": lambda one: _told_otherwise(one, epochs=99),
    "sealed with too many epochs": lambda one: _sealed_anew(one, epochs=99),
    "sealed with other keys": lambda one: _sealed_anew(one, rename="x"),
}


@pytest.mark.parametrize(
    "fault", ["other recipe", "other images", "other labels", "other test images", "other code", *DAMAGES]
)
def test_what_does_not_fit_is_set_aside_with_a_warning(
    few_digits, cpu, trained, tmp_path, monkeypatch, caplog, fault
):
    checkpoint, images, recipe = Checkpoint(tmp_path / "seed0.checkpoint", "code"), few_digits, STANDARD
    before, test_images = checkpoint, few_digits
    if fault == "other recipe":
        recipe = replace(STANDARD, learning_rate=0.2)
    if fault == "other images":
        images = replace(few_digits, images=few_digits.images[:, :, ::-1].copy())
    if fault == "other labels":
        images = replace(few_digits, labels=few_digits.labels[::-1].copy())
    if fault == "other test images":
        test_images = replace(few_digits, labels=few_digits.labels[::-1].copy())
    if fault == "other code":
        before = replace(checkpoint, made_by="code before it was edited")
    interrupted(3, monkeypatch, run(recipe), images, cpu, before, test_set=test_images)
    DAMAGES.get(fault, lambda one: None)(checkpoint)
    found = train(run(STANDARD), few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert same(found, trained["standard"])
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.startswith(f"start from the beginning: {checkpoint.path} is set aside")
    assert [path.name for path in tmp_path.iterdir()] == ["seed0.set_aside.checkpoint"]
    checkpoint.remove()
    assert not list(tmp_path.iterdir())


def test_no_flipped_bit_makes_another_model(few_digits, cpu, trained, tmp_path, monkeypatch):
    """Bits all over the file: in the header, in what it tells, in weights, momentum and random state."""
    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    interrupted(3, monkeypatch, run(STANDARD), few_digits, cpu, checkpoint)
    content = checkpoint.path.read_bytes()
    for bit in range(0, 8 * len(content), 8 * len(content) // 25 + 1):
        checkpoint.path.write_bytes(_flipped(content, bit))
        found = train(run(STANDARD), few_digits, few_digits, cpu, checkpoint=checkpoint)
        assert same(found, trained["standard"]), bit


def test_checkpoints_wait_for_their_time(few_digits, cpu, tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    interrupted(3, monkeypatch, run(STANDARD), few_digits, cpu, checkpoint, seconds=60)
    assert not checkpoint.path.exists()
