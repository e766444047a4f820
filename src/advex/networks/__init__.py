"""Networks: architectures, the classifier around them, their layers, ensembles, and how they are stored."""
