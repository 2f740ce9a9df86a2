"""Who forecasts for the cash forecast: the payment model, and the rungs of the naive ladder beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measures.history import History, Known
from analysis.models.cash_outlook import JUDGED_MONTHS, MONTHS_BEFORE, Forecaster
from analysis.models.ladder import RUNGS, strongest_carried
from analysis.models.landmarks import OpenBook
from analysis.models.outlook import PaymentOutlook, outlook_of_rule
from analysis.models.payment_model import HEADS, payment_model
from analysis.models.receipts import DAYS, Floats
from analysis.models.shrunk_curves import pooled_hazards

# What the model is shown beside on the page: a rule, an average and two curves.
SHOWN_RIVALS = ("due_date", "customer_delay", "curve_since_due", "customer_curve")
# A fit serves three months of the record: it costs seconds, and customers' ways change slower than that.
REFIT_DAYS = 95


def rung_forecaster(rung: str) -> Forecaster:
    """A rung of the ladder by its id; it says nothing of never, so what it leaves unpaid counts as later."""

    def forecast(known: Known, book: OpenBook) -> tuple[Floats, Floats]:
        return RUNGS[rung].forecast(known, book, days=DAYS), np.zeros(len(book))

    return forecast


def model_forecaster(history: History, *, head: str = "mean", refit_days: int = REFIT_DAYS) -> Forecaster:
    """The payment model with one of its heads; where too little was paid to fit it, the strongest rung.

    It is fitted for the first day it is asked about and then every ``refit_days``; a fit never reads what was known
    after the day it is asked about. Asked about the last day of the history first, that day has its own.
    """
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}, got {head!r}")
    months = pd.DateOffset(months=JUDGED_MONTHS + MONTHS_BEFORE)
    model = payment_model(history, first_asked=(pd.Timestamp(history.last) - months).date(), refit_days=refit_days)

    def forecast(known: Known, book: OpenBook) -> tuple[Floats, Floats]:
        made = model.outlooks(known, book, (head,))
        outlook = made[head] if head in made else _of_rung(strongest_carried(known).id, known, book)
        return outlook.unpaid, outlook.never

    return forecast


def rivals() -> dict[str, Forecaster]:
    """The rungs that the record shows, by their names in words."""
    return {RUNGS[rung].name: rung_forecaster(rung) for rung in SHOWN_RIVALS}


def _of_rung(rung: str, known: Known, book: OpenBook) -> PaymentOutlook:
    unpaid = RUNGS[rung].forecast(known, book, days=DAYS)
    rel = book.items["rel"].to_numpy(dtype=np.int64)
    return outlook_of_rule(unpaid, rel, pooled_hazards(known.counts(clock="due")))
