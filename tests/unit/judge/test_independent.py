"""The scorecard against a second judge that shares no code with the first."""

from pathlib import Path

import numpy as np
import pandas as pd
from independent_judge import Study, agree

from advex.common.names.verdicts import VERDICTS
from advex.common.numbers.outcomes import pack
from advex.config import load
from advex.judge.claims import Claim, load_published
from advex.judge.judge import judge

ROOT = Path(__file__).parents[3]
NUMBERS = load_published(sorted((ROOT / "published").glob("*.csv")))


RESPLIT = [
    "goh_features/singular_vectors", "goh_features/ensembles", "goh_features/containments",
    "goh_leakage/robust_linear_features",
]  # fmt: skip


def test_the_re_split_tables_are_those_of_the_configuration() -> None:
    assert sorted(load(ROOT / "config").judging("digits")["resplit"]) == sorted(RESPLIT)


SIDES = {
    "above": {}, "below": {}, "not_above": {}, "not_below": {}, "equals": {"within": 3.0},
}  # fmt: skip


def made_up_tables(generator: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Two tables of two models: with outcomes, of some models alone, and re-splits with training images."""
    seeds, images = int(generator.integers(1, 6)), int(generator.integers(5, 40))
    rows = []
    centre = generator.choice([0, 0.02, 0.5, 0.9, 1])
    hard = generator.normal(size=images)
    with_outcomes = generator.random() < 0.7
    for model in ("a", "b", "c"):
        shift = generator.normal(scale=0.3)
        for seed in range(seeds):
            for step in (1, 2):
                chance = np.clip(
                    centre + 0.2 * (hard + shift + generator.normal(scale=0.5)) * (0 < centre < 1), 0, 1
                )
                bits = generator.random(images) < chance
                rows.append(
                    {
                        "seed": seed, "model": model, "step": step,
                        "dataset": "test" if model != "c" else "other",
                        "value": 100 * bits.mean(), "unit": "percent", "images": images,
                        "outcomes": pack(bits) if with_outcomes and (model, step) != ("b", 2) else None,
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    splits = table.drop(columns=["outcomes", "unit"]).assign(training_images=3 * images)
    return {"ilyas/first": table, "ilyas/splits": splits}


def selector(generator: np.random.Generator, table: str) -> dict[str, object]:
    rows = {"model": str(generator.choice(["a", "b", "c"]))}
    if generator.random() < 0.5:
        return {"table": table, "rows": {**rows, "step": int(generator.integers(1, 3))}}
    pick = str(generator.choice(["mean", "max", "min", "first", "last"]))
    return {"table": table, "rows": rows, "pick": pick, "along": "step"}


def any_selector(generator: np.random.Generator, table: str) -> dict[str, object]:
    kind = generator.choice(["rows", "rows", "rows", "difference", "ratio", "slope", "rank_correlation"])
    of = [selector(generator, table), selector(generator, table)]
    if kind == "rows":
        return of[0]
    if kind in ("slope", "rank_correlation"):
        for part in of:  # every model and step is a point
            part["rows"].pop("model")
            part |= {"pick": "mean", "along": "step"}
        return {"combine": str(kind), "of": of, "along": "model"}
    return {"combine": str(kind), "of": of}


def made_up_claims(generator: np.random.Generator) -> list[dict[str, object]]:
    claims: list[dict[str, object]] = []
    for number in range(12):
        table = str(generator.choice(["ilyas/first", "ilyas/first", "ilyas/splits"]))
        parts = []
        for _ in range(int(generator.integers(1, 4))):
            side = str(generator.choice(list(SIDES)))
            reference = generator.choice(["chance", "number", "rows", "rows", "rows"])
            part: dict[str, object] = dict(SIDES[side])
            part[side] = {"chance": "chance", "number": float(generator.integers(0, 101))}.get(
                reference, any_selector(generator, table)
            )
            if generator.random() < 0.3:
                part["of"] = any_selector(generator, table)
            parts.append(part)
        claim: dict[str, object] = {
            "claim": f"claim_{number}", "figure": "relabelled", "quantity": "made up", "source": "ilyas",
            "ours": any_selector(generator, table), "effect": parts,
            "kind": str(generator.choice(["claim", "premise", "derived", "primary"])),
            "margin": float(generator.choice([0.5, 2, 30])),
        }  # fmt: skip
        if claim["kind"] == "primary":
            claim["primary"] = f"I{number + 1}"
        if generator.random() < 0.4:
            claim |= {"published": "fifty", "tolerance": float(generator.choice([1, 10, 60]))}
            claim["comparable"] = str(generator.choice(["study", "always"]))
        if claims and generator.random() < 0.3:
            claim["premise"] = [f"claim_{int(generator.integers(0, number))}", "claim_not_there"][
                : 1 + (number == 7)
            ]
        claims.append(claim)
    return claims


def test_made_up_claims_and_tables() -> None:
    """Every side, combination, pick, premise and kind, with and without outcomes; all verdicts occur."""
    numbers = pd.DataFrame(
        [{"key": "fifty", "value": 50.0, "unit": "percent", "where": "a table", "mark": "seen"}]
    )
    found: set[str] = set()
    for case in range(40):
        generator = np.random.default_rng(case)
        tables, claims = made_up_tables(generator), made_up_claims(generator)
        same = [True, False, ["ilyas/first"]][case % 3]
        forms = [Claim.model_validate(claim) for claim in claims]
        ours = judge(forms, tables, numbers, same, 4, ["ilyas/splits"])
        agree(ours, Study(claims, tables, numbers, same, 4, ["ilyas/splits"]).scorecard())
        found |= set(ours["verdict"])
    assert found == set(VERDICTS)
