"""Snakemake's plugin for what a person sees of a run: ``logger: advex`` in profiles/default.

Snakemake finds it by its name. What it says is in :mod:`advex.records.watching`.
"""

from advex.records.watching import LogHandler

__all__ = ["LogHandler"]
