"""What comment 3 (Goh, two examples) finds wrong in a study: classes and features that are not there."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

from advex.common.names.known import known_source
from advex.discussion.goh_features.settings import FeatureSettings


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    whole = plan.study(study)
    sizes, known = whole.section("goh_features"), known_source(whole)
    if not isinstance(sizes, FeatureSettings):
        return
    seen: dict[frozenset[str], str] = {}
    for name, pair in sizes.pairs.items():
        place, classes = f"goh_features.pairs.{name}", frozenset(pair.classes)
        if classes in seen:
            yield f"{place}.classes: found those of {seen[classes]}; allowed: each pair once"
        seen.setdefault(classes, name)
        if known is None:
            continue
        for each in pair.classes:
            if each not in known.classes:
                yield f"{place}.classes: found {each!r}; allowed: {', '.join(known.classes)}"
        features = known.channels * known.side**2
        if pair.robust_feature is not None and pair.robust_feature >= features:
            yield f"{place}.robust_feature: found {pair.robust_feature}; allowed: 0 to {features - 1}"
    if known is not None:
        largest = sqrt(known.channels) * known.side
        for number, epsilon in enumerate(sizes.epsilons):
            if epsilon > largest:
                yield f"goh_features.epsilons.{number}: found {epsilon:g}; allowed: at most {largest:g}"
