"""What style transfer and its measurements compute with: a minimiser, spectra."""
