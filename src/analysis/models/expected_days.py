"""When the open invoices of one account may be paid: from a forecast at hand, else from a rule that needs no record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.history import History, history_of
from analysis.models.followed import HORIZON_DAYS
from analysis.models.ladder import RUNGS, strongest_carried
from analysis.models.landmarks import open_book
from analysis.models.outlook import outlook_of_rule
from analysis.models.payment_model import HEADS
from analysis.models.shrunk_curves import pooled_hazards

_UNTESTED = ", which was not held against past days for this page"
COLUMNS = ("median_day", "low_day", "high_day", "never")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedDays:
    """What is expected of open invoices: index ``invoice_id``, columns :data:`COLUMNS`, and who says so.

    Days after the as-of date on which the chance of payment reaches one half, a tenth and nine tenths (NaN where that
    is not within a year), and the chance never to be paid. ``name`` is the forecaster in words, ``standing`` what is to
    be added of it, blank where it was chosen by its record.
    """

    table: pd.DataFrame
    name: str
    standing: str = ""


def expected_by_rule(history: History, account: Snapshot) -> ExpectedDays:
    """By the highest naive rule that the books can carry, the customer's own payment curve as a rule.

    No record of past days is made for it, which would take minutes: it is the rule that a model has to beat.
    """
    known = history.known(history.last)
    book = open_book(history_of(account), history.last)
    rung = strongest_carried(known)
    rel = book.items["rel"].to_numpy(dtype=np.int64)
    unpaid = rung.forecast(known, book, days=HORIZON_DAYS)
    outlook = outlook_of_rule(unpaid, rel, pooled_hazards(known.counts(clock="due")))
    days = {"median_day": outlook.median, "low_day": outlook.low, "high_day": outlook.high}
    table = pd.DataFrame(
        {**{name: np.where(np.isfinite(values), values, np.nan) for name, values in days.items()}},
        index=pd.Index(book.items["invoice_id"], name="invoice_id"),
    )
    return ExpectedDays(table=table.assign(never=outlook.never), name=rung.name, standing=_UNTESTED)


def expected_by_forecast(forecast: pd.DataFrame, customer_id: str, *, on: date) -> ExpectedDays:
    """By the frozen forecast of a report or of ``paycurve forecast``, made as of the same day.

    ValueError where it lacks a column or is as of another day.
    """
    needed = ["invoice_id", "customer_id", "on", "forecaster", *COLUMNS]
    if missing := [name for name in needed if name not in forecast]:
        raise ValueError(f"it has no column {missing[0]}")
    made = sorted({day.date().isoformat() for day in pd.to_datetime(forecast["on"])})
    if made and made != [on.isoformat()]:
        raise ValueError(f"it was made as of {made[0]}, not {on}")
    rows = forecast[forecast["customer_id"] == customer_id]
    who = str(forecast["forecaster"].iloc[0]) if len(forecast) else ""
    names = HEADS | {id: rung.name for id, rung in RUNGS.items()}
    table = rows.set_index("invoice_id")[list(COLUMNS)].astype(float)
    return ExpectedDays(table=table, name=names.get(who, who))
