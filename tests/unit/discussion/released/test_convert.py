"""What the authors released, converted: files of the published keys, shapes and forms, made by the tests."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from released_samples import MEAN, STD, library_keys, network, write_checkpoint, write_set
from samples import random_images

from advex.common.artifacts import read_description, read_tensors
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.settings import ArchitectureSettings
from advex.discussion.released.convert import convert_model, convert_set, main
from advex.networks.published_weights import import_weights

OURS = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))


def settings(name: str = "resnet18") -> ArchitectureSettings:
    return ArchitectureSettings(name, {}, 3, 10, *OURS)


@pytest.mark.parametrize("old_form", [False, True])
@pytest.mark.parametrize("name", ["resnet18", pytest.param("resnet50", marks=pytest.mark.slow)])
def test_a_released_network_gives_its_logits(name: str, old_form: bool, tmp_path: Path) -> None:
    theirs, images = network(name), random_images(2, 3, 32)
    path = write_checkpoint(tmp_path / "cifar_nat.pt", library_keys(theirs), old_form)
    written = tmp_path / "weights" / "cifar_nat.safetensors"
    convert_model(path, written, name)
    assert not [key for key in read_tensors(written) if "attacker" in key]
    described = read_description(written)["released"]
    assert described["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert described["file"] == "cifar_nat.pt"
    sha256 = hashlib.sha256(written.read_bytes()).hexdigest()
    model, found = import_weights(written, sha256, settings(name))
    assert found.mean == pytest.approx(MEAN)
    assert found.std == pytest.approx(STD)
    normalised = (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(model(images), theirs(normalised), rtol=1e-3, atol=1e-4)


class Harmful:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (open, (self.path, "w"))


class OfTheSystem:
    """Unpickling it would run a command."""

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (os.system, ("true",))


class Chained:
    """Unpickling it would call what a call gave."""

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (Given(), ())


class Given:
    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (getattr, (1, "real"))

    def __call__(self) -> None:
        pass


def test_nothing_that_a_file_names_is_run(tmp_path: Path) -> None:
    victim, written = tmp_path / "victim", tmp_path / "w.safetensors"
    path = write_checkpoint(tmp_path / "a.pt", library_keys(network()), harm=Harmful(victim))
    convert_model(path, written, "resnet18")
    assert not victim.exists()
    kept = {key for key in library_keys(network()) if "attacker" not in key and "num_batches" not in key}
    assert set(read_tensors(written)) == kept
    for harm in (OfTheSystem(), Chained()):
        path = write_checkpoint(tmp_path / "b.pt", library_keys(network()), harm=harm)
        with pytest.raises(UserError, match=r"b\.pt: not read: .*docs/data\.md"):
            convert_model(path, tmp_path / "none.safetensors", "resnet18")
    assert not (tmp_path / "none.safetensors").exists()


def test_other_networks_are_refused_in_words(tmp_path: Path) -> None:
    state, written = library_keys(network()), tmp_path / "w.safetensors"

    def refusal(changed: dict[str, torch.Tensor], says: str, architecture: str = "resnet18") -> None:
        path = write_checkpoint(tmp_path / "a.pt", changed)
        with pytest.raises(UserError, match=says):
            convert_model(path, written, architecture)
        assert not written.exists()

    without = {key: value for key, value in state.items() if "new_std" not in key}
    refusal(without, r"found no normaliser \(new_std\)")
    own = "module.model.linear.bias"
    refusal(state | {own: torch.ones(10)}, "holds the network twice, and not the same: linear.bias differ")
    plain = {key: value for key, value in state.items() if "attacker" not in key}
    refusal(plain | {own: torch.ones(9)}, r"head.bias is \(9,\), not \(10,\)")
    refusal(plain | {"module.model.extra": torch.ones(1)}, "do not fit: unknown backbone.extra")
    refusal({key: value for key, value in plain.items() if key != own}, "do not fit: no head.bias")
    refusal(plain | {own: torch.full((10,), torch.nan)}, "head.bias holds values that are not finite")
    refusal(plain, "do not fit: ", "resnet50")


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", b"PK12"])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.pt: not read"):
        convert_model(tmp_path / "a.pt", tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=r"no such file; docs/data\.md says who published it"):
        convert_model(tmp_path / "b.pt", tmp_path / "w.safetensors")


def test_a_released_set_is_one_of_ours(tmp_path: Path) -> None:
    labels = np.arange(20) % 10
    folder = write_set(tmp_path / "ddet_CIFAR", labels)
    convert_set(folder, tmp_path / "sets" / "det.safetensors")
    read = ImageSet.read(tmp_path / "sets" / "det.safetensors")
    assert read.images.shape == (20, 3, 32, 32)
    assert read.images.dtype == np.float32
    np.testing.assert_array_equal(read.labels, labels)
    np.testing.assert_array_equal(read.images, torch.cat(torch.load(folder / "CIFAR_ims")).numpy())
    assert read.classes[:2] == ("airplane", "automobile")
    described = read_description(tmp_path / "sets" / "det.safetensors")["released"]
    assert described["set"] == "ddet_CIFAR"
    assert described["sha256"]["CIFAR_lab"] == hashlib.sha256((folder / "CIFAR_lab").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "CIFAR_ims",
            [torch.rand(20, 3, 28, 28)],
            r"found shape \(20, 3, 28, 28\); expected \(N, 3, 32, 32\)",
        ),
        ("CIFAR_ims", [torch.rand(20, 3, 32, 32) * 255], "found values from .* expected 0 to 1"),
        ("CIFAR_ims", [torch.full((20, 3, 32, 32), torch.nan)], "found values from nan to nan"),
        ("CIFAR_ims", torch.zeros(20, 3, 32, 32, dtype=torch.int64), "found torch.int64; expected uint8 or"),
        ("CIFAR_ims", [torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 31)], "cannot be joined"),
        ("CIFAR_ims", {"images": torch.rand(20, 3, 32, 32)}, "found dict; expected a list of tensors"),
        ("CIFAR_ims", [], "found list; expected a list of tensors"),
        ("CIFAR_lab", [torch.arange(19)], r"found shape \(19,\) .* for each of 20 images"),
        ("CIFAR_lab", [torch.arange(20)], "found labels 0 to 19; expected 0 to 9"),
        ("CIFAR_lab", [torch.zeros(20)], "of torch.float32; expected one whole number"),
    ],
)
def test_sets_of_another_form_are_refused(name: str, content: object, says: str, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "robust_CIFAR", np.arange(20) % 10)
    torch.save(content, folder / name)
    with pytest.raises(UserError, match=says):
        convert_set(folder, tmp_path / "set.safetensors")
    assert not (tmp_path / "set.safetensors").exists()


def test_the_command_says_what_to_write_into_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_checkpoint(tmp_path / "cifar_nat.pt", library_keys(network()))
    written = tmp_path / "w.safetensors"
    main(["model", str(path), str(written), "--architecture", "resnet18"])
    sha256 = hashlib.sha256(written.read_bytes()).hexdigest()
    assert capsys.readouterr().out == f'{{file: {written}, sha256: "{sha256}", classes: 10}}\n'
    main(["set", str(write_set(tmp_path / "x", np.arange(10))), str(tmp_path / "x.safetensors")])
    assert "classes" not in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"w\.pt: its name must end in \.safetensors"):
        main(["model", str(path), str(tmp_path / "w.pt")])
    with pytest.raises(SystemExit, match="no such file"):
        main(["set", str(tmp_path / "none"), str(written)])
