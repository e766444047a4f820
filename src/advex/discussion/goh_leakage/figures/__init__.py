"""Figures of Goh, "Robust Feature Leakage" (comment 2)."""
