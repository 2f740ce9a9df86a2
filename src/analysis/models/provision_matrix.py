"""The provision matrix: exposure times loss rate by segment and age, in amounts that foot to the smallest coin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

TOTAL = "total"


def provisions(gross: ArrayLike, rates: ArrayLike) -> NDArray[np.float64]:
    """Expected loss of each bucket: its gross amount times its loss rate.

    Source: IFRS 9 5.5.15 and B5.5.35; Illustrative Example 12 (IE74 to IE77).

    >>> float(provisions([15e6, 7.5e6, 4e6, 2.5e6, 1e6], [0.003, 0.016, 0.036, 0.066, 0.106]).sum())
    580000.0
    """
    amounts, parts = np.asarray(gross, dtype=float), np.asarray(rates, dtype=float)
    if amounts.shape != parts.shape:
        raise ValueError(f"{amounts.size} amounts need as many rates, got {parts.size}")
    return np.round(amounts * parts, 6)


def in_coins(amounts: ArrayLike, *, decimals: int, most: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Amounts of at least 0 as whole coins (cents, where ``decimals`` is 2) that add up to their rounded sum.

    Each amount is rounded down and the coins that are missing go to the largest remainders, the first in order where
    two are alike. ``most`` is what no amount may pass; coins that find no room are left out.

    Source: method of the largest remainder (Hamilton).

    >>> in_coins([0.335, 0.335, 0.33], decimals=2).tolist()
    [34, 33, 33]
    """
    exact = np.asarray(amounts, dtype=float) * 10**decimals
    # what is a whole number of coins but for the last digit of a float is that number
    whole = np.round(exact)
    exact = np.where(np.abs(exact - whole) < 1e-6, whole, exact)
    coins = np.floor(exact).astype(np.int64)
    room = np.full(len(coins), True) if most is None else coins < most
    missing = int(np.floor(exact.sum() + 0.5)) - int(coins.sum())
    order = np.argsort(-(exact - coins), kind="stable")
    coins[order[room[order]][: max(missing, 0)]] += 1
    return coins if most is None else np.minimum(coins, most)


def matrix_of(cells: pd.DataFrame, *, buckets: Sequence[str]) -> pd.DataFrame:
    """Exposure, rate and loss by segment and bucket, with sums of rows and columns under :data:`TOTAL`.

    ``cells`` has ``segment``, ``bucket``, ``exposure`` and ``loss`` (whole coins). Index ``segment``, ``bucket``;
    columns ``exposure``, ``loss`` and ``rate`` (loss by exposure, NaN where nothing is owed). All sums are exact.
    """
    segments = [*sorted(cells["segment"].unique()), TOTAL]
    index = pd.MultiIndex.from_product([segments, [*buckets, TOTAL]], names=["segment", "bucket"])
    twice = pd.concat([cells, cells.assign(segment=TOTAL)], ignore_index=True)
    four = pd.concat([twice, twice.assign(bucket=TOTAL)], ignore_index=True)
    sums = four.groupby(["segment", "bucket"])[["exposure", "loss"]].sum().reindex(index, fill_value=0)
    return sums.assign(rate=sums["loss"] / sums["exposure"].where(sums["exposure"] > 0))
