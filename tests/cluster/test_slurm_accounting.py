"""With accounting on: status by sacct, the account charged, and the report on efficiency."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from cluster_copies import QUICKLY, Copy, private_slurm
from private_slurm import ACCOUNT, PrivateSlurm, tool


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSlurm]:
    yield from private_slurm(tmp_path_factory.mktemp("accounting"), accounting=True)


@pytest.mark.parametrize("command", ["sacct", "squeue"])
def test_a_model_and_a_table_with_accounting(slurm: PrivateSlurm, tmp_path: Path, command: str) -> None:
    copy = Copy(tmp_path / "copy")
    targets = {
        "sacct": "results/test/models/standard/seed0.safetensors",
        "squeue": "results/test/measurements/ilyas/robust_and_accurate.csv",
    }
    run = copy.start(
        "--profile", "slurm", targets[command], "--slurm-status-command", command, *QUICKLY,
        SBATCH_ACCOUNT=ACCOUNT,
    )  # fmt: skip
    assert run.wait(480) == 0, run.text[-5000:]
    assert (copy.folder / targets[command]).exists()

    # The database: one job with a GPU, or two without, charged to the account.
    (name,) = {line.split()[-1] for line in run.text.splitlines() if line.startswith("SLURM run ID:")}
    columns = "--format=State,Account,AllocTRES%60,Comment%60"
    rows = tool("sacct", "-X", "--noheader", "--parsable2", f"--name={name}", columns).split()
    found = [row.split("|") for row in rows]
    assert len(found) == (1 if command == "sacct" else 2)
    for state, account, tres, comment in found:
        assert (state, account) == ("COMPLETED", ACCOUNT)
        assert ("gres/gpu=1" in tres) == (command == "sacct"), tres
        assert comment.startswith("rule_train" if command == "sacct" else "rule_ilyas_robust_and_accurate")

    (report,) = copy.folder.glob("logs/slurm/efficiency_report_*.csv")
    table = pd.read_csv(report)
    # The executor counts job steps; the first task of an array has none and is missing from its report. Which
    # of the two tables' tasks is the first depends on the order in which they became ready.
    wanted = {
        "sacct": {"rule_train_wildcards_test_standard_0"},
        "squeue": {f"rule_ilyas_robust_and_accurate_wildcards_test_{seed}" for seed in (0, 1)},
    }
    (reported,) = table["RuleName"]
    assert reported in wanted[command]
    assert (table["MaxRSS_MB"] > 50).all()
