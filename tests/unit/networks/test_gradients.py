"""The convolutions of all architectures are right on every kind of processor that this one can stand for."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from gradients import TOLERANCE, deviations
from samples import random_images
from torch import nn
from torch.nn import functional

from advex.common.settings import ArchitectureSettings
from advex.networks.architectures.pointwise import StridedPointwise, is_strided_pointwise, mend
from advex.networks.classifier import build
from advex.registries import ARCHITECTURES

PROGRAM = Path(__file__).parents[1] / "gradients.py"
# oneDNN's names; those beyond differ in other precisions. BEST is whatever the processor has.
BEST = "best"
INSTRUCTION_SETS = {"DEFAULT": ["SSE41"], "AVX2": ["AVX", "AVX2"], "AVX512": ["AVX512_CORE"]}
RESNETS = ["resnet18", "resnet50", "small_resnet18", "small_resnet50", "imagenet_resnet50"]
LAYOUTS = [torch.channels_last, torch.contiguous_format]


def instruction_sets():
    known, found = list(INSTRUCTION_SETS), torch.backends.cpu.get_cpu_capability()
    most = known.index(found) if found in known else -1  # other kinds of processors
    return [*(name for level in known[: most + 1] for name in INSTRUCTION_SETS[level]), BEST]


def complaint(instruction_set, *command):
    """Run a program whose last line says that all is right; return what is wrong, or an empty string."""
    environment = {name: value for name, value in os.environ.items() if name != "ONEDNN_MAX_CPU_ISA"}
    if instruction_set != BEST:
        environment["ONEDNN_MAX_CPU_ISA"] = instruction_set
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    lines = done.stdout.splitlines() or ["nothing"]
    if done.returncode < 0:
        return f"with {instruction_set} it was killed by signal {-done.returncode} after: {lines[-2:]}"
    if done.returncode:
        places = [number for number, line in enumerate(lines) if line.startswith("WRONG")]
        shown = [lines[place + step] for place in places[:5] for step in (-1, 0)] or lines[-15:]
        return "\n".join([f"with {instruction_set}:", *shown, lines[-1]])
    return "" if " 0 wrong" in lines[-1] else f"with {instruction_set} it ended with: {lines[-1]}"


@pytest.mark.parametrize("instruction_set", instruction_sets())
@pytest.mark.slow
def test_gradients_of_all_architectures(instruction_set):
    """Weights, biases and inputs of every convolution, as without oneDNN; gradients.py says what is run."""
    assert not complaint(instruction_set, PROGRAM)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "import os; print('case 7', flush=True); os.abort()",
            r"with best it was killed by signal 6 .*case 7",
        ),
        (
            "print('case 7\\nWRONG by 1\\n9 compared, 1 wrong'); exit(1)",
            r"(?s)case 7\nWRONG by 1\n9 compared",
        ),
        ("raise ValueError('7')", "ValueError: 7"),
        ("pass", "with best it ended with: nothing"),
        ("print('9 compared, 0 wrong')", "^$"),
    ],
)
def test_crashes_and_errors_are_complained_about(code, expected):
    assert re.search(expected, complaint(BEST, "-c", code))


class WrongGradient(nn.Conv2d):
    """A convolution whose gradient of one weight is off by one part in a thousand of what it sums."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.weight.register_hook(self.changed)

    def changed(self, gradient):
        gradient = gradient.clone()
        gradient[0, 0, 0, 0] += 0.01 * gradient.abs().max()
        return gradient


@pytest.mark.parametrize("name", ["small_resnet18", "small_plain"])
def test_wrong_gradients_are_found(name):
    def wrong(model):
        return [case[:2] for case in deviations(model, random_images(40, 1, 8)) if case[2] > TOLERANCE]

    model = build(ArchitectureSettings(name, {"width": 8}, 1, 10, (0.4,), (0.2,)), "gradients")
    assert wrong(model) == []
    place, part = [(place, part) for place, part in model.named_modules() if isinstance(part, nn.Conv2d)][-1]
    changed = WrongGradient(part.in_channels, part.out_channels, part.kernel_size, part.stride, part.padding)
    changed.load_state_dict(part.state_dict(), strict=False)
    model.set_submodule(place, changed)
    assert wrong(model) == [(place, "weight")]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_strided_pointwise_convolution_remains(name):
    with torch.device("meta"):  # no numbers are needed
        model = build(ArchitectureSettings(name, {}, 3, 10, (0.4,) * 3, (0.2,) * 3))
    parts = dict(model.named_modules())
    assert not [place for place, part in parts.items() if is_strided_pointwise(part)]
    assert any(isinstance(part, StridedPointwise) for part in parts.values()) == (name in RESNETS)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("channels", "size", "options"),
    [
        (4, (8, 8), {"stride": 2, "bias": False}),
        (8, (7, 9), {"stride": 2}),
        (16, (8, 1), {"stride": 3}),  # single columns: oneDNN issue 5942, a crash of the strided kernel
        (6, (5, 8), {"stride": (1, 2), "groups": 2}),
    ],
)
def test_mended_convolutions_give_the_same_numbers(layout, channels, size, options):
    plain = nn.Conv2d(channels, 8, 1, **options).to(memory_format=layout)
    mended = mend(plain)
    assert isinstance(mended, StridedPointwise)
    images = torch.randn(5, channels, *size).contiguous(memory_format=layout)
    vertical, horizontal = plain.stride
    expected = [-(-side // step) for side, step in zip(size, plain.stride, strict=True)]

    def sliced(images):
        kept = images[:, :, ::vertical, ::horizontal]
        return functional.conv2d(kept, plain.weight, plain.bias, groups=plain.groups)

    found = []
    for function, parameters, dtype in (
        (mended, mended.parameters(), torch.float32),
        (sliced, plain.parameters(), torch.float32),
        (exact := copy.deepcopy(plain).double(), exact.parameters(), torch.float64),
    ):
        mended.zero_grad()
        given = images.to(dtype, copy=True).requires_grad_(True)
        outputs = function(given)
        assert list(outputs.shape[2:]) == expected
        outputs.backward(torch.linspace(-1, 1, outputs.numel(), dtype=dtype).view_as(outputs))
        gradients = [given.grad, *(each.grad.clone() for each in parameters)]
        found.append([each.float() for each in (outputs.detach(), *gradients)])
    for one, other, right in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one, right)
    outputs = mended(images.requires_grad_(True))
    outputs.sum().backward()
    assert outputs.is_contiguous(memory_format=layout)
    assert images.grad.is_contiguous(memory_format=layout)


def test_mending_keeps_parameters_and_draws_nothing():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.Sequential(nn.Conv2d(4, 8, 1, 2)), nn.Conv2d(8, 8, 1))
    network[1].requires_grad_(False)
    before, random_state = dict(network.named_parameters()), torch.get_rng_state()
    names = [name for name, _ in network.named_modules()]
    assert mend(network.eval()) is network
    assert torch.equal(torch.get_rng_state(), random_state)
    assert [name for name, _ in network.named_modules()] == names
    assert [type(part) for part in network] == [nn.Conv2d, nn.Sequential, nn.Conv2d]
    after = dict(network.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is parameter for name, parameter in before.items())
    assert not any(part.training for part in network.modules())
    network.load_state_dict(network.state_dict())
    assert mend(network)[1][0] is network[1][0], "once is enough"
    with pytest.raises(ValueError, match=r"padding \(1, 1\); expected none"):
        mend(nn.Conv2d(4, 8, 1, 2, padding=1))


def test_mended_networks_can_be_traced():
    model = build(ArchitectureSettings("small_resnet18", {"width": 4}, 1, 10, (0.4,), (0.2,))).eval()
    images = random_images(2, 1, 8)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), model(images))
