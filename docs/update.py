"""Copy a study's figures, scorecard and costs into docs/results/, and renew what is made of them.

That is the README's table, a page of all figures and primary claims beside them, artifact.md, criteria.md,
power.md, reliability.md and results.md.

Costs are copied only where every job ran here; beside pulled artifacts there are none, so the last stay.
"""

import re
import runpy
import shutil
import sys
from pathlib import Path

import pandas as pd

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.config import figure_jobs, load
from advex.judge.claims import LOG, claims_files, load_claims, load_published
from advex.judge.pages.across_studies import Judged, results_markdown
from advex.judge.pages.criteria import criteria_markdown, load_log
from advex.judge.pages.overview import artifacts_markdown, gallery_markdown, overview_markdown
from advex.judge.pages.power import power_markdown, power_table
from advex.judge.pages.reliability import reliability_markdown
from advex.judge.pages.sources import SourceWords, load_sources
from advex.judge.report import markdown_summary
from advex.records.costs import all_ran_here

ROOT = Path(__file__).resolve().parents[1]


def sources() -> dict[str, SourceWords]:
    """Return what is said of each source."""
    return load_sources(sorted((ROOT / "config/sources").glob("*.yaml")))


def copied(study: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scorecard and the costs of a study as they lie in docs/results/."""
    folder = ROOT / "docs/results" / study
    return read_table(folder / "scorecard.csv"), read_table(folder / "costs.csv")


def summary(study: str) -> str:
    """Return the README's block for a study, from docs/results/ alone."""
    scorecard, costs = copied(study)
    seconds = float(costs.loc[costs["of"] == "study", "seconds"].iloc[0])
    return overview_markdown(study, f"docs/results/{study}", sources(), scorecard, seconds)


def artifacts(study: str) -> str:
    """Return the block of docs/artifact.md for a study, from docs/results/ alone."""
    scorecard, costs = copied(study)
    return artifacts_markdown(study, sources(), scorecard, costs)


def results_page(study: str) -> str:
    """Return docs/results/<study>/README.md: every primary claim and every figure."""
    folder = ROOT / "docs/results" / study
    scorecard, costs = copied(study)
    drawn = [
        name
        for name in load(ROOT / "config").figure_names(study)
        if (folder / f"figures/{name}.png").exists()
    ]
    parts = [
        f"# Study `{study}`: all primary claims and figures",
        markdown_summary(study, ".", scorecard, costs),
        "Filled marks are ours, with 95 % intervals over seeds; hollow diamonds are published values.",
        gallery_markdown(drawn, sources()),
    ]
    return "\n\n".join(parts) + "\n"


SHOWN = ("cifar10", "cifar10-resnet18", "cifar10-small", "digits")
"""Studies that are compared with what was published, where they were run."""


def results() -> str:
    """Return docs/results.md, from what docs/results/ has of each study."""
    plan, folder = load(ROOT / "config"), ROOT / "docs/results"
    studies = {}
    for name in (name for name in SHOWN if (folder / name / "scorecard.csv").exists()):
        file = folder / name / "origin.csv"
        notes = read_table(file).get("note", []) if file.exists() else []
        origin = ", ".join(str(note) for note in notes if isinstance(note, str))
        studies[name] = Judged(read_table(folder / name / "scorecard.csv"), plan.study(name).title, origin)
    return results_markdown(studies)


def criteria() -> str:
    """Return docs/criteria.md, from the claims and the log of their changes."""
    folder = ROOT / "config/claims"
    return criteria_markdown(load_claims(claims_files(folder)), load_log(folder / LOG))


TESTS_OF_RELIABILITY = (
    "unit/train/test_checkpoints.py",
    "unit/prepare/test_mirrors_that_deceive.py",
    "unit/prepare/test_downloads.py",
    "unit/prepare/test_duplicates.py",
    "unit/judge/test_guards.py",
    "unit/common/test_plain_yaml.py",
    "unit/common/machine/test_locks.py",
    "unit/common/machine/test_leftovers.py",
    "workflow/test_faults.py",
    "workflow/test_mistakes.py",
    "storage/test_damage.py",
)
"""Files of tests that docs/reliability.md lists, below tests/."""


def reliability() -> str:
    """Return docs/reliability.md, from the tables of benchmarks and from the tests."""
    tables = {}
    for name in ("faults", "fuzz", "soak"):
        file = ROOT / "benchmarks/results" / f"{name}.csv"
        tables[name] = pd.read_csv(file, keep_default_na=False) if file.exists() else pd.DataFrame()
    mistakes = runpy.run_path(str(ROOT / "tests/unit/config/mistakes.py"))["MISTAKES"]
    return reliability_markdown(
        tables["faults"],
        tables["fuzz"],
        tables["soak"],
        [mistake.kind for mistake in mistakes],
        [ROOT / "tests" / name for name in TESTS_OF_RELIABILITY],
    )


def power(study: str) -> str:
    """Return the block of docs/power.md for a study, from its measured tables."""
    plan, folder = load(ROOT / "config"), ROOT / "results" / study / "measurements"
    tables = {f"{path.parent.name}/{path.stem}": read_table(path) for path in sorted(folder.glob("*/*.csv"))}
    published = load_published(sorted((ROOT / "published").glob("*.csv")))
    claims = load_claims(claims_files(ROOT / "config/claims"))
    return power_markdown(study, power_table(claims, tables, published, **plan.judging(study)))


def renew(page: Path, study: str, text: str) -> None:
    """Put a study's block into a page, in the place of the last one."""
    block = f"<!-- {study} -->\n{text}\n<!-- /{study} -->"
    old = page.read_text(encoding="utf-8")
    new, found = re.subn(rf"<!-- {study} -->.*<!-- /{study} -->", lambda _: block, old, flags=re.DOTALL)
    write_text(page, new if found else f"{old}\n{block}\n")


def main(study: str) -> None:
    """Copy and renew."""
    made, copies = ROOT / "results" / study, ROOT / "docs/results" / study
    all_here = all_ran_here(made, figure_jobs(load(ROOT / "config"), study))
    for name in (
        "scorecard.csv",
        *(["costs.csv"] if all_here else []),
        *(f"figures/{path.relative_to(made / 'figures')}" for path in (made / "figures").rglob("*.png")),
    ):
        (copies / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / name, copies / name)
    shutil.copyfile(made / "datasets/natural/origin.csv", copies / "origin.csv")
    if not all_here:
        print(f"docs/results/{study}/costs.csv stays as it is: not every job of {study} ran here")
    renew(ROOT / "README.md", study, summary(study))
    renew(ROOT / "docs/artifact.md", study, artifacts(study))
    write_text(copies / "README.md", results_page(study))
    renew(ROOT / "docs/power.md", study, power(study))
    write_text(ROOT / "docs/criteria.md", criteria())
    write_text(ROOT / "docs/results.md", results())
    write_text(ROOT / "docs/reliability.md", reliability())


if __name__ == "__main__":
    main(sys.argv[1])
