"""Figures of comment 5 (Nakkiran, "Adversarial Examples are Just Bugs, Too")."""
