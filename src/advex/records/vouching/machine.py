"""On what machine something was computed, in words that name none in particular."""

import platform
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("numpy", "torch")


def machine() -> dict[str, str]:
    """Return processor, system, and versions of Python and of the libraries that compute."""
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
