"""The cash forecast of a ledger with its record: made as of the day, and again as of the months before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from analysis.measures.cash_received import CashShare, cash_share, received
from analysis.measures.history import History, Known, day_number
from analysis.models.cash import CashForecast, cash_forecast
from analysis.models.cash_bridge import forecast_bridge
from analysis.models.cash_record import TrackRecord, judged, monthly_origins, track_record
from analysis.models.cash_shocks import JointMisses, Shocks, estimate_shocks, joint_misses
from analysis.models.cash_stress import Stress, stress
from analysis.models.coming_invoices import coming_invoices
from analysis.models.forecastable import FORECASTABLE, forecastable
from analysis.models.landmarks import OpenBook, open_book, open_books
from analysis.models.receipts import DAYS, WEEKS, Floats, OpenDebt, expected_receipts

JUDGED_MONTHS, MONTHS_BEFORE = 12, 6
# A model needs some months of payments before its first forecast says anything.
FIRST_MONTHS_DAYS = 120
_DRAWS_OF_RECORD = 1_000
# Common misses are measured on whole customers, so many invoices at most.
_INVOICES_MEASURED = 10_000
# By then what was booked late about the 91 days is in the books, so the misses of that forecast are final.
_FINAL_AFTER = 150


class Forecaster(Protocol):
    """Chance of each open invoice not to be paid 1 to 91 days after ``known.on``, and never to be paid.

    Shapes (invoices of the book, 91) and (invoices,). It reads what was known on the day and nothing else.
    """

    def __call__(self, known: Known, book: OpenBook) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashOutlook:
    """The forecast, its record beside naive rules, what changed since a month before, and what could go wrong.

    ``rivals``: index the name of each rule, with ``model`` first; columns ``gross_error``, ``net_error``, ``bias``
    over the first four weeks of all judged forecasts. ``bridge`` is None where there is no forecast of a month
    before. ``doubtful``: index the reason why an invoice cannot be forecast, and :data:`FORECASTABLE` first; columns
    ``invoices``, ``open_balance``, ``expected`` within thirteen weeks.
    """

    forecast: CashForecast
    record: TrackRecord
    rivals: pd.DataFrame
    bridge: pd.DataFrame | None
    stress: Stress
    doubtful: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Past:
    """A past forecast, thinned to whole customers, and when its invoices were paid and shown to be."""

    debt: OpenDebt
    paid_after: Floats
    shown_after: Floats

    def misses(self, on: date) -> JointMisses:
        """What the books showed of it on a later day."""
        seen = (on - self.debt.on).days
        return joint_misses(
            self.debt, np.where(self.shown_after <= seen, self.paid_after, np.inf), seen_days=min(seen, DAYS)
        )


def cash_outlook(
    history: History,
    forecaster: Forecaster,
    *,
    rivals: Mapping[str, Forecaster] | None = None,
    with_coming: bool = True,
    seed: int = 0,
    draws: int = 2_000,
    judged_months: int = JUDGED_MONTHS,
) -> CashOutlook:
    """Forecast the cash of thirteen weeks after the snapshot, and judge the same forecast as of earlier months.

    Every forecast, of the model and of each rival, reads what was known on its day; the width of its bands comes from
    the forecasts before it. Up to six months before the judged ones only measure how far invoices miss together.
    """
    on = history.last
    first = history.first() or on
    origins = monthly_origins(on, first=first + timedelta(days=FIRST_MONTHS_DAYS), months=judged_months + MONTHS_BEFORE)
    known, book = history.known(on), open_book(history, on)
    # asked about the last day first, because a forecaster may keep what it learned for one day for the days after it
    debt = open_debt(book, *forecaster(known, book))
    debt = replace(debt, items=debt.items.assign(status=forecastable(debt.items, known)))
    measured = _Measured()
    records = []
    before: tuple[OpenDebt, CashShare] | None = None
    for place, (origin, shown) in enumerate(open_books(history, origins, rows_max=None)):
        then = history.known(origin)
        owed = open_debt(shown, *forecaster(then, shown))
        if not len(owed.items):
            continue
        share = cash_share(history.snapshot, on=origin)
        before = owed, share
        if place >= len(origins) - judged_months:
            made = cash_forecast(owed, share, measured.shocks(origin), seed=seed, draws=min(draws, _DRAWS_OF_RECORD))
            kept = made.kept().assign(model=lambda table: table["expected"])
            for name, rival in (rivals or {}).items():
                kept[name] = _rival_weeks(open_debt(shown, *rival(then, shown)), share)
            records.append(judged(kept, received(history.snapshot, owed.items, on=origin)))
        measured.add(_past(owed, shown, seed=seed))
    if before and (on - before[0].on).days >= DAYS:
        before = None
    share = cash_share(history.snapshot)
    coming = coming_invoices(known, cash=share.cash) if with_coming else None
    made = cash_forecast(debt, share, measured.shocks(on), coming=coming, seed=seed, draws=draws)
    record = track_record(records)
    return CashOutlook(
        forecast=made,
        record=record,
        rivals=_rivals(record, ["model", *(rivals or {})]),
        bridge=forecast_bridge(*before, made.debt, share) if before else None,
        stress=stress(made.debt, share, measured.at(on)),
        doubtful=_doubtful(made),
    )


def open_debt(book: OpenBook, unpaid: Floats, never: Floats) -> OpenDebt:
    """The open invoices of a book with their forecast; an invoice that is overpaid owes nothing and is left out."""
    owes = (book.items["balance"] > 0).to_numpy()
    on = book.history.last if not len(book) else book.on
    return OpenDebt(
        on=on,
        items=book.items[owes].reset_index(drop=True),
        unpaid=np.asarray(unpaid, dtype=float)[owes],
        never=np.asarray(never, dtype=float)[owes],
    )


class _Measured:
    """Common misses of the forecasts so far, as any later day knew them."""

    def __init__(self) -> None:
        self._past: list[_Past] = []
        self._final: dict[int, JointMisses] = {}

    def add(self, past: _Past) -> None:
        self._past.append(past)

    def at(self, on: date) -> Sequence[JointMisses]:
        found = []
        for place, past in enumerate(self._past):
            misses = self._final.get(place) or past.misses(on)
            if (on - past.debt.on).days >= _FINAL_AFTER:
                self._final[place] = misses
            found.append(misses)
        return found

    def shocks(self, on: date) -> Shocks:
        return estimate_shocks(self.at(on))


def _past(debt: OpenDebt, book: OpenBook, *, seed: int) -> _Past:
    items, mark = debt.items, day_number(debt.on)
    outcome = book.outcome(book.history.last)
    owes = (book.items["balance"] > 0).to_numpy()
    shown = items["ended_known"].to_numpy(dtype=float) - mark
    kept = _some_customers(items["customer_id"], most=_INVOICES_MEASURED, seed=seed)
    thinned = OpenDebt(
        on=debt.on, items=items[kept].reset_index(drop=True), unpaid=debt.unpaid[kept], never=debt.never[kept]
    )
    return _Past(debt=thinned, paid_after=outcome.paid_after[owes][kept], shown_after=shown[kept])


def _some_customers(customers: pd.Series[str], *, most: int, seed: int) -> np.ndarray:
    """Which rows to keep: all, or those of customers drawn until ``most`` rows are reached."""
    if len(customers) <= most:
        return np.ones(len(customers), dtype=bool)
    sizes = customers.value_counts().sort_index()
    order = np.random.default_rng(seed).permutation(len(sizes))
    drawn = sizes.index[order][np.cumsum(sizes.to_numpy()[order]) <= most]
    return customers.isin(drawn).to_numpy()


def _rival_weeks(debt: OpenDebt, share: CashShare) -> Floats:
    """Expected cash of the first 30 days and of each week, in the order in which a forecast is kept."""
    daily = expected_receipts(debt, share)["all"].to_numpy(dtype=float)
    return np.append(daily[:30].sum(), daily.reshape(WEEKS, -1).sum(axis=1))


def _rivals(record: TrackRecord, names: Sequence[str]) -> pd.DataFrame:
    shown = [name for name in names if name in record.weeks]
    rows = [(record.gross_error(name), record.net_error(name), record.bias(name)) for name in shown]
    columns = ["gross_error", "net_error", "bias"]
    return pd.DataFrame(rows, index=pd.Index(shown, name="rule"), columns=columns, dtype=float)


def _doubtful(made: CashForecast) -> pd.DataFrame:
    goes = made.where_it_goes(by="status")
    table = pd.DataFrame(
        {
            "invoices": made.debt.items.groupby("status").size().reindex(goes.index),
            "open_balance": goes["open_balance"],
            "expected": goes.loc[:, "week_1" : f"week_{WEEKS}"].sum(axis=1),
        }
    )
    order = table.assign(_last=table.index != FORECASTABLE).sort_values(
        ["_last", "open_balance"], ascending=[True, False], kind="stable"
    )
    return order.drop(columns="_last")
