"""Risk classes of earlier month ends: each customer as a report of that day would have had it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import numpy as np
import pandas as pd

from analysis.measures.history import day_number
from analysis.models.risk_classes import risk_class
from analysis.models.risk_model import Floats, RefusedFit, fit_risk_model
from analysis.models.risk_rates import Rung, risk_rates
from analysis.models.risk_record import MODEL, UNRATED
from analysis.models.risk_rows import learned_from
from analysis.models.risk_terms import RATING


def past_classes(
    rows: pd.DataFrame, marks: Sequence[date], *, forecaster: str, bounds: Sequence[float], customers_min: int
) -> pd.Series[float]:
    """Class 1 to 5 of each customer with business on each of several days, by ``mark`` and ``customer_id``.

    ``rows`` as :func:`~analysis.models.risk_rows.risk_rows`. A chance is made of what was known of the customer on the
    day, by the ``forecaster`` that is used now as it was learned by the last end of a calendar quarter: of months whose
    year was over by then. Where a model is refused its customers' own past rates stand in. Days by which fewer than
    ``customers_min`` customers could be learned from are left out.
    """
    found = [pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[], []], names=["mark", "customer_id"]))]
    at = rows.index.get_level_values("mark").to_numpy()
    quarters: dict[date, list[date]] = {}
    for mark in marks:
        quarters.setdefault(_quarter_end(mark), []).append(mark)
    for quarter, days in quarters.items():
        learned = learned_from(rows, day_number(quarter))
        asked = rows[np.isin(at, [day_number(day) for day in days])]
        if learned.index.get_level_values("customer_id").nunique() < customers_min or asked.empty:
            continue
        classes = risk_class(_chances(learned, asked, forecaster), bounds)
        found.append(pd.Series(classes.astype(float), index=asked.index))
    return pd.concat(found[1:] or found).sort_index().rename("risk_class")


def _chances(learned: pd.DataFrame, asked: pd.DataFrame, forecaster: str) -> Floats:
    if forecaster in (MODEL, UNRATED):
        try:
            return fit_risk_model(learned, without=() if forecaster == MODEL else (RATING,)).chances(asked)
        except RefusedFit:
            forecaster = "own_rate"
    return risk_rates(learned).chances(asked, cast(Rung, forecaster))


def _quarter_end(day: date) -> date:
    """The last end of a calendar quarter up to a day."""
    following = pd.Timestamp(day) + pd.Timedelta(days=1)
    return (following.to_period("Q").start_time - pd.Timedelta(days=1)).date()
