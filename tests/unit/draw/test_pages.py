"""Pages hold what they are given as text, whatever it is, and may do nothing that their templates do not."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advex.common.pictures import Picture
from advex.discussion.nakano.experiments.slider import slider_html
from advex.draw.pages import render

ROOT = Path(__file__).parents[3]
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'`{{ 7*7 }}<!--&amp;"
EXPLORER, SLIDER = (ROOT / f"report/{name}.html.j2" for name in ("explorer", "slider"))


class Elements(HTMLParser):
    """Collects elements with the names of their attributes, text, and data for scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def explorer(name: str) -> str:
    point = {"name": name, "kind": "vector", "place": 0, "robustness": 1.0, "usefulness": 0.5}
    pair = {"name": name, "points": [point], "sheet": "data:image/png;base64,AAAA"}
    return render(EXPLORER, study=name, pairs=[name], data={"pairs": [pair], "columns": 1, "size": 8})


def slider(name: str) -> str:
    columns = [f"content|{name}", f"style|{name}", f"style_transfer|robust|{name} as {name}"]
    images = np.zeros((1, 3, 3, 8, 8), np.uint8)
    return slider_html(SLIDER, name, Picture(images, ["made"], columns))


@pytest.mark.parametrize("page", [explorer, slider])
def test_hostile_names_stay_text(page: Any) -> None:
    hostile, harmless = Elements(page(HOSTILE)), Elements(page("harmless"))
    assert hostile.elements == harmless.elements
    assert any(HOSTILE in text for text in hostile.texts)
    assert any(HOSTILE in value for value in hostile.values) or page is explorer
    (data,) = re.findall(
        r'<script id="data" type="application/json">(.*?)</script>', page(HOSTILE), re.DOTALL
    )
    assert HOSTILE in str(json.loads(data)) or json.dumps(HOSTILE)[1:-1] in json.dumps(json.loads(data))


@pytest.mark.parametrize("page", [explorer, slider])
def test_a_page_may_run_its_own_scripts_and_load_nothing(page: Any) -> None:
    text = page(HOSTILE)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "http" not in policy
    allowed = set(re.findall(r"'sha256-([^']*)'", policy))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert allowed == {base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts}
    assert len(scripts) == 1
    assert text.index("Content-Security-Policy") < text.index("<title>")
    assert not re.search(r"<(link|iframe|object|embed|base|form)\b", text)


@pytest.mark.parametrize("template", sorted((ROOT / "report").rglob("*.[jc]*")), ids=lambda path: path.name)
def test_no_template_takes_a_value_for_html(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert not re.search(r"\son[a-z]+=", text), "handlers in HTML are forbidden by the page's policy"
    own = [text] if template.suffix == ".js" else []
    for script in [*own, *re.findall(r"<script>(.*?)</script>", text, re.DOTALL)]:
        assert "{{" not in script, "values reach scripts as data, in an element of their own"
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_without_scripts_none_may_run(tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_text('<meta charset="utf-8">\n<p>{{ text }}</p>')
    page = render(tmp_path / "page.j2", text="<script>alert(1)</script>")
    assert "script-src 'none'" in page
    assert "&lt;script&gt;" in page
    (tmp_path / "other.j2").write_text("<p>{{ text }}</p>")
    assert render(tmp_path / "other.j2", text="").startswith("<meta http-equiv")
