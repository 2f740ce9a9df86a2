"""Is yesterday's forecast still a guide? What was expected of frozen forecasts against what came, month by month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from analysis.measures.history import History, day_number
from analysis.measures.positions import complete_months
from analysis.models.ladder import RUNGS, Rule, Rung
from analysis.models.landmarks import OpenBook, landmarks
from analysis.models.scores import Matrix

# A forecast is frozen on the first month end on which an invoice is open, and followed for three months.
FOLLOWED_MONTHS = 3
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
_INVOICES_PER_MARK = 20_000
_ROUNDING = 12
_MONTH_DAYS = 31
# Curves of more customers would cost more time than they tell of the whole book.
_CUSTOMERS_MAX = 2_000

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
        if not len(self.months) or not bool(self.months["is_outside"].iloc[-1]):
            return None
        last = self.months.iloc[-1]
        return "later" if last["ratio"] > last["high"] else "sooner"

    @property
    def in_use(self) -> str:
        """Whose forecasts are to be used: the forecaster's, or its baseline's where it is demoted."""
        return self.baseline if self.is_demoted else self.name

    def last(self, months: int) -> Monitor:
        """The same with the last so many months."""
        return replace(self, months=self.months.tail(months), baseline_months=self.baseline_months.tail(months))


def monitor(
    history: History,
    forecaster: Rung | None = None,
    *,
    baseline: Rung = RUNGS["curve_since_due"],
    months: int = 25,
    customers_min: int | None = None,
) -> Monitor:
    """Hold a forecaster and its baseline against what came in the last complete ``months``.

    The first twelve of them serve as level and spread for those that follow. Without a ``forecaster`` it is the
    payment curve of the customer, on a ledger of more than 2,000 customers that of the segment: cheap to make again
    as of any month, and behind every model where none is used. ``customers_min`` is the policy's ``group_minimum``
    where not given; a month with fewer customers, or :data:`INVOICES_MIN` invoices, is not judged.
    """
    forecaster = forecaster or _usual(history)
    fewest = history.snapshot.company.policy.group_minimum if customers_min is None else customers_min
    waited = waiting(history, {"model": forecaster.forecast, "baseline": baseline.forecast}, months=months)
    held = {name: controlled(frame, customers_min=fewest) for name, frame in waited.items()}
    return Monitor(
        name=forecaster.name,
        baseline=baseline.name,
        months=held["model"],
        baseline_months=held["baseline"],
    )


def _usual(history: History) -> Rung:
    customers = int(history.lives["customer_id"].nunique().execute())
    return RUNGS["customer_curve" if customers <= _CUSTOMERS_MAX else "segment_curve"]


def waiting(history: History, rules: dict[str, Rule], *, months: int) -> dict[str, pd.DataFrame]:
    """Days that invoices stayed unpaid in each month, as they did and as forecasts frozen before it had it.

    An invoice is forecast once, on the first month end on which it is open, from what was known then, and followed
    for the three months after it: for each month ``observed`` = days of it on which the invoice was unpaid,
    ``expected`` = sum of its frozen chances to be unpaid over the same days, both summed over invoices. A forecast
    that is asked again each month would be told by then which invoices wait, and would see no delay that lasts.
    What left otherwise is never paid. One frame per rule: index month end; ``invoices``, ``customers``, ``observed``,
    ``expected``. Months before which fewer than three forecasts were frozen are left out.
    """
    ends = [end.date() for end in complete_months(history.last, months + FOLLOWED_MONTHS)]
    empty = pd.DataFrame(columns=["invoices", "customers", "observed", "expected"], dtype=float)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in rules}
    first = history.first()
    shown = [end for end in ends if first is not None and end > first]
    if len(shown) <= FOLLOWED_MONTHS:
        return dict.fromkeys(rules, empty)
    books = landmarks(history, shown[:-1], rows_max=_INVOICES_PER_MARK)
    fresh = _fresh(books.items, shown)
    for place, mark in enumerate(shown[:-1]):
        items = fresh[fresh["mark"] == day_number(mark)].reset_index(drop=True)
        book = OpenBook(history=history, items=items)
        after = shown[place + 1 : place + 1 + FOLLOWED_MONTHS]
        known = history.known(mark)
        for name, rule in rules.items():
            unpaid = rule(known, book, days=(after[-1] - mark).days) if len(book) else np.empty((0, 1))
            parts[name].append(_followed(book, unpaid, [mark, *after]))
    judged = pd.DatetimeIndex(shown[FOLLOWED_MONTHS:])
    return {name: _by_month(pd.concat(frames), judged) for name, frames in parts.items()}


def _fresh(items: pd.DataFrame, marks: Sequence[date]) -> pd.DataFrame:
    """Rows of the first mark on which each invoice could be open: those issued since the mark before."""
    numbers = np.array([day_number(mark) for mark in marks])
    place = np.searchsorted(numbers, items["mark"].to_numpy())
    since = np.where(place > 0, numbers[place - 1], numbers[0] - _MONTH_DAYS)
    return items[items["issued"].to_numpy() > since]


def _followed(book: OpenBook, unpaid: Matrix, days: Sequence[date]) -> pd.DataFrame:
    """One row per invoice and month after its forecast: days unpaid, observed and expected."""
    numbers = [day_number(day) for day in days]
    chances = np.column_stack([np.ones(len(book)), unpaid]) if len(book) else np.empty((0, 1))
    weight = book.items["weight"].to_numpy(dtype=float)
    rows = []
    for begin, end, last in zip(numbers, numbers[1:], days[1:], strict=False):
        low, high = begin - numbers[0], end - numbers[0]
        paid_after = book.outcome(last).paid_after if len(book) else np.empty(0)
        rows.append(
            pd.DataFrame(
                {
                    "month": pd.Timestamp(last),
                    "customer_id": book.items["customer_id"],
                    "observed": weight * (np.minimum(paid_after, high) - np.minimum(paid_after, low)),
                    "expected": weight * chances[:, low:high].sum(axis=1),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _by_month(rows: pd.DataFrame, months: pd.DatetimeIndex) -> pd.DataFrame:
    summed = rows.groupby("month").agg(
        invoices=("customer_id", "size"),
        customers=("customer_id", "nunique"),
        observed=("observed", "sum"),
        expected=("expected", "sum"),
    )
    return summed.reindex(months).fillna(0.0).rename_axis("month")


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
