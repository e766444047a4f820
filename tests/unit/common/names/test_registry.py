"""Registries: one entry is all it takes, and a job looks up what it declares and nothing else."""

import subprocess
import sys
from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.dataclasses import dataclass

from advex import registries
from advex.attack.threat_models import L2Ball, LinfBall
from advex.common.names.registry import OneOf, Registry, UndeclaredError, declaring, entries_of
from advex.common.settings import AttackSettings, OneCycle, Recipe, StepDrops, plain, plain_value
from advex.registries import FIGURES, NORMS

ALL = [each for each in vars(registries).values() if isinstance(each, Registry)]
ATTACK = AttackSettings("l2", 0.5, 7, 0.1)


@pytest.mark.parametrize("registry", ALL, ids=lambda registry: registry.name)
def test_everything_in_a_registry_can_be_looked_up(registry: Registry[object]) -> None:
    assert all(registry[name] is not None for name in registry)
    assert len({each.name for each in ALL}) == len(ALL)


def test_names_are_known_without_importing_what_they_stand_for() -> None:
    code = (
        "import sys; from advex import config, registries; "
        "assert 'l2' in registries.NORMS and 'l3' not in registries.NORMS; "
        "assert 'ilyas/relabelled' in registries.FIGURES and 'relabelled' not in registries.FIGURES; "
        "config.load('config'); "
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_job_looks_up_what_it_declares_and_nothing_else() -> None:
    with declaring(["norm l2"]):
        assert NORMS["l2"] is L2Ball
        assert "linf" in NORMS
        with pytest.raises(UndeclaredError, match="looks up 'norm linf', which its rule does not declare"):
            NORMS["linf"]
        with pytest.raises(KeyError):
            NORMS["l3"]
    assert NORMS["linf"] is LinfBall


def test_a_pattern_finds_what_is_named_after_its_module() -> None:
    assert FIGURES["ilyas/relabelled"].__module__.endswith(".ilyas.figures.relabelled")
    assert FIGURES.entry("ilyas/relabelled") == "figure ilyas/relabelled"
    with pytest.raises(KeyError):
        FIGURES["ilyas"]


def test_the_entries_that_settings_name_are_found_however_deep() -> None:
    class Row(BaseModel):
        norms: list[Annotated[str, OneOf(NORMS)]]
        one: Annotated[str, OneOf(NORMS)] | None = None
        inner: dict[str, AttackSettings] = {}

    assert entries_of(Row(norms=[])) == set()
    assert entries_of(Row(norms=["linf"], inner={"a": ATTACK})) == {"norm linf", "norm l2"}
    assert entries_of(Recipe(1, 2, 0.1, adversary=ATTACK)) == {"norm l2", "loss cross_entropy"}
    assert entries_of([Row(norms=[], one="l2")]) == {"norm l2"}


def test_a_name_that_is_not_in_the_table_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValidationError, match="one of 'l2', 'linf'"):
        AttackSettings("l3", 0.5, 7, 0.1)


@pytest.mark.parametrize(
    "settings",
    [
        ATTACK,
        AttackSettings("l2", float("inf"), 0, 0.1, True, False),
        Recipe(1, 2, 0.1),
        Recipe(1, 2, 0.1, StepDrops(drops=(0.5,)), 0.8, 0.0, adversary=ATTACK),
        Recipe(1, 2, 0.1, StepDrops()),
        Recipe(1, 2, 0.1, OneCycle(peak=0.5)),
    ],
)
def test_settings_are_made_again_from_their_plain_values(settings: AttackSettings | Recipe) -> None:
    assert type(settings)(**plain(settings)) == settings


def test_fields_at_their_default_are_not_written_down() -> None:
    assert plain(ATTACK) == {"norm": "l2", "epsilon": 0.5, "steps": 7, "step_size": 0.1}
    assert plain(Recipe(1, 2, 0.1)) == {"epochs": 1, "batch_size": 2, "learning_rate": 0.1}
    other = plain(Recipe(1, 2, 0.1, StepDrops(drops=(0.5,))))
    assert other["schedule"] == {"kind": "step_drops", "drops": [0.5]}

    @dataclass
    class Old:
        images: int

    @dataclass
    class New:
        images: int
        late: tuple[int, ...] = ()

    assert plain_value([Old(3), {"a": Old(4)}]) == plain_value([New(3), {"a": New(4)}])
    assert plain(New(3, (1,))) == {"images": 3, "late": [1]}
