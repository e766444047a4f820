"""Rendering pages from templates: values are escaped, and a missing one is an error."""

import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from advex.common.errors import UserError


def render(template: str | os.PathLike[str], **values: Any) -> str:
    """Fill a template with values.

    Raises:
        UserError: the template is missing.
    """
    try:
        text = Path(template).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{template}: no such template; run from a checkout of the repository") from error
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text).render(**values)
