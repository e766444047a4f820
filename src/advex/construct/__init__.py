"""Construct: from a data set, models and a rule to a new data set."""
