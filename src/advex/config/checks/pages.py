"""Files beside the configuration that it needs: captions, claims, templates and published numbers."""

from collections.abc import Iterable
from pathlib import Path

from advex.common.errors import UserError
from advex.config.plan import Plan
from advex.config.sources import source_of


def check_pages(plan: Plan, captions: Iterable[str], claimed: Iterable[str]) -> None:
    """Check that every figure has a caption and a claim, every caption a figure, and every page its files.

    Args:
        plan: the experiments there are.
        captions: paths of captions, ``.../<source>/<figure>.md``.
        claimed: figures that claims name, ``source/figure``.

    Raises:
        UserError: one line for every mistake.
    """
    figures, with_claims = plan.experiments.figures, set(claimed)
    named = {f"{Path(path).parent.name}/{Path(path).stem}": path for path in captions}
    place = "config/experiments.yaml"
    mistakes = []
    for figure in figures:
        source, name = figure.split("/")
        if figure not in named:
            mistakes.append(
                f"{place}: figures.{figure}: found no caption; allowed: one, report/captions/{figure}.md"
            )
        if figure not in with_claims:
            mistakes.append(
                f"{place}: figures.{figure}: found no claim; allowed: one at least, in "
                f"config/claims/{source}/ with figure: {name}"
            )
    mistakes += [
        f"{path}: found a caption of no figure; allowed: those of {source_of(name)}: "
        f"{', '.join(each for each in figures if source_of(each) == source_of(name)) or 'none'}"
        for name, path in named.items()
        if name not in figures
    ]
    for name, row in plan.experiments.experiments.items():
        for key in ("template", "published"):
            file = getattr(row, key)
            if file is not None and not Path(file).is_file():
                mistakes.append(f"{place}: experiments.{name}.{key}: found {file!r}, which is no file")
    if mistakes:
        raise UserError("\n".join(mistakes))
