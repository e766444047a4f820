"""Every figure draws with other numbers of what a study's file may change: no list in it has a fixed length.

Tables of a finished study are changed as another configuration would have made them; where a measurement is
mathematics, it is made anew.
"""

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.config import load
from advex.discussion.goh_features.explorer import explorer_html
from advex.discussion.ilyas.gaussian import gaussian_table, gaussian_theory_table
from advex.discussion.nakano.experiments.slider import slider_html
from advex.discussion.wallace.worlds import worlds_table
from advex.draw import lettering, style

ROOT = Path(__file__).parents[2]
PLAN = load(ROOT / "config")
STUDY = "test"
FIGURES = sorted(PLAN.figure_names("test"))
LABELS = ("lettered", "index", "original", "adversarial", "training_point", "majority_class")
"""Quantities whose values are names of things, the same in every repetition."""
_BY_CLASS = ("goh_leakage/weights", "ilyas/random_perturbations", "ilyas/next_class_perturbations")
"""Pictures with a column for each class, or some of them."""
_SLACK = 0.05
"""By how many inches text may leave a figure, whose lines are broken by the width of letters on average."""
Tables = dict[str, Any]


def seeds(count: int) -> Callable[[str, Any], Any]:
    """Repeat the first repetition so often, each a little different."""

    def change(name: str, table: Any) -> Any:
        if isinstance(table, Picture):
            return table
        first = table[table["seed"] == 0]
        kept = first["quantity"].isin(LABELS)
        return pd.concat(
            [
                first.assign(seed=seed, value=first["value"].where(kept, first["value"] * (1 - 0.01 * seed)))
                for seed in range(count)
            ],
            ignore_index=True,
        )

    return change


def seeds_by_measurement(name: str, table: Any) -> Any:
    """Repeat some measurements two times, others three and four; those of one job equally often."""
    return seeds(2 + len(PLAN.maker(name) or name) % 3)(name, table)


def first_seed(name: str, table: Any) -> Any:
    """Count repetitions from 100 on."""
    return table if isinstance(table, Picture) else table.assign(seed=table["seed"] + 100)


def values_of(column: str, wanted: Iterable[Any], where: str = "", **keep: Any) -> Callable[[str, Any], Any]:
    """Give a column these values: each one's rows are copies of those of a value that there is.

    Args:
        column: whose values a study's file lists; rows without a value stay as they are.
        wanted: the values.
        where: how the names of the measurements begin that are concerned.
        **keep: values of other columns: rows that have none of them stay as they are.
    """
    wanted = list(wanted)

    def change(name: str, table: Any) -> Any:
        if isinstance(table, Picture) or column not in table or not name.startswith(where):
            return table
        concerned = table[column].notna()
        for other, allowed in keep.items():
            concerned &= table[other].isin(allowed)
        there = list(table.loc[concerned, column].unique())
        if not there:
            return table
        copies = [
            table[concerned & (table[column] == there[index % len(there)])].assign(**{column: value})
            for index, value in enumerate(wanted)
        ]
        return pd.concat([table[~concerned], *copies], ignore_index=True)

    return change


def both(*changes: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Make several changes, one after another."""

    def change(name: str, table: Any) -> Any:
        for each in changes:
            table = each(name, table)
        return table

    return change


def pairs(count: int) -> Callable[[str, Any], Any]:
    """Have so many pairs of classes; the second is that of the published drawing."""
    names = ["main", "plotted", *(f"pair_{index}" for index in range(2, count))][:count]
    tables = values_of("pair", names)

    def change(name: str, table: Any) -> Any:
        if not name.startswith("goh_features/"):
            return table
        if isinstance(table, Picture):
            return Picture(np.repeat(table.images[:1], count, axis=0), names, table.columns)
        return tables(name, table)

    return change


def bandwidths(*sizes: int) -> Callable[[str, Any], Any]:
    """Have models behind filters of these bandwidths of 8 pixels."""

    def change(name: str, table: Any) -> Any:
        if name != "gilmer_hendrycks/frequency_filters":
            return table
        behind = table["objective"] != "none"
        copies = [table[behind].assign(bandwidth=size, relative_bandwidth=size / 8) for size in sizes]
        return pd.concat([table[~behind], *copies], ignore_index=True)

    return change


def photographs(contents: int, styles: int) -> Callable[[str, Any], Any]:
    """Have so many photographs to depict, and so many in whose manner."""
    depicted = [f"content{index}" for index in range(contents)]
    manners = [f"style{index}" for index in range(styles)]

    def change(name: str, table: Any) -> Any:
        if not name.startswith("nakano/") or name == "nakano/layer_robustness":
            return table
        if isinstance(table, Picture):
            return _photographed(table, depicted, manners)
        if "style" in table:
            return values_of("style", manners)(name, table)
        of = depicted if name == "nakano/style_transfer" else depicted[:1]
        made = [f"{content} as {manner}" for content in of for manner in manners]
        return values_of("pair", made[:1] if name == "nakano/single_layer_style" else made)(name, table)

    return change


def _photographed(picture: Picture, contents: list[str], styles: list[str]) -> Picture:
    """Rename images of two contents and styles to those of other numbers of them."""
    image = dict(zip(picture.columns, picture.images[0], strict=True))
    columns: dict[str, Any] = {f"content|{name}": image["content|astronaut"] for name in contents}
    columns |= {f"style|{name}": image["style|brick"] for name in styles}
    for name, pixels in image.items():
        kind, *rest = name.split("|")
        if kind == "single_layer_style":
            columns[name] = pixels
        elif kind == "texture_artifacts" and rest[-1] == "brick":
            columns |= {f"{kind}|{rest[0]}|{manner}": pixels for manner in styles}
        elif kind == "style_and_content_network":
            columns["|".join([kind, *rest[:-1], f"{contents[0]} as {styles[0]}"])] = pixels
        elif kind == "style_transfer" and rest[-1] == "astronaut as brick":
            columns |= {
                f"{kind}|{rest[0]}|{content} as {manner}": pixels for content in contents for manner in styles
            }
    return Picture(np.stack(list(columns.values()))[None], picture.rows, list(columns))


def layers(count: int) -> Callable[[str, Any], Any]:
    """Have networks of so many layers."""
    names = [f"layer{index}" for index in range(1, count + 1)]

    def change(name: str, table: Any) -> Any:
        if name == "nakano/images":
            kept = [i for i, column in enumerate(table.columns) if not column.startswith("single_layer")]
            first = {column.split("|")[1]: i for i, column in enumerate(table.columns) if i not in kept}
            columns = [table.columns[i] for i in kept]
            columns += [f"single_layer_style|{network}|{layer}" for network in first for layer in names]
            chosen = [*kept, *(place for place in first.values() for _ in names)]
            return Picture(table.images[:, chosen], table.rows, columns)
        if isinstance(table, Picture) or "layer" not in table:
            return table
        inner = table["position"] > 0
        one = table[inner & (table["position"] == 1)]
        copies = [
            one.assign(layer=layer, position=place, value=one["value"] * (1 + 0.1 * place))
            for place, layer in enumerate(names, 1)
        ]
        return pd.concat([table[~inner], *copies], ignore_index=True)

    return change


def noises(label: Iterable[float], pixel: Iterable[float]) -> Callable[[str, Any], Any]:
    """Have networks trained on squares with these noises."""
    of = {"where": "nakkiran/squares", "method": ["network"]}
    return both(values_of("label_noise", label, **of), values_of("pixel_noise", pixel, **of))


def linear_cases(*cases: tuple[int, float, float]) -> Callable[[str, Any], Any]:
    """Have these cases of squares: images, label noise, pixel noise."""

    def change(name: str, table: Any) -> Any:
        if name != "nakkiran/squares":
            return table
        rows = table[table["method"] == "linear"]
        sizes = rows[["training_images", "label_noise", "pixel_noise"]]
        first = rows[(sizes == sizes.iloc[0]).all(axis=1)]
        copies = [
            first.assign(training_images=images, label_noise=label, pixel_noise=pixel)
            for images, label, pixel in cases
        ]
        return pd.concat([table[table["method"] != "linear"], *copies], ignore_index=True)

    return change


def remade(name: str, make: Callable[[int], pd.DataFrame], runs: int = 2) -> Callable[[str, Any], Any]:
    """Measure mathematics anew, in so many runs."""

    def change(found: str, table: Any) -> Any:
        return pd.concat(map(make, range(runs)), ignore_index=True) if found == name else table

    return change


def gaussian(*epsilons: float) -> Callable[[str, Any], Any]:
    """Fit the Gaussian model at these radii."""
    model = {"mean": (-10, 1), "variances": (25, 0.5), "samples": 300}
    return remade("ilyas/gaussian", lambda seed: gaussian_table(**model, epsilons=epsilons, seed=seed))


def theory(epsilons: Iterable[float], penalties: Iterable[float]) -> Callable[[str, Any], Any]:
    """Check the theorems at these radii and penalties."""
    model = {"mean": (-10, 1), "variances": (25, 0.5), "samples": 300}
    sizes = {"epsilons": tuple(epsilons), "penalties": tuple(penalties)}
    return remade("ilyas/gaussian_theory", lambda seed: gaussian_theory_table(**model, **sizes, seed=seed))


def worlds(*signals: float) -> Callable[[str, Any], Any]:
    """Simulate worlds of these signals of the fine feature."""
    sizes = PLAN.experiment_settings(STUDY, "wallace/worlds") | {"fine_signals": list(signals)}
    return remade("wallace/worlds", lambda seed: worlds_table(**sizes, seed=seed), runs=1)


def classes(count: int) -> Callable[[str, Any], Any]:
    """Have so many classes: linear features, labels and columns of pictures for each."""

    def change(name: str, table: Any) -> Any:
        if isinstance(table, Picture) and name != "nakano/images" and name in _BY_CLASS:
            chosen = [index % len(table.columns) for index in range(count)]
            return Picture(table.images[:, chosen], table.rows, [f"class {index}" for index in range(count)])
        if name == "goh_leakage/robust_linear_features":
            return values_of("feature", range(count))(name, table)
        if name == "wallace/other_dataset":
            return values_of("label", range(count))(name, table)
        return table

    return change


def strengths(first: float, *stronger: float) -> Callable[[str, Any], Any]:
    """Have noise of these root mean squares."""
    name = "gilmer_hendrycks/fourier_heatmaps"
    return both(
        values_of("root_mean_square", stronger, name, quantity=["ring_error_of_stronger_noise"]),
        values_of("root_mean_square", [first], name, quantity=["error", "ring_error"]),
    )


def stops(headline: int, *others: int) -> Callable[[str, Any], Any]:
    """Stop the teacher of its own mistakes there; the first is the experiment's own."""

    def change(name: str, table: Any) -> Any:
        if name != "wallace/own_mistakes":
            return table
        own = table[table["headline"] == "yes"]
        student = (own["labels"] == "predictions") & (own["student"] == "same")
        swept = own[student | own["student"].isna()]
        found = [own.assign(stop=headline), *(swept.assign(stop=stop, headline="no") for stop in others)]
        return pd.concat(found, ignore_index=True)

    return change


class Change(NamedTuple):
    """Another configuration: what it makes of every table."""

    of: Callable[[str, Any], Any]
    pages: bool = False


CHANGES = {
    **{f"seeds: {count}": Change(seeds(count)) for count in (1, 2, 6)},
    "seeds: by measurement": Change(seeds_by_measurement),
    "first_seed: 100": Change(first_seed, pages=True),
    **{f"goh_features.pairs: {count}": Change(pairs(count), pages=True) for count in (1, 2, 3, 5)},
    **{
        f"goh_features.epsilons: {found}": Change(values_of("epsilon", found, "goh_features/"))
        for found in ([0.1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    },
    "bandwidths: [1]": Change(bandwidths(1)),
    "bandwidths: [1, 3, 5, 7]": Change(bandwidths(1, 3, 5, 7)),
    **{
        f"corruptions.names: {found}": Change(values_of("corruption", found))
        for found in (["gaussian_noise"], ["contrast"], [f"noise{index}" for index in range(15)])
    },
    **{
        f"fourier_noise: {found}": Change(strengths(*found))
        for found in ([0.125], [0.125, 0.25, 0.5, 0.6, 0.7, 0.8])
    },
    **{
        f"attack_strength.steps: {found}": Change(
            values_of("steps", [0, *found], "ilyas/attack", objective=["cross_entropy", "cw_margin"])
        )
        for found in ([1], [5, 10, 20, 40, 80, 100])
    },
    **{
        f"attack_strength.objectives: [{found}]": Change(
            values_of("objective", [found], "ilyas/attack_strength", objective=["cross_entropy", "cw_margin"])
        )
        for found in ("cross_entropy", "cw_margin")
    },
    **{
        f"gaussian.epsilons: {found}": Change(gaussian(*found))
        for found in ([1], [0, 2], [0, 0.5, 1, 3, 10])
    },
    **{
        f"gaussian.theory_epsilons: {found}": Change(theory(found, penalties))
        for found, penalties in (([1], [4]), ([0, 1], [3, 4]), ([0, 0.1, 1, 2, 10], [3, 4, 5, 6, 8]))
    },
    **{
        f"goh_leakage.penalties: {found}": Change(values_of("penalty", found, method=["ridge"]))
        for found in ([0.1], list(np.geomspace(0.001, 10, 12)))
    },
    **{f"classes: {count}": Change(classes(count)) for count in (2, 25)},
    **{
        f"layer_robustness.relative_epsilons: {found}": Change(values_of("relative_epsilon", found))
        for found in ([0.5], [0.1, 0.25, 0.5, 1, 2])
    },
    **{f"layers: {count}": Change(layers(count)) for count in (1, 3, 17)},
    **{
        f"style_transfer: {contents} contents, {styles} styles": Change(
            photographs(contents, styles), pages=True
        )
        for contents, styles in ((1, 1), (1, 3), (3, 2))
    },
    **{
        f"ensemble.sizes: {found}": Change(
            both(
                values_of("members", found, objective=["ensemble_penalised"]),
                values_of("members", found[-1:], objective=["ensemble_opposed"]),
            )
        )
        for found in ([1], [1, 2, 3, 4, 5, 8])
    },
    "squares.network: one noise each": Change(noises([0.1], [0.1])),
    "squares.network: three noises each": Change(noises([0.0, 0.1, 0.2], [0.0, 0.1, 0.3])),
    **{
        f"squares.network.evaluate_after: {found}": Change(values_of("step", found, "nakkiran/squares"))
        for found in ([79, 158], [1, 2, 3, 4, 5, 6, 7])
    },
    "squares.linear.cases: one": Change(linear_cases((200, 0.2, 0.3))),
    "squares.linear.cases: two": Change(linear_cases((200, 0.0, 0.3), (200, 0.2, 0.3), (100, 0.2, 0.3))),
    "squares.linear.cases: eight": Change(linear_cases(*((500, 0.05 * index, 0.2) for index in range(8)))),
    "squares_2d.steps: four": Change(values_of("step", [10, 20, 50, 200], "nakkiran/squares_2d")),
    **{f"own_mistakes.stops: {found}": Change(stops(*found)) for found in ([50], [20, 30, 40, 50, 60, 70])},
    **{
        f"other_dataset.pairs: {found}": Change(values_of("pair", found, "wallace/other_dataset"))
        for found in (["only"], ["first", "second", "third"])
    },
    **{
        f"other_dataset.other_students: {found}": Change(
            values_of("student", found, "wallace/other_dataset", student=["perceptron", "batch_normalised"])
        )
        for found in (["wide"], ["perceptron", "wide", "very_deep", "batch_normalised"])
    },
    **{
        f"two_dimensional.radii: {found}": Change(values_of("radius", found))
        for found in ([0.12], [0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14])
    },
    **{f"worlds.fine_signals: {found}": Change(worlds(*found)) for found in ([0, 1], [0, *range(1, 8)])},
}  # fmt: skip


def measured(built: Path, name: str) -> Any:
    """Read a measurement of the finished study."""
    path = built / PLAN.measurement(STUDY, name)
    return read_table(path) if path.suffix == ".csv" else Picture.read(path)


def same(one: Any, other: Any) -> bool:
    """Tell whether a change made nothing of a table."""
    if isinstance(one, Picture):
        return one is other
    return one is other or one.equals(other)


def drawn(figure: str, tables: Tables) -> Any:
    """Draw a figure."""
    source, _, name = figure.partition("/")
    module = importlib.import_module(f"advex.discussion.{source}.figures.{name}")
    published = read_table(ROOT / f"published/{PurePosixPath(figure).parent}.csv")
    return module.draw(tables, published, lettering.Context(**PLAN.figure_context(STUDY, figure)))


@pytest.mark.parametrize("change", CHANGES)
def test_figures_draw_with_other_numbers(built: Path, change: str) -> None:
    changed = []
    for figure in FIGURES:
        before = {name: measured(built, name) for name in PLAN.figure_measurements(STUDY, figure)}
        tables = {name: CHANGES[change].of(name, table) for name, table in before.items()}
        if all(same(before[name], tables[name]) for name in tables):
            continue
        changed.append(figure)
        picture = drawn(figure, tables)
        picture.draw_without_rendering()
        texts = [text.get_text() for text in picture.findobj(Text) if text.get_visible()]
        assert not [text for text in texts if "nan" in text.split()], figure
        box, (width, height) = picture.get_tightbbox(), picture.get_size_inches()
        assert (box.x0 >= -_SLACK, box.y0 >= -_SLACK) == (True, True), figure
        assert (box.x1 <= width + _SLACK, box.y1 <= height + _SLACK) == (True, True), figure
    assert changed or change == "seeds: 1", "a change that changes nothing tests nothing"


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_features_have_a_lettered_row_for_every_pair(built: Path, count: int) -> None:
    for name in ("singular_vectors", "ensembles", "containments"):
        figure = f"goh_features/{name}"
        tables = {
            each: pairs(count)(each, measured(built, each))
            for each in PLAN.figure_measurements(STUDY, figure)
        }
        titles = [axis.get_title(loc="left") for axis in drawn(figure, tables).axes]
        assert [title[0] for title in titles if title] == [
            lettering.letter(place) for place in range(2 * count)
        ]


@pytest.mark.parametrize("radii", [1, 4, 7])
def test_every_radius_and_strength_is_drawn(built: Path, radii: int) -> None:
    """Where a list of colours or dashes ends, nothing may fall away."""
    wanted = [0.02 * (index + 1) for index in range(radii)]
    for figure, change, words in (
        ("wallace/two_dimensional", values_of("radius", wanted), "second network, radius {:g}"),
        ("gilmer_hendrycks/fourier_heatmaps", strengths(*wanted), "ours, root mean square {:g}"),
    ):
        names = PLAN.figure_measurements(STUDY, figure)
        picture = drawn(figure, {name: change(name, measured(built, name)) for name in names})
        entries = [text.get_text() for text in picture.legends[0].get_texts()]
        assert {words.format(each) for each in wanted} <= set(entries)


@pytest.mark.parametrize("change", [name for name, row in CHANGES.items() if row.pages])
def test_pages_are_written_with_other_numbers(built: Path, change: str) -> None:
    def table(name: str) -> Any:
        return CHANGES[change].of(name, measured(built, name))

    features = ("singular_vectors", "ensembles", "containments", "thumbnails")
    explorer = explorer_html(
        ROOT / "report/explorer.html.j2", STUDY, *(table(f"goh_features/{name}") for name in features)
    )
    slider = slider_html(ROOT / "report/slider.html.j2", STUDY, table("nakano/images"))
    for name in table("goh_features/thumbnails").rows:
        assert name
    assert explorer.count("3 and 8") >= len(table("goh_features/thumbnails").rows)
    for column in table("nakano/images").columns:
        kind, *rest = column.split("|")
        if kind in ("content", "style"):
            assert rest[0] in slider


def test_line_styles_and_letters_never_repeat() -> None:
    assert len({str(style.line_style(index)) for index in range(30)}) == 30
    assert [lettering.letter(index) for index in (0, 25, 26, 27, 51, 52)] == [
        "a",
        "z",
        "aa",
        "ab",
        "az",
        "ba",
    ]
