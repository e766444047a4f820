"""The paper: Adversarial examples are not bugs, they are features (Ilyas et al., 2019)."""
