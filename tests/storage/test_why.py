"""Why an artifact would be made again, as one is told who has just cloned the repository."""

import sys

import pytest
from checkouts import FIGURE, Checkout

STUDY = "config/studies/test.yaml"


def why(checkout: Checkout, artifact: str = FIGURE) -> list[str]:
    return checkout.ok(sys.executable, "-m", "advex.records.why", artifact).splitlines()


def test_an_artifact_that_is_as_recorded_would_not_be_made_again(untouched: Checkout) -> None:
    assert why(untouched) == [
        f"{FIGURE} would not be made again: code, settings and inputs are as its record says."
    ]


def test_the_definition_that_changed_is_named_with_its_place_and_its_text(untouched: Checkout) -> None:
    file = "src/advex/discussion/ilyas/figures/relabelled.py"
    with untouched.edited(file, "_QUANTITIES = (", "_QUANTITIES = (*(), "):
        said = why(untouched)
        line = (untouched.folder / file).read_text().split("_QUANTITIES = ")[0].count("\n") + 1
    assert said[0] == "draw/ilyas/relabelled would run again:"
    assert said[1].startswith("  _QUANTITIES has changed: ")
    assert said[1].endswith(f", {file}:{line}")
    old, new = said[1].split("changed: ")[1].split(",")[0].split(" -> ")
    assert old != new
    assert len(old) == len(new) == 12
    assert any(line.strip().startswith("+_QUANTITIES = (*(), ") for line in said)


def test_the_job_that_is_the_cause_is_named_with_the_setting(untouched: Checkout) -> None:
    with untouched.edited(STUDY, "targeted: {norm: l2, epsilon: 1.0", "targeted: {norm: l2, epsilon: 0.9"):
        said = why(untouched)
    place = said.index("construct/det/seed0, before it, would run again:")
    assert said[place + 1] == "  setting construction.attack.epsilon: 1.0 -> 0.9"
    assert "draw/ilyas/relabelled would run again:" not in said


def test_definitions_that_are_new_or_gone_are_named(untouched: Checkout) -> None:
    with (
        untouched.edited("src/advex/attack/loop.py", "moved = current +", "moved = _same(current) +"),
        untouched.edited(
            "src/advex/attack/loop.py",
            "def stepped(",
            "def _same(images: Tensor) -> Tensor:\n    return images\n\n\ndef stepped(",
        ),
    ):
        said = why(untouched)
    assert any(line.startswith("  _same is new: ") for line in said)
    assert any(line.startswith("  stepped has changed: ") for line in said)


def test_an_input_that_changed_is_named(pulled: Checkout) -> None:
    with pulled.edited("published/ilyas.csv", ",95.25,", ",95.26,"):
        said = why(pulled)
    assert said[:2] == [
        "draw/ilyas/relabelled would run again:",
        next(line for line in said if line.startswith("  input published/ilyas.csv has changed: ")),
    ]


def test_an_artifact_of_which_only_the_record_is_here_is_told_of_too(clone: Checkout) -> None:
    (said,) = why(clone)
    assert said.startswith(
        f"{FIGURE} is not here, so it would be made; code, settings and inputs are as its record"
    )
    with clone.edited("src/advex/attack/loop.py", "moved = current +", "moved = 0 + current +"):
        assert any("stepped has changed" in line for line in why(clone))


@pytest.mark.parametrize("artifact", ["results/test/figures/ilyas/relabeled.svg", "results/test/nothing.csv"])
def test_what_no_job_writes_is_refused(untouched: Checkout, artifact: str) -> None:
    assert artifact in untouched.refused(sys.executable, "-m", "advex.records.why", artifact)
