"""P values adjusted for their number, against worked examples."""

import pandas as pd
import pytest

from advex.judge.statistics.multiplicity import adjusted, benjamini_hochberg, holm


def test_holm_by_hand() -> None:
    """0.01 * 4, 0.015 * 3, 0.04 * 2 and 0.03 * 2: the largest so far, in order of p."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, 0.5, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])
    assert holm([]) == []


def test_benjamini_and_hochbergs_own_example() -> None:
    """Table 1 of their paper: 15 p values, of which the first four are rejected at 0.05."""
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
        0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    found = benjamini_hochberg(p)
    assert [value <= 0.05 for value in found] == [True] * 4 + [False] * 11
    assert found[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert [value <= 0.05 for value in holm(p)] == [True] * 3 + [False] * 12
    assert benjamini_hochberg([]) == []


def test_families_are_apart_and_what_was_not_tested_is_in_none() -> None:
    kinds = pd.Series(["primary", "claim", "premise", "derived", "primary", "side", "claim"])
    p = pd.Series([0.01, 0.04, 0.01, 0.001, 0.03, 0.2, float("nan")])
    found = adjusted(kinds, p).tolist()
    assert found[:3] == pytest.approx([0.02, 0.04, 0.02])
    assert found[4] == pytest.approx(0.03)
    assert all(pd.isna(found[place]) for place in (3, 5, 6))
