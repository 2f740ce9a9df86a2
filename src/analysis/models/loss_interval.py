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

# Customers of whom little, some or much of the balance is expected to be lost fail differently.
_LEVELS = (0.025, 0.10)
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

    ``past`` has a row per customer and past book: ``customer_id``, ``balance``, ``expected``, ``lost`` (written off
    since, followed long enough), in one currency; ``book`` has ``customer_id``, ``balance``, ``expected``. Each draw
    takes customers of the past with replacement (how sure the rates are), then for each customer of the book one of
    these, with a chance in proportion to what was expected of it, out of those of whom a like part was expected to be
    lost; its loss over what was expected, times what is expected of the customer, is the loss, at most the balance.
    Past losses are taken relative to the mean of their level, so that the draws lie around what is expected.

    Source: two-level bootstrap of clusters, Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8.
    """
    past = past[past["expected"] > 0].sort_values(["customer_id", "place"], ignore_index=True)
    book = book.sort_values("customer_id", ignore_index=True)
    mean = float(book["expected"].sum())
    customers, who = np.unique(past["customer_id"].to_numpy(dtype=str), return_inverse=True)
    losers = int(past.loc[past["lost"] > 0, "customer_id"].nunique())
    if losers < LEAST_LOSERS or not mean > 0:
        return LossDraws(mean=mean, draws=np.empty(0), losers=losers, customers=len(customers))
    rng = np.random.default_rng(seed)
    draws = max(200, min(_DRAWS, _MOST_DRAWN // max(len(book), 1)))
    expected, balance = book["expected"].to_numpy(float), book["balance"].to_numpy(float)
    level_of_past, level_of_book = _levels(past), _levels(book)
    weight = rng.multinomial(len(customers), np.full(len(customers), 1 / len(customers)), size=draws)
    lost = np.zeros(draws)
    for level in range(len(_LEVELS) + 1):
        rows, asked = np.flatnonzero(level_of_past == level), np.flatnonzero(level_of_book == level)
        if not len(asked):
            continue
        if not past["lost"].to_numpy()[rows].sum() > 0:
            rows = np.arange(len(past))
        chance, ratio = _ratios(past.iloc[rows])
        for place in range(draws):
            running = np.cumsum(chance * weight[place][who[rows]])
            if not running[-1] > 0:
                running = np.cumsum(chance)
            taken = np.searchsorted(running, rng.random(len(asked)) * running[-1], side="right")
            drawn = expected[asked] * ratio[np.minimum(taken, len(rows) - 1)]
            lost[place] += np.minimum(drawn, balance[asked]).sum()
    return LossDraws(mean=mean, draws=lost, losers=losers, customers=len(customers))


def _ratios(past: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What was expected of each row, and its loss over that, relative to all rows together."""
    expected, lost = past["expected"].to_numpy(float), past["lost"].to_numpy(float)
    return expected, lost / expected * (expected.sum() / lost.sum())


def _levels(rows: pd.DataFrame) -> NDArray[np.int64]:
    part = rows["expected"].to_numpy(float) / np.maximum(rows["balance"].to_numpy(float), 1e-9)
    return np.searchsorted(_LEVELS, part, side="right").astype(np.int64)
