"""Reading and writing artifacts: safetensors for tensors, CSV for tables; every write is atomic.

No file read here can run code: safetensors hold raw numbers and one JSON string, CSV holds text.
Only NumPy is needed, so figures and tables never import torch.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from advex.common.errors import UserError
from advex.common.files import atomic_path

Array = np.ndarray[Any, Any]
Description = Mapping[str, Any]

_DESCRIPTION_KEY = "advex"
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


def stored(array: Array, dtype: str) -> Array:
    """Return an array as it is stored: float32 as ``dtype`` (float32 or float16), others as they are.

    Raises:
        UserError: a number is too large for the type.
    """
    if array.dtype != np.float32 or dtype == "float32":
        return array
    with np.errstate(over="ignore"):
        rounded: Array = array.astype(dtype)
    if not np.array_equal(np.isfinite(rounded), np.isfinite(array)):
        raise UserError(f"stored_as: {dtype} cannot hold {np.abs(array).max():g}; set it to float32")
    return rounded


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], description: Description
) -> None:
    """Write named arrays and a JSON-serialisable description of them to a safetensors file.

    Equal content gives equal bytes: the description is one string with sorted keys.

    Raises:
        OSError: it could not be written, the disk being full for example.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(
                contiguous, temporary, {_DESCRIPTION_KEY: json.dumps(dict(description), sort_keys=True)}
            )
        except SafetensorError as error:
            raise _of_the_disk(error, path) from error


def _of_the_disk(error: SafetensorError, path: str | os.PathLike[str]) -> Exception:
    """Return what the system said where the library wraps that in an error of its own."""
    said = _OS_ERROR.search(str(error))
    return OSError(number := int(said[1]), os.strerror(number), os.fspath(path)) if said else error


def read_tensors(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read all arrays of a safetensors file.

    Raises:
        UserError: the file is missing, truncated or not safetensors.
    """
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)


def read_description(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read only the description a safetensors file carries (empty if it has none).

    Raises:
        UserError: as :func:`read_tensors`.
    """
    with _opened(path) as file:
        description = json.loads((file.metadata() or {}).get(_DESCRIPTION_KEY, "{}"))
    if not isinstance(description, dict):
        raise UserError(f"{path}: its description is no mapping; delete it and build it again")
    return description


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; build it with `snakemake {path}`") from error
    except (SafetensorError, json.JSONDecodeError, RecursionError) as error:
        raise UserError(
            f"{path}: not a complete safetensors file ({error}); delete it and build it again"
        ) from error


def write_table(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a tidy table as CSV, one observation a row, without an index."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.10g")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV table.

    Raises:
        UserError: the file is missing or is not a table.
    """
    try:
        # Outcomes of images are digits (advex.common.numbers.outcomes), and some of them look like numbers.
        return pd.read_csv(path, dtype={"outcomes": str})
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such table; build it with `snakemake {path}`") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a CSV table ({error}); delete it and build it again") from error
