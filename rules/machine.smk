# Where Snakemake meets the machine it runs on: the repository's place, the interpreter's path, and runs that were killed.
# These are the only places where Snakemake's own functions are replaced.
import re
import shlex
import sys
from contextlib import contextmanager
from functools import wraps

from snakemake.persistence import PersistenceBase
from snakemake.script import PythonScript
from snakemake.shell import shell

from advex.common.machine.launch import refuse_folder
from advex.common.machine.locks import abandoned, in_common


def quote_interpreter():
    """Have the interpreter's path quoted when a script is run; Snakemake quotes the script's path alone."""
    execute = PythonScript._execute_cmd

    @wraps(execute)
    def execute_quoted(script, command, **values):
        if "py_exec" in values:
            values["py_exec"] = shlex.quote(values["py_exec"])
        return execute(script, command, **values)

    PythonScript._execute_cmd = execute_quoted


def refuse_to_submit_from_here():
    """Refuse to hand jobs to a cluster where its plugin would leave the interpreter's path unquoted."""
    if workflow.non_local_exec and re.search(r"[^\w@%+=:,./-]", sys.executable):
        raise WorkflowError(
            f"{sys.executable!r}: jobs cannot be submitted from a folder whose path holds blanks or signs that a shell "
            "reads otherwise; move the repository, or run on this machine"
        )


def hold_while_locked():
    """Have this process and its jobs hold a lock of the system's wherever Snakemake sets its own, which outlive it."""
    lock = PersistenceBase.lock

    @contextmanager
    def lock_and_hold(memory):
        refuse_to_submit_from_here()
        if abandoned(memory.path):
            print(
                "A run that was killed left its locks here, and no process of this machine is at work. `make` removes "
                "them by itself; so does `snakemake --unlock`.",
                file=sys.stderr,
            )
        with in_common(memory.path) as descriptor:
            shell._process_args["pass_fds"] = (descriptor,)
            with lock(memory):
                yield

    PersistenceBase.lock = lock_and_hold


checked(refuse_folder, Path.cwd())
if not hasattr(PythonScript._execute_cmd, "__wrapped__"):
    quote_interpreter()
    hold_while_locked()
