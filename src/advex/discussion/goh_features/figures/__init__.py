"""Figures of Goh, "Two Examples of Useful, Non-Robust Features" (comment 3)."""
