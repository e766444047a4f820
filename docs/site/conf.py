"""Settings of Sphinx for the site of the documentation, which ``docs/site/build.py`` builds.

The pages are the repository's own, as they lie, and the reference that is made of the library's docstrings. A
page that :data:`ORDER` does not name fails the build.
"""

import json
import re
from typing import Annotated, Any, get_origin

from docutils import nodes
from myst_parser.sphinx_ import Parser
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import advex.api

project = "advex"
author = project_copyright = "The advex authors"
version = release = advex.__version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
default_role = "literal"
smartquotes_action = "D"  # dashes alone: texts have code in them
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4  # the anchors that headings have where the repository is read on the web

autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "model_config"}
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
maximum_signature_line_length = 80
add_module_names = False
nitpicky = True
# Types of others have no page here; what is ours must be found.
nitpick_ignore_regex = [
    ("py:.*", r"(?!advex\.).*"),
    ("py:(class|obj)", r".*\.(_\w+|Annotated|Listed|Model|Network|Entry_co)"),
]
# Types stand in the signature, and need not be said again.
napoleon_attr_annotations = False
napoleon_custom_sections = [
    (name, "params_style") for name in ("Attributes", "What a class says of its kind")
]
suppress_warnings = ["ref.python"]  # several classes of one name, of which a type in quotes names one

html_theme = "furo"
html_title = f"advex {version}"
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # which would be fetched, and from disk cannot be
html_static_path = ["style"]
html_css_files = ["site.css"]

ORDER = {
    "Start": ["What this is <self>", "docs/installing"],
    "Tutorials": [
        f"docs/tutorials/{name}"
        for name in (
            *("prepare", "train", "measure", "draw", "judge"),
            *("attack", "construct", "evaluate", "others", "own", "table10"),
        )
    ],
    "Results": [
        "docs/results",
        "docs/results/*/README",
        *(f"docs/{name}" for name in ("criteria", "discrepancies", "power", "reliability")),
    ],
    "Running": [
        *(f"docs/{name}" for name in ("storage", "slurm", "data", "artifact")),
        *("benchmarks/README", "benchmarks/*/README"),
    ],
    "The library": [
        "docs/architecture",
        "Reference: advex.api <reference/advex.api>",
        "Reference: all rooms <reference/advex>",
        "Changes <CHANGELOG>",
    ],
}
"""The pages in the order of use, by the headings they stand under."""


LINKED_IMAGE = re.compile(r'<a href="([^"]+)"><img src="\1" width="(\d+)" alt="([^"]*)"></a>')


def leave_out(app: Sphinx, what: str, name: str, thing: object, leave: bool, options: Any) -> bool | None:
    """Leave out names for checked kinds of text and numbers: their docstring is that of ``str`` or such."""
    return True if get_origin(thing) is Annotated else None


UNTOUCHED: dict[str, list[str]] = {}
"""Docstrings of constants and properties by name: Napoleon takes what stands before a colon for a type."""


def keep_docstring(app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Keep a docstring from Napoleon, before it comes."""
    if what in ("attribute", "data", "property"):
        UNTOUCHED[name] = list(lines)


def restore_docstring(
    app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]
) -> None:
    """Put it back."""
    lines[:] = UNTOUCHED.pop(name, lines)


def shorten(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: Any,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Write of a checked kind of text or number, ``Annotated[str, ...]``, ``str``; of an object nothing."""
    if signature is None:
        return None, returned
    signature = re.sub("<.*?>", "...", signature)
    while found := re.search(r"Annotated\[([^][,]+), ", signature):
        end, depth = found.end(), 1
        while depth:
            depth += {"[": 1, "]": -1}.get(signature[end], 0)
            end += 1
        signature = signature[: found.start()] + found[1] + signature[end:]
    return signature, returned


def drop_values(app: Sphinx, tree: nodes.document) -> None:
    """Drop the values of constants that are long or that only say where an object lies."""
    for value in list(tree.findall(addnodes.desc_annotation)):
        text = value.astext()
        if text.startswith(" = ") and ("<" in text or len(text) > 80):
            value.parent.remove(value)


def settle_names(app: Sphinx, environment: BuildEnvironment) -> list[str]:
    """Let names that ``advex.api`` hands on mean the original, where a docstring gives no module."""
    objects = environment.domains.python_domain.objects
    for name in advex.api.__all__:
        home = getattr(advex.api, name).__module__
        if home != "advex.api":
            objects[f"advex.api.{name}"] = objects[f"advex.api.{name}"]._replace(aliased=True)
    return []


def prepare_page(app: Sphinx, page: str, text: list[str]) -> None:
    """Put the contents of the site below its first page.

    Of a link to a folder only its name stays. A small image that links to itself does so by its width alone.
    """
    text[0] = re.sub(r"\[([^]]+)\]\((?!\w+:)[^)\s]*/\)", r"\1", text[0])
    text[0] = LINKED_IMAGE.sub(r"![\3](\1){width=\2px}", text[0])
    if page == root_doc:
        for heading, pages in ORDER.items():
            listed = "\n".join(pages)
            text[0] += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {heading}\n\n{listed}\n```\n"


class NotebookParser(Parser):  # type: ignore[misc]
    """Shows a notebook as a page, without running it."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Read a notebook's cells as Markdown."""
        cells = []
        for cell in json.loads(inputstring)["cells"]:
            text = "".join(cell["source"])
            cells.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        super().parse("\n\n".join(cells), document)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the above."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", keep_docstring, priority=400)
    app.connect("autodoc-process-docstring", restore_docstring, priority=600)
    app.connect("autodoc-process-signature", shorten)
    app.connect("doctree-read", drop_values)
    app.connect("env-updated", settle_names)
    app.connect("source-read", prepare_page)
    return {"parallel_read_safe": True}
