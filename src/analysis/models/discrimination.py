"""Whether forecasts put invoices in the order in which they are paid."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.models.scores import checked_forecast, seen_truth

# Two forecasts of the same days may differ in their last digits, by the order of their factors.
_SAME_DAYS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """Pairs of invoices of which one is known to be paid first, and those that the forecast put in this order.

    ``tied`` pairs have the same forecast and count half.
    """

    concordant: int
    tied: int
    comparable: int

    @property
    def value(self) -> float:
        """Share of pairs in the right order: 1 is perfect, 0.5 is chance; NaN without a pair to compare."""
        return (self.concordant + self.tied / 2) / self.comparable if self.comparable else math.nan


def concordance(
    remaining_days: ArrayLike, paid_after: ArrayLike, seen_days: ArrayLike, *, left_after: ArrayLike | None = None
) -> Concordance:
    """How often, of two invoices, the one paid first was forecast to be paid first.

    A pair compares where one was paid on a day on which the other is known to be unpaid at its end: paid later,
    still open when last seen on or after that day, or credited or written off at any time (never paid).
    Two paid on the same day do not compare. ``remaining_days`` is any forecast that grows with the time to
    payment, such as :func:`restricted_mean_days`.

    Source: Harrell, Lee and Mark, Statistics in Medicine 15 (1996) 361-387; with other exits Wolbers, Koller,
    Witteman and Steyerberg, Epidemiology 20 (2009) 555-561.

    >>> concordance([1, 2, 2], paid_after=[3, 5, 9], seen_days=[9, 9, 9]).value
    0.8333333333333334
    """
    forecast = np.round(np.asarray(remaining_days, dtype=float), _SAME_DAYS)
    paid, seen, left = seen_truth(paid_after, seen_days, left_after, rows=len(forecast))
    # the last day at whose end an invoice is known to be unpaid; a payment ends that one day earlier
    unpaid_until = np.where(paid < np.inf, np.nextafter(paid, 0), np.where(left < np.inf, np.inf, seen))
    order = np.argsort(forecast, kind="stable")
    forecast, paid, unpaid_until = forecast[order], paid[order], unpaid_until[order]
    concordant = tied = comparable = 0
    for day in np.unique(paid[paid < np.inf]):
        first, later = forecast[paid == day], forecast[unpaid_until >= day]
        below, upto = (np.searchsorted(later, first, side=side) for side in ("left", "right"))
        comparable += len(first) * len(later)
        concordant += int((len(later) - upto).sum())
        tied += int((upto - below).sum())
    return Concordance(concordant=concordant, tied=tied, comparable=comparable)


def pooled(parts: Iterable[Concordance]) -> Concordance:
    """One figure from several dates: only invoices of the same date are compared."""
    counted = list(parts)
    return Concordance(
        concordant=sum(part.concordant for part in counted),
        tied=sum(part.tied for part in counted),
        comparable=sum(part.comparable for part in counted),
    )


def restricted_mean_days(unpaid: ArrayLike, *, cap: int = 90) -> NDArray[np.float64]:
    """Expected days until payment within the next ``cap`` days; what is unpaid then counts with ``cap``.

    ``1 + sum of unpaid(h) for h = 1 .. cap - 1``: the area under the forecast. Shape (invoices,).
    ValueError where the forecast does not reach ``cap - 1`` days.

    >>> restricted_mean_days([[0.5, 0.0]], cap=3).tolist()
    [1.5]
    """
    forecast, days = checked_forecast(unpaid, None)
    if len(days) < cap - 1:
        raise ValueError(f"unpaid has {len(days)} days, {cap - 1} are needed for a mean within {cap} days")
    return 1 + forecast[:, : cap - 1].sum(axis=1)
