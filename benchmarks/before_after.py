"""Time a study at two commits, in fresh clones, in turn; benchmarks/digits_before_after starts this.

Both compute everything, with as many seeds. At each commit a study is what it was then: where it measures
more now, the ratio is that of all it does. Programs are those of this environment, the same for both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import pandas as pd
import yaml
from measured import HERE, publish, ratio

from advex.common.machine.environment import isolate, settle

REPOSITORY = HERE.parent
BEFORE = "3b5fd4c"  # the last commit whose jobs each started Python and torch anew
HOURS = 3


def clone(commit: str, folder: Path) -> Path:
    """Clone this repository at a commit, with an environment of its own that shares this one's packages."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], check=True, cwd=folder)
    venv.create(folder / ".venv", symlinks=True)
    (packages,) = (folder / ".venv/lib").glob("python*/site-packages")
    shared = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "own.pth").write_text("\n".join([str(folder / "src"), *shared]) + "\n")
    for program in Path(sys.executable).parent.iterdir():
        place = folder / ".venv/bin" / program.name
        if program.is_file() and not program.is_symlink() and not place.exists():
            text = program.read_bytes()
            first, _, rest = text.partition(b"\n")
            if first.startswith(b"#!") and b"python" in first:
                text = f"#!{folder}/.venv/bin/python\n".encode() + rest
            place.write_bytes(text)
            place.chmod(0o755)
    for stamp in ("installed", "testable"):
        (folder / ".venv" / stamp).touch()
    return folder


def with_seeds(folder: Path, study: str, seeds: int | None) -> None:
    """Give all measurements of a study as many seeds."""
    if seeds:
        file = folder / f"config/studies/{study}.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "seeds": seeds}, sort_keys=False))


def seconds(folder: Path, study: str) -> float:
    """Compute a study from nothing; return how long that took, planning included."""
    subprocess.run(["git", "clean", "-dfxq", "-e", ".venv", "--", "."], check=True, cwd=folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    settle(environment)
    isolate(environment, folder / ".cache")
    for name in list(environment):
        if name.startswith("MALLOC_"):  # whether jobs are given it is a matter of the commit
            del environment[name]
    command = [folder / ".venv/bin/python", "-I", "-m", "advex.common.machine.launch"]
    command += ["--alone", "snakemake", "--config", f"study={study}"]
    started = time.monotonic()
    with (folder.parent / f"{folder.name}.log").open("w") as log:
        subprocess.run(
            command, check=True, cwd=folder, env=environment, timeout=HOURS * 3600, stdout=log, stderr=log
        )
    return time.monotonic() - started


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", default=BEFORE)
    parser.add_argument("--after", default="HEAD")
    parser.add_argument("--study", default="digits")
    parser.add_argument(
        "--seeds", type=int, default=3, help="of every measurement; 0 leaves them as they are"
    )
    parser.add_argument("--rounds", type=int, default=1, help="two runs of the study each")
    given = parser.parse_args()
    resolved = {
        name: subprocess.check_output(["git", "rev-parse", "--short", commit], text=True, cwd=HERE).strip()
        for name, commit in (("before", given.before), ("after", given.after))
    }
    taken: dict[str, list[float]] = {name: [] for name in resolved}
    with tempfile.TemporaryDirectory(prefix="before_after_") as place:
        folders = {name: clone(commit, Path(place, name)) for name, commit in resolved.items()}
        for folder in folders.values():
            with_seeds(folder, given.study, given.seeds)
        for number in range(given.rounds):
            for name in list(folders) if number % 2 == 0 else reversed(folders):
                try:
                    taken[name].append(seconds(folders[name], given.study))
                except subprocess.SubprocessError as error:
                    log = Path(place, f"{name}.log").read_text()
                    sys.exit(f"{name}: {error}\n{log[-3000:]}")
                print(f"{name}, {resolved[name]}: {taken[name][-1]:.0f} s", flush=True)
    share, spread = ratio(taken["after"], taken["before"])
    print(f"after / before: {share:.3f}")
    rows = [
        {
            "study": given.study,
            "seeds": given.seeds or "its own",
            "commit": resolved[name],
            "seconds": statistics.median(times),
            "rounds": len(times),
            "share_of_before": 1 if name == "before" else share,
            "half_spread": 0 if name == "before" else spread,
        }
        for name, times in taken.items()
    ]
    publish(f"{given.study}_before_after", pd.DataFrame(rows))


if __name__ == "__main__":
    main()
