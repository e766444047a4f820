"""What tables say of a claim: numbers by seed and image, the parts of its effect, and all that in words."""
