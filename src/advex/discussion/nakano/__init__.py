"""Nakano: adversarially robust neural style transfer."""
