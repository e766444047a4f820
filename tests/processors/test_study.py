"""The study `test`, whole, as on processors that know less than this one: `make test-processors`."""

from pathlib import Path

import pytest
import torch
from copies import copy_repository, runner

SETS = {"AVX512": ("AVX2", "SSE41"), "AVX2": ("SSE41",)}
"""What torch calls the most that a processor knows, and oneDNN's names of what it knows besides."""
LESS = SETS.get(torch.backends.cpu.get_cpu_capability(), ())


@pytest.mark.parametrize("instruction_set", SETS["AVX512"])
def test_the_study_is_built_with_fewer_instructions(tmp_path: Path, instruction_set: str) -> None:
    if instruction_set not in LESS:
        pytest.skip(f"this processor knows nothing beyond {instruction_set}")
    folder = copy_repository(tmp_path / "repository")
    environment = {"ONEDNN_MAX_CPU_ISA": instruction_set}
    finished = runner(folder)("--config", "study=test", environment=environment)
    assert finished.returncode == 0, finished.stderr[-5000:]
    scorecard = folder / "results/test/scorecard.csv"
    assert scorecard.exists()
    again = runner(folder)("--dry-run", "--config", "study=test", environment=environment)
    assert "Nothing to be done" in again.stdout + again.stderr
