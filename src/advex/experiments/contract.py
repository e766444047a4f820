"""What is handed to an experiment with a job of its own, and what becomes of what it makes."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from advex.artifacts import write_table
from advex.files import write_text
from advex.references import resolve


@dataclass(frozen=True)
class Inputs:
    """Paths of what an experiment reads.

    Attributes:
        datasets: of sets of images, by name.
        models: of weights, by the name that the experiment's row gives them.
        measurements: of tables and pictures, by name ``source/name``.
        files: of a person's own, as the section's ``files()`` lists them.
        published: of a table of published numbers; empty if the row names none.
        template: of a page; empty if the row names none.
    """

    datasets: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    measurements: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    published: str = ""
    template: str = ""

    @classmethod
    def named(cls, paths: Iterable[tuple[str, Any]]) -> "Inputs":
        """Sort paths by what they are, given with names ``<what>`` or ``<what>/<name>``."""
        found: dict[str, Any] = {}
        for name, path in paths:
            what, _, rest = name.partition("/")
            if rest:
                found.setdefault(what, {})[rest] = str(path)
            else:
                found[what] = str(path) if isinstance(path, str) else tuple(map(str, path))
        return cls(**found)


@dataclass(frozen=True)
class Machine:
    """What a job may compute with; :class:`advex.devices.Device` chooses from it, for whom has torch.

    Attributes:
        precision: to compute at on a GPU, ``float32`` or ``bfloat16``.
        threads: how many cores.
    """

    precision: str = "float32"
    threads: int = 1


class Written(Protocol):
    """What writes itself to a file, as a :class:`advex.pictures.Picture`."""

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write to a path."""


Made = Mapping[str, pd.DataFrame | Written | str]
"""Tables, pictures and pages (their text) by name."""


def run_experiment(
    reference: str,
    inputs: Inputs,
    settings: Mapping[str, Any],
    seed: int,
    machine: Machine,
    outputs: Mapping[str, str],
) -> None:
    """Run an experiment and write what it makes.

    Args:
        reference: to its function, ``advex.module:run``.
        inputs: what it reads.
        settings: plain values of its section of the study's file.
        seed: which repetition; 0 for a page.
        machine: what it may compute with.
        outputs: where everything that it makes is written, by name.

    Raises:
        ValueError: it did not make what its row says.
    """
    made: Made = resolve(reference)(inputs, settings, seed, machine)
    if made.keys() != outputs.keys():
        raise ValueError(f"{reference} made {', '.join(made)}, but its row says {', '.join(outputs)}")
    for name, path in outputs.items():
        something = made[name]
        if isinstance(something, pd.DataFrame):
            write_table(path, something)
        elif isinstance(something, str):
            write_text(path, something)
        else:
            something.write(path)
