"""Prepare: from a source (package, address, mirror, folder) to a data set."""
