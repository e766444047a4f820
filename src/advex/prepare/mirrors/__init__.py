"""Mirrors and people's own data."""
