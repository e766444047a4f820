"""Studies of own images: written from them, and compared with them when the configuration is read."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from mirror_samples import load as loaded
from mirror_samples import tree, write_folder, write_zip

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.names.known import Source
from advex.config import figure_jobs, load
from advex.config.checks.images import refuse_missing_mirror
from advex.prepare.mirrors.looking import look
from advex.prepare.own_study import main, moments

ROOT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the configuration and a zip of own images, in which one stands."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    write_zip(tmp_path / "pets.zip", tree(size=9))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(place: Path, **data: object) -> None:
    """Change what the written study says of its images."""
    file = place / "config/studies/pets.yaml"
    content = yaml.safe_load(file.read_text())
    content["data"] |= data
    file.write_text(yaml.safe_dump(content))


def test_what_a_mirror_holds_is_seen_without_reading_it_all(tmp_path: Path) -> None:
    seen = Source(4, 2, 9, 3, ("cat", "dog"))
    assert look(str(write_zip(tmp_path / "a.zip", tree(size=9)))) == seen
    assert look(str(write_zip(tmp_path / "b.zip", {f"all/{k}": v for k, v in tree(size=9).items()}))) == seen
    assert look(str(write_folder(tmp_path / "c", tree(size=9)))) == seen
    own = loaded("own", tmp_path / "a.zip")
    for images, classes in ((np.uint8, {}), (np.float32, {"classes": np.array(["cat", "dog"])})):
        arrays = {
            f"{key}_{split}": value
            for split, part in (("train", own.train), ("test", own.test))
            for key, value in (
                ("x", part.images.transpose(0, 2, 3, 1).astype(images) / images(255)),
                ("y", part.labels),
            )
        }
        arrays |= {key: value.astype(images) for key, value in arrays.items() if key.startswith("x")}
        np.savez(tmp_path / f"{images.__name__}.npz", **arrays, **classes)
        found = look(str(tmp_path / f"{images.__name__}.npz"))
        assert found == (seen if classes else seen._replace(classes=("0", "1")))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({**tree(), "train/cow/1.png": tree()["train/cat/0.png"]}, "not in both train and test: cow"),
        ({"train/cat/1.png": b""}, "no folder test/"),
    ],
)
def test_a_mirror_that_is_not_as_it_must_be(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    with pytest.raises(UserError, match=says):
        look(str(write_zip(tmp_path / "a.zip", files)))


@pytest.mark.parametrize(("base", "side"), [("digits", 9), ("test", 12), ("cifar10-small", 32)])
def test_a_written_study_is_planned_and_nothing_of_the_base_speaks_of_other_images(
    place: Path, base: str, side: int
) -> None:
    write_zip(place / "pets.zip", tree(size=side))
    main("pets", "pets.zip", base)
    study = load("config").study("pets")
    assert (study.data.channels, study.data.classes, study.data.train_images) == (3, 2, 4)
    descriptions = [getattr(section, "description", None) for section in study.sections()]
    assert set(filter(None, descriptions)) == {f"pets, {side}x{side} colour"}
    assert study.section("goh_features").pairs["main"].classes == ("cat", "dog")
    for name in ("auto_attack", "fourier_noise", "layer_robustness"):
        assert study.section(name).images == 2
    refuse_missing_mirror(load("config"), "pets")
    with pytest.raises(SystemExit, match=r"pets\.yaml exists"):
        main("pets", "pets.zip", base)


def test_means_are_those_of_all_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2500, 3, 2, 2)).astype(np.uint8)
    mean, deviation = moments(ImageSet(pixels, np.zeros(2500, np.int64), ("a",)))
    np.testing.assert_allclose(mean, (pixels / 255).mean((0, 2, 3)), atol=1e-4)
    np.testing.assert_allclose(deviation, (pixels / 255).std((0, 2, 3)), atol=1e-4)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"channels": 1, "mean": [0.5], "std": [0.5]}, "data.channels: found 1; allowed: 3, as pets.zip has"),
        ({"classes": 3}, "data.classes: found 3; allowed: 2, as pets.zip has"),
        ({"train_images": 5}, "data.train_images: found 5; allowed: at most 4, which pets.zip has"),
    ],
)
def test_what_does_not_fit_the_images_is_refused_when_it_is_read(
    place: Path, data: dict[str, object], says: str
) -> None:
    main("pets", "pets.zip", "digits")
    edited(place, **data)
    with pytest.raises(UserError, match=re.escape(f"pets.yaml: {says}")):
        load("config")


def test_sizes_that_follow_from_the_images_are_refused_when_they_are_read(place: Path) -> None:
    """As when another study's file is copied and only its data are changed."""
    main("pets", "pets.zip", "digits")
    file = place / "config/studies/pets.yaml"
    written = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({key: written[key] for key in ("title", "like", "data")}))
    with pytest.raises(UserError) as refused:
        load("config")
    for says in (
        "goh_features.pairs.main.classes: found '3'; allowed: cat, dog",
        "auto_attack.images: found 100; allowed: at most 2",
        "other_dataset.pairs.main.images: found patches, of side 8; allowed: images not smaller",
    ):
        assert f"{file.relative_to(place)}: {says}" in str(refused.value)


def test_a_missing_mirror_stops_its_study_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main("pets", "pets.zip", "digits")
    (place / "pets.zip").rename(place / "elsewhere.zip")
    plan = load("config")
    refuse_missing_mirror(plan, "digits")
    with pytest.raises(UserError, match=r"pets: data\.mirror: found pets\.zip, which does not exist"):
        refuse_missing_mirror(plan, "pets")
    edited(place, mirror=None)
    plan = load("config")
    with pytest.raises(UserError, match=r"pets: data\.mirror: missing"):
        refuse_missing_mirror(plan, "pets")
    monkeypatch.setenv("ADVEX_MIRROR", str(place / "elsewhere.zip"))
    refuse_missing_mirror(plan, "pets")
    edited(place, classes=3)
    with pytest.raises(UserError, match=r"data\.classes: found 3; allowed: 2"):
        load("config")


def test_an_experiment_for_one_study_needs_nothing_in_the_others(place: Path) -> None:
    main("pets", "pets.zip", "digits")
    file = place / "config/experiments.yaml"
    rows = yaml.safe_load(file.read_text())
    rows["models"]["on_pets"] = {"trained_on": "shy", "recipe": "for_pets"}
    rows["datasets"]["shy"] = {
        "rule": "target",
        "images": "natural_train",
        "source": "standard",
        "attack": "shy",
    }
    rows["measurements"]["ilyas/pets"] = [{"models": ["on_pets"], "instruments": ["accuracy"]}]
    rows["figures"]["ilyas/relabelled"]["studies"] = ["digits", "pets"]
    rows["figures"]["ilyas/relabelled"]["measurements"].append("ilyas/pets")
    file.write_text(yaml.safe_dump(rows, sort_keys=False))
    with pytest.raises(UserError) as refused:
        load("config")
    assert "digits.yaml: recipes.for_pets: missing" in str(refused.value)
    assert "test.yaml" not in str(refused.value)

    rows["figures"]["ilyas/relabelled"]["studies"] = ["pets"]
    file.write_text(yaml.safe_dump(rows, sort_keys=False))
    with pytest.raises(UserError) as refused:
        load("config")
    assert set(re.findall(r"(\w+)\.yaml: ", str(refused.value))) == {"pets"}
    study = place / "config/studies/pets.yaml"
    sizes = yaml.safe_load(study.read_text())
    epochs = {"epochs": 1, "batch_size": 8, "learning_rate": 0.1}
    sizes |= {"recipes": {"for_pets": epochs}}
    sizes |= {"attacks": {"shy": {"norm": "l2", "epsilon": 0.5, "steps": 2, "step_size": 0.5}}}
    study.write_text(yaml.safe_dump(sizes))
    plan = load("config")
    assert "ilyas/relabelled" in plan.figure_names("pets")
    assert "ilyas/relabelled" not in plan.figure_names("digits")
    assert plan.draws("digits", "ilyas")
    assert "train/on_pets/seed0" in figure_jobs(plan, "pets")["ilyas/relabelled"]
    with pytest.raises(UserError, match="recipe in study digits"):
        plan.training("digits", "on_pets", 0)

    rows["figures"]["ilyas/relabelled"]["studies"] = ["pet"]
    file.write_text(yaml.safe_dump(rows, sort_keys=False))
    with pytest.raises(UserError, match=r"figures.ilyas/relabelled.studies: found 'pet'; allowed: .*pets"):
        load("config")
