"""An interrupted construction goes on after its finished images and ends in the same bits."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from samples import random_set, tiny_model

from advex.attack import finished_parts as parts
from advex.attack import loop as attacks
from advex.common.checkpoint import Checkpoint
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings, Construction
from advex.construct.constructions import construct

CPU = Device(torch.device("cpu"))
IMAGES = random_set(2500)  # three batches
L2 = AttackSettings("l2", 0.8, 2, 0.2, random_start=True)
FREE = AttackSettings("l2", math.inf, 2, 0.1, keep_best=False)
EVERY = [
    Construction("det", 0, "target", L2, target="next_class"),
    Construction("noise", 0, "invert", FREE, start="noise"),
]


class KilledError(Exception):
    """The end of a job that the cluster wants no more."""


@pytest.fixture(autouse=True)
def a_minute_each_time(monkeypatch):
    minutes = itertools.count(step=61)
    monkeypatch.setattr(parts.time, "monotonic", lambda: next(minutes))


@pytest.fixture
def counted(monkeypatch):
    """Count attacked batches; the one numbered `kill` ends the process."""
    calls = {"batches": 0, "kill": None}
    real = attacks.projected_gradient

    def wrapped(*arguments, **options):
        calls["batches"] += 1
        if calls["batches"] == calls["kill"]:
            raise KilledError
        return real(*arguments, **options)

    monkeypatch.setattr(attacks, "projected_gradient", wrapped)
    return calls


@pytest.mark.parametrize("construction", EVERY, ids=lambda construction: construction.name)
def test_the_same_bits_after_an_interruption(construction: Construction, tmp_path: Path, counted) -> None:
    source = tiny_model("convolutional")
    whole, measured = construct(construction, IMAGES, source, CPU)
    assert counted == {"batches": 3, "kill": None}

    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    counted["kill"] = 6
    with pytest.raises(KilledError):
        construct(construction, IMAGES, source, CPU, checkpoint=checkpoint)
    assert checkpoint.path.exists()
    resumed, measured_again = construct(construction, IMAGES, source, CPU, checkpoint=checkpoint)
    assert counted["batches"] == 7  # one batch was left to do
    np.testing.assert_array_equal(resumed.images, whole.images)
    np.testing.assert_array_equal(resumed.labels, whole.labels)
    assert measured_again.equals(measured)


@pytest.mark.parametrize("other", ["settings", "source", "code", "damage"])
def test_parts_of_something_else_are_not_used(other: str, tmp_path: Path, counted, caplog) -> None:
    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    construct(EVERY[0], IMAGES, tiny_model("convolutional"), CPU, checkpoint=checkpoint)
    assert counted["batches"] == 3
    construction = EVERY[0] if other != "settings" else Construction("other", 0, "target", L2)
    source = tiny_model("convolutional", seed=int(other == "source"))
    if other == "code":
        checkpoint = Checkpoint(checkpoint.path, "code that was edited")
    if other == "damage":
        checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:100])
    construct(construction, IMAGES, source, CPU, checkpoint=checkpoint)
    assert counted["batches"] == 6
    assert "start from the beginning" in caplog.text
