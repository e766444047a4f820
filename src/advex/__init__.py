"""Every experiment of the discussion of "Adversarial Examples Are Not Bugs, They Are Features".

The library holds the science and knows nothing of the workflow: see ``rules/`` for how its
functions are chained, and ``docs/architecture.md`` for a walk through the house.
"""

__version__ = "0.1.0"
