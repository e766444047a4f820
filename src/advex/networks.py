"""One network and how it is trained, where an experiment trains its own."""

from dataclasses import field

from pydantic.dataclasses import dataclass

from advex.settings import STRICT, Count, Recipe


@dataclass(frozen=True, config=STRICT)
class Network:
    """An architecture of the library by name, its options, and its recipe."""

    name: str
    recipe: Recipe
    options: dict[str, Count] = field(default_factory=dict)
