"""Forecasts from regressions on what was known at issue: Cox and the best of four shapes, beside rungs and hazards.

They describe. What an invoice has become since its issue, and the weekday on which a customer pays, they cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from analysis.measures.history import Known, day_of
from analysis.models.cox import CoxModel
from analysis.models.guarded_cox import guarded_cox
from analysis.models.ladder import DAYS, curve_since_issue
from analysis.models.landmarks import OpenBook
from analysis.models.parametric import FAMILIES, ParametricCurve, parametric_curve
from analysis.models.payment_effects import COVARIATES
from analysis.models.regression_columns import NotEstimable, design
from analysis.models.regression_rows import regression_rows
from analysis.models.risk_sets import Floats
from analysis.models.scores import Matrix

NAMES = {"cox": "Cox regression since issue", "parametric": "the best parametric curve since issue"}
_LEARNED_DAYS = 730
# A baseline by day needs many invoices; the few numbers of a shape do not.
_ROWS_MAX = {"cox": 20_000, "parametric": 4_000}
# A dispute opens after the day of issue, on which these forecasts are made.
_COVARIATES = {name: words for name, words in COVARIATES.items() if name != "disputed"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """What is learned from, and the open invoices in the order of the book, with the same numeric columns."""

    learned: pd.DataFrame
    asked: pd.DataFrame
    names: list[str]


def cox_forecast(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """Chance to be unpaid 1 to ``days`` days on by a Cox model since issue, given that the invoice is open at its age.

    ``exp(-exp(beta' x) * (baseline(age + h) - baseline(age)))``, with a baseline for each band of terms. Where the
    books cannot carry the model, or show no payment under such terms, the payment curve of all since issue.
    """
    fallback = curve_since_issue(known, book, days=days)
    try:
        rows = _rows(known, book, strata="terms", rows_max=_ROWS_MAX["cox"])
        columns = design(rows.learned, covariates={name: name for name in rows.names}, strata="terms")
        model, _ = guarded_cox(columns, strata="terms")
    except NotEstimable:
        return fallback
    x = rows.asked[list(model.sets.names)].to_numpy(dtype=float) - model.sets.centre
    risk, ages = np.exp(x @ model.beta), rows.asked["days"].to_numpy(dtype=float)
    result = fallback.copy()
    for place, stratum in enumerate(model.sets.strata):
        mine = (rows.asked["terms"] == stratum).to_numpy()
        if mine.any():
            result[mine] = _given_open(model, place, risk[mine], ages[mine], days=days)
    return result


def parametric_forecast(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """As :func:`cox_forecast` by the one of four shapes with the lowest AIC, its location moved by what is known."""
    try:
        rows = _rows(known, book, strata=None, rows_max=_ROWS_MAX["parametric"])
        fitted = best_shape(rows.learned, rows.names)
    except (NotEstimable, ValueError):
        return curve_since_issue(known, book, days=days)
    x, ages = (rows.asked[names].to_numpy(dtype=float) for names in (rows.names, "days"))
    return fitted.unpaid_given_open(x, ages, days=days)


def best_shape(rows: pd.DataFrame, covariates: list[str]) -> ParametricCurve:
    """The shape with the lowest AIC, the simplest of equals."""
    curves = [parametric_curve(rows, family=family, covariates=covariates) for family in FAMILIES]
    return min(curves, key=lambda curve: curve.aic)


def _given_open(model: CoxModel, stratum: int, risk: Floats, ages: Floats, *, days: int) -> Matrix:
    cells = np.flatnonzero(model.sets.stratum == stratum)
    baseline = np.append(0.0, np.cumsum(model.at_fit.hazard[cells]))
    reached = ages[:, None] + np.arange(days + 1)
    grown = baseline[np.searchsorted(model.sets.day[cells], reached, side="right")]
    return np.exp(-risk[:, None] * (grown[:, 1:] - grown[:, :1]))


def _rows(known: Known, book: OpenBook, *, strata: str | None, rows_max: int) -> _Rows:
    oldest = day_of(int(book.items["issued"].min()))
    learned = regression_rows(known, issued_from=known.on - timedelta(days=_LEARNED_DAYS), rows_max=rows_max)
    asked = regression_rows(known, issued_from=oldest, rows_max=None, open_only=True).set_index("invoice_id")
    asked = asked.loc[list(book.items["invoice_id"])].reset_index()
    # one set of columns for both; what is asked for adds no payment that a level could rest on
    both = pd.concat([learned, asked.assign(paid=False)], ignore_index=True)
    made = design(both, covariates=_COVARIATES, strata=strata)
    n = len(learned)
    return _Rows(learned=made.rows.iloc[:n], asked=made.rows.iloc[n:].reset_index(drop=True), names=made.names)
