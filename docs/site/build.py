"""Build the documentation as a small site: ``docs/site/build.py build/site``; ``make site`` calls this.

A warning is an error. The folder ``build/site-pages`` beside it holds what Sphinx reads: the repository's own
pages and the files that they link to, each in its place, so that links mean the same here and there;
and the pages of the reference, one a package of the library.
"""

import importlib
import inspect
import pkgutil
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import build_main

import advex
from advex import api

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CHANGELOG.md", "docs/**/*.md", "docs/**/*.ipynb", "benchmarks/**/README.md")
LINK = re.compile(r"\]\(([^)\s#]+)|(?:src|href)=\"([^\"#]+)")


def linked(page: Path) -> Iterator[Path]:
    """Yield the files of the repository that a page links to."""
    for found in LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / "".join(found)).resolve()
        if path.is_file():
            yield path


def first_line(module: str) -> str:
    """Return the first line of a module's docstring."""
    return str(importlib.import_module(module).__doc__).splitlines()[0]


def reference_page(package: str, modules: list[str], packages: list[str]) -> str:
    """Return the page of a package: its docstring, what its modules have, and links to its packages."""

    def heading(text: str, line: str) -> str:
        return f"{text}\n{line * len(text)}"

    parts = [heading(package, "="), f".. automodule:: {package}"]
    if packages:
        parts.append("\n   ".join([".. toctree::", ":hidden:", "", *packages]))
        parts.append("\n".join(f"- :doc:`{name}`: {first_line(name)}" for name in packages))
    for module in modules:
        parts += [heading(module, "-"), f".. automodule:: {module}"]
    return "\n\n".join(parts) + "\n"


def front_page() -> str:
    """Return the page of ``advex.api``: what it defines, functions before classes, then what it hands on."""

    def order(name: str) -> tuple[bool, bool, int]:
        thing = getattr(api, name)
        handed_on = thing.__module__ != api.__name__
        return handed_on, inspect.isclass(thing), 0 if handed_on else inspect.getsourcelines(thing)[1]

    parts = [f"{api.__name__}\n{'=' * len(api.__name__)}", f".. automodule:: {api.__name__}\n   :no-members:"]
    for name in sorted(api.__all__, key=order):
        kind = "class" if inspect.isclass(getattr(api, name)) else "function"
        parts.append(f".. auto{kind}:: {api.__name__}.{name}")
    return "\n\n".join(parts) + "\n"


def reference() -> dict[str, str]:
    """Return the pages of the reference by their names: every package, and what stands beside the rooms."""
    modules: dict[str, list[str]] = {"advex": []}
    packages: dict[str, list[str]] = {"advex": []}
    for found in pkgutil.walk_packages(advex.__path__, "advex."):
        parent = found.name.rpartition(".")[0]
        if found.ispkg:
            modules[found.name], packages[found.name] = [], []
        (packages if found.ispkg or parent == "advex" else modules)[parent].append(found.name)
        if parent == "advex" and not found.ispkg:
            modules[found.name] = []
    pages = {name: reference_page(name, inside, packages.get(name, [])) for name, inside in modules.items()}
    return {**pages, api.__name__: front_page()}


def lay_out(folder: Path) -> None:
    """Lay out what Sphinx reads; what has not changed keeps its time, so that it is not read again."""
    pages = {path for pattern in PAGES for path in ROOT.glob(pattern)}
    files = {path.relative_to(ROOT): path for path in pages.union(*map(linked, pages))}
    texts = {Path(f"reference/{name}.rst"): text for name, text in reference().items()}
    for old in folder.rglob("*"):
        if old.is_file() and old.relative_to(folder) not in {*files, *texts}:
            old.unlink()
    for place, path in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / place)
    (folder / "reference").mkdir(exist_ok=True)
    for place, text in texts.items():
        if not (folder / place).exists() or (folder / place).read_text(encoding="utf-8") != text:
            (folder / place).write_text(text, encoding="utf-8")


def main(site: Path, *options: str) -> int:
    """Build the site; what has not changed since the last time is not read again. Return the status."""
    pages, read = (site.with_name(f"{site.name}-{of}") for of in ("pages", "read"))
    lay_out(pages)
    settings, remembered = ROOT / "docs/site/conf.py", read / "environment.pickle"
    if remembered.exists() and remembered.stat().st_mtime < settings.stat().st_mtime:
        remembered.unlink()  # Sphinx looks at values alone, and not at functions
    told = ["-c", str(settings.parent), "-d", str(read), "--fail-on-warning", "--keep-going", "--quiet"]
    status = build_main([*told, *options, str(pages), str(site)])
    if status == 0:
        shutil.copyfile(site / "README.html", site / "index.html")
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
