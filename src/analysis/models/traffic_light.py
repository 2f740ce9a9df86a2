"""Whether a forecaster's record allows its figures to be relied on: green, amber or red."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binom

from analysis.models.backtest import Backtest
from analysis.models.origin_scores import HORIZONS

Colour = Literal["green", "amber", "red", "none"]

# The plain payment curves that any model must beat, and the days at which it must.
BASELINES = ("curve_since_issue", "curve_since_due")
BASELINE_DAYS = (30, 60, 90)
# Observed over expected payments within a tenth, or within two standard errors (the project's requirements on
# reliability, "Back-testing page"; so are the other limits here).
RATIO_LIMITS = (0.9, 1.1)
STANDARD_ERRORS = 2.0
D_CALIBRATION_P = 0.05
_RATIO_DAY = 30
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition on the record: its name in words, the value found, and whether it is met; None: not judged."""

    id: str
    name: str
    value: float
    is_met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLight:
    """The gates and their colour: red where a forecaster is no better than the plain payment curve, whatever else;
    amber where another gate is not met; green where all that were judged are met; none where nothing was.
    """

    colour: Colour
    gates: tuple[Gate, ...]


def traffic_light(
    tested: Backtest, id: str, *, cash_hits: tuple[int, int] | None = None, cash_level: float = 0.9
) -> TrafficLight:
    """Judge the record of the forecaster ``id``.

    ``cash_hits`` is how many of how many intervals of ``cash_level`` for the cash of thirty days held; not judged where
    absent. The interval gate is met where that number lies in :func:`binomial_region`.
    """
    cash = _cash(cash_hits, level=cash_level)
    gates = (_better_than_curve(tested, id), _paid_as_expected(tested, id), _even(tested, id), cash)
    judged = [gate.is_met for gate in gates if gate.is_met is not None]
    colour: Colour = "none" if not judged else "green" if all(judged) else "amber"
    return TrafficLight(colour="red" if gates[0].is_met is False else colour, gates=gates)


def binomial_region(n: int, chance: float, *, at_least: float = 0.95) -> tuple[int, int]:
    """The fewest counts, most probable first, that hold ``at_least`` of a binomial: its lowest and its highest.

    >>> binomial_region(12, 0.9)
    (9, 12)
    """
    counts = np.arange(n + 1)
    probable = binom.pmf(counts, n, chance)
    order = np.lexsort((-counts, -probable))
    needed = int(np.searchsorted(np.cumsum(probable[order]), at_least - _ROUNDING)) + 1
    return int(order[:needed].min()), int(order[:needed].max())


def _better_than_curve(tested: Backtest, id: str) -> Gate:
    """Mean of the Brier scores at 30, 60 and 90 days below that of the better of the plain curves."""

    def score(of: str) -> float:
        return sum(tested.figure(of, f"brier_{day}") for day in BASELINE_DAYS) / len(BASELINE_DAYS)

    gap = score(id) - min((score(name) for name in BASELINES if name in tested.names), default=math.nan)
    return Gate(
        id="better_than_curve",
        name="Brier score at 30, 60 and 90 days below that of the plain payment curve",
        value=gap,
        is_met=None if math.isnan(gap) else gap < -_ROUNDING,
    )


def _paid_as_expected(tested: Backtest, id: str) -> Gate:
    at = HORIZONS.index(_RATIO_DAY)
    observed = expected = variance = 0.0
    for origin in tested.origins:
        weight, share = np.nan_to_num(origin.weights[:, at]), origin.scores[id].paid_share[:, at]
        observed += float((weight * origin.is_paid[:, at]).sum())
        expected += float((weight * share).sum())
        variance += float((weight**2 * share * (1 - share)).sum())
    ratio = observed / expected if expected else math.nan
    near = abs(observed - expected) <= STANDARD_ERRORS * math.sqrt(variance)
    return Gate(
        id="paid_as_expected",
        name="Invoices paid within 30 days, observed over expected, within 0.9 to 1.1 or two standard errors",
        value=ratio,
        is_met=None if math.isnan(ratio) else bool(RATIO_LIMITS[0] <= ratio <= RATIO_LIMITS[1] or near),
    )


def _even(tested: Backtest, id: str) -> Gate:
    # customers pay in batches: taken as independent, invoices would condemn every forecast of a larger ledger
    p = tested.figure(id, "d_calibration_p_customers")
    return Gate(
        id="d_calibration",
        name="Payments fall evenly on the forecast probabilities (D-calibration by customer, p above 0.05)",
        value=p,
        is_met=None if math.isnan(p) else p > D_CALIBRATION_P,
    )


def _cash(hits: tuple[int, int] | None, *, level: float) -> Gate:
    name = f"{level:.0%} intervals for the cash of thirty days held as often as chance allows"
    if hits is None or not hits[1]:
        return Gate(id="cash_intervals", name=name, value=math.nan, is_met=None)
    held, n = hits
    low, high = binomial_region(n, level)
    return Gate(id="cash_intervals", name=name, value=held / n, is_met=low <= held <= high)
