"""The naive rules that the cash forecast is shown beside."""

from __future__ import annotations

import numpy as np

from analysis.measures.history import Known
from analysis.models.cash_outlook import Forecaster
from analysis.models.ladder import RUNGS
from analysis.models.landmarks import OpenBook
from analysis.models.receipts import DAYS, Floats

# What the model is shown beside on the page: a rule, an average and two curves.
SHOWN_RIVALS = ("due_date", "customer_delay", "curve_since_due", "customer_curve")


def rung_forecaster(rung: str) -> Forecaster:
    """A rung of the ladder by its id; it says nothing of never, so what it leaves unpaid counts as later."""

    def forecast(known: Known, book: OpenBook) -> tuple[Floats, Floats]:
        return RUNGS[rung].forecast(known, book, days=DAYS), np.zeros(len(book))

    return forecast


def rivals() -> dict[str, Forecaster]:
    """The rungs that the record shows, by their names in words."""
    return {RUNGS[rung].name: rung_forecaster(rung) for rung in SHOWN_RIVALS}
