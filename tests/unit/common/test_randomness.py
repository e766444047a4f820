"""Every draw comes from a generator with a name of its own."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from samples import TINY

from advex.attack.loop import attack
from advex.attack.objectives import cross_entropy
from advex.common import randomness
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, initial_weights, torch_generator
from advex.common.randomness import numpy_generator, stable_seed, subsets_generator
from advex.common.settings import AttackSettings, Construction
from advex.config.schema import Study
from advex.construct.constructions import construct
from advex.discussion.goh_features.feature_studies import sizes_from, study
from advex.discussion.goh_leakage.leakage import toy_rows
from advex.discussion.goh_leakage.linear_classifiers import robust_linear_features_table
from advex.discussion.ilyas.ellipses import robust_and_accurate_table
from advex.discussion.ilyas.gaussian import gaussian_table, gaussian_theory_table
from advex.discussion.nakkiran.squares import linear_squares_table
from advex.discussion.wallace.worlds import worlds_table
from advex.networks.classifier import build
from advex.prepare.sources import Prepared

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "src/advex"
HELPERS = ("randomness.py", "devices.py", "worker.py")
"""The last gives a fork numpy's global generator as a new process has it; nothing here draws from that."""
MAKERS = {"default_rng", "RandomState", "SeedSequence", "manual_seed", "manual_seed_all", "fork_rng", "seed"}
"""Calls that make or seed a generator, besides torch's class."""
DRAWS = {
    "rand",
    "randn",
    "randint",
    "randperm",
    "normal",
    "bernoulli",
    "multinomial",
    "rand_like",
    "randn_like",
}
"""Functions of torch that ask its global generator unless they are given one."""
SOURCES = [*LIBRARY.rglob("*.py"), *(ROOT / "scripts").glob("*.py")]


def slips(text: str) -> list[str]:
    """Return the lines of a source that make a generator, or draw from one without a name."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names]
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {"random", "secrets", "numpy.random"} & set(modules):
                found.append(ast.unparse(node))
        if not isinstance(node, ast.Call):
            continue
        named = ast.unparse(node.func)
        last = named.rsplit(".", 1)[-1]
        keywords = {keyword.arg for keyword in node.keywords}
        if (
            last in MAKERS
            or named in ("torch.Generator", "Generator", "np.random.Generator")
            or "random_state" in keywords
            or (named.startswith("np.random.") and not last.startswith("Generator"))
            or (named.startswith("torch.") and last in DRAWS and "generator" not in keywords)
        ):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_only_the_helpers_make_generators(path: Path) -> None:
    found = slips(path.read_text())
    assert bool(found) == (path.name in HELPERS), found


@pytest.mark.parametrize(
    "text",
    [
        "generator = np.random.default_rng([seed, 7])",
        "x = default_rng()",
        "np.random.seed(0)",
        "np.random.shuffle(x)",
        "torch.manual_seed(3)",
        "generator = torch.Generator(device).manual_seed(1)",
        "PCA(random_state=0)",
        "torch.randn(3)",
        "import random",
        "from numpy.random import default_rng",
    ],
)
def test_slips_are_found(text: str) -> None:
    assert slips(text)


@pytest.mark.parametrize(
    "text", ["def f(generator: torch.Generator) -> np.random.Generator: ...", "torch.rand(3, generator=own)"]
)
def test_what_is_right_is_no_slip(text: str) -> None:
    assert not slips(text)


def test_a_name_decides_all_and_every_part_of_it_counts() -> None:
    names = [("a", 0), ("a", 1), ("b", 0), ("a", "b", 0), ("a",), (0, "a")]
    drawn = [numpy_generator(*name).random() for name in names]
    drawn += [torch_generator(*name).initial_seed() for name in names]
    assert len(set(drawn)) == len(drawn)
    assert numpy_generator("a", 0).random() == drawn[0]
    assert torch_generator("a", 0).initial_seed() == stable_seed("a", 0) == drawn[len(names)]


def test_a_name_means_the_same_in_another_process() -> None:
    code = (
        "from advex.common.randomness import numpy_generator; "
        "print(numpy_generator('a', 1).integers(1 << 40))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(finished.stdout) == numpy_generator("a", 1).integers(1 << 40)


def test_the_choice_of_images_never_changes() -> None:
    """Settings were chosen on training images of it."""
    assert subsets_generator().permutation(8).tolist() == [2, 4, 3, 6, 5, 0, 1, 7]


def test_initial_weights_have_a_name_and_leave_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    weights = []
    for name in ("one", "one", "two"):
        with initial_weights(name):
            weights.append(torch.nn.Linear(3, 3).weight.detach())
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


class Recorder:
    """Hash names as always, and keep them."""

    def __init__(self) -> None:
        self.names: set[tuple[str | int, ...]] = set()

    def __call__(self, *name: str | int) -> int:
        self.names.add(name)
        return stable_seed(*name)


def test_experiments_of_the_same_number_share_no_stream(
    digits: Prepared, digits_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run what draws with NumPy alone, repetition 1 of all, and see which names they ask for."""
    model = {"mean": (-10, 1), "variances": (25, 0.5), "samples": 20}
    square = {"images": 10, "pixels": 40, "label_noise": 0.1, "pixel_noise": 0.1}
    worlds = digits_study.worlds.model_dump() | {"repetitions": 2, "samples": 50}
    features = sizes_from(digits_study.goh_features.model_dump(exclude={"seeds", "description"}))
    ridges = [0.1, 1.0]
    experiments = {
        "gaussian": lambda: gaussian_table(**model, epsilons=(0, 1), seed=1),
        "gaussian_theory": lambda: gaussian_theory_table(**model, epsilons=(0, 1), penalties=(3,), seed=1),
        "robust_and_accurate": lambda: robust_and_accurate_table(50, 0.2, 1),
        "squares": lambda: linear_squares_table([square, square | {"images": 20}], [0.1], 10, 1),
        "worlds": lambda: worlds_table(**worlds, seed=1),
        "toy": lambda: list(toy_rows(20, 1)),
        "goh_features": lambda: study(digits.train, digits.test, features, 1),
        "robust_linear_features": lambda: robust_linear_features_table(
            digits.train, digits.test, ridges, 0.5, 1
        ),
    }
    asked: dict[str, set[tuple[str | int, ...]]] = {}
    for experiment, run in experiments.items():
        recorder = Recorder()
        with monkeypatch.context() as patch:
            patch.setattr(randomness, "stable_seed", recorder)
            run()
        names = recorder.names
        assert names, experiment
        assert not [name for name in names if isinstance(name[0], int)], experiment
        assert not set().union(*asked.values()) & names, experiment
        asked[experiment] = names


def test_constructions_start_from_images_of_their_own(few_digits: ImageSet, cpu: Device) -> None:
    """Robust and non-robust sets of the same number did not."""
    settings = AttackSettings("l2", 1.0, 1, 0.1)
    model = build(TINY, "a model", 0)
    starts = [
        construct(Construction(name, 0, "invert", settings), few_digits, model, cpu)[0].extras[
            "start_indices"
        ]
        for name in ("robust", "nonrobust", "robust")
    ]
    assert (starts[0] != starts[1]).mean() > 0.9
    assert np.array_equal(starts[0], starts[2])


def test_a_random_start_without_a_seed_is_refused() -> None:
    settings = AttackSettings("l2", 1.0, 1, 0.1, random_start=True)
    images, labels = (
        torch.rand(2, 1, 8, 8, generator=torch_generator("images")),
        torch.zeros(2, dtype=torch.int64),
    )
    with pytest.raises(ValueError, match="needs a seed"):
        attack(cross_entropy, build(TINY, "a model", 0), images, labels, settings)
