"""The chance that an open invoice is never paid: learned from invoices of earlier days whose end is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.measures.history import day_number
from analysis.models.known_spells import N_REL, REL_MIN
from analysis.models.landmarks import outcomes
from analysis.models.outlook import LONGEST_DAYS
from analysis.models.row_features import ROW_FEATURES, Rows, filled
from analysis.models.shrunk_curves import DailyHazards, unpaid_given_open

# By half a year after a day nearly all of its invoices have ended; those of later days have so only where they
# were paid, and would make the chance of never too small.
ENDED_DAYS = 180
# Below so many invoices that are known to have ended unpaid there is no telling them apart: one customer's failure
# may be half of them.
NEVER_MIN = 30
# Ridge on standardised columns: never is rare, and the rows of one invoice are much alike.
_C = 0.03

# Where a straight line is too simple: logs, days, own spreads since the usual day, days and own gaps since a payment.
_BENDS: dict[str, tuple[float, ...]] = {
    "own_unpaid": (-5, -4, -3, -2, -1, -0.5),
    "rel": (-30, 0, 15, 30, 60, 90),
    "after_usual_scaled": (0, 1, 2, 3),
    "since_paid": (30, 60, 90),
    "since_paid_in_gaps": (1, 2, 4, 8),
    "recent_frailty": (-1,),
}
_BOUNDS = {
    "own_unpaid": (-8.0, 0.0),
    "rel": (-60.0, 150.0),
    "after_usual_scaled": (-4.0, 8.0),
    "since_paid": (0.0, 180.0),
    "since_paid_in_gaps": (0.0, 20.0),
    "recent_frailty": (-4.0, 2.0),
}
_DISPUTED_DAYS_MAX = 60.0
# Days since the last payment of a customer that was never seen to pay.
_LONG_AGO = 365.0
# Less than this share is a discount or a rounding, not a part paid.
_PART_PAID_MIN = 0.02
_STRAIGHT = ("overdue_share", "log_paid", "frailty", "lately_delay", "share_late", "disputed")
_FROM_ROWS = (
    *_STRAIGHT,
    *("usual_delay", "delay_spread", "disputed_days", "part_paid", "recent_frailty", "pay_gap"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeverPaid:
    """Logistic regression of ending by credit note or write-off on how far invoice and customer are past habit."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    model: LogisticRegression

    def chance(self, rows: Rows) -> NDArray[np.float64]:
        """Chance of each row never to be paid in cash."""
        stated: NDArray[np.float64] = self.model.predict_proba((_columns(rows) - self.mean) / self.scale)[:, 1]
        return stated


def fit_never_paid(rows: Rows, *, known_until: date, pooled: DailyHazards) -> NeverPaid | None:
    """Fit the chance never to be paid to open invoices of days at least :data:`ENDED_DAYS` before ``known_until``.

    The daily hazard is learned from 91 days and from days of payment; how much is left at the end of a year is the
    product of its smallest numbers, and the pace at which all invoices of an age are written off says little of one
    customer's: those of a late payer are still to be paid when those of a prompt one are lost. Here what is known of
    the end itself is learned. Of the invoice: the share that the customer's own curve leaves unpaid so late, days
    since due, days past its usual day in its own spreads, disputes, and whether a part was paid. Of the customer, since
    one that fails pays nothing more: days since it last paid, also in its usual gaps; payments of the last 60 days and
    of all time over those expected; how much later it has paid lately; how much is overdue, was late, was ever paid. A
    row that is still open counts as never paid with the chance that the pace of all (``pooled``, due clock) gives it.
    None where fewer than :data:`NEVER_MIN` invoices ended without cash, or none with it.
    """
    items = rows.items
    rows = rows.taken(items["mark"].to_numpy() <= day_number(known_until) - ENDED_DAYS)
    items, came = rows.items, outcomes(rows.items, known_until=known_until)
    lost = np.isfinite(came.left_after) & np.isinf(came.paid_after)
    if len(np.unique(items["nth"].to_numpy()[lost])) < NEVER_MIN:
        return None
    never = lost.astype(float)
    is_open = np.isinf(came.left_after)
    if is_open.any():
        rel_now = (items["rel"].to_numpy() + came.seen_days)[is_open]
        never[is_open] = unpaid_given_open(pooled, rel_now, days=LONGEST_DAYS)[:, -1]
    if not (never < 1.0).any():
        return None
    columns = _columns(rows)
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale[scale < 1e-6] = 1.0
    weight = items["weight"].to_numpy(dtype=float)
    weight = weight / weight.mean()
    # each row twice, once for either end, weighted by the chance of it
    ends = np.repeat([True, False], len(rows))
    shares = np.concatenate([never, 1.0 - never]) * np.tile(weight, 2)
    model = LogisticRegression(C=_C, solver="newton-cholesky", max_iter=50)
    model.fit(np.tile((columns - mean) / scale, (2, 1))[shares > 0], ends[shares > 0], sample_weight=shares[shares > 0])
    return NeverPaid(mean=mean, scale=scale, model=model)


def _columns(rows: Rows) -> NDArray[np.float64]:
    """What the chance is told from, see :func:`fit_never_paid`; where a line is too simple with its bends."""
    items = rows.items
    fixed = {name: rows.fixed[:, ROW_FEATURES.index(name)].astype(float) for name in _FROM_ROWS}
    rel = items["rel"].to_numpy(dtype=float)
    # open at the end of its day, so that the day after it is the first on which it may be paid
    place = np.clip(items["rel"].to_numpy() + 1 - REL_MIN, 0, N_REL - 1)
    since_paid = np.minimum(filled(items["mark"].to_numpy() - rows.last_paid, _LONG_AGO), _LONG_AGO)
    clocks = {
        "own_unpaid": rows.habits.unpaid[rows.curve, place].astype(float),
        "rel": rel,
        "after_usual_scaled": (rel - fixed["usual_delay"]) / fixed["delay_spread"],
        "since_paid": since_paid,
        "since_paid_in_gaps": since_paid / fixed["pay_gap"],
        "recent_frailty": fixed["recent_frailty"],
    }
    columns: list[NDArray[np.float64]] = []
    for name, clock in clocks.items():
        bounded = np.clip(clock, *_BOUNDS[name])
        columns.extend((bounded, *(np.maximum(bounded - bend, 0.0) for bend in _BENDS[name])))
    disputed, disputes = fixed["disputed"], items["disputes"].to_numpy(dtype=float)
    days = disputed * np.minimum(fixed["disputed_days"], _DISPUTED_DAYS_MAX)
    part_paid = fixed["part_paid"] > _PART_PAID_MIN
    straight = (fixed[name] for name in _STRAIGHT)
    return np.column_stack([*columns, *straight, days, (disputes > 0) & (disputed == 0), part_paid])
