"""Names that are known: entries of registries, sources and architectures, verdicts."""
