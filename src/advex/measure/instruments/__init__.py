"""The general instruments: how a model is measured on a data set, each a function ``rows``."""
