"""What the paper's own figures find wrong in a study: more images attacked than there are."""

from collections.abc import Iterator
from typing import Any

from advex.common.names.known import beyond_the_test_images


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    yield from beyond_the_test_images(plan.study(study), "auto_attack")
