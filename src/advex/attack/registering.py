"""Threat models and objectives of a caller's own, by name; a study's stand in :mod:`advex.registries`."""

import sys
from collections.abc import Callable
from typing import Any

from advex.attack.objectives import Objective
from advex.attack.threat_models import ThreatModel
from advex.common.errors import InputError
from advex.common.names.registry import Registry
from advex.registries import NORMS, OBJECTIVES


def register_norm(name: str, ball: Callable[[float], ThreatModel]) -> None:
    """Make a threat model of one's own known by a name, to all functions of :mod:`advex.api`.

    Args:
        name: what ``norm`` will be.
        ball: a function of the radius, at the top of a module, that gives an
            :class:`advex.attack.threat_models.ThreatModel`: ``project``, ``step``, ``contains``, ``random``.

    Raises:
        InputError: the name is taken, or the function does not stand at the top of a module.
    """
    _register(NORMS, name, ball)


def register_objective(name: str, objective: Objective) -> None:
    """Make an objective of one's own known by a name, to all functions of :mod:`advex.api`.

    Args:
        name: what ``objective`` will be; with ``ensemble_`` in front it gets an ensemble for its model.
        objective: a function, at the top of a module, of a model, images and rows that gives one number per
            image, to be maximised (:mod:`advex.attack.objectives`). Rows are the labels (N,); with targets
            (N, 2), the target and the label of each.

    Raises:
        InputError: as of :func:`register_norm`.
    """
    _register(OBJECTIVES, name, objective)


def _register(registry: Registry[Any], name: str, definition: Any) -> None:
    module, qualified = getattr(definition, "__module__", None), getattr(definition, "__qualname__", "")
    if getattr(sys.modules.get(str(module)), qualified, None) is not definition:
        raise InputError(
            f"{registry.name} {name}: found {definition!r}; expected what stands at the top of a module"
        )
    reference = f"{module}:{qualified}"
    if name in registry and registry.reference(name) != reference:
        raise InputError(f"{registry.name}: {name!r} is taken, by {registry.reference(name)}")
    # The workflow never comes here: its registries are what their file says, which digests of jobs read.
    registry._table[name] = reference
