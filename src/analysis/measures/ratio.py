"""A quotient that is not defined stays undefined."""

from __future__ import annotations

import math
from typing import TypeVar

import pandas as pd

Figure = TypeVar("Figure", float, "pd.Series[float]")


def ratio(numerator: Figure, denominator: Figure) -> Figure:
    """``numerator / denominator``; NaN unless the denominator is positive.

    A measure over nothing, or over a month of net credit notes, is not zero: it says nothing.
    Numbers give a number, series (of months, of segments) give a series.

    >>> ratio(30, 120), ratio(30, 0)
    (0.25, nan)
    """
    if isinstance(denominator, pd.Series):
        return numerator / denominator.where(denominator > 0)
    return numerator / denominator if denominator > 0 else math.nan
