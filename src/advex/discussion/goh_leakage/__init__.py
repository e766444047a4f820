"""Goh: robust feature leakage."""
