"""How far a ratio of two sums may be off, were the customers others of the same kind: customers drawn anew.

A few large customers carry most of a book, and the usual middle of the redraws is then too short. Each redraw is
therefore measured by its own error (percentile-t), which lengthens the interval as the customers' weights ask for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

DRAWS = 999
CONFIDENCE = 0.95
# Below ten customers a redraw repeats the same few and says nothing about others.
FEWEST_CUSTOMERS = 10
# Above so many, customers are redrawn in so many groups of equal number: time and memory then stop to grow.
MOST_UNITS = 1_000
# Where the error hangs on fewer customers than these, redraws of them cannot show how large the next one may be.
FEW_CONTRIBUTORS = 6.0

Scale = Literal["plain", "log", "logit"]
Interval = tuple[float, float]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Redrawn:
    """A figure in the book (first) and in each redraw, and what each customer moves it by there.

    ``drawn``: redraws + 1. ``influences``: redraws + 1 x customers, each row weighted by the redraw adds up to 0.
    """

    drawn: Matrix
    influences: Matrix

    def __sub__(self, before: Redrawn) -> Redrawn:
        """The change from ``before``, with the same customers redrawn in both."""
        return Redrawn(drawn=self.drawn - before.drawn, influences=self.influences - before.influences)


def seed_of(customers: Sequence[str]) -> int:
    """A seed that the ledger's customers fix: neither the clock nor the order of rows has a say."""
    return int.from_bytes(hashlib.sha256("\n".join(sorted(customers)).encode()).digest()[:8], "big")


def units(n_customers: int, *, most: int = MOST_UNITS) -> NDArray[np.int64]:
    """The unit in which each customer, in order of number, is redrawn: itself, or one of ``most`` groups."""
    return np.arange(n_customers) % min(max(n_customers, 1), most)


def folded(rows: Matrix, unit: NDArray[np.int64]) -> Matrix:
    """Rows of customers added up to rows of the units in which they are redrawn."""
    summed = np.zeros((int(unit.max()) + 1, *rows.shape[1:]))
    np.add.at(summed, unit, rows)
    return summed


def redraws(n_units: int, *, draws: int = DRAWS, seed: int) -> Matrix:
    """How often each unit is drawn: first the book itself, then ``draws`` redraws of as many units with replacement."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=draws)
    return np.vstack([np.ones(n_units), drawn.astype(float)])


def redrawn_ratio(times: Matrix, above: Matrix, below: Matrix, *, factor: float = 1.0) -> Redrawn:
    """``factor * sum(above) / sum(below)`` in every redraw; NaN where the lower sum is not positive."""
    lower = times @ below
    lower = np.where(lower > 0, lower, math.nan)
    share = (times @ above) / lower
    influences = (above[None, :] - share[:, None] * below[None, :]) * (factor / lower)[:, None]
    return Redrawn(drawn=factor * share, influences=influences)


def interval(
    times: Matrix, found: Redrawn, *, scale: Scale = "plain", confidence: float = CONFIDENCE
) -> Interval | None:
    """Symmetric percentile-t interval of the figure on ``scale``; None where there is no ground for one.

    ``g +/- c * error`` with g the figure on the scale, its error the root of the sum of squared influences, and c the
    ``confidence`` quantile of ``abs(g* - g) / error*`` over the redraws. Where the error hangs on fewer than six
    customers (``k = sum(u**2)**2 / sum(u**4)`` of the influences u), c is at least that of Student's t with k - 1
    (at least one) degrees of freedom. Infinite limits where redraws bound nothing; None where the figure is not defined
    or nothing varies.

    Source: Hall, On symmetric bootstrap confidence intervals, JRSS B 50 (1988) 35-45.
    """
    if scale != "plain" and not found.drawn[0] > 0:
        scale = "plain"
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt((times * found.influences**2).sum(axis=1))
        place, error = _on(scale, found.drawn), errors * _slope(scale, found.drawn)
        apart = np.abs(place[1:] - place[0]) / error[1:]
    if not (math.isfinite(place[0]) and error[0] > 0):
        return None
    # A redraw in which nothing varies, or the figure is not defined, lies as far off as can be.
    apart = np.sort(np.where(np.isnan(apart), math.inf, apart))
    squares = found.influences[0] ** 2
    contributors = float(squares.sum() ** 2 / (squares**2).sum())
    reach = float(apart[min(math.ceil(confidence * (len(apart) + 1)), len(apart)) - 1])
    if contributors < FEW_CONTRIBUTORS:
        reach = max(reach, float(student.ppf((1 + confidence) / 2, max(contributors - 1, 1.0))))
    if not math.isfinite(reach):
        return -math.inf, math.inf
    low, high = (_off(scale, place[0] + side * reach * error[0]) for side in (-1, 1))
    return low, high


def middle(values: Matrix, *, confidence: float = CONFIDENCE) -> Interval | None:
    """The middle ``confidence`` of redraws of a figure in whole days, ``values[0]`` the figure itself.

    Redraws that are equal count half below and half above themselves; a limit takes in the day itself. So the steps
    of a day make the interval no longer than it has to be. None where the figure or a limit was not reached.
    """
    days, number = np.unique(values[1:], return_counts=True)
    share = (np.cumsum(number) - number / 2) / number.sum()
    low = days[np.argmax(share >= (1 - confidence) / 2)]
    high = days[len(days) - 1 - np.argmax(share[::-1] <= (1 + confidence) / 2)]
    low, high = min(low, values[0]), max(high, values[0])
    return (float(low), float(high)) if np.isfinite([low, high]).all() else None


def _on(scale: Scale, values: Matrix) -> Matrix:
    if scale == "plain":
        return values
    return np.log(values) if scale == "log" else np.log(values / (1 - values))


def _slope(scale: Scale, values: Matrix) -> Matrix:
    """How much the scale moves where the figure moves by one."""
    if scale == "plain":
        return np.ones_like(values)
    return 1 / values if scale == "log" else 1 / (values * (1 - values))


def _off(scale: Scale, place: float) -> float:
    if scale == "plain":
        return float(place)
    with np.errstate(over="ignore"):
        return float(np.exp(place)) if scale == "log" else float(1 / (1 + np.exp(-place)))
