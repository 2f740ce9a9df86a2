"""Is yesterday's forecast still a guide? What was expected of frozen forecasts against what came, month by month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from analysis.models.backtest import Backtest

# The usual level and spread of the ratio are those of the twelve months before; fewer than six are too few.
LEVEL_MONTHS, LEVEL_MONTHS_MIN = 12, 6
# A level that stands within a twentieth of one is known and allowed for; what stands further off is outside.
LEVEL_TOLERANCE = 0.05
# Every 50th month is outside where nothing changed. Of two running, both are outside some once in two years of ten.
CONFIDENCE = 0.98
# Few months say little of how much months vary: six more that vary by 3%, as they do on simulated ledgers, and two
# more at the level of one, lean against chance.
STATED_SPREAD, STATED_MONTHS, STATED_LEVEL_MONTHS = 0.03, 6, 2
MONTHS_RUNNING = 2
# Below, a month is not judged: its ratio is one of few payers.
INVOICES_MIN = 30
_MAD_TO_SD = 1.4826
_ROUNDING = 12

Side = Literal["later", "sooner"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monitor:
    """A forecaster held against what came, by month.

    ``months``: index month end; ``invoices``, ``customers``, ``observed`` and ``expected`` (invoice-days unpaid),
    ``ratio``, ``level``, ``low`` and ``high`` (NaN where not judged), ``is_outside``, ``is_demoted``. ``baseline``
    is the rule that stands in for a forecaster that is demoted.
    """

    name: str
    baseline: str
    months: pd.DataFrame
    baseline_months: pd.DataFrame

    @property
    def is_judged(self) -> bool:
        """Whether the last month has limits to be held against."""
        return len(self.months) > 0 and not math.isnan(float(self.months["low"].iloc[-1]))

    @property
    def is_demoted(self) -> bool:
        """Whether the baseline is to be used now."""
        return len(self.months) > 0 and bool(self.months["is_demoted"].iloc[-1])

    @property
    def is_shared(self) -> bool:
        """Whether the baseline is outside its own limits in the last month too: customers changed, not the model."""
        return len(self.baseline_months) > 0 and bool(self.baseline_months["is_outside"].iloc[-1])

    @property
    def side(self) -> Side | None:
        """On which side of its limits the last month lies; None within them."""
        return _side(self.months)

    @property
    def customers_turned(self) -> Side | None:
        """How customers pay by now where the baseline alone misses them, two months running; None where it does not.

        A rule that reads the past of customers and nothing else is the last to follow when all of them change, so it
        shows a shock that a quicker forecaster has allowed for.
        """
        rule = self.baseline_months
        if self.is_baseline or self.side is not None or not len(rule) or not bool(rule["is_demoted"].iloc[-1]):
            return None
        return _side(rule)

    @property
    def in_use(self) -> str:
        """Whose forecasts are to be used: the forecaster's, or its baseline's where it is demoted."""
        return self.baseline if self.is_demoted else self.name

    @property
    def is_baseline(self) -> bool:
        """Whether the forecaster is the baseline itself, so that no rule can stand in for it."""
        return self.name == self.baseline


def _side(months: pd.DataFrame) -> Side | None:
    if not len(months) or not bool(months["is_outside"].iloc[-1]):
        return None
    last = months.iloc[-1]
    return "later" if last["ratio"] > last["high"] else "sooner"


def monitor(tested: Backtest, id: str, *, baseline: str, customers_min: int) -> Monitor:
    """Hold a forecaster of a record, and the rule that would stand in for it, against what came by month.

    Each month stands against the limits that the months before it give. A month with fewer than ``customers_min``
    customers, or :data:`INVOICES_MIN` invoices, is not judged.
    """
    held = {of: controlled(tested.waited.of(of), customers_min=customers_min) for of in (id, baseline)}
    return Monitor(
        name=tested.names[id], baseline=tested.names[baseline], months=held[id], baseline_months=held[baseline]
    )


def controlled(months: pd.DataFrame, *, customers_min: int, invoices_min: int = INVOICES_MIN) -> pd.DataFrame:
    """Control limits for observed over expected, each month held against the months before it.

    ``ratio`` = observed / expected. On the scale of its logarithm, of up to twelve judged months before:
    ``level`` = their median, drawn to zero by two months at zero and cut at a twentieth either way;
    spread squared = (6 x 0.03^2 + n x s^2) / (6 + n), s = 1.4826 x median of |value - median|, so that one bad
    quarter neither moves nor widens the limits; limits = level -+ quantile of Student's t x spread, 98% between them,
    with 6 + n / 2 degrees of freedom (a median deviation tells about as much as half the months). NaN before six
    months were judged, and in a month with too few customers or invoices.

    ``is_outside`` beyond a limit; ``is_demoted`` from the second month running outside until the second within.

    Source: individuals chart with robust spread, Montgomery, Introduction to Statistical Quality Control (7th ed.,
    2013), section 6.4; Rousseeuw and Croux, Journal of the American Statistical Association 88 (1993) 1273-1283.
    """
    enough = (months["customers"] >= customers_min) & (months["invoices"] >= invoices_min)
    enough &= (months["expected"] > 0) & (months["observed"] > 0)
    ratio = (months["observed"] / months["expected"].where(enough)).astype(float)
    logs = np.log(ratio.to_numpy()).round(_ROUNDING)
    limits = np.array([_limits(logs[:place]) for place in range(len(logs))]).reshape(-1, 3)
    limits[np.isnan(logs)] = math.nan
    outside = (logs < limits[:, 1]) | (logs > limits[:, 2])
    told = dict(zip(("level", "low", "high"), np.exp(limits).T, strict=True))
    is_demoted = demoted(outside, judged=~np.isnan(limits[:, 0]))
    return months.assign(ratio=ratio, **told, is_outside=outside, is_demoted=is_demoted)


def _limits(logs: NDArray[np.float64]) -> tuple[float, float, float]:
    """Level and limits for the month after these."""
    before = logs[~np.isnan(logs)][-LEVEL_MONTHS:]
    n = len(before)
    if n < LEVEL_MONTHS_MIN:
        return math.nan, math.nan, math.nan
    middle = float(np.median(before))
    level = float(np.clip(middle * n / (n + STATED_LEVEL_MONTHS), -LEVEL_TOLERANCE, LEVEL_TOLERANCE))
    spread = _MAD_TO_SD * float(np.median(np.abs(before - middle)))
    pooled = math.sqrt((STATED_MONTHS * STATED_SPREAD**2 + n * spread**2) / (STATED_MONTHS + n))
    half = float(student.ppf((1 + CONFIDENCE) / 2, STATED_MONTHS + n / 2)) * pooled
    return level, level - half, level + half


def demoted(outside: NDArray[np.bool_], *, judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a forecaster stands demoted at the end of each month: two months running outside, until two within.

    A month that is not judged changes nothing.

    >>> demoted(np.array([1, 1, 0, 1, 0, 0], dtype=bool), judged=np.ones(6, dtype=bool)).tolist()
    [False, True, True, True, True, False]
    """
    stands, running, states = False, 0, []
    for is_outside, is_judged in zip(outside, judged, strict=True):
        if is_judged:
            running = running + 1 if bool(is_outside) != stands else 0
            if running == MONTHS_RUNNING:
                stands, running = not stands, 0
        states.append(stands)
    return np.array(states, dtype=bool)
