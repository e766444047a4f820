"""What jobs see of the user's own settings: nothing that would change their results.

Jobs are programs that inherit the environment. What it says about threads of linear algebra, Snakemake
replaces by the rule's own number; what says how processors are used (``ONEDNN_MAX_CPU_ISA`` and the like)
stays, since it makes one machine compute as another does.
"""

from collections.abc import MutableMapping
from pathlib import Path

_OURS = {
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
}

_LEFT_OUT = (
    "MATPLOTLIBRC",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "SOURCE_DATE_EPOCH",
    # How linear algebra is shared out among threads, or which of its variants counts: both change last bits.
    "MKL_CBWR",
    "MKL_DOMAIN_NUM_THREADS",
    "MKL_DYNAMIC",
    "OMP_DYNAMIC",
    "OMP_SCHEDULE",
    "OMP_THREAD_LIMIT",
)


def isolate(environment: MutableMapping[str, str], caches: Path) -> None:
    """Replace the user's own settings in an environment by those that jobs run with.

    Args:
        environment: what jobs will inherit.
        caches: a folder of the repository, for what libraries keep: matplotlib has its list of fonts there,
            so that it needs no home that can be written and reads no settings from one.
    """
    for name in _LEFT_OUT:
        environment.pop(name, None)
    environment.update(_OURS, MPLCONFIGDIR=str(caches / "matplotlib"))
