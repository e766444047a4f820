"""Snakemake's plugin for what a person sees of a run: ``logger: advex`` in profiles/default.

Snakemake finds it by its name. What it says is in :mod:`advex.common.machine.watching`.
"""

from advex.common.machine.watching import LogHandler

__all__ = ["LogHandler"]
