"""Attacks: threat models, objectives, targets, the loop, and the strongest evaluation."""
