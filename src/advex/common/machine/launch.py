"""Start a program of this repository's environment so that the user's own settings change nothing.

``python -I -m advex.common.machine.launch [--alone] MODULE ARGUMENT...`` runs a module, such as
``snakemake``, ``dvc`` or ``pytest``, as ``python -m`` would. ``make`` and the commands
``.venv/bin/snakemake`` and ``.venv/bin/dvc`` start here. ``--alone``: no other run may be going on in this
folder, and what a killed one left is put right (:mod:`advex.common.machine.locks`).
"""

import os
import runpy
import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from advex.common.errors import UserError
from advex.common.machine.environment import REPOSITORY, settle
from advex.common.machine.locks import alone

IMPOSSIBLE = {"{": "Snakemake", "}": "Snakemake", ":": "Python", "\n": "pip", "\r": "pip"}
"""What the path of the repository cannot hold, and who could not read it."""


def refuse_folder(folder: Path) -> None:
    """Refuse a place of the repository in which something would fail later, or in silence.

    Raises:
        UserError: the path holds a character that a tool cannot read, ``results`` is a link, or nothing can
            be written there.
    """
    for character, tool in IMPOSSIBLE.items():
        if character in str(folder):
            raise UserError(
                f"{str(folder)!r}: {tool} cannot work in a folder whose path holds {character!r}; "
                "move the repository"
            )
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: nothing can be written there, neither results nor what programs remember")
    results = folder / "results"
    if results.is_symlink():
        place = shlex.quote(os.readlink(results))
        raise UserError(
            "results: it is a link, which DVC does not follow: `dvc pull` would fetch nothing, in silence.\n"
            "Bring the folder back and make the folder of a study a link instead:\n"
            "  rm results && git checkout -- results\n"
            f"  mkdir -p {place}/digits && ln -s {place}/digits results/"
        )


def main(arguments: list[str]) -> None:
    """Run a module with a settled environment; ends the process with the module's status."""
    try:
        refuse_folder(REPOSITORY)
        settle(os.environ)
        hold: AbstractContextManager[None] = nullcontext()
        if arguments[0] == "--alone":
            arguments = arguments[1:]
            hold = alone(Path(".snakemake"))
        with hold:
            sys.argv = list(arguments)
            runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
