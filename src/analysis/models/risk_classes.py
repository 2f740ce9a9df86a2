"""Risk classes 1 to 5: fixed stretches of the chance of severe delinquency, and what came of each in the past."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.models.risk_record import RiskRecord

CLASSES = (1, 2, 3, 4, 5)
HIGH_RISK = (4, 5)
# What a two-sided 95% interval leaves on either side (Clopper and Pearson, Biometrika 26 (1934) 404-413).
_TAIL = 0.025


def risk_class(chance: ArrayLike, bounds: Sequence[float]) -> NDArray[np.int64]:
    """Class of each chance: 1 below the first of four bounds, one more from each bound on; 0 where it is NaN.

    >>> risk_class([0.01, 0.02, 0.3, 0.9, float("nan")], (0.02, 0.05, 0.15, 0.40)).tolist()
    [1, 2, 4, 5, 0]
    """
    values = np.asarray(chance, dtype=float)
    return np.where(np.isnan(values), 0, np.searchsorted(np.asarray(bounds), values, side="right") + 1)


def class_table(
    customers: pd.DataFrame, record: RiskRecord | None, *, forecaster: str, bounds: Sequence[float], minimum: int
) -> pd.DataFrame:
    """One row per class, 1 to 5: who is in it now, and what came of those who were in it on days of the past.

    ``customers`` with ``chance``, ``risk_class`` and ``open_balance``. Columns: ``from`` and ``to`` (chances),
    ``customers``, ``open_balance``, ``expected`` (sum of the chances) and of the record by the same forecaster ``past``
    (customers and origins), ``forecast`` (their mean chance) and ``observed`` (share that became severely delinquent)
    with its 95% interval ``low``, ``high`` over customers drawn anew (exact, by their number, where none or all did);
    NaN where fewer than ``minimum`` different customers were in the class.
    """
    edges = (0.0, *bounds, 1.0)
    lines = []
    for place, label in enumerate(CLASSES):
        now = customers[customers["risk_class"] == label]
        past = _past(record, forecaster, label, bounds, minimum)
        lines.append(
            {
                "from": edges[place],
                "to": edges[place + 1],
                "customers": len(now),
                "open_balance": math.fsum(now["open_balance"]),
                "expected": math.fsum(now["chance"]),
                **past,
            }
        )
    return pd.DataFrame(lines, index=pd.Index(CLASSES, name="risk_class"))


def _past(
    record: RiskRecord | None, forecaster: str, label: int, bounds: Sequence[float], minimum: int
) -> dict[str, float]:
    """What came of a class on days of the past."""
    nothing = {"past": 0, "forecast": math.nan, "observed": math.nan, "low": math.nan, "high": math.nan}
    if record is None or forecaster not in record.forecasts:
        return nothing
    rows = record.forecasts[risk_class(record.forecasts[forecaster], bounds) == label]
    n = rows.index.get_level_values("customer_id").nunique()
    if n < minimum:
        return nothing | {"past": len(rows)}
    share = record.share(rows["severe"])
    forecast = math.fsum(rows[forecaster]) / len(rows)
    low, high = share.low, share.high
    # Where it happened to none or all, draws do not differ; the exact limit for as many customers stands in.
    least = _TAIL ** (1 / n)
    low, high = (0.0, 1 - least) if share.value == 0 else (least, 1.0) if share.value == 1 else (low, high)
    return {"past": len(rows), "forecast": forecast, "observed": share.value, "low": low, "high": high}
