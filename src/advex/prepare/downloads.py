"""Downloads that are whole or absent: verified, retried, and moved into place last."""

import hashlib
import http.client
import logging
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from advex.common.errors import UserError
from advex.common.machine.progress import Progress

ATTEMPTS = 3
PAUSE_SECONDS = 3.0
TIMEOUT_SECONDS = 30.0

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
    """Download to ``part``; return what went wrong, None if nothing did."""
    request = urllib.request.Request(url, headers={"User-Agent": "advex"})
    try:
        # `urls` are constants of advex.prepare.official, or an https address in a study's file.
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            expected = int(response.headers.get("Content-Length") or 0)
            progress = Progress(f"download {download.name}", expected // _BLOCK, "MiB")
            received = _copy(response, part, progress)
    except (OSError, http.client.HTTPException) as error:
        return f"{error or type(error).__name__}"
    if expected and received < expected:
        return f"connection lost after {received} of {expected} bytes"
    wrong = download.problem(part)
    return f"refused, {wrong}" if wrong else None


def _copy(response: http.client.HTTPResponse, part: Path, progress: Progress) -> int:
    received = 0
    with part.open("wb") as file:
        while block := response.read(_BLOCK):
            file.write(block)
            received += len(block)
            progress.advance()
    return received


def file_md5(path: Path) -> str:
    """Return the MD5 of a file, in hexadecimal digits."""
    return _digest(path, "md5")


def _digest(path: Path, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
