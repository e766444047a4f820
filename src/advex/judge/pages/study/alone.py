"""Put a study's page and the drawings beside it into one file, to be sent or kept: ``make page-alone``."""

import re
import sys
from pathlib import Path
from urllib.parse import quote

from advex.common.errors import UserError
from advex.common.files import write_text

_DRAWING = re.compile(r'<img src="(figures/[a-z0-9_]+/[a-z0-9_]+\.svg)"')
_LINES = re.compile(r"\s*\n\s*")
_SAFE = " !$&()*+,-./:;=?@[]^_`{|}~"
"""What stands in the address of a drawing as it is: all but quotes, marks of HTML, ``%`` and ``#``."""


def alone(page: str, folder: Path) -> str:
    """Return a page with its drawings in it.

    Args:
        page: as the job ``report`` writes it.
        folder: where it lies, with the drawings below.
    """

    def embedded(found: re.Match[str]) -> str:
        drawing = (folder / found[1]).read_text(encoding="utf-8")
        return f'<img src="data:image/svg+xml,{quote(_LINES.sub(" ", drawing), safe=_SAFE)}"'

    return _DRAWING.sub(embedded, page)


def main(study: str) -> None:
    """Write ``build/STUDY.html`` from the page of a study."""
    file, made = Path(f"results/{study}/index.html"), Path(f"build/{study}.html")
    try:
        if not file.is_file():
            raise UserError(f"{file}: no such page; `make page STUDY={study}` writes it")
        made.parent.mkdir(exist_ok=True)
        write_text(made, alone(file.read_text(encoding="utf-8"), file.parent))
    except UserError as error:
        sys.exit(str(error))
    print(
        f"{made} holds the page and its {len(_DRAWING.findall(file.read_text(encoding='utf-8')))} drawings."
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
