"""Outcomes of images in a cell of a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from advex.common.artifacts import read_table, write_table
from advex.common.numbers.outcomes import COLUMN, pack, unpack


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ([True] * 8, "ff"),
        ([True, False, False, False, False, False, False, False], "80"),
        ([False] * 7 + [True, True], "0180"),
        ([True, False, True], "a0"),
        ([], ""),
    ],
)
def test_digits_of_four_images_each_the_first_image_highest(bits: list[bool], text: str) -> None:
    assert pack(bits) == text
    assert unpack(text, len(bits)).tolist() == bits


@pytest.mark.parametrize("images", [1, 7, 8, 9, 500])
def test_what_is_packed_is_read_back(images: int) -> None:
    bits = np.random.default_rng(images).random(images) < 0.5
    assert np.array_equal(unpack(pack(bits), images), bits)


@pytest.mark.parametrize(("text", "images"), [("ff", 7), ("ff", 9), ("ffff", 8), ("f", 4), ("xy", 8)])
def test_digits_of_another_number_of_images_are_refused(text: str, images: int) -> None:
    with pytest.raises(ValueError, match=r"digits|hexadecimal|fromhex"):
        unpack(text, images)


@pytest.mark.parametrize("text", ["0000", "1234", "12e4", "0123"])
def test_digits_that_look_like_a_number_stay_digits_in_a_table(tmp_path: Path, text: str) -> None:
    write_table(tmp_path / "table.csv", pd.DataFrame({"seed": [0, 1], COLUMN: [text, None]}))
    found = read_table(tmp_path / "table.csv")[COLUMN]
    assert found[0] == text
    assert pd.isna(found[1])
