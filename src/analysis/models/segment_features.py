"""What tells payers apart: the few facts of the customer view that segments are made of, and their scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["behaviour", "value", "risk"]

# Six invoices in a year and half a year of business: below that, days late are chance rather than habit.
INVOICES_MINIMUM = 6
TENURE_MINIMUM_DAYS = 180
# The part at either end that is drawn in: one customer who paid after years must not make a segment of its own.
WINSORISED_SHARE = 0.02
# A difference of five days means more around the due date than among debts of three months; ten days is the bend.
_BEND_DAYS = 10.0
# Normal distributions have 2.563 standard deviations between their first and their last decile.
_DECILES_APART = 2.563


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing that tells payers apart.

    ``shown`` is the figure people read, a column of :func:`shown`; ``transform`` brings it to a scale on which equal
    steps mean the same, ``weight`` says how loudly it speaks. ``phrase`` names it in a rule; ``unit`` as in reports.
    """

    id: str
    kind: Kind
    phrase: str
    unit: Literal["days", "share", "currency"]
    transform: Callable[[Floats], Floats]
    weight: float = 1.0


def bent_days(days: Floats) -> Floats:
    """Days late on a scale that is straight around the due date and logarithmic far from it.

    ``sign(d) * log(1 + |d| / 10)``: from due to ten days late is as far as from ten to thirty.

    >>> bent_days(np.array([-10.0, 0.0, 10.0, 30.0])).round(3).tolist()
    [-0.693, 0.0, 0.693, 1.386]
    """
    result: Floats = np.sign(days) * np.log1p(np.abs(days) / _BEND_DAYS)
    return result


def _plain(values: Floats) -> Floats:
    return values


def _log_above_one(values: Floats) -> Floats:
    result: Floats = np.log(np.maximum(values, 1.0))
    return result


FEATURES: tuple[Feature, ...] = (
    Feature(id="days_late", kind="behaviour", phrase="mean days late", unit="days", transform=bent_days),
    Feature(id="share_late", kind="behaviour", phrase="share paid late or overdue", unit="share", transform=_plain),
    Feature(
        id="regularity",
        kind="behaviour",
        phrase="share of payments on one weekday or at month end",
        unit="share",
        transform=_plain,
    ),
    # A single lost invoice among twenty must not outweigh a habit; size says little about how somebody pays.
    Feature(
        id="share_late_91",
        kind="risk",
        phrase="share 91 or more days late",
        unit="share",
        transform=np.sqrt,
        weight=0.5,
    ),
    Feature(
        id="sales_12m",
        kind="value",
        phrase="sales of twelve months",
        unit="currency",
        transform=_log_above_one,
        weight=0.3,
    ),
)


def judged(view: pd.DataFrame) -> pd.Series[bool]:
    """Who has history enough to be told as a payer: six invoices in twelve months, known for half a year.

    ``view`` is one day of the customer view or several; the result has its index.
    """
    enough = (view["invoices_12m"] >= INVOICES_MINIMUM) & (view["tenure_days"] >= TENURE_MINIMUM_DAYS)
    return enough & view["days_late"].notna()


def shown(view: pd.DataFrame) -> pd.DataFrame:
    """The figures of :data:`FEATURES` as people read them, with the index of ``view``.

    ``regularity`` is the larger of the share of payments on the customer's most usual weekday and of that in the last
    three business days of a month: both are what a payment run leaves behind. A figure
    that is not defined counts as 0: no payment has no regularity.
    """
    figures = view[[feature.id for feature in FEATURES if feature.id in view]].astype(float)
    figures["regularity"] = view[["weekday_share", "month_end_share"]].astype(float).max(axis=1)
    return figures[[feature.id for feature in FEATURES]].fillna(0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaling:
    """The scales on which customers are compared, frozen as they were learned.

    Arrays over :data:`FEATURES`: values are drawn in to ``low`` and ``high``, then ``(value - centre) / spread``,
    times the weight. ``spread`` is 1 where (nearly) everybody has the same value.
    """

    low: Floats
    high: Floats
    centre: Floats
    spread: Floats

    def scaled(self, view: pd.DataFrame) -> Floats:
        """The customers of ``view`` on these scales; shape (customers, features)."""
        inside = np.clip(_transformed(view), self.low, self.high)
        weights = np.array([feature.weight for feature in FEATURES])
        result: Floats = (inside - self.centre) / self.spread * weights
        return result


def scaling_of(view: pd.DataFrame) -> Scaling:
    """Scales learned from customers: median, and a spread between deciles that outliers do not move.

    Values beyond the 2nd and the 98th percentile are drawn in to them first (winsorised). The spread is the distance
    of the first from the last decile over 2.563, the standard deviation of a normal distribution. ValueError without
    customers.
    """
    if view.empty:
        raise ValueError("no customer to learn scales from")
    values = _transformed(view)
    low, high = np.quantile(values, [WINSORISED_SHARE, 1 - WINSORISED_SHARE], axis=0)
    inside = np.clip(values, low, high)
    first, last = np.quantile(inside, [0.1, 0.9], axis=0)
    spread = (last - first) / _DECILES_APART
    # Where nine in ten are alike, the deciles are too; the few that differ then count by their own spread.
    spread = np.where(spread > 1e-9, spread, inside.std(axis=0))
    return Scaling(low=low, high=high, centre=np.median(inside, axis=0), spread=np.where(spread > 1e-9, spread, 1.0))


def _transformed(view: pd.DataFrame) -> Floats:
    figures = shown(view)
    return np.column_stack([feature.transform(figures[feature.id].to_numpy(float)) for feature in FEATURES])
