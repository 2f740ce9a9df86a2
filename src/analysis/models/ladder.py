"""The naive ladder: rules of thumb by which invoices are said to be paid, each a rung above the last.

Every model of payment is judged against every rung. A rung takes what was known on a day and the invoices open
then, and gives the chance of each to be unpaid 1 to ``days`` days later. It reads nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.measures.history import Known
from analysis.models.landmarks import OpenBook
from analysis.models.scores import Matrix
from analysis.models.shrunk_curves import pooled_hazards, shrunk_unpaid, unpaid_given_open

DAYS = 90
# Below ten invoices a curve is not shown (models.survival).
_PAID_FOR_CURVES = 10


class Rule(Protocol):
    """Chance to be unpaid 1 to ``days`` days after ``known.on``; shape (invoices of the book, days)."""

    def __call__(self, known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rule with its name in words, as it stands in a sentence: "no better than {name}"."""

    id: str
    name: str
    forecast: Rule


def due_date(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """Paid on the due date; tomorrow where that has passed."""
    return _paid_on(-_rel(book), days=days)


def company_delay(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """Paid on the due date plus the average days late of all paid invoices (zero without any)."""
    return _paid_on(_company_average(known) - _rel(book), days=days)


def customer_delay(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """Paid on the due date plus the average days late of the customer, of the company where it paid none yet."""
    return _paid_on(_customer_average(known, book) - _rel(book), days=days)


def usual_lateness(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """As :func:`customer_delay`, but a late invoice goes by what the customer paid late: its average less days late.

    Lateness is the average days late of invoices paid after their due date, the company's where the customer has
    none. At least one day remains.
    """
    rel, counts = _rel(book), known.counts(clock="due", by="customer_id")
    late = counts[(counts["day"] > 0) & (counts["paid"] > 0)]
    late = late.assign(days_late=late["day"] * late["paid"]).groupby("group")[["paid", "days_late"]].sum()
    total = late.sum()
    company = total["days_late"] / total["paid"] if total["paid"] else 0.0
    own = book.items["customer_id"].map(late["days_late"] / late["paid"]).fillna(company).to_numpy(dtype=float)
    return _paid_on(np.where(rel > 0, own, _customer_average(known, book)) - rel, days=days)


def curve_since_issue(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """The payment curve of all invoices by days since issue, given that the invoice is open at its age."""
    pooled = pooled_hazards(known.counts(clock="issue"))
    return unpaid_given_open(pooled, book.items["age"], days=days)


def curve_since_due(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """The payment curve of all invoices by days since the due date, given that the invoice is open now."""
    return unpaid_given_open(pooled_hazards(known.counts(clock="due")), _rel(book), days=days)


def segment_curve(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """:func:`curve_since_due` of the invoice's segment, shrunk to that of all."""
    pooled = pooled_hazards(known.counts(clock="due"))
    return shrunk_unpaid(known.counts(clock="due", by="segment"), pooled, book.items["segment"], _rel(book), days=days)


def customer_curve(known: Known, book: OpenBook, *, days: int = DAYS) -> Matrix:
    """:func:`curve_since_due` of the invoice's customer, shrunk to that of all: five invoices of the common kind."""
    pooled = pooled_hazards(known.counts(clock="due"))
    counts = known.counts(clock="due", by="customer_id")
    return shrunk_unpaid(counts, pooled, book.items["customer_id"], _rel(book), days=days)


LADDER: tuple[Rung, ...] = (
    Rung(id="due_date", name="the due date", forecast=due_date),
    Rung(id="company_delay", name="the due date plus the company's average delay", forecast=company_delay),
    Rung(id="customer_delay", name="the due date plus the customer's average delay", forecast=customer_delay),
    Rung(id="usual_lateness", name="the customer's usual lateness less the days already late", forecast=usual_lateness),
    Rung(id="curve_since_issue", name="the payment curve of all since issue", forecast=curve_since_issue),
    Rung(id="curve_since_due", name="the payment curve of all since the due date", forecast=curve_since_due),
    Rung(id="segment_curve", name="the payment curve of the segment", forecast=segment_curve),
    Rung(id="customer_curve", name="the customer's own payment curve shrunk to that of all", forecast=customer_curve),
)
RUNGS: dict[str, Rung] = {rung.id: rung for rung in LADDER}


def strongest_carried(known: Known) -> Rung:
    """The highest rung that the books can carry where no day of the past is there to judge by.

    Curves need ten paid invoices; an average delay needs one; the due date needs nothing.
    """
    n_paid = int(known.delays()["n"].sum())
    if n_paid >= _PAID_FOR_CURVES:
        return RUNGS["customer_curve"]
    return RUNGS["company_delay"] if n_paid else RUNGS["due_date"]


def _rel(book: OpenBook) -> NDArray[np.int64]:
    return book.items["rel"].to_numpy(dtype=np.int64)


def _company_average(known: Known) -> float:
    delays = known.delays()[["n", "delay_sum"]].sum()
    return float(delays["delay_sum"] / delays["n"]) if delays["n"] else 0.0


def _customer_average(known: Known, book: OpenBook) -> NDArray[np.float64]:
    delays = known.delays().set_index("customer_id")
    own = book.items["customer_id"].map(delays["delay_sum"] / delays["n"])
    return own.fillna(_company_average(known)).to_numpy(dtype=float)


def _paid_on(days_left: ArrayLike, *, days: int) -> Matrix:
    """Certain payment after so many days, to the nearest whole one; tomorrow at the earliest."""
    whole = np.maximum(np.floor(np.asarray(days_left, dtype=float) + 0.5), 1.0)
    return (np.arange(1, days + 1) < whole[:, None]).astype(float)
