"""Every setting of the study `cifar10` against what was published: equal, or different for a reason."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[3]
STATED = ("seen", "measured", "inferred", "memory")
UNSTATED = ("not stated", "ours")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting of a study's file by its dotted path."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


TABLE = pd.read_csv(ROOT / "published/settings/cifar10.csv", dtype=str, keep_default_na=False)
STUDY = dict(leaves(yaml.safe_load((ROOT / "config/studies/cifar10.yaml").read_text())))


def row_of(setting: str) -> Any:
    """Return the row of a setting: of those whose pattern matches, the one that says most of its name."""
    matching = [row for row in TABLE.itertuples() if fnmatchcase(setting, row.setting)]
    assert matching, f"{setting}: published/settings/cifar10.csv has no row"
    return max(matching, key=lambda row: ("*" not in row.setting, len(row.setting.replace("*", ""))))


@pytest.mark.parametrize("setting", STUDY)
def test_a_setting_is_as_published_or_says_why_not(setting: str) -> None:
    row = row_of(setting)
    if row.published == "":
        assert row.reason
    elif yaml.safe_load(row.published) == STUDY[setting]:
        assert "*" in row.setting or not row.reason, "it is as published, and needs no reason"
    else:
        assert row.reason, f"published {row.published}, found {STUDY[setting]}"


def test_every_row_is_of_a_setting_and_says_where_it_was_read() -> None:
    used = {row_of(setting).setting for setting in STUDY}
    for row in TABLE.itertuples():
        assert row.setting in used, f"{row.setting}: no setting needs this row"
        assert row.mark in (*STATED, *UNSTATED)
        assert bool(row.published) or row.reason
        assert row._3 or row.mark in UNSTATED, f"{row.setting}: where was it read?"
    assert not TABLE["setting"].duplicated().any()
