"""What comment 2 (Goh, leakage) finds wrong in a study: a radius beyond the images."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

from advex.common.names.known import known_source
from advex.discussion.goh_leakage.settings import LeakageSettings


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    whole = plan.study(study)
    sizes, known = whole.section("goh_leakage"), known_source(whole)
    if isinstance(sizes, LeakageSettings) and known is not None:
        largest = sqrt(known.channels) * known.side
        if sizes.epsilon > largest:
            yield f"goh_leakage.epsilon: found {sizes.epsilon:g}; allowed: at most {largest:g}"
