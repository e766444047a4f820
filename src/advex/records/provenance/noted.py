"""The definitions behind a digest, noted when jobs are planned, for the records that jobs leave."""

import json
from collections.abc import Mapping
from pathlib import Path

from advex.common.files import write_text

FOLDER = Path(".snakemake/definitions")


def note_definitions(digest: str, definitions: Mapping[str, str]) -> None:
    """Note which definitions a digest covers, with short hashes of them, unless it is known."""
    path = FOLDER / f"{digest}.json"
    try:
        if not path.exists():
            write_text(path, json.dumps(dict(definitions)))
    except OSError:
        return  # records will lack them, which changes no result


def noted_definitions(digest: str) -> dict[str, str]:
    """Return the definitions that a digest covers; none if they were not noted."""
    try:
        return dict(json.loads((FOLDER / f"{digest}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
