"""What the tables of comment 4 (Nakano) hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import ANY_TEXT, Columns, numbers, texts

_JUDGED = (
    "style_reduction judged_style_distance judged_content_distance judged_style_distance_untrained "
    "judged_content_distance_untrained high_frequency_share change"
)


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    return {
        "style_transfer": {
            **numbers("seed evaluation value"),
            "network": texts("standard robust on_robust vgg alexnet"),
            "pair": ANY_TEXT,
            "quantity": texts(f"{_JUDGED} style_loss"),
            "unit": ANY_TEXT,
        },
        "texture_artifacts": {
            **numbers("seed frequency value"),
            "network": texts("photograph standard robust vgg vgg_maximum alexnet"),
            "style": ANY_TEXT,
            "quantity": texts("stride_share stride_excess spectrum style_reduction"),
            "unit": ANY_TEXT,
        },
        "style_and_content_network": {
            **numbers("seed value"),
            "style_network": texts("standard vgg"),
            "content_network": texts("standard vgg"),
            "pair": ANY_TEXT,
            "quantity": texts(_JUDGED),
            "unit": ANY_TEXT,
        },
        "single_layer_style": {
            **numbers("seed position value"),
            "network": texts("vgg alexnet standard robust all"),
            "layer": ANY_TEXT,
            "pair": ANY_TEXT,
            "quantity": texts(
                f"{_JUDGED} layer_robustness rank_correlation rank_correlation_untrained "
                "rank_correlation_given_depth"
            ),
            "unit": ANY_TEXT,
        },
    }
