"""Figures of what the authors released."""
