"""What is fuzzed: sound files of every kind that people bring, and how the library reads them."""

import io
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from fuzzing import Subject
from PIL import Image

from advex.common.artifacts import read_table, write_tensors
from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.pictures import Picture
from advex.common.settings import ArchitectureSettings
from advex.config import Plan, load
from advex.config.site import load_site
from advex.judge.claim_names import check_claims
from advex.judge.claims import claims_files, load_published
from advex.judge.pages.criteria import load_log
from advex.networks.classifier import build
from advex.networks.published_weights import read_verified
from advex.networks.stored_models import read_model, write_model
from advex.prepare.photographs import load_photograph
from advex.prepare.sources import prepare
from advex.records.records import Record
from advex.records.verification import Contents, compare

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
_DOWNLOADS = "downloads"
_CPU = Device(torch.device("cpu"))


def _copy(*names: str) -> Callable[[Path], Path]:
    """Copy files of the configuration; the last one is what is changed."""

    def make(folder: Path) -> Path:
        for name in names:
            target = folder / "config" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CONFIG / name, target)
        return target

    return make


def _plan() -> Plan:
    if not _known:
        _known.append(load(CONFIG))
    return _known[0]


_known: list[Plan] = []


def _claims(path: Path) -> None:
    check_claims(_plan(), [path], sorted((ROOT / "published").glob("*.csv")))


def _one_of_the_published(folder: Path) -> Path:
    (folder / "published").mkdir(exist_ok=True)
    return Path(shutil.copyfile(ROOT / "published/wallace.csv", folder / "published/wallace.csv"))


def _published(path: Path) -> None:
    check_claims(_plan(), claims_files(CONFIG / "claims/wallace"), [path])
    load_published([path])


def _record(folder: Path) -> Path:
    path = sorted((ROOT / "records/digits/train").rglob("*.json"))[0]
    return Path(shutil.copyfile(path, folder / "record.json"))


def _held_against(path: Path) -> None:
    record = Record.read(path)
    compare([record], [record], Contents(path.parent / "none.json"), ["results/digits/a.csv"])
    record.tells_the_same_as(record)


def _contents(folder: Path) -> Path:
    (folder / "a.csv").write_text("a,b\n1,2\n")
    memory = Contents(folder / "contents.json")
    memory.sha256(str(folder / "a.csv"))
    memory.save()
    return folder / "contents.json"


def _digest(path: Path) -> None:
    file = path.parent / "a.csv"
    right = sha256(file.read_bytes()).hexdigest()
    assert Contents(path).sha256(str(file), expected=[right]) == right


def _images(folder: Path) -> Path:
    images = np.linspace(0, 1, 4 * 16, dtype=np.float32).reshape(4, 1, 4, 4)
    ImageSet(images, np.array([0, 1, 0, 1]), ("a", "b")).write(folder / "set.safetensors", {"study": "test"})
    return folder / "set.safetensors"


def _picture(folder: Path) -> Path:
    Picture(np.zeros((1, 2, 1, 2, 2), np.float32), ["row"], ["a", "b"]).write(folder / "picture.safetensors")
    return folder / "picture.safetensors"


def _model(folder: Path) -> Path:
    settings = ArchitectureSettings("small_perceptron", {"width": 2, "stages": 1}, 1, 2, (0.5,), (0.5,))
    write_model(folder / "model.safetensors", build(settings, "fuzzed"), settings, {"study": "test"})
    return folder / "model.safetensors"


def _checkpoint(folder: Path) -> Path:
    path = folder / "seed0.checkpoint"
    Checkpoint(path, "0" * 64).of(b"x").write(
        {"weight": np.arange(6.0)}, {"epoch": 3, "history": [{"a": 1.0}]}
    )
    return path


def _resumed(path: Path) -> None:
    arrays, progress = Checkpoint(path, "0" * 64).of(b"x").read()
    assert (progress == {"epoch": 3, "history": [{"a": 1.0}]}) == bool(arrays), (
        "another checkpoint is resumed"
    )
    assert not arrays or np.array_equal(arrays["weight"], np.arange(6.0)), "other weights are resumed"


def _png(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _tree() -> dict[str, bytes]:
    names = [
        f"{split}/{label}/{number}.png" for split in ("train", "test") for label in "ab" for number in "01"
    ]
    return {name: _png(10 * place) for place, name in enumerate(names)}


def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "mirror.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _tree().items():
            archive.writestr(name, data)
    return folder / "mirror.zip"


def _folder(folder: Path) -> Path:
    for name, data in _tree().items():
        (folder / "mirror" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mirror" / name).write_bytes(data)
    return folder / "mirror/train/a/0.png"


def _npz(folder: Path) -> Path:
    x, y = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    np.savez(folder / "mirror.npz", x_train=x, y_train=y, x_test=x, y_test=y, classes=np.array(["a", "b"]))
    return folder / "mirror.npz"


def _mirror(path: Path) -> None:
    place = path if path.suffix in (".zip", ".npz") else path.parents[2]
    prepare(
        "own",
        mirror=str(place),
        downloads=str(place.parent / _DOWNLOADS),
        train_images=None,
        test_images=None,
    )


def _photograph(folder: Path) -> Path:
    (folder / "cat.png").write_bytes(_png(9))
    return folder / "cat.png"


def _state(folder: Path) -> Path:
    torch.save({"state_dict": {"weight": torch.arange(6.0), "bias": torch.zeros(2)}}, folder / "weights.pt")
    return folder / "weights.pt"


def _tensors(folder: Path) -> Path:
    write_tensors(folder / "weights.safetensors", {"weight": np.arange(6.0)}, {})
    return folder / "weights.safetensors"


def _weights(path: Path) -> None:
    read_verified(path, sha256(path.read_bytes()).hexdigest())


def _table(folder: Path) -> Path:
    pd.DataFrame({"seed": [0, 1], "value": [1.5, 2.5], "outcomes": ["f0", "0f"]}).to_csv(folder / "table.csv")
    return folder / "table.csv"


def _site(folder: Path) -> Path:
    (folder / "site.yaml").write_text(
        yaml.safe_dump({"partition": "p", "gpu_request": "gres", "longest_job_minutes": 60, "scratch": "/x"})
    )
    return folder / "site.yaml"


SUBJECTS = (
    Subject(
        "configuration: a study", _copy("experiments.yaml", "studies/test.yaml"),
        lambda path: load(path.parents[1]), text=True, quick=40,
    ),
    Subject(
        "configuration: rows", _copy("studies/test.yaml", "experiments.yaml"),
        lambda path: load(path.parent), text=True, quick=40,
    ),
    Subject("configuration: a cluster", _site, lambda path: load_site(path, {}), text=True),
    Subject("claims", _copy("claims/wallace/claims.yaml"), _claims, text=True, quick=60),
    Subject("log of criteria", _copy("claims/log.yaml"), load_log, text=True, quick=60),
    Subject("published numbers (CSV)", _one_of_the_published, _published, quick=60),
    Subject("measured table (CSV)", _table, read_table),
    Subject("record of a job", _record, _held_against, text=True),
    Subject("contents.json", _contents, _digest, text=True),
    Subject("safetensors: images", _images, ImageSet.read, inner=True),
    Subject("safetensors: a picture", _picture, Picture.read, inner=True),
    Subject("safetensors: a model", _model, lambda path: read_model(path, _CPU), inner=True),
    Subject("checkpoint", _checkpoint, _resumed, inner=True),
    Subject("mirror: zip", _zip, _mirror, inner=True),
    Subject("mirror: folder", _folder, _mirror),
    Subject("mirror: .npz", _npz, _mirror, inner=True),
    Subject("photograph", _photograph, lambda path: load_photograph("cat.png", 2, path)),
    Subject("weights: torch.save", _state, _weights, inner=True),
    Subject("weights: safetensors", _tensors, _weights, inner=True),
)  # fmt: skip
