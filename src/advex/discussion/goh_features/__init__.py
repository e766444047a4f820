"""Goh: two examples of useful, non-robust features."""
