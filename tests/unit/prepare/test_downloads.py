import contextlib
import gzip
import hashlib
import io
import socket
import struct
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from advex.common.errors import UserError
from advex.prepare import downloads, official
from advex.prepare.downloads import Download, fetch
from advex.prepare.sources import Prepared, prepare
from advex.registries import SOURCES


def load(source: str, folder: Path) -> Prepared:
    return prepare(source, mirror=None, downloads=str(folder), train_images=None, test_images=None)


class Server:
    """A web server on this machine."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken = 0  # requests that get half of a file
        self.requests = 0
        self.ranges = False  # whether the rest of a file can be asked for
        self.asked: list[str | None] = []
        self.otherwise: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                outer.asked.append(self.headers.get("Range"))
                if self.path[1:] in outer.otherwise:
                    outer.otherwise[self.path[1:]](self)
                    return
                data = outer.files.get(self.path[1:])
                if data is None:
                    self.send_error(404)
                    return
                if outer.ranges and (asked := self.headers.get("Range")):
                    begun, size = int(asked.removeprefix("bytes=").removesuffix("-")), len(data)
                    data = data[begun:]
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {begun}-{size - 1}/{size}")
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                outer.broken -= 1
                self.wfile.write(data[: len(data) // 2] if outer.broken >= 0 else data)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0.01)
    running = Server()
    yield running
    running.stop()


def published(server: Server, name: str, data: bytes) -> Download:
    server.files[name] = data
    addresses = (server.address + "gone/" + name, server.address + name)
    return Download(name, hashlib.md5(data).hexdigest(), addresses)


def test_download_is_kept_and_reused_without_network(server: Server, tmp_path: Path) -> None:
    wanted = published(server, "a.bin", b"0123456789")
    path = fetch(wanted, tmp_path / "new")
    assert path.read_bytes() == b"0123456789"
    asked = server.requests
    server.stop()
    assert fetch(wanted, tmp_path / "new") == path
    assert server.requests == asked
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


def test_truncated_download_and_damaged_file_are_fetched_again(server: Server, tmp_path: Path) -> None:
    wanted = published(server, "a.bin", b"0123456789")
    (tmp_path / "a.bin").write_bytes(b"01234")
    server.broken = 2
    assert fetch(wanted, tmp_path).read_bytes() == b"0123456789"
    assert server.requests == 6  # three attempts at two addresses, of which the first never answers


def test_failed_downloads_leave_nothing(server: Server, tmp_path: Path) -> None:
    wanted = published(server, "a.bin", b"0123456789")
    server.files["a.bin"] = b"other"
    found = hashlib.md5(b"other").hexdigest()
    with pytest.raises(UserError, match=rf"refused, MD5 is {found}, expected {wanted.md5}.*MIRROR"):
        fetch(wanted, tmp_path)
    server.broken = 100
    with pytest.raises(UserError, match="connection lost after 2 of 5 bytes"):
        fetch(wanted, tmp_path)
    server.stop()
    with pytest.raises(UserError, match=r"after 3 attempts .*refused.*check the network"):
        fetch(wanted, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="downloads: cannot write to"):
        fetch(wanted, tmp_path / "file" / "folder")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_goes_on_where_the_server_can(server: Server, tmp_path: Path, ranges: bool) -> None:
    data = bytes(range(256)) * 100
    wanted = published(server, "a.bin", data)
    wanted = Download("a.bin", wanted.md5, wanted.urls[1:])
    server.ranges, server.broken = ranges, 2
    assert fetch(wanted, tmp_path).read_bytes() == data
    assert server.asked == [None, "bytes=12800-", "bytes=19200-" if ranges else "bytes=12800-"]


def test_the_rest_of_another_file_is_not_gone_on_with(server: Server, tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    wanted = published(server, "a.bin", data)
    server.files["b.bin"] = bytes(len(data))
    wanted = Download("a.bin", wanted.md5, (server.address + "b.bin", server.address + "a.bin"))
    server.ranges, server.broken = True, 1
    assert fetch(wanted, tmp_path).read_bytes() == data
    assert server.asked == [None, "bytes=12800-", None, None]


def answer(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(b"01234")

    return give


def stall(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(b"01234")
    handler.wfile.flush()
    time.sleep(1)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b"0")
            handler.wfile.flush()
            time.sleep(0.02)


def without_end(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(bytes(1 << 16))


FAULTS = {
    "stalls": (stall, "timed out"),
    "resets": (reset, "[Rr]eset|closed|aborted"),
    "drips": (drip, "slower than"),
    "never ends": (without_end, "more than 1000000 bytes"),
    "not there": (answer(404), "404"),
    "broken": (answer(500), "500"),
    "busy": (answer(503), "503"),
    "forbidden": (answer(403), "403"),
    "no such range": (answer(416), "416"),
    "in a circle": (answer(302, Location="/a.bin"), "302|redirect"),
    "to a file here": (answer(302, Location="file:///etc/passwd"), "302|not allowed|file"),
    "a size that is no number": (answer(200, Content_Length="many"), "refused, MD5"),
    "a negative size": (answer(200, Content_Length="-5"), "refused, MD5"),
    "too short": (answer(200, Content_Length="10"), "connection lost after 5 of 10 bytes"),
    "wrong bytes": (answer(200, Content_Length="5"), "refused, MD5"),
    "part unasked for": (answer(206, Content_Range="bytes 5-9/10", Content_Length="5"), "refused, MD5"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_servers_end_soon_and_leave_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for setting, value in (
        ("TIMEOUT_SECONDS", 0.3), ("PATIENCE_SECONDS", 0.2), ("SLOWEST_BYTES_A_SECOND", 1000),
        ("MOST_BYTES", 10**6),
    ):  # fmt: skip
        monkeypatch.setattr(downloads, setting, value)
    give, said = FAULTS[name]
    server.otherwise["a.bin"] = give
    wanted = Download("a.bin", hashlib.md5(b"0123456789").hexdigest(), (server.address + "a.bin",))
    began = time.monotonic()
    with pytest.raises(UserError, match=rf"not downloaded after 3 attempts \(.*({said}).*check the network"):
        fetch(wanted, tmp_path / "folder")
    assert time.monotonic() - began < 10
    assert not list((tmp_path / "folder").iterdir())


def test_the_first_digits_of_a_sha256_count_where_they_are_known(server: Server, tmp_path: Path) -> None:
    data = b"0123456789"
    server.files["a.bin"] = data
    digest = hashlib.sha256(data).hexdigest()
    wanted = Download("a.bin", "", (server.address + "a.bin",), digest[:8])
    assert fetch(wanted, tmp_path).read_bytes() == data
    assert wanted.problem(tmp_path / "a.bin") is None
    (tmp_path / "a.bin").write_bytes(b"other")
    assert fetch(wanted, tmp_path).read_bytes() == data
    server.files["a.bin"] = b"other"
    (tmp_path / "a.bin").unlink()
    with pytest.raises(UserError, match=rf"refused, SHA-256 is [0-9a-f]+, expected {digest[:8]}"):
        fetch(wanted, tmp_path)
    (tmp_path / "a.bin").write_bytes(data)
    assert Download("a.bin", "", ()).problem(tmp_path / "a.bin"), "nothing known is not nothing wrong"


def cifar_archive(rows: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, array in rows.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = array.nbytes
            archive.addfile(member, io.BytesIO(array.tobytes()))
    return buffer.getvalue()


def test_official_cifar10(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).integers(0, 10, (12, 3073), dtype=np.uint8)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    batches = dict(zip(names, rows.reshape(6, 2, 3073), strict=True))
    for content, message in ((batches, ""), ({"data_batch_1": rows}, "not in the published format")):
        wanted = published(server, "cifar.tar.gz", cifar_archive(content))
        monkeypatch.setattr(official, "_CIFAR10_FILE", wanted)
        if message:
            with pytest.raises(UserError, match=rf"cifar\.tar\.gz: {message}"):
                load("cifar10", tmp_path)
            continue
        known = load("cifar10", tmp_path)
        assert np.array_equal(known.train.labels, rows[:10, 0])
        assert known.train.images.shape == (10, 3, 32, 32)
        assert np.array_equal(known.test.images[1, 2, 0], rows[11, 2049:2081])
        assert known.provenance["origin"] == "official download"
        assert known.provenance["sha256"] == hashlib.sha256(server.files["cifar.tar.gz"]).hexdigest()


def idx(array: np.ndarray) -> bytes:
    sizes = np.array(array.shape, dtype=">u4").tobytes()
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def test_official_idx(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = np.arange(20, dtype=np.uint8).reshape(5, 2, 2), np.array([9, 0, 1, 2, 3], np.uint8)
    arrays = {"train-x": images, "train-y": labels, "test-x": images[:2], "test-y": labels[:2]}
    contents = {name: idx(array) for name, array in arrays.items()}
    files = [published(server, name, data) for name, data in contents.items()]
    monkeypatch.setattr(official, "official_files", lambda source: files)
    known = load("fashion_mnist", tmp_path)
    assert np.array_equal(known.train.images[:, 0], images)
    assert known.test.labels.tolist() == [9, 0]
    assert known.test.classes[9] == "Ankle boot"
    assert sorted(file.name for file in (tmp_path / "fashion_mnist").iterdir()) == sorted(contents)
    files[0] = published(server, "train-x", idx(labels))
    with pytest.raises(UserError, match=r"train-x: not in the published format .*expected 00000803"):
        load("fashion_mnist", tmp_path)


def test_published_tables() -> None:
    assert official.official_files("cifar10")[0].name == "cifar-10-binary.tar.gz"
    for source in ("mnist", "fashion_mnist"):
        files = official.official_files(source)
        assert [file.name.split("-")[0] for file in files] == ["train", "train", "t10k", "t10k"]
        assert all(file.urls[0].endswith("/" + file.name) for file in files)
    assert set(official.CLASSES) < set(SOURCES)
