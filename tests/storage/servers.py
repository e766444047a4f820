"""Servers on this machine, started and stopped by tests: an S3 store and a static web server."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_SECONDS = 60


@contextmanager
def s3_server(bucket: str) -> Iterator[str]:
    """Run an S3 server that holds an empty bucket; yield its address."""
    with _served([sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port"]) as url:
        urllib.request.urlopen(urllib.request.Request(f"{url}/{bucket}", method="PUT"), timeout=10).close()
        yield url


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Serve the files of a folder, to be read only; yield its address."""
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder)]
    with _served(command) as url:
        yield url


@contextmanager
def _served(command: list[str]) -> Iterator[str]:
    """Run a server whose last argument is its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, "the server stopped"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer within {LIMIT_SECONDS} seconds")
