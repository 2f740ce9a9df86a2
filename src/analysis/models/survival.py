"""Payment curves: the share of invoices still unpaid by age, open invoices taken into account.

A mean over paid invoices looks better than the truth, because the slow payers of recent months are
not in it yet. The product-limit estimate of Kaplan and Meier counts an open invoice for as long as
it has been seen and no longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.reliability import Reliability, reliability_of
from analysis.models.bands import Band, greenwood_terms, limits, z_score
from analysis.models.counts import at_risk_on, at_risk_table, count_table, strata
from analysis.models.logrank import LogRank, log_rank

__all__ = ["Estimate", "LogRank", "PaymentCurve", "count_table", "log_rank", "payment_curve", "payment_curves"]

# R's tolerance for "the curve runs exactly at this probability": the square root of machine precision.
_SAME_SHARE = math.sqrt(np.finfo(float).eps)
# Rounding of a product of some thousand factors; far below one invoice in a hundred million.
ROUNDING = 1e-11


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimated value with its confidence interval; ``std_err`` is NaN where none is defined."""

    value: float
    low: float
    high: float
    std_err: float = math.nan

    @property
    def surely_positive(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentCurve:
    """Share of invoices still unpaid by age in days (Kaplan-Meier).

    ``table`` is indexed by ``day`` and has ``unpaid``, ``low``, ``high``, ``at_risk`` (open and
    observed at the start of the day), ``events``, ``censored``, ``std_err`` (Greenwood) and
    ``entered``. Row 0 already holds what was settled on the first day; before it all is unpaid.
    The band is the point 1 until the first payment and NaN once nothing is unpaid, because
    Greenwood's variance says nothing there. Without any invoice all shares are NaN.
    """

    label: str
    table: pd.DataFrame
    n_invoices: int
    n_paid: int
    confidence: float
    band: Band

    @property
    def median_days(self) -> float:
        """First day on which at most half are unpaid; inf if that day was not observed.

        ``quantile(0.5)`` differs where the curve runs exactly at one half: it follows R and gives
        the middle of that stretch.
        """
        return self._first_day("unpaid", at_most=0.5)

    @property
    def median_interval(self) -> tuple[float, float]:
        """First days on which the lower and the upper limit are at most one half; inf if not observed.

        Brookmeyer and Crowley, Biometrics 38 (1982) 29-41: the days at which one half lies in the band.
        """
        low, high = self._first_day("low", at_most=0.5), self._first_day("high", at_most=0.5)
        return _no_later(low, self.median_days), high

    @property
    def reliability(self) -> Reliability:
        """Whether there are enough invoices to show: below 10 suppressed, below 30 flagged, else sound."""
        return reliability_of(self.n_invoices)

    @property
    def last_day(self) -> float:
        """Last day on which any invoice was seen to be settled or was last seen open."""
        return float(self.table.index[-1])

    def unpaid_after(self, day: float) -> float:
        """Share still unpaid at the end of ``day``; NaN past the last observed day unless all is paid by then."""
        return self.unpaid_estimate(day).value

    def unpaid_estimate(self, day: float) -> Estimate:
        """``unpaid_after`` with its band and standard error."""
        if not day >= 0:
            raise ValueError(f"day must be at least 0, got {day}")
        row = self.table.iloc[int(np.searchsorted(self.table.index.to_numpy(dtype=float), day, side="right")) - 1]
        if day > self.last_day and row["unpaid"] > 0:
            return Estimate(value=math.nan, low=math.nan, high=math.nan)
        return Estimate(
            value=float(row["unpaid"]), low=float(row["low"]), high=float(row["high"]), std_err=float(row["std_err"])
        )

    def at_risk_on(self, day: float) -> int:
        """Invoices that were open and observed at the start of ``day``."""
        return int(at_risk_on(self.table, day))

    def quantile(self, p: float) -> Estimate:
        """Day by which the share ``p`` is paid, with the interval that inverts the band.

        R's convention (``quantile`` of a ``survfit``): the first day on which at least ``p`` is paid,
        and the middle of the stretch where exactly ``p`` is paid for a while. inf where the curve or
        the limit does not get that far, NaN without invoices.

        Interval: Brookmeyer and Crowley, Biometrics 38 (1982) 29-41.
        """
        if not 0 < p <= 1:
            raise ValueError(f"p must be a share above 0 and at most 1, got {p}")
        value, low, high = (self._crossing(column, p) for column in ("unpaid", "low", "high"))
        return Estimate(value=value, low=_no_later(low, value), high=high)

    def restricted_mean(self, horizon: float) -> Estimate:
        """Mean days unpaid within the first ``horizon`` days: the area below the curve up to there.

        An invoice unpaid at the horizon counts with ``horizon`` days. Standard error as in R:
        ``sqrt(sum(area after t ** 2 * d / (n * (n - d))))`` over the days t with payments; interval
        ``value +/- z * std_err``, kept between 0 and the horizon. NaN where the curve ends before
        the horizon with invoices still unpaid, or there are none.

        Source: Klein and Moeschberger, Survival Analysis (2nd ed., 2003), section 4.5.
        """
        if not 0 < horizon < math.inf:
            raise ValueError(f"horizon must be a positive number of days, got {horizon}")
        if math.isnan(self.unpaid_after(horizon)):
            return Estimate(value=math.nan, low=math.nan, high=math.nan)
        shown = self.table[self.table.index < horizon]
        n, d = shown["at_risk"].to_numpy(dtype=float), shown["events"].to_numpy(dtype=float)
        widths = np.diff(np.append(shown.index.to_numpy(dtype=float), horizon))
        areas = widths * shown["unpaid"].to_numpy()
        area_after = areas[::-1].cumsum()[::-1]
        # where all at risk are paid (n = d) no area is left, so the day adds nothing
        variance = (area_after**2 * greenwood_terms(n, np.where(d < n, d, 0))).sum()
        value, std_err = float(areas.sum()), float(np.sqrt(variance))
        reach = z_score(self.confidence) * std_err
        return Estimate(value=value, low=max(0.0, value - reach), high=min(horizon, value + reach), std_err=std_err)

    def _first_day(self, column: str, *, at_most: float) -> float:
        if not self.n_invoices:
            return math.nan
        reached = self.table.index[self.table[column] <= at_most + ROUNDING]
        return float(reached[0]) if len(reached) else math.inf

    def _crossing(self, column: str, p: float) -> float:
        if not self.n_invoices:
            return math.nan
        known = self.table[column].dropna()
        # a limit may turn up again at the thin end of the curve; the first crossing counts
        paid = np.maximum.accumulate(np.append(0.0, 1 - known.to_numpy()))
        days = np.append(0.0, known.index.to_numpy(dtype=float))
        steps = np.append(True, np.diff(paid) > 0)
        paid, days = paid[steps], days[steps]
        first = int(np.searchsorted(paid + _SAME_SHARE, p))
        beyond = int(np.searchsorted(paid - _SAME_SHARE, p))
        if first == len(paid):
            return math.inf
        if beyond < len(paid):
            return float(days[first] + days[beyond]) / 2
        # exactly p to the end: the stretch ends with the observation, if the limit is known there
        return float(days[first] + self.last_day) / 2 if len(known) == len(self.table) else math.inf


def payment_curve(
    counts: pd.DataFrame, *, label: str = "", confidence: float = 0.95, band: Band = "log-log"
) -> PaymentCurve:
    """Share of invoices still unpaid by age, from counts per day.

    ``unpaid(t) = product over days u <= t of (1 - events(u) / at_risk(u))``; standard error
    ``unpaid * sqrt(sum(events / (at_risk * (at_risk - events))))``; the band is symmetric for
    ``log(-log(unpaid))`` (default; stays within 0 and 1 and covers well in small groups), for
    ``log(unpaid)`` or plainly. ``counts`` has ``day``, ``events``, ``censored`` and optionally
    ``entered``, see ``at_risk_table``; strata are pooled. Payment on the same day as censoring comes first.

    What leaves by credit note or write-off competes with payment: counted as censored it lets the
    curve fall too fast, counted as an event the curve says "settled" and not "paid".

    Source: Kaplan and Meier, JASA 53 (1958) 457-481; Greenwood, Reports on Public Health 33 (1926);
    band: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (1980), section 1.3.

    >>> curve = payment_curve(pd.DataFrame({"day": [20, 30, 45], "events": [2, 1, 0], "censored": [0, 0, 1]}))
    >>> curve.unpaid_after(25), curve.median_days
    (0.5, 20.0)
    """
    table = at_risk_table(counts)
    n, d = table["at_risk"].to_numpy(dtype=float), table["events"].to_numpy(dtype=float)
    n_invoices = int((table["events"] + table["censored"]).sum())
    unpaid = np.cumprod(1 - np.divide(d, n, out=np.zeros_like(d), where=n > 0))
    if not n_invoices:
        unpaid = np.full_like(unpaid, math.nan)
    relative = np.sqrt(np.cumsum(greenwood_terms(n, d)))
    low, high = limits(unpaid, relative, confidence=confidence, band=band)
    # the relative error is infinite once nothing is unpaid
    std_err = np.multiply(unpaid, relative, out=np.full_like(unpaid, math.nan), where=np.isfinite(relative))
    curve = table.assign(unpaid=unpaid, low=low, high=high, std_err=std_err)
    return PaymentCurve(
        label=label,
        table=curve[["unpaid", "low", "high", "at_risk", "events", "censored", "std_err", "entered"]],
        n_invoices=n_invoices,
        n_paid=int(d.sum()),
        confidence=confidence,
        band=band,
    )


def payment_curves(
    counts: pd.DataFrame, *, by: str, confidence: float = 0.95, band: Band = "log-log"
) -> tuple[PaymentCurve, ...]:
    """One ``payment_curve`` for each value of the column ``by``, which becomes its label, in order."""
    return tuple(
        payment_curve(rows, label=label, confidence=confidence, band=band) for label, rows in strata(counts, by=by)
    )


def _no_later(low: float, value: float) -> float:
    """The lower limit of a day; where R has none, because the band ends as all is paid, the day itself."""
    return value if low > value else low
