"""Rolling backtest: forecasts made on past days from what was known then, scored by what came after.

Nothing is split at random. On each day of the past (an origin) every rule and model sees the books as they were,
forecasts the invoices open then, and is scored on the same invoices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import History, Known, day_number, day_of
from analysis.measures.positions import complete_months
from analysis.models.calibration import CalibrationLine, calibration_line, d_calibration_by_customer, d_calibration_test
from analysis.models.discrimination import pooled
from analysis.models.followed import HORIZON_DAYS
from analysis.models.forecast_errors import weighted_error
from analysis.models.ladder import DAYS, LADDER, Rung
from analysis.models.landmarks import OpenBook, open_books
from analysis.models.origin_scores import HORIZONS, Origin, OriginScores, score_origin, summed
from analysis.models.scores import Matrix
from analysis.models.waiting import Waiting, frozen, is_month_end, waiting

__all__ = ["HORIZONS", "ORIGINS_MIN", "Backtest", "Origin", "backtest", "score_origin", "summary", "usual_origins"]

# More invoices of one origin would change no digit that is shown.
INVOICES_MAX = 20_000
# Fewer days of the past are no record.
ORIGINS_MIN = 3

Models = Callable[[Known, OpenBook], Mapping[str, Matrix]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """Forecasters side by side over all origins.

    ``names`` maps the id of each to words: the rungs first, then the models. ``table`` has one row per id:
    ``integrated_brier``, ``concordance``, ``median_error`` (days), ``weekly_error`` (share), ``interval_share`` (of
    invoices paid between the 10% and the 90% day), ``d_calibration_p`` (invoices taken as independent),
    ``d_calibration_p_customers`` (customers as units; NaN with fewer than twenty), and ``brier_7`` to ``brier_90``.
    ``lines`` holds the calibration at each of :data:`HORIZONS`. NaN where nothing is known of a figure. ``waited``
    holds forecasts frozen on month ends against the months after.
    """

    origins: tuple[Origin, ...]
    names: dict[str, str]
    rungs: tuple[str, ...]
    table: pd.DataFrame
    lines: dict[str, tuple[CalibrationLine, ...]]
    waited: Waiting

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models, simplest first, as they were given."""
        return tuple(id for id in self.names if id not in self.rungs)

    @property
    def n_invoices(self) -> int:
        """Forecasts scored; an invoice open on two origins counts twice."""
        return sum(len(origin.customers) for origin in self.origins)

    @property
    def n_customers(self) -> int:
        """Different customers among them."""
        return len(np.unique(np.concatenate([np.empty(0, dtype=object), *(o.customers for o in self.origins)])))

    def figure(self, id: str, name: str) -> float:
        """One figure of :attr:`table`."""
        return float(self.table[name].to_dict()[id])

    def strongest(self, ids: Sequence[str]) -> str:
        """The one of ``ids`` with the lowest integrated Brier score, the first of them where two are equal."""
        # rounded, so that equal forecasts are equal whatever the order of their sums
        return min(ids, key=lambda id: round(self.figure(id, "integrated_brier"), 12))


def backtest(
    history: History,
    models: Models | None = None,
    *,
    names: Mapping[str, str] | None = None,
    origins: Sequence[date] | None = None,
    followed: Sequence[date] = (),
    rungs: Sequence[Rung] = LADDER,
    invoices_max: int = INVOICES_MAX,
) -> Backtest:
    """Forecast the open invoices of past days with every rung and every model, and score them.

    ``models`` is called once per origin with what was known on it and the invoices open then, and gives one matrix
    ``unpaid`` (invoices, 90 or more days) per id; ``names`` are the ids in words, simplest first. It must fit anew
    each time: what it has seen on a later origin would be knowledge of the future. It may give nothing where too
    little was known, see :func:`summary`. Without ``origins`` those of :func:`usual_origins`; those without open
    invoices, or after which nothing is known, are left out. Where more than about ``invoices_max`` invoices are
    open, so many are drawn, the same for all. On ``followed`` days, too young to be scored, forecasts are made for the
    months after alone (``waited``), as on origins that are month ends.
    """
    named = dict(names or {})
    scored, kept = [], []
    judged = set(usual_origins(history) if origins is None else origins)
    asked = sorted({*judged, *followed})
    for on, book in open_books(history, asked, rows_max=invoices_max):
        known = history.known(on)
        if not len(book) or on >= history.last:
            continue
        forecasts = {rung.id: rung.forecast(known, book, days=HORIZON_DAYS) for rung in rungs}
        made = models(known, book) if models is not None else {}
        if made and set(made) != set(named):
            raise ValueError(f"names are given for {sorted(named)}, forecasts of {on} are {sorted(made)}")
        forecasts |= made
        if is_month_end(on):
            kept.append(frozen(book, forecasts, on=on, known_until=history.last))
        if on in judged:
            scored.append(score_origin(forecasts, book, book.outcome(history.last)))
    tested = summary(scored, names={rung.id: rung.name for rung in rungs} | named, rungs=[rung.id for rung in rungs])
    return replace(tested, waited=waiting(kept, marks=asked, known_until=history.last))


def usual_origins(history: History, *, most: int = 12) -> tuple[date, ...]:
    """Month ends to look back on: the last twelve after which ninety days are known.

    Only those by which the books had shown invoices for a quarter of a year; none on a shorter history.
    """
    first = history.first()
    if first is None:
        return ()
    latest = day_of(day_number(history.last) - DAYS)
    ends = [end.date() for end in complete_months(latest, most)]
    return tuple(end for end in ends if day_number(end) - day_number(first) >= DAYS)


def summary(origins: Sequence[Origin], *, names: Mapping[str, str], rungs: Sequence[str]) -> Backtest:
    """All origins together, each invoice of each origin with the same weight.

    All are scored on the same invoices: origins on which a model had no forecast are left out, for the rungs as
    well. Where fewer than :data:`ORIGINS_MIN` would be left of more, the models are left out instead.
    """
    whole = [origin for origin in origins if set(names) <= set(origin.scores)]
    if len(whole) < min(ORIGINS_MIN, len(origins)):
        return summary(origins, names={id: names[id] for id in rungs}, rungs=rungs)
    origins = whole
    rows, lines = {}, {}
    for id in names:
        rows[id], lines[id] = _figures([(origin, origin.scores[id]) for origin in origins])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS).astype(float).rename_axis("id")
    return Backtest(
        origins=tuple(origins),
        names=dict(names),
        rungs=tuple(rungs),
        table=table,
        lines=lines,
        waited=waiting([], marks=[], known_until=date.max),
    )


_COLUMNS = [
    *("integrated_brier", "concordance", "median_error", "weekly_error", "interval_share"),
    *("d_calibration_p", "d_calibration_p_customers"),
    *(f"brier_{horizon}" for horizon in HORIZONS),
]


def _figures(pairs: Sequence[tuple[Origin, OriginScores]]) -> tuple[list[float], tuple[CalibrationLine, ...]]:
    if not pairs:
        return [math.nan] * len(_COLUMNS), ()
    sizes = np.array([len(origin.customers) for origin, _ in pairs], dtype=float)
    by_horizon = np.array([score.by_horizon for _, score in pairs])
    losses = _joined([score.losses for _, score in pairs])
    weights = np.concatenate([origin.weights for origin, _ in pairs])
    is_paid = np.concatenate([origin.is_paid for origin, _ in pairs])
    share = np.concatenate([score.paid_share for _, score in pairs])
    customers = np.concatenate([np.unique(origin.customers) for origin, _ in pairs])
    bins = summed(np.concatenate([score.d_counts for _, score in pairs]), np.unique(customers, return_inverse=True)[1])
    row = [
        _mean(losses, np.ones_like(losses)),
        pooled(score.pairs for _, score in pairs).value,
        _mean(np.array([score.median_error for _, score in pairs]), sizes),
        _weekly_error(pairs),
        _mean(_joined([score.within for _, score in pairs]), np.nan_to_num(weights[:, -1])),
        d_calibration_test(bins.sum(axis=0)).p_value,
        d_calibration_by_customer(bins),
        *(_mean(by_horizon[:, day - 1], sizes) for day in HORIZONS),
    ]
    lines = tuple(
        calibration_line(share[:, at], is_paid[:, at], weights[:, at], horizon=day) for at, day in enumerate(HORIZONS)
    )
    return row, lines


def _weekly_error(pairs: Sequence[tuple[Origin, OriginScores]]) -> float:
    predicted, came = (
        _joined(parts) for parts in ([score.weekly for _, score in pairs], [origin.weekly for origin, _ in pairs])
    )
    over = ~np.isnan(came)
    return weighted_error(predicted[over], came[over])


def _joined(parts: Sequence[NDArray]) -> NDArray[np.float64]:
    return np.concatenate([np.empty(0), *parts]).astype(float)


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Weighted mean of what is known; NaN where nothing is."""
    known = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else math.nan
