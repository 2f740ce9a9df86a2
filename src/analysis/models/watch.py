"""The monthly watch over a ledger: list, record of alerts, drift, migration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.measures.customers import customer_views
from analysis.measures.history import History
from analysis.measures.positions import complete_months
from analysis.models.alert_record import HORIZON_MONTHS, AlertRecord, alert_record, is_in_trouble
from analysis.models.lateness_migration import LatenessMigration, lateness_migration
from analysis.models.payment_drift import Drift, payment_drift
from analysis.models.watch_list import WatchList, buying_ratios, watch_list

SHOWN_MONTHS = 13
MIGRATION_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """The watch as of the last of its marks; ``views`` are the customer views of all of them."""

    views: pd.DataFrame
    watched: WatchList
    record: AlertRecord
    drift: Drift
    moved: LatenessMigration
    ageing_days: tuple[int, ...]

    @property
    def last(self) -> int:
        """Day number of the as-of date."""
        return self.watched.marks[-1]

    @property
    def book(self) -> float:
        """What all customers owe on it."""
        return float(self.views.loc[[self.last], "open_balance"].sum())

    def bands(self) -> pd.DataFrame:
        """Open balance by band of the customer's oldest item, ``before`` and ``after``, of all who owed then."""
        amounts = {
            column: lateness_migration(self.views, before=mark, after=mark, ageing_days=self.ageing_days).amounts.sum(
                axis=1
            )
            for column, mark in (("before", self.moved.before), ("after", self.moved.after))
        }
        return pd.DataFrame(amounts).iloc[:-1]


def watch(history: History, *, risk_class: pd.Series | None = None) -> Watch | None:
    """The watch as of the last day of a history; None where it holds fewer than two marks to compare.

    Lists are made of the last 19 month ends and the day itself, each from what was known on it, so that the alerts of
    a year can be judged by the six months after them. ``risk_class``: classes 1 to 5 by ``mark`` and
    ``customer_id``, of the marks on which they were assessed.
    """
    marks = watch_marks(history)
    if len(marks) < 2:
        return None
    views, drift = customer_views(history, marks), payment_drift(history)
    watched = watch_list(
        views,
        drift=drift.states,
        buying=buying_ratios(history, marks),
        risk_class=risk_class,
    )
    numbers, ageing_days = watched.marks, history.snapshot.company.policy.ageing_days
    before = numbers[max(0, len(numbers) - 1 - MIGRATION_MONTHS)]
    return Watch(
        views=views,
        watched=watched,
        record=alert_record(watched, is_in_trouble(views)),
        drift=drift,
        moved=lateness_migration(views, before=before, after=numbers[-1], ageing_days=ageing_days),
        ageing_days=ageing_days,
    )


def watch_marks(history: History) -> list[date]:
    """Days of which lists are made: month ends since the first invoice, and the last day of the history."""
    first = history.first()
    if first is None:
        return []
    ends = [end.date() for end in complete_months(history.last, SHOWN_MONTHS + HORIZON_MONTHS)]
    # a day in the middle of a month takes the place of the month end before it, so that marks stay a month apart
    if ends[-1] != history.last:
        ends[-1] = history.last
    return [end for end in ends if end >= first]
