"""The configuration: which experiments exist, at which sizes, and where every artifact lies."""

from advex.config.jobs import figure_jobs
from advex.config.loading import load
from advex.config.plan import Plan
from advex.config.uses import Uses

__all__ = ["Plan", "Uses", "figure_jobs", "load"]
