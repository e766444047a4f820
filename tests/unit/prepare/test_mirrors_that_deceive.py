"""Mirrors that would be taken for what they are not, or that do harm: each is refused, or said."""

import io
import os
import signal
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mirror_samples import arrays, load, picture, tree, write_folder, write_zip
from PIL import Image

from advex.common.errors import UserError
from advex.prepare import decoding
from advex.prepare.mirrors import archives


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """What waits for ever fails."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)


def png(colour_type: int, depth: int, rows: bytes, width: int = 4, height: int = 4) -> bytes:
    """Write a PNG by hand: libraries write no deep colours."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


CLEAR = Image.new("RGBA", (4, 4), (10, 20, 30, 254))
PALETTE = Image.new("P", (4, 4))
PALETTE.info["transparency"] = 0
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EOF\n"

IMAGES = {
    "16 bits of colour": (png(2, 16, 4 * (b"\0" + 24 * b"\1")), "more than 8 bits"),
    "16 bits of grey": (png(0, 16, 4 * (b"\0" + 8 * b"\1")), "more than 8 bits"),
    "16 bits, with alpha": (png(6, 16, 4 * (b"\0" + 32 * b"\xff")), "more than 8 bits"),
    "alpha": (saved(CLEAR, "PNG"), "transparent in places"),
    "grey with alpha": (saved(CLEAR.convert("LA"), "PNG"), "transparent in places"),
    "a transparent colour": (saved(PALETTE, "PNG"), "transparent in places"),
    "PostScript": (POSTSCRIPT, "no known format"),
    "GIF": (saved(Image.new("L", (4, 4)), "GIF"), "no known format"),
    "TIFF": (saved(Image.new("L", (4, 4)), "TIFF"), "no known format"),
    "BMP": (saved(Image.new("L", (4, 4)), "BMP"), "no known format"),
    "PPM": (saved(Image.new("L", (4, 4)), "PPM"), "no known format"),
    "a giant": (png(0, 8, b"", 20_000, 20_000), "pixels"),
    "a wide giant": (png(0, 8, b"", 1 << 30, 1), "pixels"),
    "nothing": (b"", "no known format"),
}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_images(tmp_path: Path, write: Callable[[Path, dict[str, bytes]], Path], name: str) -> None:
    data, reason = IMAGES[name]
    files = {**tree(), "train/dog/1.png": data}
    path = write(tmp_path / ("own.zip" if write is write_zip else "own"), files)
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(UserError, match=rf"train/dog/1\.png .*{reason}"),
    ):
        load("own", path)


def test_opaque_alpha_is_no_loss(tmp_path: Path) -> None:
    opaque = saved(Image.new("RGBA", (4, 4), (10, 20, 30, 255)), "PNG")
    own = load("own", write_zip(tmp_path / "own.zip", {**tree(), "train/dog/1.png": opaque}))
    assert own.train.images[3, :, 0, 0].tolist() == [10, 20, 30]


def link(path: Path, target: str) -> None:
    os.symlink(target, path)


ENTRIES = {
    "a link to the folder above": (lambda path: link(path / "train/cat/up", ".."), "once more, by a link"),
    "a link to itself": (lambda path: link(path / "train/cat/here", "."), "once more, by a link"),
    "one class linked as another": (lambda path: link(path / "train/emu", "cat"), "once more, by a link"),
    "a link to nothing": (lambda path: link(path / "train/cat/9.png", "nothing"), "cannot read train/cat/9"),
    "a link in a circle": (lambda path: link(path / "train/cat/9.png", "9.png"), "cannot read train/cat/9"),
    "a pipe": (lambda path: os.mkfifo(path / "train/cat/9.png"), "no regular file"),
    "a device": (lambda path: link(path / "train/cat/9.png", "/dev/zero"), "no regular file"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_folders(tmp_path: Path, name: str) -> None:
    make, reason = ENTRIES[name]
    make(write_folder(tmp_path / "own", tree()))
    with pytest.raises(UserError, match=rf"own: .*({reason})"):
        load("own", tmp_path / "own")


def test_links_to_images_are_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", tree())
    (tmp_path / "own").mkdir()
    for split in ("train", "test"):
        link(tmp_path / "own" / split, f"../elsewhere/{split}")
    assert len(load("own", tmp_path / "own").train) == 4


def test_a_zip_with_one_name_three_times(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "own.zip", tree())
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
        for _ in range(2):
            archive.writestr("train/cat/0.png", picture())
    with pytest.raises(UserError, match=r"own\.zip: holds train/cat/0\.png more than once"):
        load("own", path)


def test_zips_that_are_larger_than_they_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree().items():
            archive.writestr(name, data)
        with archive.open("train/dog/zeros.png", "w", force_zip64=True) as file:
            for _ in range(65):
                file.write(bytes(1 << 20))
    with pytest.raises(UserError, match=r"cannot read train/dog/zeros\.png \(it has 68157440 bytes"):
        load("own", path)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(UserError, match="at most 3 are read"):
        load("own", path)


def test_a_member_that_says_it_is_small(tmp_path: Path) -> None:
    """Of a size that the zip tells wrongly, no more is read than was said."""
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree().items():
            archive.writestr(name, data)
        archive.writestr("train/dog/zeros.png", bytes(1 << 20))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 1 << 20), struct.pack("<I", 16)))
    with pytest.raises(UserError, match=r"train/dog/zeros\.png"):
        load("own", path)


def npz(path: Path, header: str, body: bytes = b"", name: str = "x_train") -> Path:
    """Write an ``.npz`` in which one array's header is given."""
    np.savez(path, **{key: array for key, array in arrays().items() if key != name})  # type: ignore[arg-type]
    text = header.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{name}.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + body)
    return path


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (3000000, 2000, 2000)}", "says that it has"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4000000000)}", "says that it has"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-6, 2, 2)}", "says that it has"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (6, 2, 2)}", "allow_pickle"),
        ("{'descr': '|u1', 'fortran_order': False}", "not a whole .npz"),
        ("__import__('os').system('touch executed')", "not a whole .npz"),
        ("(" * 100, "not a whole .npz"),
    ],
)
def test_npz_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str, reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = npz(tmp_path / "own.npz", header, bytes(24))
    with pytest.raises(UserError, match=rf"own\.npz: .*{reason}"):
        load("own", path)
    assert not (tmp_path / "executed").exists()


def test_npz_of_nothing_but_zeros(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez_compressed(path, **arrays(x_train=np.zeros((6, 2000, 2000), np.uint8)))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="images never are so small"):
        load("own", path)


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (np.array([b"a", b"b", b"c"]), "expected text"),
        (np.array([1, 2, 3]), "expected text"),
        (np.array([["a", "b", "c"]]), "expected text"),
        (np.array(["a", "", "c"]), "found a class named ''"),
        (np.array(["a", " ", "c"]), "found a class named ' '"),
        (np.array(["a", "b\n", "c"]), "found a class named"),
        (np.array(["a", "x" * 101, "c"]), "found a class named"),
        (np.array(["a", "b", "a"]), "found two classes named 'a'"),
        (np.array(["a", "b", None]), "not a whole .npz of plain arrays"),
    ],
)
def test_class_names(tmp_path: Path, classes: np.ndarray, reason: str) -> None:
    np.savez(tmp_path / "own.npz", **arrays(classes=classes))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=rf"own\.npz: .*{reason}"):
        load("own", tmp_path / "own.npz")


def test_images_are_opened_by_the_two_readers_alone() -> None:
    assert decoding.FORMATS == ("PNG", "JPEG")
    library = Path(decoding.__file__).parents[1]
    for path in library.rglob("*.py"):
        for line in path.read_text().splitlines():
            assert "Image.open(" not in line or "formats=" in line, f"{path}: {line}"
