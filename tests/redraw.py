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
from advex.registries import FIGURES


def redraw(record: dict, folder: Path) -> None:
    """Draw what a record of the rule draw tells of into a folder."""
    *measurements, published = [path for path in record["inputs"] if not path.endswith("/origin.csv")]
    origins = [read_table(path) for path in record["inputs"] if path.endswith("/origin.csv")]
    tables = {
        name: read_table(path) if path.endswith(".csv") else Picture.read(path)
        for name, path in zip(record["params"]["names"], measurements, strict=True)
    }
    context = Context(**record["params"]["context"]).with_origin(*origins)
    name = record["params"]["figure"]
    figure = FIGURES[name](tables, read_table(published), context)
    save(figure, folder / f"{name}.svg", folder / f"{name}.png")


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).rglob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["rule"] == "draw":
            redraw(found, Path(sys.argv[2]))
