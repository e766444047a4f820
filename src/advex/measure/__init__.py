"""Measure: from models, data sets and an instrument to a tidy table."""
