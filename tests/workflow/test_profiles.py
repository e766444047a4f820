"""Profiles: what holds everywhere is in `default`, which wins, so no other profile may say it again."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROFILES = {
    path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("profiles/*/config.yaml")
}


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"default"}))
def test_no_key_is_lost_to_the_default_profile(name: str) -> None:
    assert not set(PROFILES[name]) & set(PROFILES["default"])


def test_no_value_is_the_name_of_a_file_in_its_profile() -> None:
    for name, profile in PROFILES.items():
        files = {path.name for path in (ROOT / "profiles" / name).iterdir()}
        assert not files & {str(value) for value in profile.values()}


def test_the_bare_name_finds_the_profile() -> None:
    assert (ROOT / "slurm").is_symlink()
    assert (ROOT / "slurm").resolve() == ROOT / "profiles/slurm"


def test_every_key_of_the_slurm_profile_says_why() -> None:
    lines = (ROOT / "profiles/slurm/config.yaml").read_text().splitlines()
    for before, line in pairwise(lines):
        if not before:
            assert line.startswith("#"), line
