import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from advex.train.optimizers import Adam, Optimizer, Sgd

OPTIMIZERS = {
    "sgd": (lambda p: Sgd(p, 0.3, 0.0, 0.0), lambda p: torch.optim.SGD(p, 0.3)),
    "sgd with momentum and decay": (
        lambda p: Sgd(p, 0.3, 0.9, 0.01),
        lambda p: torch.optim.SGD(p, 0.3, momentum=0.9, weight_decay=0.01),
    ),
    "adam": (Adam, torch.optim.Adam),
    "fused adam": (lambda p: Adam(p, 0.02, fused=True), lambda p: torch.optim.Adam(p, 0.02, fused=True)),
}


def network() -> nn.Sequential:
    torch.manual_seed(3)
    layers = nn.Sequential(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 3), nn.Linear(3, 3))
    return layers.to(memory_format=torch.channels_last)


def descend(model: nn.Sequential, step: int) -> None:
    """Leave gradients of a loss of this step; the last layer has none in the first step."""
    images = torch.randn(7, 2, 6, 6, generator=torch.Generator().manual_seed(step))
    outputs = model(images) if step else model[:-1](images)
    for parameter in model.parameters():
        parameter.grad = None
    outputs.square().mean().backward()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_torch_to_the_bit(name: str) -> None:
    ours, theirs = network(), network()
    optimizer, reference = (
        make(model.parameters()) for make, model in zip(OPTIMIZERS[name], (ours, theirs), strict=True)
    )
    for step in range(6):
        rate = 0.1 / (step + 1)
        optimizer.learning_rate = reference.param_groups[0]["lr"] = rate
        for model in (ours, theirs):
            descend(model, step)
        optimizer.step()
        reference.step()
        assert all(map(torch.equal, ours.parameters(), theirs.parameters()))
    known = reference.state_dict()["state"]
    for index, state in optimizer.state.items():
        assert state.keys() == {key for key, value in known[index].items() if value is not None}
        assert all(torch.equal(value, known[index][key]) for key, value in state.items())
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours.parameters())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_loaded_state_goes_on_where_it_was(name: str) -> None:
    """What is loaded is not what the other optimiser goes on to change."""
    make = OPTIMIZERS[name][0]
    first = network()
    begun: Optimizer = make(first.parameters())
    for step in range(3):
        descend(first, step)
        begun.step()
    second = network()
    second.load_state_dict(first.state_dict())
    resumed: Optimizer = make(second.parameters())
    resumed.load(
        {index: {key: value.clone() for key, value in state.items()} for index, state in begun.state.items()}
    )
    for step in range(3, 6):
        for model, optimizer in ((first, begun), (second, resumed)):
            descend(model, step)
            optimizer.step()
    assert all(map(torch.equal, first.parameters(), second.parameters()))


COMPILER = ("torch._dynamo", "torch._inductor")
PROGRAM = """
import json, sys
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
import torch
from samples import RECIPES, random_set, run, TINY
from advex.common.machine.devices import Device
from advex.discussion.nakano.style_transfer import _update
from advex.discussion.wallace.two_dimensional import Fit, fit
from advex.train.training import train

images, device = random_set(12, classes=10), Device(torch.device("cpu"))
for recipe in RECIPES.values():
    train(run(replace(recipe, epochs=1)), images, images, device)
points = torch.rand(1, 4, 2)
fit(points, torch.zeros(1, 4, dtype=torch.int64), torch.ones(1, 4, dtype=torch.bool), Fit(3, 1, 0.1, 2), 0)
_update("adam", torch.zeros(2))(torch.ones(2))
loaded = [name for name in %r if name in sys.modules]
if "again" in sys.argv:
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    loaded = [name for name in %r if name in sys.modules]
print(json.dumps(loaded))
"""


@pytest.mark.parametrize(("more", "expected"), [((), ()), (("again",), COMPILER)])
@pytest.mark.slow
def test_trainings_do_without_the_compiler(
    more: tuple[str, ...], expected: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    """The second case shows that the first could fail: torch's own optimiser loads the compiler."""
    unit = request.path.parents[1]
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM % (COMPILER, COMPILER), str(unit), *more],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert tuple(json.loads(finished.stdout)) == expected
