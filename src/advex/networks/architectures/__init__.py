"""Families of architectures, at full size and small."""
