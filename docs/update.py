"""Copy a study's figures, scorecard and costs into docs/results/, and renew the README from them.

Costs are copied only where every job ran here; beside pulled artifacts there are none, so the last stay.
"""

import re
import shutil
import sys
from pathlib import Path

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.config import figure_jobs, load
from advex.judge.report import markdown_summary
from advex.records.costs import all_ran_here

ROOT = Path(__file__).resolve().parents[1]


def summary(study: str) -> str:
    """Return the README's block for a study, from docs/results/ alone."""
    folder = ROOT / "docs/results" / study
    scorecard, costs = read_table(folder / "scorecard.csv"), read_table(folder / "costs.csv")
    return markdown_summary(study, f"docs/results/{study}", scorecard, costs)


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
    readme = ROOT / "README.md"
    block = f"<!-- {study} -->\n{summary(study)}\n<!-- /{study} -->"
    text = re.sub(
        rf"<!-- {study} -->.*<!-- /{study} -->", lambda _: block, readme.read_text(), flags=re.DOTALL
    )
    write_text(readme, text)


if __name__ == "__main__":
    main(sys.argv[1])
