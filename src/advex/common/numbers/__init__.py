"""Numbers that results are made of: spectra, means with intervals, outcomes image by image."""
