"""Nakkiran: adversarial examples are just bugs, too."""
