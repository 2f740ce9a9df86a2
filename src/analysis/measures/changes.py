"""What moved DSO and overdue between two month ends: sales, customers, terms, payment, disputes, currency.

Receivables are a product, cell by cell: what was sold in a month, what share of it to which kind of customer, on
which terms, and what share of that is still open so many weeks past its due date, at the rate of the day. Each factor
is put to its present value in every order; its effect is the mean of what that does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.changes_cells import Standing, standings
from analysis.measures.changes_customers import CustomerPieces, customer_pieces, interval_of_sum
from analysis.measures.changes_model import FACTORS, Floats, Model, model_of
from analysis.measures.months import LedgerMonths
from analysis.measures.positions import month_ends
from analysis.measures.settlement import observed_since
from analysis.measures.shapley import shapley_effects, shapley_weights

# The month before, and the same month a year before.
COMPARED = (1, 12)
# Books that begin with open items know nothing of what else was sold then; half a year later little of it is open.
MONTHS_AFTER_BEGINNING = 6
_BEHAVIOUR = 1 << FACTORS.index("behaviour")
_NOT_OF_SALES = sum(1 << FACTORS.index(factor) for factor in ("behaviour", "disputes", "on_account"))
_HALF_A_CENT = 0.005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """A figure at two month ends and what moved it.

    ``effects``: by factor of :data:`analysis.measures.changes_model.FACTORS`, in the unit of the figure; they add up
    to ``now - before``. ``low`` and ``high``: 95% limits of the effect of payment behaviour, None where there are fewer
    than ten customers or nothing varies. ``customers``: what each customer adds to that effect.
    """

    before: float
    now: float
    effects: pd.Series
    low: float | None
    high: float | None
    customers: pd.Series

    @property
    def total(self) -> float:
        """The whole change."""
        return self.now - self.before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """What moved DSO (days, count-back) and overdue (company currency) between two month ends.

    ``dso`` is None where the count-back is not defined or exceeds all sales of the books at either end. ``told`` names
    the factors of which these books hold more than one value; the others have no effect, because they cannot.
    """

    since: pd.Timestamp
    until: pd.Timestamp
    dso: Change | None
    overdue: Change
    told: tuple[str, ...]


def changes(months: LedgerMonths) -> dict[int, Changes]:
    """What moved the figures since the month before (1) and since the same month a year before (12).

    A comparison that the books do not reach back to is not in it. ``months`` is read without dimensions.
    """
    ends = month_ends(months.snapshot.as_of, max(COMPARED) + 1)
    since = {back: ends[-1 - back] for back in COMPARED if comparable(months, back=back)}
    if not since:
        return {}
    now, *earlier = standings(months, [ends[-1], *since.values()])
    return {back: compared(standing, now) for back, standing in zip(since, earlier, strict=True)}


def comparable(months: LedgerMonths, *, back: int) -> bool:
    """Whether the books say what was sold and open so many months ago.

    They do not where they begin later, hold open items only, or began with open items less than half a year before.
    """
    if months.shown <= back:
        return False
    began, end = observed_since(months.snapshot), month_ends(months.snapshot.as_of, back + 1)[0]
    return began is None or pd.Timestamp(began) + pd.DateOffset(months=MONTHS_AFTER_BEGINNING) <= end


def compared(before: Standing, now: Standing) -> Changes:
    """What moved the figures from one standing of the books to another, of the same ledger or of two."""
    model = model_of(before, now)
    states = range(1 << len(FACTORS))
    # what is sold does not depend on what is still open of it
    sold = {state: model.exposed(state) for state in states if not state & _NOT_OF_SALES}
    exposed = [sold[state & ~_NOT_OF_SALES] for state in states]
    still = [exposed[state] * model.open_shares(state) for state in states]
    overdue = [float(amounts[model.overdue].sum()) for amounts in still]
    owed = [_cleared(float(amounts.sum()) - model.on_account(state)) for state, amounts in enumerate(still)]
    found = [model.count_back(owed[state], state) for state in states]
    days = [one.days for one in found]
    pieces = customer_pieces(model, before, now)
    weights = _mean_exposure(exposed, [1.0] * len(states))
    dso = None
    if all(map(math.isfinite, days)) and not (found[0].exhausted or found[-1].exhausted):
        slopes = [_slope(days, owed, state) for state in states]
        dso = _change(days, pieces, _mean_exposure(exposed, slopes))
    return Changes(
        since=before.on,
        until=now.on,
        dso=dso,
        overdue=_change(overdue, pieces, np.where(model.overdue, weights, 0.0)),
        told=_told(model),
    )


def _cleared(owed: float) -> float:
    """Receivables; binary fractions that are no cent are none, so that paid-up books are not taken for a credit."""
    return 0.0 if abs(owed) < _HALF_A_CENT else owed


def _slope(days: list[float], owed: list[float], state: int) -> float:
    """Days of sales for a unit of money, on the way on which payment behaviour changes from this state."""
    moved = owed[state | _BEHAVIOUR] - owed[state]
    return (days[state | _BEHAVIOUR] - days[state]) / moved if moved else 0.0


def _mean_exposure(exposed: list[Floats], slopes: list[float]) -> Floats:
    """What a share still open of 1 instead of 0 adds to the figure, by cell, over all orders of factors."""
    weights = [float(weight) for weight in shapley_weights(len(FACTORS))]
    steps = [state for state in range(len(exposed)) if not state & _BEHAVIOUR]
    return np.sum([weights[state.bit_count()] * slopes[state] * exposed[state] for state in steps], axis=0)


def _change(values: list[float], pieces: CustomerPieces, weights: Floats) -> Change:
    effects = shapley_effects(values, n_factors=len(FACTORS))
    customers = pieces.weighted(weights)
    limits = interval_of_sum(customers)
    low, high = limits if limits is not None else (None, None)
    return Change(
        before=values[0],
        now=values[-1],
        effects=pd.Series(effects, index=list(FACTORS)),
        low=low,
        high=high,
        customers=customers,
    )


def _told(model: Model) -> tuple[str, ...]:
    """Factors that hold more than one value, or anything at all."""
    one_of = {
        "customers": model.kinds["group"].nunique() < 2,
        "terms": model.cells["terms"].nunique() < 2,
        "currency": bool((model.common == 1).all()),
        "disputes": not model.disputed.before.any() and not model.disputed.now.any(),
        "on_account": not model.account.before.any() and not model.account.now.any(),
    }
    return tuple(factor for factor in FACTORS if not one_of.get(factor, False))
