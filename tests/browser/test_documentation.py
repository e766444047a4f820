"""The documentation as a site, opened from disk in a browser: it finds, fits a phone, asks for nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watched import Watched

Opened = Callable[..., Watched]
WIDE = ("index.html", "docs/criteria.html", "docs/tutorials/table10.html", "reference/advex.api.html")
"""Pages with the widest tables, code and signatures."""


@pytest.fixture
def opened(browser: Any, documentation: Path) -> Iterator[Opened]:
    """Open pages of it; afterwards none of them asked for anything but files, or complained."""
    pages: list[Watched] = []

    def opening(page: str, **settings: Any) -> Watched:
        pages.append(Watched(browser, documentation / page, **settings))
        return pages[-1]

    yield opening
    for watched in pages:
        watched.close()
        assert watched.said == []
        assert [url for url in watched.asked if not url.startswith(("data:", documentation.as_uri()))] == []


def test_the_search_finds_functions_and_words(opened: Opened) -> None:
    watched = opened("search.html")
    for word, expected in (("robust_images", "robust_images"), ("SLURM", "slurm.html")):
        watched.page.fill("input[name=q] >> nth=0", word)
        watched.page.press("input[name=q] >> nth=0", "Enter")
        watched.page.wait_for_selector("#search-results li")
        assert expected in watched.page.inner_html("#search-results")


@pytest.mark.parametrize("page", WIDE)
def test_pages_fit_a_phone(opened: Opened, page: str) -> None:
    watched = opened(page, width=390)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_is_dark_where_the_reader_wants_that(opened: Opened) -> None:
    shown = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened("index.html", theme=theme).page.evaluate(shown) for theme in ("light", "dark"))
    assert light != dark
