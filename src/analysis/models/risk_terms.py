"""What a chance of severe delinquency may depend on: the allow-list, and the bent lines it enters the model by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shown = Literal["days", "share", "ratio", "count"]
Weighed = Literal["payments", "present"]

# Invoices paid or past due by which a customer's own record weighs as much as its segment's rate.
EVIDENCE_PRIOR = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One fact of a customer that may raise or lower its risk, and how.

    Between neighbours of ``knots`` the log odds move in a straight line, beyond them they stay; at ``usual`` they
    are what they are without the fact, and so they are where it is not known. ``knots`` of None are taken from the
    rows the model learns from, where the scale of the fact is the provider's own. A fact counts as much as there is
    evidence: ``payments`` by the number of invoices behind it (:func:`evidence`), ``present`` in full where it is
    known, whatever the customer has paid.
    """

    id: str
    unit: Shown
    knots: tuple[float, ...] | None
    usual: float = 0.0
    weighed: Weighed = "payments"


# Facts of what was bought, paid, disputed, promised and agreed, and what a rating agency says of the firm. Nothing
# of who the customer is: no name, country, industry, age or person. Knots are in the unit of the fact and fixed.
TERMS: tuple[Term, ...] = (
    Term(id="days_late", unit="days", knots=(0.0, 20.0, 40.0, 60.0, 80.0, 100.0)),
    Term(id="late_share_91", unit="share", knots=(0.0, 0.05, 0.1, 0.2, 0.5)),
    Term(id="days_late_trend", unit="days", knots=(-30.0, 0.0, 30.0)),
    Term(id="days_late_spread", unit="days", knots=(0.0, 15.0, 40.0)),
    Term(id="share_late", unit="share", knots=(0.0, 0.5, 1.0)),
    Term(id="oldest_days", unit="days", knots=(0.0, 30.0, 91.0, 180.0)),
    Term(id="overdue_share", unit="share", knots=(0.0, 0.5, 1.0)),
    Term(id="recency_days", unit="days", knots=(30.0, 120.0), usual=30.0),
    Term(id="part_paid_share", unit="share", knots=(0.0, 0.2)),
    Term(id="dispute_share", unit="share", knots=(0.0, 0.2)),
    Term(id="promises_broken_12m", unit="count", knots=(0.0, 1.0, 4.0)),
    Term(id="limit_use", unit="share", knots=(0.5, 1.0, 1.5), usual=0.5, weighed="present"),
    Term(id="rating_score", unit="ratio", knots=None, weighed="present"),
)
RATING = "rating_score"
ALLOWED: tuple[str, ...] = tuple(term.id for term in TERMS)

# Shares of the known ratings at which the line of a rating may bend.
_RATING_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def evidence(invoices: pd.Series[float]) -> Floats:
    """How much a customer's own record counts beside its segment's rate, from 0 (no invoice) towards 1.

    ``n / (n + 5)`` with n invoices that were paid within twelve months or are past due: the weight of the mean of n
    observations against a prior worth :data:`EVIDENCE_PRIOR` of them.

    >>> evidence(pd.Series([0.0, 5.0, 45.0])).tolist()
    [0.0, 0.5, 0.9]
    """
    n = invoices.to_numpy(dtype=float)
    return n / (n + EVIDENCE_PRIOR)


def fixed_terms(rows: pd.DataFrame, *, without: tuple[str, ...] = ()) -> tuple[Term, ...]:
    """The terms that the rows can carry, each with its knots.

    A rating enters where at least one is known and not all are the same; its knots are quantiles of the rows, and
    what is usual is their median.
    """
    found: list[Term] = []
    for term in TERMS:
        if term.id in without:
            continue
        if term.knots is not None:
            found.append(term)
            continue
        known = rows[term.id].dropna()
        knots = tuple(float(v) for v in np.unique(known.quantile(list(_RATING_QUANTILES)))) if len(known) else ()
        if len(knots) > 1:
            usual = float(known.median())
            found.append(Term(id=term.id, unit=term.unit, knots=knots, usual=usual, weighed=term.weighed))
    return tuple(found)


def ramps(values: Floats, term: Term) -> Floats:
    """The fact as ramps, one column between each two knots, less what they are at the usual value.

    A column climbs from 0 to 1 between its knots, so its coefficient is by how much the log odds differ between
    them. Zero throughout at the usual value and where the fact is not known.

    >>> ramps(np.array([10.0, 50.0, np.nan]), Term(id="t", unit="days", knots=(0.0, 20.0, 40.0))).tolist()
    [[0.5, 0.0], [1.0, 1.0], [0.0, 0.0]]
    """
    if term.knots is None:
        raise ValueError(f"the knots of {term.id} are not fixed yet")
    low, high = np.array(term.knots[:-1]), np.array(term.knots[1:])
    known = np.where(np.isnan(values), term.usual, values)
    climbed: Floats = np.clip((known[:, None] - low) / (high - low), 0.0, 1.0)
    return climbed - np.clip((term.usual - low) / (high - low), 0.0, 1.0)


def term_columns(rows: pd.DataFrame, term: Term) -> Floats:
    """The columns of a term in the model: its ramps times the evidence for them."""
    weight = evidence(rows["evidence_invoices"]) if term.weighed == "payments" else np.ones(len(rows))
    return ramps(rows[term.id].to_numpy(dtype=float), term) * weight[:, None]


def column_names(term: Term) -> list[str]:
    """Names of the columns of a term: the stretch between two knots."""
    knots = term.knots or ()
    return [f"{term.id} {low:g} to {high:g}" for low, high in pairwise(knots)]
