"""One network and how it is trained, where an experiment trains its own."""

from dataclasses import field
from typing import Annotated

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from advex.common.names.registry import OneOf
from advex.common.settings import STRICT, Count, Recipe
from advex.registries import ARCHITECTURES


@dataclass(frozen=True, config=STRICT)
class NetworkSettings:
    """An architecture of the library by name, its options, and its recipe, which has no adversary."""

    name: Annotated[str, OneOf(ARCHITECTURES)]
    recipe: Recipe
    options: dict[str, Count] = field(default_factory=dict)

    @model_validator(mode="after")
    def _no_adversary(self) -> "NetworkSettings":
        if self.recipe.adversary:  # the attack is no part of the digest of these jobs
            raise ValueError("recipe.adversary: not here; such networks are rows of models")
        return self
