"""Copy a study's figures, scorecard and costs into docs/results/, and renew what is made of them.

That is the README's tables, criteria.md, power.md and reliability.md.

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
from advex.judge.pages.criteria import criteria_markdown, load_log
from advex.judge.pages.power import power_markdown, power_table
from advex.judge.pages.reliability import reliability_markdown
from advex.judge.report import markdown_summary
from advex.records.costs import all_ran_here

ROOT = Path(__file__).resolve().parents[1]


def summary(study: str) -> str:
    """Return the README's block for a study, from docs/results/ alone."""
    folder = ROOT / "docs/results" / study
    scorecard, costs = read_table(folder / "scorecard.csv"), read_table(folder / "costs.csv")
    return markdown_summary(study, f"docs/results/{study}", scorecard, costs)


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
    results, copies = ROOT / "results" / study, ROOT / "docs/results" / study
    all_here = all_ran_here(results, figure_jobs(load(ROOT / "config"), study))
    for name in (
        "scorecard.csv",
        *(["costs.csv"] if all_here else []),
        *(
            f"figures/{path.relative_to(results / 'figures')}"
            for path in (results / "figures").rglob("*.png")
        ),
    ):
        (copies / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(results / name, copies / name)
    if not all_here:
        print(f"docs/results/{study}/costs.csv stays as it is: not every job of {study} ran here")
    renew(ROOT / "README.md", study, summary(study))
    renew(ROOT / "docs/power.md", study, power(study))
    write_text(ROOT / "docs/criteria.md", criteria())
    write_text(ROOT / "docs/reliability.md", reliability())


if __name__ == "__main__":
    main(sys.argv[1])
