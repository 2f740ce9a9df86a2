"""How far the loss of an open book may lie from what is expected: draws of customers as they turned out before.

Losses are few and come a customer at a time, so neither a rate's own error nor a bell curve says how far a month may be
off. Past open books do: each customer of each is a story of what was expected of it and what it cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.survival import Estimate

# Customers of whom little, some or much of the balance is expected to be lost fail differently, and so do small and
# large ones; sizes are told apart where these shares of all that was owed are reached, from the smallest up.
_LEVELS, _SIZES = (0.025, 0.10), (0.2, 0.4, 0.6, 0.8)
_FEWEST, _MOST_TILTED = 30, 0.95
# Fewer customers that ever lost anything say nothing about how far losses spread.
LEAST_LOSERS = 5
_DRAWS, _MOST_DRAWN = 4_000, 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossDraws:
    """Draws of what the open book will lose; empty where too few customers ever lost anything.

    ``mean`` is the expected loss, ``draws`` what it may turn out to be, both after recoveries. ``losers`` counts the
    customers of past books that cost something, ``customers`` all of them.
    """

    mean: float
    draws: NDArray[np.float64]
    losers: int
    customers: int

    def interval(self, level: float) -> tuple[float, float]:
        """Limits between which the loss lies with this chance; NaN where no draws could be made."""
        if not len(self.draws):
            return math.nan, math.nan
        low, high = np.quantile(self.draws, ((1 - level) / 2, (1 + level) / 2))
        return float(low), float(high)

    def estimate(self, level: float = 0.95) -> Estimate:
        """The expected loss with its interval of prediction."""
        low, high = self.interval(level)
        return Estimate(value=self.mean, low=low, high=high)


def loss_draws(past: pd.DataFrame, book: pd.DataFrame, *, seed: int = 0) -> LossDraws:
    """Draw what a book will lose from customers of past books.

    ``past`` has a row per customer and past book: ``customer_id``, ``place`` (of the book), ``balance``, ``expected``,
    ``lost`` (written off since, followed long enough), in one currency; ``book`` has ``customer_id``, ``balance``,
    ``expected``. Each draw takes customers of the past with replacement (how sure the rates are), then for each
    customer of the book one of these, with a chance in proportion to what it owed, out of those that owed about as
    much and of whom about as large a part was expected to be lost; the part that one cost is the part lost. Those that
    cost something are drawn more or less often by the factor that brings the mean to what is expected of the book.

    Source: two-level bootstrap of clusters, Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8.
    """
    past = past[past["balance"] > 0].sort_values(["customer_id", "place"], ignore_index=True)
    book = book.sort_values("customer_id", ignore_index=True)
    mean = float(book["expected"].sum())
    customers, who = np.unique(past["customer_id"].to_numpy(dtype=str), return_inverse=True)
    losers = int(past.loc[past["lost"] > 0, "customer_id"].nunique())
    if losers < LEAST_LOSERS or not mean > 0:
        return LossDraws(mean=mean, draws=np.empty(0), losers=losers, customers=len(customers))
    owed, part = past["balance"].to_numpy(float), (past["lost"] / past["balance"]).to_numpy(float)
    groups = _groups(past, book)
    unmoved = sum(owes.sum() * np.average(part[rows], weights=owed[rows]) for rows, owes in groups)
    factor = mean / unmoved if unmoved > 0 else 1.0
    rng = np.random.default_rng(seed)
    draws = max(200, min(_DRAWS, _MOST_DRAWN // max(len(book), 1)))
    weight = rng.multinomial(len(customers), np.full(len(customers), 1 / len(customers)), size=draws)
    lost = np.zeros(draws)
    for rows, owes in groups:
        chance, drawn_part = _tilted(owed[rows], part[rows], factor=factor), part[rows]
        for place in range(draws):
            running = np.cumsum(chance * weight[place][who[rows]])
            if not running[-1] > 0:
                running = np.cumsum(chance)
            taken = np.searchsorted(running, rng.random(len(owes)) * running[-1], side="right")
            lost[place] += owes @ drawn_part[np.minimum(taken, len(rows) - 1)]
    return LossDraws(mean=mean, draws=lost, losers=losers, customers=len(customers))


def _groups(past: pd.DataFrame, book: pd.DataFrame) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Places of the past customers from which like ones of the book are drawn, and what those of the book owe."""
    owed = np.sort(past["balance"].to_numpy(float))
    sizes = [owed[np.searchsorted(np.cumsum(owed) / owed.sum(), share)] for share in _SIZES]

    def classes(rows: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        balance = rows["balance"].to_numpy(float)
        level = np.searchsorted(_LEVELS, rows["expected"].to_numpy(float) / np.maximum(balance, 1e-9), side="right")
        return level.astype(np.int64), np.searchsorted(sizes, balance, side="right").astype(np.int64)

    (level, size), (asked_level, asked_size) = classes(past), classes(book)
    balance, groups = book["balance"].to_numpy(float), []
    for one, other in sorted(set(zip(asked_level.tolist(), asked_size.tolist(), strict=True))):
        rows = np.flatnonzero((level == one) & (size == other))
        if len(rows) < _FEWEST:
            rows = np.flatnonzero(level == one)
        if len(rows) < _FEWEST:
            rows = np.arange(len(past))
        groups.append((rows, balance[(asked_level == one) & (asked_size == other)]))
    return groups


def _tilted(owed: NDArray[np.float64], part: NDArray[np.float64], *, factor: float) -> NDArray[np.float64]:
    """Chances in proportion to what was owed, those that cost something taken ``factor`` times as often."""
    cost = part > 0
    share = float(owed[cost].sum() / owed.sum())
    if not 0 < share < 1:
        return owed
    tilt = min(factor, _MOST_TILTED / share)
    result: NDArray[np.float64] = owed * np.where(cost, tilt, (1 - tilt * share) / (1 - share))
    return result
