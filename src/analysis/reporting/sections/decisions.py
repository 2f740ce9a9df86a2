"""What is wanted of whom, by when, and how much hangs on it: the decisions of page 1, ranked by money."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.reporting.gathering import Collected
from analysis.reporting.sections.decision_rules import RULES

# The report lists seven exceptions at most.
MOST = 7
COLUMNS = ("wanted", "why", "amount", "owner", "due", "rests_on")


def decisions(collected: Collected, *, currency: str, as_of: date, naming: bool = True) -> pd.DataFrame:
    """The decisions that this month's figures ask for, the most money first, at most seven.

    Columns :data:`COLUMNS`; ``amount`` in company currency, None where no amount is known (such decisions come last);
    ``due`` is a day, counted in working days (Monday to Friday) from the as-of date. Customers are named, or counted
    where ``naming`` is off.
    """
    found = [one for rule in RULES if (one := rule(collected, currency)) is not None]
    ranked = sorted(found, key=lambda one: (one.amount is None, -(one.amount or 0.0)))[:MOST]
    rows = [
        (
            one.wanted if naming else one.nameless or one.wanted,
            one.why,
            one.amount,
            one.owner,
            due_on(as_of, working_days=one.working_days).isoformat(),
            one.rests_on,
        )
        for one in ranked
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def due_on(as_of: date, *, working_days: int) -> date:
    """The day so many working days after the as-of date; from the Friday before, where that is a weekend.

    >>> due_on(date(2026, 10, 31), working_days=5)
    datetime.date(2026, 11, 6)
    """
    due: date = np.busday_offset(np.datetime64(as_of), working_days, roll="backward").astype(object)
    return due
