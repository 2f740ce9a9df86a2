"""The payment model: daily hazards fitted to landmark rows, made anew for each day it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.measures.history import History, Known, day_number, day_of
from analysis.models.followed import HORIZON_DAYS, PERSON_DAYS_MAX, PersonDays, followed
from analysis.models.habits import habits
from analysis.models.hazard import Boosted, Regression, fit_boosted, fit_regression, hazards
from analysis.models.ladder import customer_curve
from analysis.models.landmarks import OpenBook, landmarks
from analysis.models.never_paid import NeverPaid, fit_never_paid
from analysis.models.outlook import PaymentOutlook, payment_outlook
from analysis.models.row_features import Rows, described
from analysis.models.scores import Matrix
from analysis.models.shrunk_curves import pooled_hazards

HEADS: dict[str, str] = {
    "regression": "the daily hazard regression",
    "boosted": "the boosted daily hazard model",
    "mean": "the mean of both daily hazard models",
}
"""The heads of the model and their names in words, the simplest first."""
TRAINED_DAYS = 500
# Rows that a fit learns from, at most; a day gives its share.
ROWS_MAX = 40_000
# A mark every so many days at least: never a multiple of seven, so that every weekday has its share of marks.
_STEPS = (5, 6, 8, 9, 11, 13, 16, 19)
# Marks times invoices that a pass of the engine goes through, at most: above it marks are further apart, each with more
# of the rows, of which the same invoice five days later is the least new.
_PASSES_MAX = 500_000
# Invoices of past days whose outlooks are kept, because the cash record asks for those of the backtest once more: three
# heads of 91 days, at most 90 megabytes. Days that would pass the bound are forecast again.
_KEPT_MAX = 20_000
# Below so many paid invoices a regression of a hundred columns says nothing that a curve does not.
PAID_MIN = 200


# What each head is fitted by; the mean is made of both.
_FITTERS: dict[str, Callable[[PersonDays], Regression | Boosted]] = {
    "regression": fit_regression,
    "boosted": fit_boosted,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """What was learned on a day: its heads come when they are asked for, because each costs seconds."""

    on: date
    never_paid: NeverPaid | None
    heads: dict[str, Regression | Boosted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentModel:
    """Forecasts of the open invoices of any day of a history, from what was known on that day.

    A fit serves for ``refit_days`` after the day it was made on; with 0 every day has its own. What it has learned
    is always older than the day it is asked about. A fit learns from at most ``lines`` days of invoices, that of the
    last day of the history from all that a fit may have.
    """

    history: History
    rows: Rows
    step: int
    refit_days: int = 0
    lines: int = PERSON_DAYS_MAX
    _fits: dict[date, _Fit | None] = field(default_factory=dict)
    _kept: dict[date, tuple[NDArray[np.int64], Mapping[str, PaymentOutlook]]] = field(default_factory=dict)
    _read: list[tuple[pd.DataFrame, Rows]] = field(default_factory=list)

    def can_forecast(self, on: date) -> bool:
        """Whether enough was paid before the day to learn from: :data:`PAID_MIN` invoices."""
        return self._fit(on) is not None

    def unpaid(self, known: Known, book: OpenBook) -> Mapping[str, Matrix]:
        """Chance to be unpaid on each of the 91 days after ``known.on`` by head.

        Where too little is known to fit, the customers' own curves stand in for every head.
        """
        if self.can_forecast(known.on):
            return {head: outlook.unpaid for head, outlook in self.outlooks(known, book).items()}
        return dict.fromkeys(HEADS, customer_curve(known, book, days=HORIZON_DAYS))

    def outlooks(
        self, known: Known, book: OpenBook, heads: tuple[str, ...] = tuple(HEADS)
    ) -> Mapping[str, PaymentOutlook]:
        """Outlook of each invoice of the book by head; empty without a fit. Those of a small book are kept."""
        nth = book.items["nth"].to_numpy(dtype=np.int64)
        asked, kept = self._kept.get(known.on, (nth, {}))
        if set(heads) <= set(kept) and np.array_equal(asked, nth):
            return {head: kept[head] for head in HEADS if head in heads}
        made = self._made(known, book, heads)
        others = sum(len(rows) for day, (rows, _) in self._kept.items() if day != known.on)
        if len(made) >= len(kept) and others + len(nth) <= _KEPT_MAX:
            self._kept[known.on] = nth, made
        return made

    def _made(self, known: Known, book: OpenBook, heads: tuple[str, ...]) -> Mapping[str, PaymentOutlook]:
        fit = self._fit(known.on)
        if fit is None or not len(book):
            return {}
        rows = self._rows(book)
        pooled = pooled_hazards(known.counts(clock="due"))
        rel = book.items["rel"].to_numpy(dtype=np.int64)
        # One thread: trees add up in the same order in every run, and notebooks run side by side anyway.
        with threadpool_limits(limits=1):
            made = hazards(self._heads(fit, [head for head in _FITTERS if head in heads or "mean" in heads]), rows)
        if "mean" in heads:
            made["mean"] = mean_hazard(made["regression"], made["boosted"])
        never = fit.never_paid.chance(rows) if fit.never_paid else None
        return {head: payment_outlook(made[head], rel, pooled, never=never) for head in HEADS if head in heads}

    def _rows(self, book: OpenBook) -> Rows:
        """The rows of a book as they were known; of days read in one pass all are described in one pass."""
        if book.together is None:
            return described(book, habits(self.history, book.items))
        if not self._read or self._read[0][0] is not book.together:
            whole = replace(book, items=book.together)
            self._read[:] = [(book.together, described(whole, habits(self.history, whole.items, curves_anew=True)))]
        rows = self._read[0][1]
        return rows.taken((rows.items["mark"] == day_number(book.on)).to_numpy())

    def _fit(self, on: date) -> _Fit | None:
        """The fit that serves a day: made on it, or at most ``refit_days`` before."""
        earlier = [day for day in self._fits if 0 <= (on - day).days <= self.refit_days]
        if earlier:
            return self._fits[max(earlier)]
        days = self._followed(on)
        fit = None
        if days.n_paid_invoices >= PAID_MIN:
            rows, pooled = self._known_rows(on), pooled_hazards(self.history.known(on).counts(clock="due"))
            with threadpool_limits(limits=1):
                fit = _Fit(on=on, never_paid=fit_never_paid(rows, known_until=on, pooled=pooled))
        self._fits[on] = fit
        return fit

    def _heads(self, fit: _Fit, names: Sequence[str]) -> dict[str, Regression | Boosted]:
        """The heads of a fit by name, fitted now where nobody asked for them before."""
        if missing := [name for name in names if name not in fit.heads]:
            days = self._followed(fit.on)
            fit.heads.update({name: _FITTERS[name](days) for name in missing})
        return {name: fit.heads[name] for name in names}

    def _followed(self, on: date) -> PersonDays:
        lines = PERSON_DAYS_MAX if on == self.history.last else self.lines
        return followed(self._known_rows(on), known_until=on, most=lines)

    def _known_rows(self, on: date) -> Rows:
        last, mark = day_number(on), self.rows.items["mark"].to_numpy()
        return self.rows.taken((mark < last) & (mark >= last - TRAINED_DAYS))


def mean_hazard(a: Matrix, b: Matrix) -> Matrix:
    """Hazard of a forecast that is the mean of two: of their chances to be open, not of their hazards."""
    both = (np.cumprod(1.0 - a, axis=1) + np.cumprod(1.0 - b, axis=1)) / 2.0
    before = np.hstack([np.ones((len(both), 1)), both[:, :-1]])
    return 1.0 - np.divide(both, before, out=np.zeros_like(both), where=before > 0)


def payment_model(
    history: History, *, first_asked: date | None = None, refit_days: int = 0, lines: int = PERSON_DAYS_MAX
) -> PaymentModel:
    """Draw the landmark rows of a history: open invoices on days of the past, some days apart.

    ``first_asked`` is the earliest day the model will be asked about (the last day of the history where absent);
    ``refit_days`` and ``lines`` as in :class:`PaymentModel`.
    """
    first_asked = first_asked or history.last
    step = _step(history.known(first_asked))
    begin, last = day_number(first_asked) - TRAINED_DAYS, day_number(history.last)
    first = history.first()
    if first is not None:
        begin = max(begin, day_number(first) + 2 * step)
    marks = [day_of(mark) for mark in range(begin + (-begin) % step, last, step)]
    rows_max = ROWS_MAX * step // TRAINED_DAYS if marks else 0
    book = landmarks(history, marks or [history.last], rows_max=rows_max)
    rows = described(book, habits(history, book.items))
    return PaymentModel(history=history, rows=rows, step=step, refit_days=refit_days, lines=lines)


def _step(known: Known) -> int:
    """Days between marks: few where the ledger is small, more where each pass has more to read.

    Told from what the first day asked about knew, so that nothing of later moves the marks of earlier days.
    """
    n = int(known.lives.count().execute())
    return next((step for step in _STEPS if n * TRAINED_DAYS / step <= _PASSES_MAX), _STEPS[-1])
