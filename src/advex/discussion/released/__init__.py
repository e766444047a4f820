"""What the authors released: the networks of their library, and the four constructed sets."""
