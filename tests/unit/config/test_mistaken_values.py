"""Values that look right and are not: each is refused when it is read, with its file and key."""

import shutil
from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.config import load

ROOT = Path(__file__).parents[3]
DIGITS = "studies/digits.yaml"

TRAINED = "adversary: {norm: l2, epsilon: 1.25, steps: 7"
HALF = "evaluation_half_epsilon: {norm: l2, epsilon: "
LINF = "bugs_linf: {norm: linf, epsilon: "
OPTIONS, WIDTH = "options: {width: 16, stages: 3}", "architectures.resnet50.options.width"
ELLIPSES = "ellipses: {epsilon: 0.25, samples: 1000"

# Of digits.yaml: what stands there, what is written instead, and what the answer names.
MISTAKES = [
    ("default: 3", "default: true", "seeds.default"),
    ("default: 3", "default: '3'", "seeds.default"),
    ("default: 3", "default: 3.0", "seeds.default"),
    ("default: 3", "default: 0", "seeds.default"),
    ("default: 3", "default: -1", "seeds.default"),
    ("default: 3", "default: 1000000", "seeds.default"),
    ("default: 3", "default: .inf", "seeds.default"),
    ("default: 3", "default: .nan", "seeds.default"),
    ("default: 3", "default: null", "seeds.default"),
    ("default: 3", "default: [3]", "seeds.default"),
    ("default: 3", "default: 3, default: 4", "second time"),
    ("default: 3", "default: 03", "found 03"),
    ("default: 3", "default: 1_0", "found 1_0"),
    ("default: 3", "default: 0x3", "found 0x3"),
    ("default: 3", "default: 1:30", "found 1:30"),
    ("default: 3", "default: 1e1", "seeds.default"),
    ("default: 3", "default: yes", "found yes"),
    ("train_images: 1297", "train_images: '1297'", "data.train_images"),
    ("train_images: 1297", "train_images: true", "data.train_images"),
    ("train_images: 1297", "train_images: 1297.5", "data.train_images"),
    ("train_images: 1297", "train_images: -1", "data.train_images"),
    ("channels: 1\n", "channels: '1'\n", "data.channels"),
    ("channels: 1\n", "channels: true\n", "data.channels"),
    ("channels: 1\n", "channels: 2\n", "data.channels"),
    ("classes: 10", "classes: 1", "data.classes"),
    ("classes: 10", "classes: '10'", "data.classes"),
    ("mean: [0.305]", "mean: [.inf]", "data.mean"),
    ("mean: [0.305]", "mean: [.nan]", "data.mean"),
    ("mean: [0.305]", "mean: ['0.305']", "data.mean"),
    ("mean: [0.305]", "mean: [true]", "data.mean"),
    ("mean: [0.305]", "mean: []", "data"),
    ("mean: [0.305]", "mean: [0.3, 0.3]", "data"),
    ("mean: [0.305]", "mean: 0.305", "data.mean"),
    ("std: [0.376]", "std: [.inf]", "data.std"),
    ("std: [0.376]", "std: [.nan]", "data.std"),
    ("std: [0.376]", "std: [0]", "data.std"),
    ("std: [0.376]", "std: [-0.376]", "data.std"),
    ("std: [0.376]", "std: [1e-400]", "data.std"),
    ("title: handwritten digits", "title: 3", "title"),
    ("title: handwritten digits", "title: [a]", "title"),
    ("title: handwritten digits", "title: true", "title"),
    ("stored_as: float16", "stored_as: float8", "stored_as"),
    ("stored_as: float16", "stored_as: 16", "stored_as"),
    ("epochs: 10, batch_size: 64", "epochs: 0, batch_size: 64", "recipes.standard.epochs"),
    ("epochs: 10, batch_size: 64", "epochs: '10', batch_size: 64", "recipes.standard.epochs"),
    ("epochs: 10, batch_size: 64", "epochs: 10, batch_size: true", "recipes.standard.batch_size"),
    ("learning_rate: 0.1}", "learning_rate: .inf}", "recipes.standard.learning_rate"),
    ("learning_rate: 0.1}", "learning_rate: .nan}", "recipes.standard.learning_rate"),
    ("learning_rate: 0.1}", "learning_rate: '0.1'}", "recipes.standard.learning_rate"),
    ("learning_rate: 0.1}", "learning_rate: -0.1}", "recipes.standard.learning_rate"),
    (TRAINED, TRAINED[:-1] + "0", "adversary.steps"),
    (TRAINED, TRAINED.replace("l2", "l3"), "norm"),
    (TRAINED, TRAINED.replace("1.25", "-1"), "epsilon"),
    (HALF + "0.625", HALF + "2", "grow"),
    (HALF + "0.625", HALF + "1.25", "grow"),
    (LINF + "0.4", LINF + "1.5", "images range from 0 to 1"),
    (LINF + "0.4", LINF + "'0.4'", "attacks.bugs_linf.epsilon"),
    (LINF + "0.4", LINF + ".nan", "attacks.bugs_linf.epsilon"),
    (OPTIONS, OPTIONS.replace("16", "'16'"), WIDTH),
    (OPTIONS, OPTIONS.replace("16", "0"), WIDTH),
    (OPTIONS, OPTIONS.replace("16", "1.5"), WIDTH),
    ("name: small_vgg", "name: small_vvg", "architectures.vgg16.name"),
    ("bandwidths: [1, 3, 5]", "bandwidths: []", "bandwidths"),
    ("bandwidths: [1, 3, 5]", "bandwidths: [2]", "bandwidths"),
    ("bandwidths: [1, 3, 5]", "bandwidths: [1, 1]", "bandwidths"),
    ("bandwidths: [1, 3, 5]", "bandwidths: ['1']", "bandwidths"),
    ("penalties: [2.5, 4.0, 8.0]", "penalties: [2.5, .inf]", "gaussian.penalties"),
    ("penalties: [2.5, 4.0, 8.0]", "penalties: []", "gaussian.penalties"),
    (ELLIPSES, ELLIPSES.replace("1000", "'1000'"), "ellipses.samples"),
    (ELLIPSES, ELLIPSES.replace("0.25", ".inf"), "ellipses.epsilon"),
    ("members: 5, sizes: [1, 2, 5]", "members: 5, sizes: [5, 1]", "ensemble"),
    ("members: 5, sizes: [1, 2, 5]", "members: 5, sizes: [1, 2]", "ensemble"),
    ("members: 5, sizes: [1, 2, 5]", "members: 0, sizes: [0]", "ensemble.members"),
    ("left_out: [pgd_linf, bugs_linf]", "left_out: [det]", "left_out"),
    ("left_out: [pgd_linf, bugs_linf]", "left_out: [nothing]", "left_out"),
    ("left_out: [pgd_linf, bugs_linf]", "left_out: pgd_linf", "left_out"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"), MISTAKES, ids=[f"{old} -> {new}" for old, new, _ in MISTAKES]
)
def test_values_that_are_not_what_they_look_like(tmp_path: Path, old: str, new: str, said: str) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("claims"))
    text = (config / DIGITS).read_text()
    assert old in text
    (config / DIGITS).write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load(config)
    lines = str(caught.value).splitlines()
    assert any("digits.yaml" in line and said in line for line in lines), lines


def test_numbers_may_be_whole_where_others_may_stand_and_infinite_where_that_means_something() -> None:
    study = load(ROOT / "config").study("digits")
    assert study.attacks["inversion"].epsilon == float("inf")
