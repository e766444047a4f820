"""What becomes of a study that is disturbed: ``.venv/bin/python benchmarks/faults KIND [--times N]``.

``kills`` has all processes of the study `test` killed N times, at random moments, with workers and without,
each time until it is done; ``signals`` sends other signals and kills single processes; ``accidents`` fills
the disk, makes results read-only, sets clocks back and begins two runs at once; ``fuzz`` has every reader
read N damaged files; ``soak`` makes a study (`digits` by default) N times in a row and measures memory,
disk and open files. Every artifact is compared, bit by bit, with that of an undisturbed run. Rows are added
to ``results/faults.csv``, ``fuzz.csv`` and ``soak.csv``, of which `make docs` makes docs/reliability.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tests")]

import accidents  # noqa: E402
import soak  # noqa: E402
from copies import copy_repository  # noqa: E402
from faults import DISTURBANCES, Outcome, Run, disturbed, files, remove  # noqa: E402
from measured import RESULTS, machine  # noqa: E402

LONGEST = 30.0  # seconds from the start of a run, below which it is disturbed
IN_ONE_STUDY = 12  # disturbances, after which a study is left alone
KILL, *SIGNALS = DISTURBANCES
KEY = ["fault", "workers", "seed"]


def row(outcome: Outcome, compared: int) -> dict[str, object]:
    """Return what is written down of an outcome."""
    return {
        "fault": outcome.fault,
        "workers": "yes" if outcome.warm else "no",
        "seed": outcome.seed,
        "times": outcome.times,
        "runs": outcome.runs,
        "files_compared": compared,
        "files_different": len(outcome.different),
        "left_behind": len(outcome.left),
        "seconds": round(outcome.seconds),
        "failed": "yes" if outcome.failed else "no",
    }


def add(name: str, rows: pd.DataFrame, key: list[str]) -> None:
    """Add rows to a table of results, in the place of those with the same key."""
    file, ran_on = RESULTS / f"{name}.csv", machine()
    if file.exists():
        rows = pd.concat([pd.read_csv(file, keep_default_na=False), rows])
    rows = rows.drop_duplicates(key, keep="last").sort_values(key, kind="stable")
    rows.to_csv(file, index=False)
    file.with_suffix(".txt").write_text(f"{ran_on}\n")


def undisturbed(folder: Path) -> dict[str, bytes]:
    """Return all files of a study that nothing disturbs."""
    copy_repository(folder)
    run = Run(folder, True)
    if run.end() != 0:
        sys.exit(run.said[-5000:])
    return files(folder)


def outcomes(kind: str, times: int, seed: int, work: Path) -> Iterator[tuple[Outcome, int]]:
    """Yield what comes of one study after another, and how many files were compared."""
    reference = undisturbed(work / "undisturbed")
    if kind == "accidents":
        figure, options = "results/test/figures/ilyas/gaussian.svg", {"warm": True}
        whole = sum(map(len, reference.values()))
        for number, make in enumerate(
            (
                lambda folder: accidents.two_at_once(folder, reference, alone=True, **options),
                lambda folder: accidents.two_at_once(folder, reference, alone=False, **options),
                lambda folder: accidents.clock_set_back(folder, reference, figure, **options),
                lambda folder: accidents.read_only(folder, reference, **options),
                lambda folder: accidents.full_disk(folder, reference, f"{whole // 3000}k", **options),
            )
        ):
            yield make(work / f"accident{number}"), len(reference)
        return
    faults, done = [KILL] if kind == "kills" else SIGNALS, 0
    while done < times:
        folder = work / f"study{seed}"
        most = min(IN_ONE_STUDY, times - done)
        outcome = disturbed(folder, reference, faults, seed, warm=seed % 2 == 0, longest=LONGEST, most=most)
        yield outcome, len(reference)
        if outcome.sound:
            remove(folder)
        done, seed = done + max(1, outcome.times), seed + 1


def fuzzed(work: Path, times: int) -> pd.DataFrame:
    """Read so many files of every kind; one row for each kind."""
    from fuzzing import fuzz  # noqa: PLC0415
    from readers import SUBJECTS  # noqa: PLC0415

    rows = []
    for number, subject in enumerate(SUBJECTS):
        (work / str(number)).mkdir()
        found = fuzz(subject, work / str(number), times)
        print(found.name, found.inputs, f"{found.seconds:.0f} s", *found.wrong[:3], flush=True)
        rows.append(
            {
                "file": found.name,
                "inputs": found.inputs,
                "refused_in_words": found.refused,
                "wrong": len(found.wrong),
                "slowest_seconds": round(found.slowest, 2),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["kills", "signals", "accidents", "fuzz", "soak"])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first study's moments; even ones have workers"
    )
    parser.add_argument("--study", default="digits", help="of soak")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="faults."))
    print(f"in {work}, which stays where something is wrong", flush=True)
    if given.kind == "soak":
        add("soak", soak.soak(work / "soak", given.study, given.times), ["study", "time"])
        return
    if given.kind == "fuzz":
        add("fuzz", fuzzed(work, given.times), ["file"])
        return
    wrong = False
    for outcome, compared in outcomes(given.kind, given.times, given.seed, work):
        wrong |= not outcome.sound
        print(outcome, flush=True)
        add("faults", pd.DataFrame([row(outcome, compared)]), KEY)
    if not wrong:
        remove(work / "undisturbed")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
