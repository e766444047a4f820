"""The documentation as a site: all pages, all of the library, nothing from elsewhere, no broken link."""

import functools
import inspect
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from advex import api

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src/advex"
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.ipynb")]
)
LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Elements that a browser fetches something for by itself, and where they say what."""

pytestmark = pytest.mark.slow  # building it takes a minute of a core


class Page(HTMLParser):
    """What a page has that can be linked to, what it links to and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        self.names |= {str(has[key]) for key in ("id", "name") if key in has}
        if tag == "a" and has.get("href"):
            self.links.append(str(has["href"]))
        if tag in LOADED and has.get(LOADED[tag]):
            self.loads.append(str(has[LOADED[tag]]))


@functools.cache
def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def broken(address: str, page: Path) -> bool:
    """Tell whether a relative address leads nowhere."""
    parts = urlsplit(address)
    place = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not place.is_file():
        return True
    fragment = unquote(parts.fragment)
    return bool(fragment) and place.suffix == ".html" and fragment not in read(place).names


def absolute(address: str) -> bool:
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


def test_every_page_of_the_documentation_is_in_it_and_in_its_contents(documentation: Path) -> None:
    listed = {
        (documentation / urlsplit(link).path).resolve() for link in read(documentation / "index.html").links
    }
    expected = {documentation / page.with_suffix(".html") for page in PAGES} - {documentation / "README.html"}
    assert sorted(expected - listed) == []
    assert (documentation / "index.html").read_bytes() == (documentation / "README.html").read_bytes()


def test_what_pages_load_lies_beside_them(documentation: Path) -> None:
    """From disk and without a network they are whole."""
    loaded = [(page, address) for page in documentation.rglob("*.html") for address in read(page).loads]
    assert loaded
    assert [found for found in loaded if found[1].startswith("//") or broken(found[1], found[0])] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in documentation.rglob("*.css"))
    assert re.findall(r"@import|url\(\s*[\"']?(?:https?:)?//", styles) == []


def test_no_link_between_pages_is_broken(documentation: Path) -> None:
    links = [
        (page, link)
        for page in documentation.rglob("*.html")
        for link in read(page).links
        if not absolute(link)
    ]
    assert len(links) > 1000
    assert sorted({(page.name, link) for page, link in links if broken(link, page)}) == []


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_has_its_reference_with_its_parameters(documentation: Path, name: str) -> None:
    text = (documentation / "reference/advex.api.html").read_text(encoding="utf-8")
    _, _, rest = text.partition(f'id="advex.api.{name}"')
    assert rest
    own = re.split(r'id="advex\.api\.(?!' + name + r"\b)", rest)[0]
    thing = getattr(api, name)
    if not (inspect.isclass(thing) and issubclass(thing, Exception)):
        for parameter in inspect.signature(thing).parameters:
            assert f"<strong>{parameter}</strong>" in own, parameter


def test_every_module_of_the_library_has_its_reference(documentation: Path) -> None:
    found = set[str]().union(*(read(page).names for page in (documentation / "reference").glob("*.html")))
    modules = {
        ".".join(("advex", *path.relative_to(LIBRARY).with_suffix("").parts)).removesuffix(".__init__")
        for path in LIBRARY.rglob("*.py")
        if (path.parent / "__init__.py").exists()  # what lies elsewhere is for other programs' paths
    }
    assert sorted(modules - {name.removeprefix("module-") for name in found}) == []


def test_docstrings_are_rendered(documentation: Path) -> None:
    """What is left of markup in a page's text was not understood."""
    found = {}
    for page in (documentation / "reference").glob("*.html"):
        text = re.sub(r"<pre>.*?</pre>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        found[page.name] = re.findall(r"(?:``|:(?:attr|class|data|exc|func|meth|mod):`).{0,60}", text)
    assert {name: lines for name, lines in found.items() if lines} == {}
