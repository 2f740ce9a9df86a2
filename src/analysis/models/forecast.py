"""The forecast of every open invoice, by whatever has earned it: a model, or the strongest naive rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.measures.history import History, Known
from analysis.models.backtest import Backtest, backtest, usual_origins
from analysis.models.champion import Champion, champion, standing
from analysis.models.followed import HORIZON_DAYS, PERSON_DAYS_MAX
from analysis.models.ladder import RUNGS, strongest_carried
from analysis.models.landmarks import OpenBook, open_book
from analysis.models.monitoring import Monitor, monitor
from analysis.models.outlook import PaymentOutlook, outlook_of_rule
from analysis.models.payment_model import HEADS, PaymentModel, payment_model
from analysis.models.shrunk_curves import pooled_hazards
from analysis.models.waiting import followed_since

# A fit of the record serves half a year: it costs seconds, and what it learned is older than what it is asked about.
REFIT_DAYS = 183
# Lines that a fit of the record learns from: half of those of the last day, because each of them has to be waited for.
_LINES_OF_RECORD = PERSON_DAYS_MAX // 2
FORECAST_DAYS = 90
# Invoices of each past day that the record is made of; enough to tell forecasters apart, and no more on a large ledger.
_JUDGED_PER_DAY = 3_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChosenForecaster:
    """Who forecasts a ledger, with its record: as of any day, from what was known on it.

    ``held`` is the forecaster that earned its place, demoted or not, held against what came by month.
    """

    chosen: Champion
    tested: Backtest
    model: PaymentModel | None
    held: Monitor | None

    def outlook(self, known: Known, book: OpenBook) -> PaymentOutlook:
        """Outlook of each invoice of a book open on a day, by the forecaster that was chosen."""
        if self.chosen.id in HEADS and self.model is not None and self.model.can_forecast(known.on) and len(book):
            return self.model.outlooks(known, book, heads=(self.chosen.id,))[self.chosen.id]
        rung = RUNGS[self.chosen.rung]
        rel = book.items["rel"].to_numpy(dtype=np.int64)
        unpaid = rung.forecast(known, book, days=HORIZON_DAYS)
        return outlook_of_rule(unpaid, rel, pooled_hazards(known.counts(clock="due")))

    def __call__(self, known: Known, book: OpenBook) -> tuple[np.ndarray, np.ndarray]:
        """Chance to be unpaid by day, and never to be paid, of each invoice of the book."""
        outlook = self.outlook(known, book)
        return outlook.unpaid, outlook.never


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentForecast:
    """What is expected of each invoice open on the day ``on``, in the order of ``book``."""

    on: date
    book: OpenBook
    outlook: PaymentOutlook
    forecaster: ChosenForecaster

    def frame(self) -> pd.DataFrame:
        """One row per open invoice, as ``forecast.parquet`` holds it.

        ``invoice_id``, ``customer_id``, ``balance`` (company currency), ``days_past_due``; ``unpaid_1`` to
        ``unpaid_90``: chance of not being paid so many days after the day; ``median_day``, ``low_day``, ``high_day``
        (80% interval; missing where not within a year); ``never``: chance of never being paid; ``forecaster``.
        """
        items, outlook = self.book.items, self.outlook
        known = pd.DataFrame(
            {
                "invoice_id": items["invoice_id"],
                "customer_id": items["customer_id"],
                "on": pd.Timestamp(self.on),
                "balance": items["balance"].round(3),
                "days_past_due": items["rel"].astype("int32"),
            }
        )
        # six decimals: enough for any use, and the same on every machine
        unpaid = pd.DataFrame(
            outlook.unpaid[:, :FORECAST_DAYS].round(6), columns=[f"unpaid_{day}" for day in range(1, FORECAST_DAYS + 1)]
        )
        days = pd.DataFrame(
            {
                name: pd.Series(np.where(np.isfinite(values), values, np.nan)).astype("Int32")
                for name, values in (
                    ("median_day", outlook.median),
                    ("low_day", outlook.low),
                    ("high_day", outlook.high),
                )
            }
        )
        last = pd.DataFrame({"never": outlook.never.round(6), "forecaster": self.forecaster.chosen.id})
        last = last.reindex(range(len(items)))
        return pd.concat([known, unpaid, days, last], axis=1)


def forecaster(history: History, *, record_months: int = 12) -> ChosenForecaster:
    """Judge the naive ladder and the heads of the model on days of the past, and choose by the promotion rule.

    Every forecast of the record is made of what was known on its day, by a fit at most half a year older. Without
    days to judge by, the highest rung that the books can carry is used. Who was chosen is held against what came by
    month, and demoted where :data:`~analysis.models.champion.DEMOTION_RULE` says so.
    """
    known = history.known(history.last)
    origins = usual_origins(history, most=record_months)
    carried = strongest_carried(known)
    if not origins:
        tested = backtest(history, origins=[])
        return ChosenForecaster(chosen=champion(tested, carried=carried), tested=tested, model=None, held=None)
    model = payment_model(history, first_asked=min(origins), refit_days=REFIT_DAYS, lines=_LINES_OF_RECORD)
    learns = model.can_forecast(history.last)
    tested = backtest(
        history,
        model.unpaid if learns else None,
        names=HEADS if learns else None,
        origins=origins,
        followed=followed_since(origins[-1], known_until=history.last),
        invoices_max=_JUDGED_PER_DAY,
    )
    chosen = champion(tested, carried=carried)
    fewest = history.snapshot.company.policy.group_minimum
    held = monitor(tested, chosen.id, baseline=chosen.rung, customers_min=fewest)
    return ChosenForecaster(chosen=standing(chosen, held), tested=tested, model=model if learns else None, held=held)


def payment_forecast(history: History, chosen: ChosenForecaster | None = None) -> PaymentForecast:
    """Forecast every invoice open on the last day of a history."""
    chosen = chosen or forecaster(history)
    book = open_book(history, history.last)
    outlook = chosen.outlook(history.known(history.last), book)
    return PaymentForecast(on=history.last, book=book, outlook=outlook, forecaster=chosen)
