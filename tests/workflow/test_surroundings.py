"""Nothing that a user or a machine brings along changes what jobs write."""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from advex.common.machine.environment import isolate

REDRAW = Path(__file__).parents[1] / "redraw.py"
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

# What a user may have written for plots of their own.
MATPLOTLIBRC = """
axes.grid: True
savefig.bbox: tight
savefig.transparent: True
figure.constrained_layout.w_pad: 0.3
font.family: serif
font.size: 14
text.hinting: none
lines.antialiased: False
axes.formatter.use_locale: True
axes.prop_cycle: cycler('color', ['red', 'lime'])
image.cmap: jet
path.sketch: 1, 100, 2
svg.fonttype: none
timezone: Asia/Tokyo
"""


def known(*locales: str) -> str:
    """Return the first of several locales that this machine has."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return next((name for name in locales if name in listed), "C")


OF_THE_USER = {
    "LC_ALL": known("tr_TR.utf8", "de_DE.utf8", "fr_FR.utf8"),  # decimal commas, and letters of their own
    "PYTHONHASHSEED": "17",
    "PYTHONUTF8": "0",
    "SOURCE_DATE_EPOCH": "86400",
    "TZ": "Asia/Kathmandu",
    "OMP_NUM_THREADS": "4",
    "MKL_NUM_THREADS": "4",
    "OPENBLAS_NUM_THREADS": "4",
}
# Makes numpy, the linear algebra below it and the C library compute as on processors of 2008.
OF_AN_OLD_PROCESSOR = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Prescott",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4,-AVX",
}


def figures(folder: Path) -> dict[str, bytes]:
    """Return the content of all figures in a folder by their names."""
    found = (path for ending in ("svg", "png") for path in folder.rglob(f"*.{ending}"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("processor", [{}, OF_AN_OLD_PROCESSOR], ids=["this", "old"])
def test_every_figure_is_the_same_file_for_all_users_and_processors(
    built: Path, tmp_path: Path, processor: dict[str, str]
) -> None:
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "matplotlibrc").write_text(MATPLOTLIBRC)
    subprocess.run(
        [sys.executable, REDRAW, "results/test/records/draw", tmp_path / "again"],
        cwd=built,
        env={
            **os.environ, **OF_THE_USER, **processor,
            "PYTHONPATH": str(built / "src"), "MPLCONFIGDIR": str(settings),
        },
        check=True,
        timeout=300,
    )  # fmt: skip
    first, again = figures(built / "results/test/figures"), figures(tmp_path / "again")
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []


LINEAR_ALGEBRA = (
    "measurements/ilyas/gaussian/seed0.csv",
    "measurements/ilyas/gaussian_theory/seed0.csv",
    "measurements/ilyas/robust_and_accurate/seed0.csv",
    "measurements/goh_features/singular_vectors/seed0.csv",
    "measurements/goh_features/containments/seed0.csv",
    "measurements/goh_features/thumbnails/seed0.safetensors",
    "measurements/goh_leakage/robust_linear_features/seed0.csv",
    "measurements/goh_leakage/weights/seed0.safetensors",
    "measurements/goh_leakage/leakage/seed0.csv",
    "measurements/nakkiran/squares_2d/seed0.csv",
    "measurements/wallace/worlds/seed0.csv",
)


def makers_of(repository: Path) -> dict[str, dict]:
    """Return the records of the study's jobs by their logs."""
    found = (json.loads(path.read_text()) for path in (repository / "results/test/records").rglob("*.json"))
    return {record["log"]: record for record in found}


def test_jobs_write_the_same_bits_whatever_threads_and_settings_the_user_asks_for(
    repository: Path, snakemake: Snakemake, tmp_path: Path
) -> None:
    made = [f"results/test/{path}" for path in (*LINEAR_ALGEBRA, "figures/ilyas/gaussian_theory.svg")]
    before = {path: (repository / path).read_bytes() for path in made}
    (repository / "matplotlibrc").write_text(MATPLOTLIBRC)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    try:
        finished = snakemake(
            "--config", "study=test", "--forcerun", *made, "--", *made,
            environment={
                **OF_THE_USER,
                "MPLBACKEND": "of-the-user", "MPLCONFIGDIR": str(closed / "none"), "PYTHONOPTIMIZE": "2",
                "OMP_DYNAMIC": "true", "MKL_CBWR": "COMPATIBLE",
            },
        )  # fmt: skip
    finally:
        (repository / "matplotlibrc").unlink()
    assert finished.returncode == 0, finished.stderr[-3000:]
    done = re.search(r"^(\d+) jobs to do on", finished.stdout + finished.stderr, re.MULTILINE)
    assert done
    makers = {name for name, record in makers_of(repository).items() if set(made) & set(record["outputs"])}
    assert int(done[1]) >= len(makers) > len(made) / 2
    assert [path for path in made if (repository / path).read_bytes() != before[path]] == []


def test_isolation_replaces_what_changes_results_and_leaves_the_rest(tmp_path: Path) -> None:
    environment = {"HOME": "/home/someone", "MPLBACKEND": "qtagg", "MATPLOTLIBRC": "/x", "MKL_CBWR": "AVX2"}
    isolate(environment, tmp_path)
    assert environment["HOME"] == "/home/someone"
    assert environment["MPLBACKEND"] == "agg"
    assert environment["MPLCONFIGDIR"] == str(tmp_path / "matplotlib")
    assert not {"MATPLOTLIBRC", "MKL_CBWR"} & environment.keys()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library does not know the variables")
def test_jobs_keep_the_memory_that_they_free(tmp_path: Path) -> None:
    passes = (
        "import resource, numpy as np\n"
        "def pass_():\n    for size in range(10, 20):\n        np.ones(size * 100_000)\n"
        "def faults():\n    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "pass_(); first = faults()\n"
        "for _ in range(20):\n    pass_()\n"
        "print(faults() - first)"
    )
    made = {}
    for name in ("as a user has it", "as a job has it"):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
        if name == "as a job has it":
            isolate(environment, tmp_path)
        command = [sys.executable, "-c", passes]
        made[name] = int(subprocess.check_output(command, env=environment, text=True, timeout=60))
    assert made["as a job has it"] < 1000 < made["as a user has it"], made
