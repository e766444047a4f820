"""The interactive page of linear features: hovering a point shows that feature, as in the original."""

import base64
import io
import os
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from advex.common.artifacts import Array
from advex.common.pictures import Picture
from advex.draw.pages import render
from advex.draw.tables import first_repetition

_COLUMNS = 24


def explorer_html(
    template: str | os.PathLike[str],
    study: str,
    singular_vectors: pd.DataFrame,
    ensembles: pd.DataFrame,
    containments: pd.DataFrame,
    thumbnails: Picture,
) -> str:
    """Render one page that needs no other file, with the first repetition of every pair of classes.

    Args:
        template: path of the page's template.
        study: name of the study.
        singular_vectors: the measurement of that name.
        ensembles: likewise.
        containments: likewise.
        thumbnails: the weights as images.

    Raises:
        UserError: the template is missing.
    """
    pairs = []
    for row, pair in enumerate(thumbnails.rows):
        vectors, sums, mixtures = (
            first_repetition(table[table["pair"] == pair])
            for table in (singular_vectors, ensembles, containments)
        )
        pairs.append(
            {
                "name": str(vectors["classes"].iloc[0]),
                "points": _points(vectors, sums, mixtures, thumbnails.columns),
                "frontier": _curve(vectors, "frontier_robustness", "frontier_usefulness"),
                "path": _curve(mixtures, "path_robustness", "path_usefulness"),
                "threshold": float(sums[sums["name"] == "ensemble"]["at"].dropna().iloc[0]),
                "noise": {
                    name: float(vectors[vectors["quantity"] == f"permuted_{name}"]["value"].iloc[0])
                    for name in ("usefulness", "usefulness_held_out")
                },
                "sheet": _sheet(thumbnails.images[row]),
            }
        )
    size = int(thumbnails.images.shape[-1])
    epsilons = sorted(singular_vectors["epsilon"].dropna().unique().tolist())
    data = {"pairs": pairs, "columns": _COLUMNS, "size": size, "epsilons": epsilons}
    return render(template, study=study, pairs=[pair["name"] for pair in pairs], data=data)


def _points(
    singular: pd.DataFrame, ensembles: pd.DataFrame, containments: pd.DataFrame, columns: list[str]
) -> list[dict[str, Any]]:
    """List the features with a thumbnail: where each lies, what it is called, its place on the sheet."""
    wanted = ["robustness", "usefulness", "usefulness_held_out"]
    vectors = singular[singular["feature"].notna() & singular["quantity"].isin(wanted)]
    wide = vectors.pivot_table(index="feature", columns="quantity", values="value")
    named = {
        "ensemble": ensembles[ensembles["name"] == "ensemble"],
        "contained": containments[containments["name"] == "contained"],
    }
    points = []
    for place, name in enumerate(columns):
        if name.isdecimal():
            if float(name) not in wide.index:
                continue
            values = wide.loc[float(name)].to_dict()
            label = f"singular vector {name}"
        elif name in named:
            rows = named[name]
            values = rows[rows["quantity"].isin(wanted)].set_index("quantity")["value"].to_dict()
            label = f"{name} feature"
        else:
            continue
        points.append(
            {
                "name": label,
                "kind": "vector" if name.isdecimal() else name,
                "place": place,
                **{key: round(float(values[key]), 6) for key in wanted},
            }
        )
    return points


def _curve(table: pd.DataFrame, x: str, y: str) -> list[list[float]]:
    wide = table[table["quantity"].isin([x, y])].pivot_table(
        index="point", columns="quantity", values="value"
    )
    return [[float(value) for value in pair] for pair in wide[[x, y]].to_numpy()]


def _sheet(images: Array) -> str:
    """Join thumbnails (n, C, H, W) to one sheet, as a PNG in base64."""
    count, channels, height, width = images.shape
    rows = -(-count // _COLUMNS)
    sheet = np.full((rows * height, _COLUMNS * width, channels), 255, dtype=np.uint8)
    for index, image in enumerate(np.round(255 * images).astype(np.uint8)):
        top, left = index // _COLUMNS * height, index % _COLUMNS * width
        sheet[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(sheet if channels == 3 else sheet[:, :, 0]).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
