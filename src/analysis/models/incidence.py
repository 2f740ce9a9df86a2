"""How invoices end: the share paid, credited and written off by each day of their life, open ones taken into account.

Cash, credit note and write-off compete for an invoice. To treat one that was credited as merely no longer
observed would pretend that it can still be paid, and so overstate what comes in. The estimate of Aalen and
Johansen lets every cause take its share of the same invoices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.measures.reliability import Reliability, reliability_of
from analysis.models.bands import Band, limits, z_score
from analysis.models.counts import at_risk_on, at_risk_table, strata
from analysis.models.incidence_error import CauseSteps, Error, share_of
from analysis.models.survival import ROUNDING, Estimate, payment_curve

OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CumulativeIncidence:
    """Share of invoices that have ended by each cause, and the share still open, by age in days (Aalen-Johansen).

    ``table``, ``std_err``, ``low`` and ``high`` are indexed by ``day`` and have one column for each cause and
    ``open``; a row of ``table`` adds up to 1. ``counts`` has ``at_risk``, ``events``, ``censored``, ``entered``
    and the events of each cause. Row 0 already holds what ended on the first day. The band of a cause is the
    point 0 until its first event. Without any invoice all shares are NaN.
    """

    label: str
    causes: tuple[str, ...]
    table: pd.DataFrame
    std_err: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    counts: pd.DataFrame
    n_invoices: int
    confidence: float
    band: Band
    error: Error

    @property
    def reliability(self) -> Reliability:
        """Whether there are enough invoices to show: below 10 suppressed, below 30 flagged, else sound."""
        return reliability_of(self.n_invoices)

    @property
    def last_day(self) -> float:
        """Last day on which any invoice was seen to end or was last seen open."""
        return float(self.table.index[-1])

    def at_risk_on(self, day: float) -> int:
        """Invoices that were open and observed at the start of ``day``."""
        return int(at_risk_on(self.counts, day))

    def by_day(self, column: str, day: float) -> Estimate:
        """Share that has ended by the cause ``column`` (or is ``open``) at the end of ``day``.

        NaN past the last observed day, unless all invoices have ended by then.
        """
        if not day >= 0:
            raise ValueError(f"day must be at least 0, got {day}")
        place = int(np.searchsorted(self.table.index.to_numpy(dtype=float), day, side="right")) - 1
        if day > self.last_day and self.table[OPEN].iloc[place] > ROUNDING:
            return Estimate(value=math.nan, low=math.nan, high=math.nan)
        value, std_err, low, high = (
            float(frame[column].iloc[place]) for frame in (self.table, self.std_err, self.low, self.high)
        )
        return Estimate(value=value, low=low, high=high, std_err=std_err)

    def quantile(self, cause: str, p: float) -> Estimate:
        """First day by which the share ``p`` of all invoices has ended by ``cause``.

        The interval holds the days on which ``p`` lies in the band. inf where the share, or a limit of it, was
        not reached; it may never be, because the other causes took the rest. NaN without invoices. KeyError for a
        cause that is none of ``causes``.

        Interval: as Brookmeyer and Crowley, Biometrics 38 (1982) 29-41, on the band of the incidence.
        """
        _refuse_share(p)
        if cause not in self.causes:
            raise KeyError(f"{cause!r} is none of {', '.join(self.causes)}")
        value, soonest, latest = (_first_day(frame[cause], at_least=p) for frame in (self.table, self.high, self.low))
        return Estimate(value=value, low=soonest, high=latest)

    def ended_by(self, p: float) -> Estimate:
        """First day by which the share ``p`` has ended by whatever cause; inf and NaN as ``quantile``."""
        _refuse_share(p)
        value, soonest, latest = (
            _first_day(1 - frame[OPEN], at_least=p) for frame in (self.table, self.low, self.high)
        )
        # the band is undefined once all have ended
        return Estimate(value=value, low=min(soonest, value), high=latest)

    def time_lost(self, cause: str, horizon: float) -> Estimate:
        """Mean days within the first ``horizon`` that invoices spend ended by ``cause``: the area below its incidence.

        Over all causes and the time open these areas add up to the horizon. The interval is
        ``value +/- z * std_err``, kept between 0 and the horizon. NaN where the curve ends before the horizon
        with invoices still open, or there are none.

        Source: Andersen, Statistics in Medicine 32 (2013) 5278-5285.
        """
        if not 0 < horizon < math.inf:
            raise ValueError(f"horizon must be a positive number of days, got {horizon}")
        if math.isnan(self.by_day(OPEN, horizon).value):
            return Estimate(value=math.nan, low=math.nan, high=math.nan)
        days = self.table.index.to_numpy(dtype=float)
        shown = days < horizon
        left = horizon - days[shown]
        steps = CauseSteps.of(self.counts[shown], cause)
        gained = left * steps.open_before * steps.share_of_cause
        later = gained[::-1].cumsum()[::-1] - gained
        variance = steps.variance(left, later, error=self.error).sum()
        value, std_err = float(gained.sum()), math.sqrt(max(float(variance), 0.0))
        reach = z_score(self.confidence) * std_err
        return Estimate(value=value, low=max(0.0, value - reach), high=min(horizon, value + reach), std_err=std_err)


def cumulative_incidence(
    counts: pd.DataFrame,
    *,
    causes: Sequence[str],
    label: str = "",
    confidence: float = 0.95,
    band: Band = "log-log",
    error: Error = "greenwood",
) -> CumulativeIncidence:
    """Share of invoices ended by each cause, from counts per day; exact with ties.

    ``F_k(t) = sum over days u <= t of S(u - 1) * events_k(u) / at_risk(u)``, with S the share still open, which is
    that of ``payment_curve`` with its error and band. ``counts`` has ``day``, a column for each of ``causes``,
    ``censored`` and perhaps ``entered``, see ``at_risk_table``; an event on the day of censoring comes first.

    ``error`` ``greenwood`` takes the events of a day as multinomial among those at risk; without late entry this
    is the infinitesimal jackknife of R's ``survfit``. ``aalen`` takes the causes of a day as independent
    of each other, as R's ``cmprsk`` does; it is a little larger.

    Raises ValueError where no cause or one called ``open`` is named, and as ``at_risk_table``.

    Source: Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150; errors: Andersen, Borgan, Gill
    and Keiding, Statistical Models Based on Counting Processes (1993), section IV.4.1.3; Aalen, Annals of Statistics
    6 (1978) 534-545.

    >>> counts = pd.DataFrame({"day": [20, 30, 45], "paid": [2, 0, 0], "credited": [0, 1, 0], "censored": [0, 0, 1]})
    >>> cumulative_incidence(counts, causes=["paid", "credited"]).table.loc[30].to_dict()
    {'paid': 0.5, 'credited': 0.25, 'open': 0.25}
    """
    if not causes or OPEN in causes or len(set(causes)) < len(causes):
        raise ValueError(f"causes must be different names other than {OPEN!r}, got {', '.join(causes) or 'none'}")
    if error not in get_args(Error):
        raise ValueError(f"error must be one of {', '.join(get_args(Error))}, got {error!r}")
    table = at_risk_table(counts, causes=causes)
    n_invoices = int((table["events"] + table["censored"]).sum())
    still = payment_curve(table.reset_index(), confidence=confidence, band=band).table
    figures: dict[str, dict[str, ArrayLike]] = {name: {} for name in ("share", "std_err", "low", "high")}
    for cause in causes:
        steps = CauseSteps.of(table, cause)
        share = np.cumsum(steps.open_before * steps.share_of_cause)
        std_err = steps.std_err(share, error=error)
        low, high = _band(share, std_err, confidence=confidence, band=band)
        for name, values in (("share", share), ("std_err", std_err), ("low", low), ("high", high)):
            figures[name][cause] = values if n_invoices else np.full_like(values, math.nan)
    for name, column in (("share", "unpaid"), ("std_err", "std_err"), ("low", "low"), ("high", "high")):
        figures[name][OPEN] = still[column]
    frames = [pd.DataFrame(columns, index=table.index) for columns in figures.values()]
    return CumulativeIncidence(
        label=label,
        causes=tuple(causes),
        table=frames[0],
        std_err=frames[1],
        low=frames[2],
        high=frames[3],
        counts=table,
        n_invoices=n_invoices,
        confidence=confidence,
        band=band,
        error=error,
    )


def cumulative_incidences(
    counts: pd.DataFrame, *, by: str, causes: Sequence[str], confidence: float = 0.95, band: Band = "log-log"
) -> tuple[CumulativeIncidence, ...]:
    """One ``cumulative_incidence`` for each value of the column ``by``, which becomes its label, in order."""
    return tuple(
        cumulative_incidence(rows, causes=causes, label=label, confidence=confidence, band=band)
        for label, rows in strata(counts, by=by)
    )


def _refuse_share(p: float) -> None:
    if not 0 < p <= 1:
        raise ValueError(f"p must be a share above 0 and at most 1, got {p}")


def _band(
    share: NDArray[np.float64], std_err: NDArray[np.float64], *, confidence: float, band: Band
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The band of an incidence; a point until its first event, and where nothing is left to chance."""
    # a sum of many parts stops just short of 1, where the band is a point
    near = np.where(share >= 1 - ROUNDING, 1.0, share)
    low, high = limits(near, share_of(std_err, near), confidence=confidence, band=band)
    certain = (std_err == 0) | (near == 1)
    return np.where(certain, share, low), np.where(certain, share, high)


def _first_day(shares: pd.Series[float], *, at_least: float) -> float:
    if shares.isna().all():
        return math.nan
    reached = shares.index[shares >= at_least - ROUNDING]
    return float(reached[0]) if len(reached) else math.inf
