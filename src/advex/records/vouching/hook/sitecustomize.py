"""Notes which lines a job executes; Python imports this by itself when its folder is on ``PYTHONPATH``.

A process that runs a job's script is watched from its start by `coverage <https://coverage.readthedocs.io>`_.
At its end, a file in the folder ``ADVEX_WATCHED`` says which job it was and from which line it went to which
(-5: the start or the end of what begins in line 5), by file, relative to the working directory. Nothing of
the library is imported, since the job may run another version of it.
"""

import atexit
import json
import os
import sys
import urllib.parse

_SCRIPTS = os.path.join(".snakemake", "scripts")
_PREAMBLE_END = "snakemake preamble end"


def _watch(folder: str) -> None:
    import coverage  # noqa: PLC0415 - processes that are no jobs need not have it

    here = os.path.realpath(os.getcwd())
    include = [os.path.join(here, "src", "advex", "*"), os.path.join(here, _SCRIPTS, "*")]
    watching = coverage.Coverage(data_file=None, config_file=False, branch=True, include=include)
    watching.start()

    def note() -> None:
        watching.stop()
        job = getattr(sys.modules["__main__"], "snakemake", None)
        if job is None:
            return
        log = str(job.log[0])
        data = watching.get_data()
        arcs = {}
        for file in data.measured_files():
            path, shift = os.path.relpath(file, here), 0
            if path.startswith(_SCRIPTS):  # a copy, with lines of Snakemake's before the script's own
                path, shift = f"scripts/{os.path.basename(file).partition('.')[2]}", _lines_before(file)
            arcs[path] = sorted(
                tuple(line - shift if line > 0 else line + shift for line in arc)
                for arc in data.arcs(file) or []
                if max(map(abs, arc)) > shift
            )
        with open(os.path.join(folder, urllib.parse.quote(log, safe="")), "w", encoding="utf-8") as out:
            json.dump({"log": log, "arcs": arcs}, out)

    atexit.register(note)


def _lines_before(file: str) -> int:
    with open(file, encoding="utf-8") as text:
        return max((number for number, line in enumerate(text, 1) if _PREAMBLE_END in line), default=0)


if "ADVEX_WATCHED" in os.environ and any(_SCRIPTS in argument for argument in sys.orig_argv):
    _watch(os.environ["ADVEX_WATCHED"])
