"""A study's page made in a moment: the copied scorecard, and one drawing for all figures."""

from pathlib import Path
from typing import Any

import pandas as pd

from advex.common.artifacts import read_table
from advex.config import load
from advex.draw import lettering, style
from advex.judge.pages.sources import SourceWords, load_names, load_sources
from advex.judge.pages.studies import studies_page
from advex.judge.pages.study.page import results_page
from advex.judge.pages.study.sweeps import load_sweeps, swept

ROOT = Path(__file__).parents[2]
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'`{{ 7*7 }}<!--&amp;"
FINDING = "What a drawing says above itself, in words enough for two lines of a figure of this width, of"


def drawing(folder: Path, finding: str) -> str:
    """Return a figure with a title, as jobs draw one."""
    figure, panels = style.canvas(style.COLUMN_WIDTH, 40)
    panels[0, 0].plot([0, 1], [0, 1], label="a line")
    lettering.title(figure, finding)
    figure.supxlabel("where it comes from")
    style.save(figure, folder / "drawing.svg", folder / "drawing.png")
    return (folder / "drawing.svg").read_text()


CITATION = (ROOT / "CITATION.cff").read_text()


def page(
    folder: Path,
    hostile: str = "",
    study: str = "digits",
    every: int = 1,
    worded: bool = True,
    citation: str = CITATION,
) -> str:
    """Return the page of a study; ``hostile`` stands in all texts that people, data or figures bring."""
    plan = load(ROOT / "config")
    drawn = drawing(folder, f"{FINDING} NAME{hostile}")
    figures = []
    for path in plan.figures(study):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(drawn if hostile else drawn.replace("NAME", place.stem.replace("_", " ")))
        figures.append(str(place))
    captions = sorted((ROOT / "report/captions").glob("*/*.md"))
    if hostile:
        captions = [_with(path, folder / "captions", hostile) for path in captions]
    scorecard = read_table(ROOT / "docs/results/digits/scorecard.csv")
    scorecard = scorecard[[plan.draws(study, source) for source in scorecard["source"]]]
    scorecard = scorecard[(scorecard["kind"] == "primary") | (scorecard.index % every == 0)]
    for column in ("claim", "quantity", "published_from", "varies", "criterion") if hostile else ():
        scorecard = scorecard.assign(**{column: scorecard[column] + hostile})
    sources = load_sources(sorted((ROOT / "config/sources").glob("*.yaml")))
    scale = plan.scale(study)
    return results_page(
        template=str(ROOT / "report/page/index.html.j2"),
        study=study + hostile,
        scale=scale | {name: scale[name] + hostile for name in ("title", "description")},
        origin=pd.DataFrame([{"source": f"packaged with scikit-learn{hostile}"}]),
        figures=figures,
        behind={
            name: [path + hostile for path in paths] for name, paths in plan.behind_figures(study).items()
        },
        pages=plan.pages(study),
        captions=[str(path) for path in captions],
        scorecard=scorecard,
        power=power(scorecard, hostile),
        sweeps={"nakkiran/squares": sweep(hostile)},
        warnings=[f"test images stand in the training set too{hostile}"],
        sources={name: _spoilt(words, hostile) for name, words in sources.items() if worded},
        names=load_names(ROOT / "report/words.yaml"),
        discrepancies=(ROOT / "docs/discrepancies.md")
        .read_text()
        .replace(".** |", f".** {_without_marks(hostile)} |"),
        citation=citation,
    )


def sweep(hostile: str = "") -> dict[str, Any]:
    """Return what a slider shows of a made-up table: 100 at the first radius, 40 and 60 at the second."""
    rows = [
        {"method": "network", "quantity": "robust_accuracy", "seed": seed, "label_noise": noise,
         "pixel_noise": 0.1, "step": step, "epsilon": epsilon, "value": value}
        for noise in (0.0, 0.1)
        for step in (79, 158)
        for epsilon, pair in ((0.01, (100, 100)), (0.3, (40, 60)))
        for seed, value in enumerate(pair)
    ]  # fmt: skip
    found = swept(load_sweeps(str(ROOT / "report/sweeps.yaml"))["nakkiran/squares"], pd.DataFrame(rows))
    assert found is not None
    return found | {key: found[key] + hostile for key in ("says", "of", "by")}


def power(scorecard: pd.DataFrame, hostile: str = "") -> pd.DataFrame:
    """Return a table of power for the primary claims of a scorecard, with made-up numbers."""
    primary = scorecard[scorecard["kind"] == "primary"]
    return pd.DataFrame(
        {
            "primary": primary["primary"],
            "claim": primary["claim"],
            "comparison": [f"accuracy of on_det > {row}{hostile}" for row in range(len(primary))],
            "spread": 1.5,
            "effect": 2.25,
            "from": "ours",
            "needed": [float("nan") if row % 3 == 0 else 2.0 + row for row in range(len(primary))],
            "seeds": primary["seeds"],
        }
    )


def side_by_side(hostile: str = "") -> str:
    """Return the page of all studies, of ``digits`` and of another one with a claim less and no costs."""
    plan, folder = load(ROOT / "config"), ROOT / "docs/results/digits"
    scorecard = read_table(folder / "scorecard.csv")
    sources = load_sources(sorted((ROOT / "config/sources").glob("*.yaml")))
    scale = plan.scale("digits")
    scale |= {name: scale[name] + hostile for name in ("title", "description")}
    return studies_page(
        str(ROOT / "report/page/studies.html.j2"),
        {"digits": scorecard, f"other{hostile}": scorecard[scorecard["primary"] != "I1"]},
        {"digits": read_table(folder / "costs.csv")},
        {"digits": scale, f"other{hostile}": scale},
        list(plan.experiments.figures),
        {name: _spoilt(words, hostile) for name, words in sources.items()},
    )


def _without_marks(text: str) -> str:
    return text.replace("`", "").replace("*", "")  # which are Markdown's own


def _with(path: Path, folder: Path, hostile: str) -> Path:
    copy = folder / path.parent.name / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(f"{hostile}{path.read_text()}{hostile}")
    return copy


def _spoilt(words: SourceWords, hostile: str) -> SourceWords:
    texts: dict[str, Any] = {
        name: getattr(words, name) + hostile for name in ("name", "title", "by", "place", "claim", "meaning")
    }
    lists = {
        name: {key: text + hostile for key, text in getattr(words, name).items()}
        for name in ("primary", "figures")
    }
    return words.model_copy(update=texts | lists)
