"""The one place that imports torchvision, also where its compiled operators do not fit torch.

torchvision's wheel from PyPI brings operators compiled for CUDA. Beside a CPU build of torch they do
not load, and ``import torchvision`` then raises "operator torchvision::nms does not exist" while it
describes those operators to the compiler. Data sets, models and transforms need none of them, so an
empty module in place of the descriptions makes all of these work; ``torchvision.ops`` stays unusable.
"""

import importlib
import sys
from types import ModuleType

from advex.common.errors import UserError

IMPORTS_OTHERS = ("torchvision",)
_DESCRIPTIONS = "torchvision._meta_registrations"


def torchvision() -> ModuleType:
    """Return the module torchvision, with ``datasets``, ``models`` and ``transforms`` imported.

    The stand-in for the operators' descriptions is installed only where the plain import raises for
    the lack of a ``torchvision::`` operator.

    Raises:
        UserError: torchvision is missing or cannot be imported beside the installed torch.
    """
    try:
        return importlib.import_module("torchvision")
    except ImportError as error:
        raise UserError(f"torchvision cannot be imported ({error}); install requirements.lock") from error
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules[_DESCRIPTIONS] = ModuleType(_DESCRIPTIONS, "Stand-in for descriptions of operators.")
    try:
        return importlib.import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        raise UserError(
            f"torchvision does not fit the installed torch ({error}); install both as in requirements.lock"
        ) from error
