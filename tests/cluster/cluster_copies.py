"""Copies of the repository, and how to run snakemake in them through a private SLURM."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from copies import copy_repository
from private_slurm import PrivateSlurm, reason_against

QUICKLY = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5")

# Every Python that runs a rule's script says in which job, and with which GPUs; one that trains holds as much
# more memory as it is told, so that a limit is passed on every machine and not only where torch takes much.
TRACER = """
import json, os, re, sys
script = re.search(r"[.](\\w+)[.]py$", sys.orig_argv[-1])
if script and "/.snakemake/scripts/" in sys.orig_argv[-1]:
    names = ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES")
    row = {name: os.environ.get(name) for name in names} | {"rule": script.group(1)}
    with open(os.environ["ADVEX_TRACE"], "a") as file:
        file.write(json.dumps(row) + "\\n")
    if row["rule"] == "train":
        sys.ballast = b"\\1" * (int(os.environ.get("ADVEX_BALLAST_MB", 0)) * 2**20)
"""


class Copy:
    """A copy of the repository in which snakemake runs in the background."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        copy_repository(folder)
        (folder / "slurm").symlink_to("profiles/slurm")
        (folder / "config/site.yaml").unlink(missing_ok=True)
        (folder / "tracer").mkdir()
        (folder / "tracer/sitecustomize.py").write_text(TRACER)
        # Epochs as slow, and checkpoints as frequent, as the tests need.
        training = folder / "src/advex/train/training.py"
        text = training.read_text()
        loop = "    for epoch in range(first, recipe.epochs):\n"
        assert text.count(loop) == 1
        assert text.count("checkpoint_seconds: float = 60.0") == 1
        text = text.replace(loop, f"{loop}        time.sleep(0.8 if recipe.epochs > 20 else 0)\n")
        training.write_text(
            text.replace("checkpoint_seconds: float = 60.0", "checkpoint_seconds: float = 1.0")
        )

    def add_study(self, name: str, epochs: int, learning_rate: float = 0.1, **train: Any) -> None:
        """Add a study: ``test`` with other epochs and other resources for training."""
        study = yaml.safe_load((self.folder / "config/studies/test.yaml").read_text())
        for recipe in study["recipes"].values():
            recipe |= {"epochs": epochs, "learning_rate": learning_rate}
        study["resources"]["train"] |= train
        (self.folder / f"config/studies/{name}.yaml").write_text(yaml.safe_dump(study))

    def start(self, *arguments: str, **environment: str) -> "Run":
        """Start snakemake."""
        return Run(self.folder, arguments, environment)

    def trace(self) -> list[dict[str, str | None]]:
        """Return where each script ran so far."""
        file = self.folder / "trace.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class Run:
    """One snakemake in the background, its output in a file."""

    _count = 0

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        Run._count += 1
        self.output = folder / f"output{Run._count}.txt"
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("ADVEX_", "SBATCH_"))
        }
        paths = {
            "PYTHONPATH": f"{folder / 'src'}:{folder / 'tracer'}",
            "ADVEX_TRACE": str(folder / "trace.jsonl"),
        }
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments],
                cwd=folder,
                env={**clean, **paths, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def wait(self, seconds: float) -> int:
        """Wait for its end and return its exit status; stop it if it takes too long."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"not finished within {seconds} s:\n{self.text[-5000:]}") from None

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)


def private_slurm(folder: Path, accounting: bool) -> Iterator[PrivateSlurm]:
    """Start a private SLURM and stop it in the end; skip where there can be none."""
    if reason := reason_against(accounting):
        pytest.skip(f"no private SLURM here: {reason}")
    slurm = PrivateSlurm(folder, accounting)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
