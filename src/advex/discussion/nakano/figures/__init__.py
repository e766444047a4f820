"""Figures of Nakano, "Adversarially Robust Neural Style Transfer" (comment 4), and of the response to it."""
