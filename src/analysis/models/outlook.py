"""From the chances of single days to what is said of an invoice: unpaid by day, when, and whether ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.models.scores import Matrix, day_paid_by
from analysis.models.shrunk_curves import DailyHazards

# A year: beyond it the chance of payment is told as one number.
LONGEST_DAYS = 365
_INVOICES_AT_ONCE = 4_000
# How many expected payments the pace of all counts for, where an invoice's own pace is carried on beyond its days.
_PACE_PRIOR = 0.5
# How fast losses gather towards the last turns, see `unpaid_at_least`: 1 would spread them over all turns alike.
_LOSSES_LATE = 2.0
_LEAST_EVER = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentOutlook:
    """What is expected of each open invoice; one row per invoice.

    ``unpaid`` and ``still_open`` have a column per day after the day of the book (day j + 1): not paid in cash, and
    not gone by any cause. ``median``, ``low`` and ``high`` are the first days on which the chance of payment reaches
    one half, a tenth and nine tenths: an 80% interval; infinite where that is never, or beyond a year. ``never`` is
    the chance never to be paid.
    """

    unpaid: Matrix
    still_open: Matrix
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    never: NDArray[np.float64]


def payment_outlook(
    paid: Matrix, rel: NDArray[np.int64], pooled: DailyHazards, *, never: NDArray[np.float64] | None = None
) -> PaymentOutlook:
    """Outlook from each invoice's own chance of payment on each of the first days, and all invoices' beyond them.

    ``paid`` (invoices, days) is the hazard of payment. Leaving by credit note or write-off competes at the pace of
    all invoices so many days after their due date (``pooled``, due clock). After the last day of ``paid`` an
    invoice goes on at the pace of all times its own so far:
    ``(expected of its own + 1/2) / (expected at the pace of all + 1/2)``. After a year what is left is paid at the
    ratio of the two last hazards.

    Where the chance ``never`` to be paid is known better, one value per invoice, nothing competes: an invoice is paid
    at its own hazard, less what is lost by :func:`unpaid_at_least`. Of ``never``, as much has left by a day as of all
    invoices that left otherwise and later than so many days after their due date.
    """
    n, days = paid.shape
    cuts = [slice(low, low + _INVOICES_AT_ONCE) for low in range(0, n, _INVOICES_AT_ONCE)]
    parts = [_outlook(paid[cut], rel[cut], pooled, None if never is None else never[cut]) for cut in cuts]
    if not parts:
        none, empty = np.empty((0, days)), np.empty(0)
        return PaymentOutlook(unpaid=none, still_open=none, median=empty, low=empty, high=empty, never=empty)
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    unpaid, still_open, median, low, high, lost = columns
    return PaymentOutlook(unpaid=unpaid, still_open=still_open, median=median, low=low, high=high, never=lost)


def _outlook(
    paid: Matrix, rel: NDArray[np.int64], pooled: DailyHazards, never: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], ...]:
    days = paid.shape[1]
    of_all = _at_days(pooled.paid, rel, pooled, days=LONGEST_DAYS)
    other = others_leaving(rel, pooled, days=LONGEST_DAYS)
    pace = (_expected(paid) + _PACE_PRIOR) / (_expected(of_all[:, :days]) + _PACE_PRIOR)
    cash = np.hstack([paid, np.minimum(of_all[:, days:] * pace[:, None], 0.95)])
    if never is None:
        unpaid, still_open, never = _competing(cash, np.minimum(other, 1.0 - cash), pace, pooled)
    else:
        unpaid = unpaid_at_least(np.asarray(np.cumprod(1.0 - cash, axis=1), dtype=np.float64), never)
        still_open = unpaid - never[:, None] * _lost_by(rel, pooled, days=LONGEST_DAYS)
    medians = [day_paid_by(unpaid, share) for share in (0.5, 0.1, 0.9)]
    return unpaid[:, :days], still_open[:, :days], *medians, never


def unpaid_at_least(unpaid: Matrix, never: NDArray[np.float64]) -> Matrix:
    """Curves that end no lower than at ``never``: what they would fall too far is lost, the later the turn the more.

    ``turn = (1 - unpaid) / (1 - end)`` says when an invoice's turn comes by its own hazards, 0 for the first and 1 for
    the last, ``end`` being the last column of ``unpaid``. With ``lost = (never - end) / (1 - end)`` above 0 the result
    is ``unpaid + (never - end) * turn ** k``, ``k = min(2, 1 / lost)``: one whose turn comes then is lost with the
    chance ``lost * k * turn ** (k - 1)``, which grows with the turn and reaches 1 at most, so that no curve rises.
    Curves that end above ``never`` stay as they are. Shapes (invoices, days) and (invoices,).

    Source: this project; with k = 1 it is the mixture of payers and non-payers of Boag, Journal of the Royal
    Statistical Society B 11 (1949) 15-53.
    """
    end = unpaid[:, -1]
    ever = np.maximum(1.0 - end, _LEAST_EVER)
    more = np.maximum(never - end, 0.0)
    power = np.minimum(_LOSSES_LATE, ever / np.maximum(more, _LEAST_EVER))
    turn = np.minimum((1.0 - unpaid) / ever[:, None], 1.0)
    found: Matrix = unpaid + more[:, None] * turn ** power[:, None]
    return found


def _competing(
    cash: Matrix, other: Matrix, pace: NDArray[np.float64], pooled: DailyHazards
) -> tuple[Matrix, Matrix, NDArray[np.float64]]:
    """Unpaid, still open and never paid where an invoice leaves by cash or otherwise, whichever comes first."""
    still_open = np.asarray(np.cumprod(1.0 - cash - other, axis=1), dtype=np.float64)
    before = np.hstack([np.ones((len(cash), 1)), still_open[:, :-1]])
    unpaid: NDArray[np.float64] = np.clip(1.0 - np.cumsum(before * cash, axis=1), 0.0, 1.0)
    last_paid, last_other = pace * pooled.paid[0, -1], pooled.other[0, -1]
    ever = np.divide(last_paid, last_paid + last_other, out=np.zeros(len(cash)), where=last_paid + last_other > 0)
    never: NDArray[np.float64] = np.clip(unpaid[:, -1] - still_open[:, -1] * ever, 0.0, 1.0)
    return unpaid, still_open, never


def _lost_by(rel: NDArray[np.int64], pooled: DailyHazards, *, days: int) -> Matrix:
    """Of what is never paid and open now, the share that has left the books by each coming day, as it was of all.

    ``1 - later(now + j) / later(now)``, ``later(d)`` being the share of all invoices that left otherwise after day d:
    the sum of ``open before * other`` over later days (Aalen and Johansen). Those with nothing later go at once.
    """
    paid, other = pooled.paid[0], pooled.other[0]
    is_open = np.cumprod(1.0 - paid[:-1] - other[:-1])
    lost = np.concatenate([[1.0], is_open])[:-1] * other[:-1]
    leaving = paid[-1] + other[-1]
    # the last hazard goes on for ever: a geometric tail
    rest = (is_open[-1] if len(is_open) else 1.0) * (other[-1] / leaving if leaving > 0 else 0.0)
    beyond = rest * (1.0 - leaving) ** np.arange(days + 1)
    later = np.concatenate([lost[::-1].cumsum()[::-1] + rest, beyond])
    place = np.minimum(rel - pooled.first + 1, len(lost))
    now = np.maximum(place, 0)
    then = np.clip(place[:, None] + np.arange(1, days + 1), 0, len(later) - 1)
    left = np.divide(later[then], later[now, None], out=np.zeros(then.shape), where=later[now, None] > 0)
    return 1.0 - left


def others_leaving(rel: NDArray[np.int64], pooled: DailyHazards, *, days: int) -> Matrix:
    """Chance that an invoice leaves by credit note or write-off on each coming day: that of all, by days since due."""
    return _at_days(pooled.other, rel, pooled, days=days)


def _at_days(hazard: Matrix, rel: NDArray[np.int64], pooled: DailyHazards, *, days: int) -> Matrix:
    place = rel[:, None] + np.arange(1, days + 1) - pooled.first
    return np.where(place >= 0, hazard[0][np.clip(place, 0, hazard.shape[1] - 1)], 0.0)


def _expected(hazard: Matrix) -> NDArray[np.float64]:
    return -np.log1p(-np.minimum(hazard, 0.999)).sum(axis=1)


def outlook_of_rule(unpaid: Matrix, rel: NDArray[np.int64], pooled: DailyHazards) -> PaymentOutlook:
    """The outlook of a naive rule, which gives the chance to be unpaid on each day and nothing else.

    Its hazards are what it implies where other causes take invoices away at the pace of all.
    """
    other = others_leaving(rel, pooled, days=unpaid.shape[1])
    hazard = np.zeros_like(unpaid)
    before, is_open = np.ones(len(unpaid)), np.ones(len(unpaid))
    for day in range(unpaid.shape[1]):
        paid = before - unpaid[:, day]
        hazard[:, day] = np.clip(np.divide(paid, is_open, out=np.zeros_like(paid), where=is_open > 0), 0.0, 1.0)
        is_open = is_open * (1.0 - hazard[:, day] - np.minimum(other[:, day], 1.0 - hazard[:, day]))
        before = unpaid[:, day]
    return payment_outlook(hazard, rel, pooled)
