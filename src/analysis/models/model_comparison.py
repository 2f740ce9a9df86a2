"""All forecasters of payment side by side: naive rules, regressions at issue, and the daily hazard model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.history import History, Known
from analysis.models.backtest import Backtest, backtest, usual_origins
from analysis.models.ladder import DAYS, RUNGS
from analysis.models.landmarks import OpenBook, open_book
from analysis.models.payment_model import HEADS, payment_model
from analysis.models.regression_forecasts import NAMES, cox_forecast, parametric_forecast
from analysis.models.scores import Matrix

# What is drawn of a single invoice: one of a kind, with a name short enough to stand beside its line.
SHORT_NAMES = {
    "customer_curve": "customer's curve",
    "cox": "Cox",
    "parametric": "parametric",
    "regression": "hazard, regression",
    "boosted": "hazard, trees",
}
_REFIT_DAYS = 95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InvoiceForecasts:
    """One open invoice with what each forecaster says of it.

    ``unpaid``: index days after the as-of date, 0 to 90, one column per forecaster (:data:`SHORT_NAMES`).
    """

    customer: str
    invoice_id: str
    days_past_due: int
    unpaid: pd.DataFrame


def compare_models(history: History, *, origins: int = 12) -> Backtest:
    """Backtest of every naive rule, both regressions at issue, both heads of the hazard model and their mean.

    On the last ``origins`` month ends after which ninety days are known. The regressions at issue are fitted anew on
    each, the hazard model at least once a quarter. Without the hazard model where too little was paid before the
    first of them.
    """
    asked = usual_origins(history, most=origins)
    model = payment_model(history, first_asked=asked[0] if asked else None, refit_days=_REFIT_DAYS)
    with_hazards = bool(asked) and model.can_forecast(asked[0])

    def models(known: Known, book: OpenBook) -> Mapping[str, Matrix]:
        found = _regressions(known, book)
        return found | dict(model.unpaid(known, book)) if with_hazards else found

    return backtest(history, models, names=NAMES | (HEADS if with_hazards else {}), origins=asked)


def comparison_table(tested: Backtest) -> pd.DataFrame:
    """The record of each forecaster, the best first: its name and the figures that decide."""
    columns = ["integrated_brier", "concordance", "median_error", "weekly_error", "brier_7", "brier_30", "brier_90"]
    slopes = {
        id: next((line.slope for line in lines if line.horizon == 30), np.nan) for id, lines in tested.lines.items()
    }
    table = tested.table[columns].assign(calibration_slope_30=pd.Series(slopes), forecaster=pd.Series(tested.names))
    return table.sort_values("integrated_brier", kind="stable").set_index("forecaster")


def single_invoices(history: History, *, most: int = 4) -> list[InvoiceForecasts]:
    """Forecasts of the largest open invoice of each of the customers who owe most, on the last day of the history."""
    known, book = history.known(history.last), open_book(history, history.last)
    if not len(book):
        return []
    forecasts = {"customer_curve": RUNGS["customer_curve"].forecast(known, book), **_regressions(known, book)}
    forecasts |= payment_model(history).unpaid(known, book)
    items = book.items
    owed = items.groupby("customer_id")["balance"].sum().sort_values(ascending=False, kind="stable").head(most)
    found = []
    for customer in owed.index:
        own = items[items["customer_id"] == customer]
        row = int(own["balance"].idxmax())
        unpaid = {SHORT_NAMES[id]: np.append(1.0, forecasts[id][row, :DAYS]) for id in SHORT_NAMES if id in forecasts}
        found.append(
            InvoiceForecasts(
                customer=str(customer),
                invoice_id=str(items.loc[row, "invoice_id"]),
                days_past_due=int(items["rel"].to_numpy()[row]),
                unpaid=pd.DataFrame(unpaid, index=pd.RangeIndex(DAYS + 1, name="day")),
            )
        )
    return found


def _regressions(known: Known, book: OpenBook) -> dict[str, Matrix]:
    return {"cox": cox_forecast(known, book), "parametric": parametric_forecast(known, book)}
