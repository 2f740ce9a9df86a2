"""Joint simulation of receipts: the same draws for every sum, so that parts and total agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.measures.cash_received import CashShare
from analysis.models.cash_shocks import PERIODS, WEEK_CODES, Codes, Shocks, groups, loadings
from analysis.models.receipts import EDGES, WEEKS, Floats, OpenDebt, owed_after

LEVELS = (0.50, 0.80, 0.95)


def limits_of(level: float) -> tuple[float, float]:
    """The quantiles that hold the middle ``level`` of a distribution between them.

    >>> limits_of(0.8)
    (0.1, 0.9)
    """
    return round((1 - level) / 2, 4), round((1 + level) / 2, 4)


QUANTILES = tuple(sorted({0.5, *(limit for level in LEVELS for limit in limits_of(level))}))
# Normal numbers held at once, and drawn at all: a large book gets fewer draws, never fewer than the least.
_AT_ONCE, _AT_MOST, _LEAST = 4_000_000, 100_000_000, 500
# Past forecasts a month apart share two thirds of their weeks, so they count for about half their number.
_FREEDOM_PER_ORIGIN = 0.5
_LEAST_FREEDOM, _MOST_SHARED = 5.0, 0.98

Halves = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceiptDraws:
    """Simulated cash by draw, part of the book and stretch of days; company currency.

    ``cash`` has the shape (draws, parts, stretches of :data:`~analysis.models.receipts.EDGES`); ``parts`` has a row
    for each part, with the columns by which it can be summed.
    """

    cash: Floats
    parts: pd.DataFrame

    def weekly(self, **chosen: str) -> Floats:
        """Cash of each week by draw, shape (draws, 13), of the parts whose columns have the values ``chosen``."""
        return _by_week(self._of(chosen))

    def within_30_days(self, **chosen: str) -> Floats:
        """Cash of the first 30 days by draw."""
        return self._of(chosen)[:, : EDGES.index(30) + 1].sum(axis=1)

    def _of(self, chosen: dict[str, str]) -> Floats:
        kept = np.ones(len(self.parts), dtype=bool)
        for column, value in chosen.items():
            kept &= (self.parts[column].astype(str) == value).to_numpy()
        return np.asarray(self.cash[:, kept].sum(axis=1))


def draw_receipts(
    debt: OpenDebt,
    share: CashShare,
    shocks: Shocks,
    *,
    rng: np.random.Generator,
    draws: int = 2_000,
    by: Sequence[str] = (),
) -> ReceiptDraws:
    """Draw the days on which all open invoices are paid, together, and add up the cash.

    The score of an invoice is ``load * (sqrt(common) M + sqrt(week) W) + sqrt(customer) K + sqrt(batch) B + sqrt(rest)
    e`` with M one for each 30 days (first-order autoregression), W one for each week, K one for each customer and B one
    for each customer and week, all standard normal; it is paid on the day at whose quantile of its own forecast the
    score lies. Most months have little in common and a few much, and a short record shows few of those: each draw has
    a ``common`` of its own, ``common * (f - 2) / chi-square(f)``, whose mean is ``common``. M so has the tails of
    Student's t with f, half the number of past forecasts and at least 5. ``by`` names columns of the items by which
    the result can be summed. Above some ten thousand invoices there are fewer draws, at least 500, so that cost stays
    bounded.
    """
    n, n_edges = len(debt.items), len(EDGES)
    draws = int(np.clip(_AT_MOST // max(n, 1), min(_LEAST, draws), draws))
    parts, part = _parts(debt, by)
    owed, _ = owed_after(debt, share)
    # sorted by batch, so that what invoices share is repeated instead of looked up
    customer, week, period = groups(debt)
    batch = customer * WEEK_CODES + week
    order = np.argsort(batch, kind="stable")
    limits = ndtri(1 - owed[order][:, EDGES]).astype(np.float32)
    starts = np.flatnonzero(np.diff(batch[order], prepend=-1))
    sizes = np.diff(np.append(starts, n))
    who = pd.factorize(customer[order][starts])[0]
    when = week[order][starts], period[order][starts]
    load = loadings(debt)[order].astype(np.float32)
    weights, target = (debt.balance * share.cash)[order], part[order] * (n_edges + 1)
    total = np.zeros((draws, len(parts), n_edges + 1))
    step = max(1, _AT_ONCE // max(n, 1))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        moved, own, common = _shared_scores(rng, shocks, size=size, customers=who, weeks=when[0], periods=when[1])
        scores = np.repeat(moved, sizes, axis=1) * load + np.repeat(own, sizes, axis=1)
        rest = 1 - shocks.customer - shocks.batch - common[:, None] * load**2
        scores += rng.standard_normal((size, n), dtype=np.float32) * np.sqrt(rest, out=rest)
        place = np.zeros((size, n), dtype=np.int64)
        for edge in range(n_edges):
            place += scores > limits[:, edge]
        place += target + np.arange(size)[:, None] * (len(parts) * (n_edges + 1))
        sums = np.bincount(place.ravel(), weights=np.tile(weights, size), minlength=size * len(parts) * (n_edges + 1))
        total[start : start + size] = sums.reshape(size, len(parts), n_edges + 1)
    return ReceiptDraws(cash=total[:, :, :-1], parts=parts)


def bands(weekly: Floats) -> pd.DataFrame:
    """Quantiles of cash by week over draws; index week 1 to 13, columns the quantiles as shares (0.025 ... 0.975)."""
    found = np.quantile(weekly, QUANTILES, axis=0)
    index = pd.RangeIndex(1, weekly.shape[1] + 1, name="week")
    return pd.DataFrame(found.T, index=index, columns=list(QUANTILES))


def _shared_scores(
    rng: np.random.Generator,
    shocks: Shocks,
    *,
    size: int,
    customers: Codes,
    weeks: Codes,
    periods: Codes,
) -> tuple[Halves, Halves, Halves]:
    """By draw and batch, what is common to all and what to a customer; and the variance of what is common."""
    freedom = max(_LEAST_FREEDOM, shocks.origins * _FREEDOM_PER_ORIGIN)
    most = _MOST_SHARED - shocks.shared + shocks.common
    common = np.minimum(shocks.common * (freedom - 2) / rng.chisquare(freedom, size), most)
    months = np.empty((size, PERIODS))
    fresh = rng.standard_normal((size, PERIODS))
    months[:, 0] = fresh[:, 0]
    for period in range(1, PERIODS):
        kept = shocks.persistence
        months[:, period] = kept * months[:, period - 1] + np.sqrt(1 - kept**2) * fresh[:, period]
    moved = np.sqrt(common)[:, None] * months[:, periods]
    moved += np.sqrt(shocks.week) * rng.standard_normal((size, WEEK_CODES))[:, weeks]
    own = np.sqrt(shocks.customer) * rng.standard_normal((size, int(customers.max(initial=-1)) + 1))[:, customers]
    own += np.sqrt(shocks.batch) * rng.standard_normal((size, len(customers)))
    variance = common + shocks.week
    return moved.astype(np.float32), own.astype(np.float32), variance.astype(np.float32)


def _parts(debt: OpenDebt, by: Sequence[str]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The parts of the book that can be told apart by the columns ``by``, and the part of each invoice."""
    if not by:
        return pd.DataFrame(index=[0]), np.zeros(len(debt.items), dtype=np.int64)
    keys = debt.items[list(by)].astype(str)
    part = np.asarray(keys.groupby(list(by), sort=True).ngroup(), dtype=np.int64)
    return keys.drop_duplicates().sort_values(list(by)).reset_index(drop=True), part


def _by_week(cash: Floats) -> Floats:
    week = (np.asarray(EDGES) - 1) // 7
    summed = np.zeros((len(cash), WEEKS))
    np.add.at(summed.T, week, cash.T)
    return summed
