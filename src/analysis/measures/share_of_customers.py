"""A share of things that customers have several of, with an interval that takes customers as its units."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import t as student

from analysis.measures.ratio import ratio


def share_of_customers(counts: np.ndarray, totals: np.ndarray, *, level: float = 0.95) -> tuple[float, float, float]:
    """A share of things that customers have several of, with its interval over customers: (share, low, high).

    ``share = sum(counts) / sum(totals)``. Things of one customer are alike, so customers are the units: the variance
    of the ratio is ``C / (C - 1) * sum((count - share * total) ** 2) / sum(totals) ** 2``, and the interval is taken
    on the scale of log-odds with Student's t of C - 1 degrees. Where all or none have it, the open end is
    ``1 - (1 - level) ** (1 / C)`` off: what C independent customers allow. NaN with fewer than two customers.

    Source: ratio estimates of cluster samples, Cochran, Sampling Techniques (3rd ed., 1977); log-odds: Korn and
    Graubard, Survey Methodology 24 (1998) 193-201.
    """
    kept = totals > 0
    counts, totals = counts[kept], totals[kept]
    number, whole = len(totals), float(totals.sum())
    share = float(ratio(float(counts.sum()), whole))
    if number < 2:
        return share, math.nan, math.nan
    if share in (0.0, 1.0):
        off = 1 - (1 - level) ** (1 / number)
        return (share, 0.0, off) if share == 0 else (share, 1 - off, 1.0)
    variance = number / (number - 1) * float(((counts - share * totals) ** 2).sum()) / whole**2
    reach = float(student.ppf((1 + level) / 2, number - 1)) * math.sqrt(variance) / (share * (1 - share))
    odds = math.log(share / (1 - share))
    return share, 1 / (1 + math.exp(reach - odds)), 1 / (1 + math.exp(-reach - odds))
