"""Which customers make up the effect of payment behaviour, and how far it may be off for the choice of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.changes_cells import CELL, Standing
from analysis.measures.changes_model import Floats, Model, places
from analysis.measures.redraws import (
    FEWEST_CUSTOMERS,
    Interval,
    folded,
    interval,
    redrawn_ratio,
    redraws,
    seed_of,
    units,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CustomerPieces:
    """What each customer adds to the change of the share still open, by cell.

    ``customers``: numbers in order; ``customer_at`` and ``cell_at``: of each piece, its customer and its cell of
    ``Model.cells``; ``piece``: the change of the share. Pieces of a cell add up to the change of its share.
    """

    customers: pd.Index
    customer_at: NDArray[np.int64]
    cell_at: NDArray[np.int64]
    piece: Floats

    def weighted(self, weights: Floats) -> pd.Series:
        """Sum of the pieces by customer, each times the weight of its cell."""
        added = np.bincount(self.customer_at, weights=self.piece * weights[self.cell_at], minlength=len(self.customers))
        return pd.Series(added, index=self.customers)


def customer_pieces(model: Model, before: Standing, now: Standing) -> CustomerPieces:
    """The changes of shares still open as sums over customers.

    A share is what is open over what was sold. On the later date a customer adds ``(open - middle x sold) / sold of
    all``, on the earlier the same with its sign turned, where ``middle`` is the mean of the two shares: who pays as all
    do adds nothing. Where one date had no sales in a cell, its assumed share stands in for the middle.
    """
    sums = model.cells
    known = [sums[name].to_numpy(float) > 0 for name in ("sales_before", "sales_now")]
    shares = [model.clean.before, model.clean.now]
    middle = np.where(known[0] & known[1], (shares[0] + shares[1]) / 2, np.where(known[0], shares[1], shares[0]))
    parts = []
    for standing, sign, total in ((before, -1.0, "sales_before"), (now, 1.0, "sales_now")):
        rows = standing.customers
        at = places(rows, sums, CELL)
        common = model.common.reindex(rows["currency"]).to_numpy(float)
        of_all = sums[total].to_numpy(float)[at]
        own = (rows["clean"].to_numpy(float) - middle[at] * rows["sales"].to_numpy(float)) * common
        parts.append(pd.DataFrame({"customer": rows["customer_id"], "cell_at": at, "piece": sign * own / of_all}))
    pieces = pd.concat(parts, ignore_index=True)
    customers = pd.Index(sorted(set(pieces["customer"])), name="customer_id")
    return CustomerPieces(
        customers=customers,
        customer_at=customers.get_indexer(pieces["customer"]),
        cell_at=pieces["cell_at"].to_numpy(dtype=np.int64),
        piece=pieces["piece"].to_numpy(float),
    )


def interval_of_sum(customers: pd.Series) -> Interval | None:
    """95% limits of a sum over customers, had they been others of the same kind: whole customers drawn anew.

    None with fewer than ten customers, where nobody adds anything, or where all but one customer add next to nothing.
    Source as of :func:`analysis.measures.redraws.interval`.
    """
    if len(customers) < FEWEST_CUSTOMERS or not customers.any():
        return None
    added = folded(customers.to_numpy(float), units(len(customers)))
    times = redraws(len(added), seed=seed_of(list(customers.index)))
    # a sum is the mean of all, so many times
    return interval(times, redrawn_ratio(times, added, np.ones(len(added)), factor=len(added)))
