"""What is handed to an experiment with a job of its own, and what becomes of what it makes."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from advex.common.artifacts import write_table
from advex.common.files import write_text
from advex.measure.work import Meter, Work


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
    """What a job may compute with.

    :class:`advex.common.machine.devices.Device` chooses from it, for whom has torch.

    Attributes:
        precision: to compute at, as :meth:`advex.common.machine.devices.Device.choose` takes it.
        threads: how many cores.
    """

    precision: str = "float32"
    threads: int = 1


class Written(Protocol):
    """What writes itself to a file, as a :class:`advex.common.pictures.Picture`."""

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write to a path."""


Made = Mapping[str, pd.DataFrame | Written | str]
"""Tables, pictures and pages (their text) by name."""

Run = Callable[[Inputs, Mapping[str, Any], int, Machine], Made]
"""Computes what an experiment makes, from what it reads, its settings as plain values and the seed."""

Count = Callable[[Inputs, Any, Meter], Work | None]
"""Counts what that costs, from what it reads and its section of the study; none if it is not counted."""


def run_experiment(
    run: Run,
    inputs: Inputs,
    settings: Mapping[str, Any],
    seed: int,
    machine: Machine,
    outputs: Mapping[str, str],
) -> None:
    """Run an experiment and write what it makes.

    Args:
        run: its function, an entry of :data:`advex.registries.EXPERIMENTS`.
        inputs: what it reads.
        settings: plain values of its section of the study's file.
        seed: which repetition; 0 for a page.
        machine: what it may compute with.
        outputs: where everything that it makes is written, by name.

    Raises:
        ValueError: it did not make what its row says.
    """
    made = run(inputs, settings, seed, machine)
    if made.keys() != outputs.keys():
        raise ValueError(f"{run.__module__} made {', '.join(made)}, but its row says {', '.join(outputs)}")
    for name, path in outputs.items():
        something = made[name]
        if isinstance(something, pd.DataFrame):
            write_table(path, something)
        elif isinstance(something, str):
            write_text(path, something)
        else:
            something.write(path)
