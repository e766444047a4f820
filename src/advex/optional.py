"""Modules that only some jobs use."""

import importlib
from types import ModuleType


def optional(name: str) -> ModuleType:
    """Import a module of the library by its name below ``advex``.

    A plain import counts in the digest of every job that can reach it (:func:`advex.provenance.code_digest`).
    A module imported here counts only where the job's rule names it, so that editing the attack, say,
    leaves trainings without an adversary alone. A test compares what jobs import with what their rules name.
    """
    return importlib.import_module(f"advex.{name}")
