"""Snakemake's plugin for what a person sees of a run: ``logger: advex`` in profiles/default.

Snakemake finds it by its name. What it says is in :mod:`snakemake_logger_plugin_advex.watching`.
"""

from snakemake_logger_plugin_advex.watching import LogHandler

__all__ = ["LogHandler"]
