"""Train: from a data set, an architecture, a recipe and a seed to a model."""
