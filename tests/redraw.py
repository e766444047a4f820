"""Draw all figures of a finished study again: ``python redraw.py RECORDS FOLDER``, in the repository.

What their jobs were told is in their records, so the workflow is not needed. Figures are loaded before
anything else is done, as jobs load them.
"""

import json
import sys
from pathlib import Path

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.draw.lettering import Context
from advex.draw.style import save
from advex.judge.claims import load_claims, load_published
from advex.judge.shown import verdicts_shown
from advex.registries import FIGURES


def redraw(record: dict, folder: Path) -> None:
    """Draw what a record of the rule draw tells of into a folder."""
    params, paths = record["params"], list(record["inputs"])
    claims = [path for path in paths if path.startswith("config/claims/")]
    published = load_published([path for path in paths if path.startswith("published/")])
    origins = [read_table(path) for path in paths if path.endswith("/origin.csv")]
    read = dict(zip([*params["names"], *params["premises"]], paths, strict=False))  # measurements come first
    tables = {name: read_table(path) for name, path in read.items() if path.endswith(".csv")}
    pictures = {name: Picture.read(path) for name, path in read.items() if name not in tables}
    name = params["figure"]
    verdicts = verdicts_shown(load_claims(claims), name, tables, published, **params["judging"])
    context = Context(**params["context"], verdicts=verdicts).with_origin(*origins)
    drawn = {each: (tables | pictures)[each] for each in params["names"]}
    save(FIGURES[name](drawn, published, context), folder / f"{name}.svg", folder / f"{name}.png")


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).rglob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["rule"] == "draw":
            redraw(found, Path(sys.argv[2]))
