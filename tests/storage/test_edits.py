"""Edits: each kind of edit runs again what it affects, and neither a job less nor a job more.

What an edit affects directly is written down here; what follows from that is found along the inputs and
outputs in the records of the published jobs, independently of the workflow's own planning.
"""

import re
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from checkouts import FIGURE, SNAKEMAKE, Checkout

from advex.records.records import Record


class Edit(NamedTuple):
    """A text put in the place of another in a file, and how the names of jobs begin that this affects."""

    file: str
    old: str
    new: str
    affects: tuple[str, ...] = ()


TARGETING = ("construct/rand/", "construct/det/", "construct/rand_robust/", "construct/det_robust/")
AIMING = (*TARGETING, "construct/rand_before/", "construct/bugs_l2/", "construct/pgd_l2/")
INVERTING = (
    "construct/robust/",
    "construct/robust_from_noise/",
    "construct/robust_test/",
    "construct/nonrobust",
)
ATTACKED = (
    "train/robust/",
    *AIMING,
    "measure/ilyas/attack_check/",
    "measure/ilyas/attack_strength/",
    "measure/ilyas/robust_datasets/",
    "measure/ilyas/robust_generalisation/",
    "measure/ilyas/transferability/",
    "measure/nakkiran/attack_transfer/",
)
IN_L2 = (*ATTACKED, *INVERTING, "measure/nakano/layer_robustness/")
TRAINING = ("train/", "measure/wallace/own_mistakes/", "measure/wallace/other_dataset/")
STEPPING = ("measure/nakkiran/squares/", "measure/nakkiran/squares_2d/")  # through the same steps
ATTACKING = (*IN_L2, "measure/nakkiran/squares/", "measure/wallace/two_dimensional/")
NAKANO = tuple(
    f"draw/nakano/{name}"
    for name in (
        "style_transfer",
        "texture_artifacts",
        "style_and_content_network",
        "layer_robustness",
        "single_layer_style",
    )
)  # and not the page
DRAWING_IMAGES = (
    "draw/ilyas/accuracy_curves",
    "draw/ilyas/attack_strength",
    "draw/ilyas/dataset_grid",
    "draw/ilyas/nonrobust_datasets",
    "draw/ilyas/perturbation_grid",
    "draw/ilyas/relabelled",
    "draw/ilyas/robust_datasets",
    "draw/ilyas/robust_generalisation",
    "draw/ilyas/transferability",
    "draw/gilmer_hendrycks/",
    "draw/goh_leakage/leakage",
    *NAKANO,
    "draw/nakkiran/attack_transfer",
    "draw/nakkiran/bugs_dataset",
    "draw/nakkiran/poisoning",
    "draw/nakkiran/transferability_with_bugs",
)
ONE_COLUMN_WIDE = (
    "draw/ilyas/attack_strength",
    "draw/ilyas/nonrobust_datasets",
    "draw/ilyas/robust_generalisation",
    "draw/nakkiran/poisoning",
)
LIBRARY, STUDY = "src/advex", "config/studies/test.yaml"
EDITS = {
    "attack": Edit(f"{LIBRARY}/attack/loop.py", "moved = current +", "moved = 0 + current +", ATTACKING),
    "loss of attacks": Edit(
        f"{LIBRARY}/attack/objectives.py",
        "labels, reduction=",
        "1 * labels, reduction=",
        ATTACKED,
    ),
    "one norm": Edit(f"{LIBRARY}/attack/threat_models.py", "clamp_max(1.0)", "clamp_max(1.1)", IN_L2),
    "another norm": Edit(
        f"{LIBRARY}/attack/threat_models.py",
        "gradient.sign() *",
        "1 * gradient.sign() *",
        (
            "measure/ilyas/attack_check/",
            "measure/nakkiran/attack_transfer/",
            "measure/nakkiran/squares/",
            "measure/wallace/two_dimensional/",
        ),
    ),
    "adversary of a loss that nothing is trained with": Edit(
        f"{LIBRARY}/train/adversary.py", "if start is None", "if start is None and True"
    ),
    "comment": Edit(
        f"{LIBRARY}/attack/loop.py", "        return current\n", "        return current  # so far\n"
    ),
    "docstring": Edit(f"{LIBRARY}/train/training.py", "Train for all epochs", "Train through all epochs"),
    "layout": Edit(
        f"{LIBRARY}/attack/loop.py",
        "        return current\n",
        "        return (\n            current\n        )\n",
    ),
    "new definition": Edit(f"{LIBRARY}/attack/loop.py", "\n\n\ndef ", "\n\n\nX = 1\n\n\ndef "),
    "new entry": Edit(
        f"{LIBRARY}/registries.py", '"l2":', '"l1": "advex.attack.threat_models:L1Ball", "l2":'
    ),
    "new field of settings": Edit(
        f"{LIBRARY}/common/settings.py",
        "shrinking: bool = False\n",
        "shrinking: bool = False\n    late: int = 3\n",
    ),
    "training": Edit(
        f"{LIBRARY}/train/training.py", "total_loss.item() /", "1 * total_loss.item() /", TRAINING
    ),
    "default of settings": Edit(
        f"{LIBRARY}/common/settings.py", "lt=1)] = 0.9", "lt=1)] = 0.8", (*TRAINING, *STEPPING)
    ),
    "job script": Edit("scripts/train.py", "from pathlib", "import sys\nfrom pathlib", ("train/",)),
    "constructions": Edit(f"{LIBRARY}/construct/constructions.py", "= 0.5, 0.05", "= 0.5, 0.06", INVERTING),
    "targeting": Edit(f"{LIBRARY}/construct/constructions.py", "start, {}", "start, dict()", AIMING),
    "instrument": Edit(
        f"{LIBRARY}/measure/instruments/transfer.py",
        '"untargeted_transfer": "cross_entropy"',
        '"untargeted_transfer": "cw_margin"',
        ("measure/ilyas/transferability/",),
    ),
    "helper of one instrument": Edit(
        f"{LIBRARY}/common/numbers/frequency.py",
        "ring = rings",
        "ring = 1 * rings",
        ("measure/gilmer_hendrycks/fourier_heatmaps/",),
    ),
    "progress": Edit(f"{LIBRARY}/common/machine/progress.py", "every: float = 3.0", "every: float = 4.0"),
    "figure": Edit(
        f"{LIBRARY}/discussion/ilyas/figures/relabelled.py",
        "_QUANTITIES = (",
        "_QUANTITIES = (*(), ",
        ("draw/ilyas/relabelled",),
    ),
    "style": Edit(f"{LIBRARY}/draw/style.py", "COLUMN_WIDTH = 85", "COLUMN_WIDTH = 86", ONE_COLUMN_WIDE),
    "mathematics": Edit(
        f"{LIBRARY}/discussion/ilyas/ellipses.py",
        "np.array([0.5, 0.3])",
        "np.array([0.5, 0.4])",
        ("measure/ilyas/robust_and_accurate/", "draw/ilyas/robust_and_accurate"),
    ),
    "radius": Edit(
        STUDY, "targeted: {norm: l2, epsilon: 1.0", "targeted: {norm: l2, epsilon: 0.9", TARGETING
    ),
    "recipe": Edit(
        STUDY,
        "  on_rand: *recipe",
        "  on_rand: {epochs: 2, batch_size: 50, learning_rate: 0.1}",
        ("train/on_rand/", "train/on_rand_before/", "train/on_rand_robust/"),
    ),
    "words": Edit(STUDY, "description: ", "description: these ", DRAWING_IMAGES),
    "resources": Edit(STUDY, "train: {gpu: 1, mem_mb: 1000,", "train: {threads: 2, mem_mb: 3000,"),
    "published number": Edit("published/ilyas.csv", ",95.25,", ",95.26,", ("draw/ilyas/", "judge/")),
    "claim": Edit(
        "config/claims/ilyas/claims.yaml", "test accuracy,", "accuracy,", ("draw/ilyas/", "judge/")
    ),
    "caption": Edit("report/captions/ilyas/relabelled.md", "\n", "\nIndeed. ", ("report/",)),
}


GAUSSIAN = ("measure/ilyas/gaussian/seed0", "measure/ilyas/gaussian/seed1")
NEUTRAL = (
    f"{LIBRARY}/discussion/ilyas/gaussian.py",
    'return _tabulated(rows, seed).drop(columns="penalty")',
    'table = _tabulated(rows, seed)\n    return table.drop(columns="penalty")',
)
"""An edit that changes what code says and nothing that comes out."""


class Jobs:
    """All jobs of the published study, and how they depend on each other, as their records say."""

    def __init__(self, records: list[Record]) -> None:
        self.names = {name(record) for record in records}
        wrote = {path: name(record) for record in records for path in record.outputs}
        self.inputs = {
            name(record): {wrote[path] for path in record.inputs if path in wrote} for record in records
        }
        self.drawing = wrote[FIGURE]

    def beginning(self, starts: tuple[str, ...]) -> set[str]:
        """Return the jobs whose names begin with one of ``starts``, each of which begins some."""
        found = [{job for job in self.names if job.startswith(start)} for start in starts]
        assert all(found), starts
        return set().union(*found)

    def descendants(self, jobs: set[str]) -> set[str]:
        """Return jobs and all that depend on them."""
        while more := {job for job, inputs in self.inputs.items() if inputs & jobs} - jobs:
            jobs = jobs | more
        return jobs

    def ancestors(self, job: str) -> set[str]:
        """Return a job and all that it depends on."""
        return {job}.union(*(self.ancestors(source) for source in self.inputs[job]))


def name(record: Record) -> str:
    return record.log.split("/logs/")[1].removesuffix(".log")


@pytest.fixture(scope="module")
def jobs(untouched: Checkout) -> Jobs:
    return Jobs([Record.read(path) for path in sorted((untouched.folder / "records/test").rglob("*.json"))])


@pytest.fixture(scope="module")
def sparse(published: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone into which one figure has been pulled."""
    checkout = published.clone(tmp_path_factory.mktemp("sparse") / "clone")
    checkout.dvc("pull", "--quiet", FIGURE)
    return checkout


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_plans_what_it_affects_and_nothing_else(untouched: Checkout, jobs: Jobs, edit: str) -> None:
    directly = jobs.beginning(EDITS[edit].affects)
    with untouched.edited(*EDITS[edit][:3]):
        assert untouched.planned() == jobs.descendants(directly)


def test_edits_taken_back_leave_nothing_to_do(untouched: Checkout) -> None:
    assert untouched.planned() == set()


@pytest.mark.parametrize("edit", ["attack", "figure", "radius", "caption"])
def test_an_edit_is_noticed_though_only_a_figure_was_pulled(sparse: Checkout, jobs: Jobs, edit: str) -> None:
    """A figure that is affected has to be made again, and with it everything that is absent."""
    needed = jobs.ancestors(jobs.drawing)
    affected = needed & jobs.descendants(jobs.beginning(EDITS[edit].affects))
    with sparse.edited(*EDITS[edit][:3]):
        assert sparse.planned(FIGURE) == (needed if affected else set())


def test_code_that_is_edited_during_a_run_is_not_recorded(finished: Checkout, tmp_path: Path) -> None:
    """Though the edit is taken back: a job that started after it ran with other code than its record says.

    Nothing is published here; a job that does what a published one did may be believed whatever was edited.
    """
    pulled = finished.copy(tmp_path / "checkout")
    table = pulled.folder / "results/test/measurements/ilyas/gaussian"
    for file in table.glob("*.csv"):
        file.unlink()
    log = pulled.folder / "results/test/logs/measure/ilyas/gaussian/seed0.log"
    log.unlink()
    target = "results/test/measurements/ilyas/gaussian/seed0.csv"
    run = subprocess.Popen(
        [*SNAKEMAKE, target],
        cwd=pulled.folder,
        env=pulled.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    end = time.monotonic() + 60
    while not log.exists() and time.monotonic() < end:
        time.sleep(0.02)
    with pulled.edited(*NEUTRAL):
        said = run.communicate(timeout=120)[0]
    assert run.returncode == 0, said
    assert "its code was edited during the run" in said
    assert "measure/ilyas/gaussian/seed0" in pulled.planned(
        "results/test/measurements/ilyas/gaussian/seed0.csv"
    )


def _executed(said: str) -> int:
    return len(re.findall(r"^\[\d+ of \d+", said, re.MULTILINE))


def test_what_is_behind_a_job_that_wrote_the_same_bytes_again_does_not_run(pulled: Checkout) -> None:
    figure = "results/test/figures/ilyas/gaussian.svg"
    before = (pulled.folder / figure).stat().st_mtime_ns
    pulled.replace(*NEUTRAL)
    assert pulled.planned(figure) == {*GAUSSIAN, "collect/ilyas/gaussian", "draw/ilyas/gaussian"}
    said = pulled.snakemake(figure)
    assert _executed(said) == 2, said
    assert "2 of the planned jobs did not have to run" in said
    assert (pulled.folder / figure).stat().st_mtime_ns == before
    assert pulled.planned(figure) == set()


def test_what_is_behind_a_job_that_wrote_other_bytes_does_run(pulled: Checkout) -> None:
    figure = "results/test/figures/ilyas/gaussian.svg"
    pulled.replace(
        f"{LIBRARY}/discussion/ilyas/gaussian.py",
        'drop(columns="penalty")',
        'drop(columns="penalty").iloc[::-1]',
    )
    said = pulled.snakemake(figure)
    assert _executed(said) == 4, said
    assert "did not have to run" not in said
    assert pulled.planned(figure) == set()


def test_a_job_that_is_forced_runs_whatever_its_record_says(pulled: Checkout) -> None:
    figure = "results/test/figures/ilyas/gaussian.svg"
    assert _executed(pulled.snakemake("--forceall", figure)) == 4
