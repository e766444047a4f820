"""Rendering pages from templates: values are escaped for their place, and a missing one is an error."""

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advex.common.errors import UserError

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FIRST = '<meta charset="utf-8">\n'


def render(template: str | os.PathLike[str], **values: Any) -> str:
    """Fill a template with values, and forbid the page what it does not need.

    A template may include others that lie beside it. Texts are escaped where they stand in HTML; data for
    scripts are written by ``tojson``, in a ``script`` of type ``application/json``, where they are no HTML
    either. The page may show images it holds and run the scripts that the template has, and load nothing: its
    content-security policy says so.

    Raises:
        UserError: the template is missing.
        ValueError: a number in data is not finite.
    """
    try:
        text = Path(template).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{template}: no such template; run from a checkout of the repository") from error
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(Path(template).parent),
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}
    page = environment.from_string(text).render(**values)
    before, first, after = page.rpartition(_FIRST)
    return f"{before}{first}{_policy(page)}\n{after}"


def _policy(page: str) -> str:
    """Return the element that says what a page may do."""
    digests = [hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
    rules = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
