"""All forecasters of payment side by side: naive rules, regressions at issue, and the daily hazard model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.measures.history import History, Known
from analysis.models.backtest import Backtest, backtest, usual_origins
from analysis.models.ladder import DAYS, RUNGS
from analysis.models.landmarks import OpenBook, open_book
from analysis.models.payment_model import HEADS, PaymentModel, payment_model
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
# One fit serves the few latest month ends and the day of the books; the record of the report is made with more.
_REFIT_DAYS = 190


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InvoiceForecasts:
    """One open invoice with what each forecaster says of it.

    ``unpaid``: index days after the as-of date, 0 to 90, one column per forecaster (:data:`SHORT_NAMES`).
    """

    customer: str
    invoice_id: str
    days_past_due: int
    unpaid: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What is compared: a history, the days of the past to be judged on, and the hazard model fitted for them."""

    history: History
    origins: tuple[date, ...]
    hazards: PaymentModel

    @property
    def with_hazards(self) -> bool:
        """Whether enough was paid before the first of the days for the hazard model."""
        return bool(self.origins) and self.hazards.can_forecast(self.origins[0])


def comparison(history: History, *, origins: int = 12) -> Comparison:
    """Prepare a comparison on the last ``origins`` month ends after which ninety days are known."""
    asked = usual_origins(history, most=origins)
    model = payment_model(history, first_asked=asked[0] if asked else None, refit_days=_REFIT_DAYS)
    return Comparison(history=history, origins=asked, hazards=model)


def compared_models(compared: Comparison) -> Backtest:
    """Backtest of every naive rule, both regressions at issue, both heads of the hazard model and their mean.

    The regressions at issue are fitted anew on each day, the hazard model once in half a year. Without the hazard
    model where too little was paid before the first of the days.
    """

    def models(known: Known, book: OpenBook) -> Mapping[str, Matrix]:
        found = _regressions(known, book)
        return found | dict(compared.hazards.unpaid(known, book)) if compared.with_hazards else found

    names = NAMES | (HEADS if compared.with_hazards else {})
    return backtest(compared.history, models, names=names, origins=compared.origins)


def comparison_table(tested: Backtest) -> pd.DataFrame:
    """The record of each forecaster, the best first: its name and the figures that decide."""
    columns = ["integrated_brier", "concordance", "median_error", "weekly_error", "brier_7", "brier_30", "brier_90"]
    slopes = {
        id: next((line.slope for line in lines if line.horizon == 30), np.nan) for id, lines in tested.lines.items()
    }
    table = tested.table[columns].assign(calibration_slope_30=pd.Series(slopes), forecaster=pd.Series(tested.names))
    return table.sort_values("integrated_brier", kind="stable").set_index("forecaster")


def single_invoices(compared: Comparison, *, most: int = 4) -> list[InvoiceForecasts]:
    """Forecasts of the largest open invoice of each of the customers who owe most, on the last day of the history."""
    history = compared.history
    known, book = history.known(history.last), open_book(history, history.last)
    if not len(book):
        return []
    forecasts = {"customer_curve": RUNGS["customer_curve"].forecast(known, book), **_regressions(known, book)}
    forecasts |= compared.hazards.unpaid(known, book)
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


def comparison_sentence(tested: Backtest) -> str:
    """Which forecaster had the smallest error, and by how much it beat the best naive rule."""
    if not tested.n_invoices:
        return "The books hold no day of the past with open invoices to judge by."
    best, rung = tested.strongest(list(tested.names)), tested.strongest(tested.rungs)
    error, naive = (tested.figure(id, "integrated_brier") for id in (best, rung))
    record = f"over {tested.n_invoices:,} forecasts on {len(tested.origins)} days of the past"
    if best == rung:
        return f"Nothing beats {tested.names[rung]} {record}: integrated Brier score {naive:.4f}."
    return (
        f"The smallest error has {tested.names[best]} {record}: integrated Brier score {error:.4f}, "
        f"{1 - error / naive:.0%} below that of the best naive rule, {tested.names[rung]}."
    )
