"""A detector of drift that holds its false-alarm rate for any payer: cumulative sums of sequential ranks.

Where nothing changes, the newest of a customer's months is as likely the latest of all as any other, whatever the
distribution of its days late. The rank of each month among those so far is then even on 1 to n and independent of the
ranks before (Barndorff-Nielsen), so the chance of an alarm follows from counting and is the same for every customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Ranks among fewer months say next to nothing: the first six only serve as history.
HISTORY_MONTHS = 6
# A month may lie so many standard deviations above the middle before it counts: half of a shift of one.
ALLOWANCE = 0.5
# New alarms per customer and year where nothing changed, in the second and third year of its history.
FALSE_ALARMS_PER_YEAR = 0.05
_FIRST_STATED, _LAST_STATED = 13, 36
# Scores are whole hundredths, so that sums lie on a grid and the recursion over it is exact.
_GRID = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detected:
    """Ranks as scores and their sums; shape (customers, months), NaN or False where a month has no value.

    ``score``: normal score of the sequential rank; ``sums``: the cumulative sum, between zero and the threshold;
    ``is_drifting``: from the alarm until the sum has fallen to half the threshold; ``is_alarm``: its first month.
    """

    score: Floats
    sums: Floats
    is_drifting: Flags
    is_alarm: Flags


def detect(values: Floats, *, threshold: float) -> Detected:
    """Watch rows of monthly values for a lasting rise; NaN where a month has no value, which changes nothing.

    The n-th value of a row, with rank R among the first n (half ranks for ties), scores ``z = q((R - 0.5) / n)``, the
    normal quantile, divided by the standard deviation of such scores for n; the first six score nothing.
    ``S = min(max(S + z - 0.5, 0), threshold)`` starts at zero; an alarm is raised where S reaches the threshold.
    Ties make an alarm less likely than stated.

    Source: McDonald, Naval Research Logistics 37 (1990) 627-646, with normal scores.
    """
    rows, months = values.shape
    score, sums = np.full((rows, months), np.nan), np.full((rows, months), np.nan)
    drifting, alarm = np.zeros((rows, months), dtype=bool), np.zeros((rows, months), dtype=bool)
    seen, sum_so_far, stands = np.zeros(rows, dtype=int), np.zeros(rows), np.zeros(rows, dtype=bool)
    limit = _whole(threshold)
    for month in range(months):
        here = ~np.isnan(values[:, month])
        seen = seen + here
        now, before = values[:, month, None], values[:, :month]
        rank = (before < now).sum(axis=1) + (before == now).sum(axis=1) / 2 + 1
        z = np.zeros(rows)
        counts = here & (seen > HISTORY_MONTHS)
        for n in np.unique(seen[counts]):
            of_n = counts & (seen == n)
            z[of_n] = _scored(rank[of_n], int(n))
        moved = np.clip(sum_so_far + z - _whole(ALLOWANCE), 0, limit)
        sum_so_far = np.where(counts, moved, sum_so_far)
        was, stands = stands, (sum_so_far >= limit) | (stands & (2 * sum_so_far > limit))
        score[here, month], sums[here, month] = z[here] / _GRID, sum_so_far[here] / _GRID
        drifting[:, month], alarm[:, month] = stands, stands & ~was
    return Detected(score=score, sums=sums, is_drifting=drifting, is_alarm=alarm)


@cache
def threshold_for(rate: float = FALSE_ALARMS_PER_YEAR) -> float:
    """The lowest threshold with at most ``rate`` new false alarms per customer-year, by :func:`alarm_chances`."""
    low, high = _GRID // 2, 10 * _GRID
    while high - low > 1:
        middle = (low + high) // 2
        chances = alarm_chances(_LAST_STATED, threshold=middle / _GRID)
        if 12 * chances[_FIRST_STATED - 1 :].mean() <= rate:
            high = middle
        else:
            low = middle
    return high / _GRID


def alarm_chances(months: int, *, threshold: float) -> Floats:
    """Chance of a new alarm in each month of a customer that does not change: exact, by counting ranks.

    The sum moves on a grid of hundredths; its distribution, apart for customers with and without a standing alarm, is
    carried from month to month with the n equally likely scores of each.
    """
    limit = _whole(threshold)
    quiet, alarmed = np.zeros(limit + 1), np.zeros(limit + 1)
    quiet[0] = 1.0
    chances = np.zeros(months)
    place = np.arange(limit + 1)
    for n in range(HISTORY_MONTHS + 1, months + 1):
        steps = _scored(np.arange(1, n + 1, dtype=float), n) - _whole(ALLOWANCE)
        targets = np.clip(place[:, None] + steps, 0, limit).astype(int).ravel()
        quiet = np.bincount(targets, weights=np.repeat(quiet / n, n), minlength=limit + 1).astype(float)
        alarmed = np.bincount(targets, weights=np.repeat(alarmed / n, n), minlength=limit + 1).astype(float)
        chances[n - 1] = quiet[limit]
        alarmed[limit] += quiet[limit]
        quiet[limit] = 0.0
        cleared = np.where(2 * place <= limit, alarmed, 0.0)
        quiet, alarmed = quiet + cleared, alarmed - cleared
    return chances


def _scored(rank: Floats, n: int) -> Floats:
    """Normal scores of ranks among n in whole hundredths, with mean zero and, but for rounding, variance one."""
    spread = float(np.sqrt((ndtri((np.arange(1, n + 1) - 0.5) / n) ** 2).mean()))
    scores: Floats = np.rint(ndtri((rank - 0.5) / n) / spread * _GRID)
    return scores


def _whole(value: float) -> int:
    return round(value * _GRID)
