"""Figures of the original paper, Ilyas et al., arXiv:1905.02175v4."""
