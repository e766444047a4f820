"""What comment 5 (Nakkiran) finds wrong in a study: a network that squares do not fit."""

from collections.abc import Iterator
from typing import Any

from advex.common.names.known import mistakes_in_architecture
from advex.discussion.nakkiran.settings import SquaresSettings


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    sizes = plan.study(study).section("squares")
    if isinstance(sizes, SquaresSettings):
        network, place = sizes.network, "squares.network"
        row = network.architecture
        for key, found, allowed in mistakes_in_architecture(
            row.name, row.options, network.channels, network.side
        ):
            yield f"{place}.architecture.{key}: found {found}; {allowed}"
        if network.batch_size > network.images:
            yield f"{place}.batch_size: found {network.batch_size}; allowed: at most images, {network.images}"
