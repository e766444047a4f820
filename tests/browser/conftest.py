"""A browser for tests: a Chromium on the path, as Debian has it; without one they are skipped."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from watched import PATIENCE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless browser with nobody's settings."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="without Playwright (pip, requirements-test.lock)"
    )
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path (Debian: apt-get install chromium)")
    home = tmp_path_factory.mktemp("home")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM,
            args=list(FLAGS),
            timeout=PATIENCE,
            env={**os.environ, "HOME": str(home)},
        )
        yield chromium
        chromium.close()
