"""The configuration: which experiments exist, at which sizes, and where every artifact lies."""

from advex.config.loading import load
from advex.config.plan import Plan

__all__ = ["Plan", "load"]
