"""Everything that is measured of style transfer with one seed's networks (Nakano's comment and the response).

Published are pictures only. Beside them we measure how far each network's own style loss falls, how far the
outputs are from style and content for a network that made none of them, and how fine the changes are.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from torch import Tensor

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.statistics import given, rank_correlation
from advex.common.pictures import Picture
from advex.common.settings import MAIN_RADIUS
from advex.discussion.nakano.numerics.spectra import radial_spectrum, stride_power
from advex.discussion.nakano.style_workshop import JUDGES, VGG_WITH_MAXIMUM, Job, Workshop

TEXTURES = ("robust", "standard", "vgg", VGG_WITH_MAXIMUM, "alexnet")
SINGLE_LAYERS = {
    "vgg": "standard_vgg16",
    "alexnet": "standard_alexnet",
    "standard": "standard",
    "robust": "robust",
}
"""Networks whose layers are tried one by one, with their names in the table of layers' robustness."""

UNITS = {
    "style_loss": "share of that at the start",
    "style_reduction": "factor",
    "judged_style_distance": "share of the content's",
    "judged_style_distance_untrained": "share of the content's",
    "judged_content_distance": "share of the style's",
    "judged_content_distance_untrained": "share of the style's",
    "high_frequency_share": "percent",
    "change": "pixel values",
    "stride_share": "percent",
    "stride_excess": "ratio",
    "spectrum": "share of the mean power",
    "layer_robustness": "ratio",
    "rank_correlation": "",
    "rank_correlation_untrained": "",
    "rank_correlation_given_depth": "",
}
_SPECTRUM_BINS = 16
_SNAPSHOTS = 10


class Observations:
    """Observations on their way to a table, and finished images by name."""

    def __init__(self, seed: int, shown: bool) -> None:
        self._seed, self._shown = seed, shown
        self._tables: dict[str, list[dict[str, object]]] = {}
        self.images: dict[str, Array] = {}

    def note(self, table: str, quantity: str, value: float, **columns: object) -> None:
        """Write down one observation."""
        row = {"seed": self._seed, **columns, "quantity": quantity, "value": float(value)}
        self._tables.setdefault(table, []).append(row | {"unit": UNITS[quantity]})

    def note_all(self, table: str, found: Mapping[str, Array], index: int, **columns: object) -> None:
        """Write down all numbers of one image."""
        for quantity, values in found.items():
            self.note(table, quantity, values[index], **columns)

    def show(self, images: Tensor, names: Sequence[str]) -> None:
        """Keep images (N, C, S, S) in [0, 1] to be shown, as bytes, if this seed is shown."""
        if not self._shown:
            return
        as_bytes = images.mul(255).round().byte().cpu().numpy()
        self.images |= dict(zip(names, as_bytes, strict=True))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: pd.DataFrame(rows) for name, rows in self._tables.items()}

    def picture(self) -> Picture:
        """Return the kept images in one row; it may be empty."""
        images = np.stack(list(self.images.values())) if self.images else np.zeros((0, 1, 1, 1), np.uint8)
        return Picture(images[None], ["images"], list(self.images))


def study_style(
    workshop: Workshop,
    contents: Sequence[str],
    styles: Sequence[str],
    robustness: pd.DataFrame,
    *,
    shown: bool = True,
) -> tuple[dict[str, pd.DataFrame], Picture]:
    """Make and measure all images of one seed.

    Args:
        workshop: networks and photographs.
        contents: names of those to depict; the first is used where one must do.
        styles: names of those in whose manner; likewise.
        robustness: the measurement of R(f) by layer, of this seed.
        shown: whether figures show this seed's images.

    Returns:
        Tables ``style_transfer``, ``texture_artifacts``, ``style_and_content_network`` and
        ``single_layer_style`` with columns seed, quantity, value, unit and those that say which image; and
        all images, named ``table|network|...``, as bytes; none if they are not shown.
    """
    rows = Observations(workshop.seed, shown)
    rows.show(workshop.stacked(contents), [f"content|{name}" for name in contents])
    rows.show(workshop.stacked(styles), [f"style|{name}" for name in styles])
    _networks_and_swaps(rows, workshop, contents, styles)
    _textures(rows, workshop, styles)
    _single_layers(rows, workshop, contents[0], styles[0], robustness)
    return rows.tables(), rows.picture()


def _networks_and_swaps(
    rows: Observations, workshop: Workshop, contents: Sequence[str], styles: Sequence[str]
) -> None:
    """Every network on every pair; then one network's style with another's content, on the first content."""
    jobs = [Job(content, style) for content in contents for style in styles]
    for network in workshop.networks:
        made = workshop.make(network, network, jobs)
        found = workshop.judged(made, jobs)
        curve = made.style.cpu().numpy()
        for index, job in enumerate(jobs):
            where = {"network": network, "pair": job.pair}
            rows.note_all("style_transfer", found, index, **where, evaluation=None)
            for evaluation in snapshots(workshop.sizes.evaluations):
                rows.note(
                    "style_transfer", "style_loss", curve[evaluation, index], **where, evaluation=evaluation
                )
            if network in ("standard", "vgg") and job.content == contents[0]:
                both = {"style_network": network, "content_network": network, "pair": job.pair}
                rows.note_all("style_and_content_network", found, index, **both)
        rows.show(made.images, [f"style_transfer|{network}|{job.pair}" for job in jobs])
    jobs = [Job(contents[0], style) for style in styles]
    for style_network, content_network in (("standard", "vgg"), ("vgg", "standard")):
        made = workshop.make(style_network, content_network, jobs)
        found = workshop.judged(made, jobs)
        for index, job in enumerate(jobs):
            both = {"style_network": style_network, "content_network": content_network, "pair": job.pair}
            rows.note_all("style_and_content_network", found, index, **both)
        name = f"style_and_content_network|{style_network}|{content_network}"
        rows.show(made.images[:1], [f"{name}|{jobs[0].pair}"])


def _textures(rows: Observations, workshop: Workshop, styles: Sequence[str]) -> None:
    """Textures from noise, style alone; and the photographs of the styles, for comparison."""
    period = workshop.sizes.period
    jobs = [Job(style, style) for style in styles]
    for network in (None, *TEXTURES):
        if network is None:
            images, reductions = workshop.stacked(styles), None
        else:
            made = workshop.make(network, None, jobs)
            images, reductions = made.images, 1 / made.style[-1].double().cpu().numpy()
            rows.show(images, [f"texture_artifacts|{network}|{style}" for style in styles])
        as_array = images.cpu().numpy()
        shares, excesses = stride_power(as_array, period)
        frequencies, spectrum = radial_spectrum(as_array, _SPECTRUM_BINS)
        for index, style in enumerate(styles):
            where = {"network": network or "photograph", "style": style}
            numbers = {"stride_share": shares, "stride_excess": excesses}
            if reductions is not None:
                numbers["style_reduction"] = reductions
            rows.note_all("texture_artifacts", numbers, index, **where, frequency=None)
            for frequency, value in zip(frequencies, spectrum[index], strict=True):
                rows.note("texture_artifacts", "spectrum", value, **where, frequency=frequency)


def _single_layers(
    rows: Observations, workshop: Workshop, content: str, style: str, robustness: pd.DataFrame
) -> None:
    """One style layer at a time, with the content loss of one network throughout; and R(f) of each layer."""
    table, points = "single_layer_style", []
    chosen = robustness[robustness["relative_epsilon"] == MAIN_RADIUS]
    if chosen.empty:
        raise UserError(f"layer_robustness: no radius {MAIN_RADIUS}; add it to relative_epsilons")
    known = chosen.set_index(["model", "layer"])["value"]
    for network, model in SINGLE_LAYERS.items():
        layers, made = workshop.make_by_layer(network, Job(content, style))
        jobs = [Job(content, style)] * len(layers)
        found = workshop.judged(made, jobs)
        for index, layer in enumerate(layers):
            where = {"network": network, "layer": layer, "position": index + 1}
            rows.note_all(table, found, index, **where, pair=jobs[0].pair)
            rows.note(table, "layer_robustness", known[model, layer], **where, pair=None)
            distances = [found[f"judged_style_distance{ending}"][index] for ending in JUDGES]
            points.append((known[model, layer], (index + 1) / len(layers), *distances))
        rows.show(made.images, [f"{table}|{network}|{layer}" for layer in layers])
    values, depths, *columns = np.array(points, dtype=float).T
    correlations = {
        f"rank_correlation{ending}": rank_correlation(values, column)
        for ending, column in zip(JUDGES, columns, strict=True)
    }
    correlations["rank_correlation_given_depth"] = given(values, columns[0], depths)
    everywhere = {"network": "all", "layer": None, "position": None, "pair": None}
    for quantity, correlation in correlations.items():
        rows.note(table, quantity, correlation, **everywhere)


def snapshots(evaluations: int) -> list[int]:
    """Return at which evaluations losses are kept: the first, the end, and ever fewer in between."""
    return [0, *np.unique(np.geomspace(1, evaluations, _SNAPSHOTS).round().astype(int)).tolist()]
