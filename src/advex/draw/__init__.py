"""Figures: each module draws one figure from tables alone; none of them imports torch."""
