"""Columns of the contract from row positions, day numbers and cents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from analysis.ledger.world.business_days import Days
from analysis.ledger.world.parameters import NEVER


def ids(letter: str, n: int) -> NDArray[np.object_]:
    """Numbers of documents in their order; of equal length, so that text sorts as they were written."""
    width = max(4, len(str(n)))
    ids = np.empty(n, dtype=object)
    ids[:] = [f"{letter}{number:0{width}d}" for number in range(1, n + 1)]
    return ids


def referred(ids: NDArray[np.object_], position: ArrayLike) -> NDArray[np.object_]:
    """The id at each position, None for -1."""
    at = np.asarray(position)
    found = ids[at]
    found[at < 0] = None
    return found


def text(values: pd.Series) -> pd.Series:
    """Text, missing where it is empty."""
    return values.mask(values == "")


def dates(days: ArrayLike | pd.Series) -> NDArray[np.datetime64]:
    """Dates of day numbers; missing from NEVER on."""
    number: Days = np.asarray(days).astype(np.int64)
    stamps = number.astype("datetime64[D]").astype("datetime64[s]")
    stamps[number >= NEVER] = np.datetime64("NaT")
    return stamps


def stamps(minutes: pd.Series) -> NDArray[np.datetime64]:
    """Timestamps of minutes since 1970; missing where the number is."""
    known = minutes.notna().to_numpy()
    stamps = minutes.fillna(0).to_numpy().astype(np.int64).astype("datetime64[m]").astype("datetime64[s]")
    stamps[~known] = np.datetime64("NaT")
    return stamps


def money(cents: pd.Series) -> pd.Series:
    """Cents as ``decimal128(18, 2)``; the 128-bit integer of the Arrow format is the number of cents itself."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents.to_numpy()
    words[:, 1] = words[:, 0] >> 63
    array = pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)])
    return pd.Series(pd.arrays.ArrowExtensionArray(array), index=cents.index)
