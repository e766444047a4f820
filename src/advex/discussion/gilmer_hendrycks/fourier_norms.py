"""Error under noise of one frequency, at the norms that other readings of Fig. 2 give."""

from collections.abc import Iterable

from advex.common.settings import FourierNoise
from advex.discussion.gilmer_hendrycks.fourier_maps import error_maps, first_images
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row

# What the noise would be if the norm 4 were that of all three channels together, and what the released code
# adds where signs are random: an image of norm 1.
OTHER_NORMS = {"norm_of_all_channels": 3**-0.5, "norm_dropped": 1 / 4}


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Mean error over all frequencies at the norms that other readings of Fig. 2 give."""
    noise = FourierNoise(**entry.sizes)
    images, labels = first_images(entry, bench, noise.images)
    model, side = bench.model(entry.model_path), images.shape[-1]
    for reading, factor in OTHER_NORMS.items():
        norm = factor * noise.root_mean_square * side
        errors = error_maps(model, images, labels, norm, bench.device, bench.seed, noise.draws)
        yield {
            "quantity": f"mean_error_{reading}",
            "epsilon": norm,
            "root_mean_square": norm / side,
            "images": len(labels),
            "value": errors.mean(),
        }
