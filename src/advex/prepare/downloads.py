"""Downloads that are whole or absent: verified, retried, gone on with, and moved into place last."""

import hashlib
import http
import http.client
import logging
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from advex.common.errors import UserError
from advex.common.machine.progress import Progress

ATTEMPTS = 3
PAUSE_SECONDS = 3.0
TIMEOUT_SECONDS = 30.0
"""Without a word from the server."""
PATIENCE_SECONDS, SLOWEST_BYTES_A_SECOND = 60.0, 2000
"""After so long, how fast the file must have come."""
MOST_BYTES = 1 << 36
"""Of a file, 64 GiB: some servers never end."""

_BLOCK = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Download:
    """A file on the network: its name, its published MD5, and where it can be had, best first.

    Where its SHA-256 or the first digits of it are known, they count instead of the MD5.
    """

    name: str
    md5: str
    urls: tuple[str, ...]
    sha256: str = ""

    def problem(self, path: Path) -> str | None:
        """Return what is wrong with a file's checksum, None if nothing is."""
        name, wanted = ("SHA-256", self.sha256) if self.sha256 else ("MD5", self.md5)
        found = _digest(path, "sha256" if self.sha256 else "md5")
        return None if wanted and found.startswith(wanted) else f"{name} is {found}, expected {wanted}"


def fetch(download: Download, folder: str | Path) -> Path:
    """Return the path of the file in ``folder``, downloading it unless it is there and whole.

    The checksum is verified on every call.

    Raises:
        UserError: no address delivered the file, or what came has another checksum; ``folder`` then
            holds nothing new.
    """
    target = Path(folder) / download.name
    if target.is_file():
        wrong = download.problem(target)
        if wrong is None:
            return target
        _log.warning("%s: not the published file (%s); downloading it again", target, wrong)
    problems: dict[str, str] = {}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as temporary:
            part = Path(temporary) / download.name
            for attempt in range(ATTEMPTS):
                if attempt:
                    time.sleep(PAUSE_SECONDS)
                for url in download.urls:
                    problem = _try(download, url, part)
                    if problem is None:
                        part.replace(target)
                        return target
                    _log.warning("attempt %d of %d: %s: %s", attempt + 1, ATTEMPTS, url, problem)
                    problems[url] = problem
    except OSError as error:
        raise UserError(
            f"downloads: cannot write to {target.parent} ({error}); name another folder"
        ) from error
    tried = "; ".join(f"{url}: {problem}" for url, problem in problems.items())
    raise UserError(
        f"{download.name}: not downloaded after {ATTEMPTS} attempts ({tried}); check the network, or set "
        f"`mirror` or ADVEX_MIRROR to a copy of the data (docs/data.md), or put the file at {target}"
    )


def _try(download: Download, url: str, part: Path) -> str | None:
    """Download to ``part``, or go on where it ends; return what went wrong, None if nothing did."""
    begun = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "advex"} | ({"Range": f"bytes={begun}-"} if begun else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        # `urls` are constants of advex.prepare.official, or an https address in a study's file.
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            if begun and not _goes_on(response, begun):
                begun = 0
            told = str(response.headers.get("Content-Length") or "")
            expected = begun + int(told) if told.isdecimal() else 0
            problem = _copy(response, part, begun, expected, f"download {download.name}")
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
        return " ".join(str(error).split())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    if problem:
        return problem
    if wrong := download.problem(part):
        part.unlink()  # what is wrong somewhere is not gone on with
        return f"refused, {wrong}"
    return None


def _goes_on(response: http.client.HTTPResponse, begun: int) -> bool:
    """Tell whether a server sends the rest of a file rather than all of it."""
    told = str(response.headers.get("Content-Range") or "")
    return response.status == http.HTTPStatus.PARTIAL_CONTENT and told.startswith(f"bytes {begun}-")


def _copy(response: http.client.HTTPResponse, part: Path, begun: int, expected: int, what: str) -> str | None:
    """Write a response behind the first ``begun`` bytes of a file; return what went wrong, if anything."""
    progress = Progress(what, expected // _BLOCK, "MiB", done=begun // _BLOCK)
    received, started = begun, time.monotonic()
    with part.open("r+b" if begun else "wb") as file:
        file.seek(begun)
        while block := response.read1(_BLOCK):
            file.write(block)
            if (received + len(block)) // _BLOCK > received // _BLOCK:
                progress.advance((received + len(block)) // _BLOCK - received // _BLOCK)
            received += len(block)
            seconds = time.monotonic() - started
            if seconds > PATIENCE_SECONDS and received - begun < seconds * SLOWEST_BYTES_A_SECOND:
                return f"slower than {SLOWEST_BYTES_A_SECOND} bytes a second, after {received} bytes"
            if received > MOST_BYTES:
                return f"more than {MOST_BYTES} bytes"
    return f"connection lost after {received} of {expected} bytes" if received < expected else None


def file_md5(path: Path) -> str:
    """Return the MD5 of a file, in hexadecimal digits."""
    return _digest(path, "md5")


def _digest(path: Path, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
