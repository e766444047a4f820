"""Figures of comment 6 (Wallace)."""
