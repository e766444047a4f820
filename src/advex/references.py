"""Definitions of the library by name, ``advex.module:definition``, as the configuration's tables say it."""

import importlib
import importlib.util
from typing import Any

from advex.errors import UserError


def resolve(reference: str) -> Any:
    """Import the module of ``advex.module:definition`` and return the definition.

    Raises:
        UserError: there is no such module, or it has no such definition.
    """
    module_name, _, name = reference.partition(":")
    if not module_exists(module_name):
        raise UserError(f"found {reference!r}; there is no module {module_name}")
    module = importlib.import_module(module_name)
    if not hasattr(module, name):
        own = (key for key, value in vars(module).items() if getattr(value, "__module__", "") == module_name)
        raise UserError(f"found {reference!r}; {module_name} defines only: {', '.join(sorted(own))}")
    return getattr(module, name)


def module_exists(name: str) -> bool:
    """Tell whether there is a module, without importing more of it than the packages it lies in."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
