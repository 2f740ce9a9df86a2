"""What is decided about an invoice before anybody is chased for it: pay or not, discount, credit note, write-off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.world.business_days import EVERY_DAY, MONTH_END, Days, PaymentCalendar
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.parameters import NEVER, Parameters
from analysis.ledger.world.paying import PayDays
from analysis.ledger.world.service import dispute_spans


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fate:
    """What is decided about each invoice before anybody is chased for it; arrays with a place per invoice."""

    pays: Flags
    discounted: Flags
    meant_on: Floats
    pay_days: PayDays
    credit_on: Days
    credit: NDArray[np.int64]
    in_full: Flags
    """Whether the credit note leaves nothing to pay."""
    given_up_on: Days
    """Day on which the invoice is written off if it is not paid."""


def draw_fate(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    disputes: pd.DataFrame,
    *,
    meant_on: Floats,
    pay_days: PayDays,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> Fate:
    """Who pays at all, who takes the discount, what is credited, and when the rest is given up."""
    n, who = len(invoices), invoices["customer"].to_numpy()
    issued, due, cents = (invoices[c].to_numpy() for c in ("issued", "due", "cents"))
    fails_on = customers["fails_on"].to_numpy()[who]
    fraud = invoices["fraud"].to_numpy()
    spans = dispute_spans(disputes, n=n)
    disputed = spans[0] < NEVER
    clean = ~disputed & (fraud == "")

    pays = (rng.random(n) >= parameters.never_paid_share) & (fraud != "bust_out")
    discounted = customers["takes_discount"].to_numpy()[who] & (rng.random(n) < parameters.discount_taken_share)
    discounted &= clean & pays
    meant_on = np.where(discounted, issued + rng.integers(4, 7, size=n), meant_on)
    pay_days = PayDays(
        calendar=calendar,
        issued=issued,
        run=np.where(discounted, EVERY_DAY, pay_days.run),
        waits_for_thursday=pay_days.waits_for_thursday & ~discounted,
        holds_over_month_end=pay_days.holds_over_month_end & ~discounted,
    )

    credit_on, credit = _credits(rng, invoices, disputes, clean=clean & ~discounted, calendar=calendar, p=parameters)
    lost_from = np.maximum(due + rng.integers(45, 80, size=n), np.where(disputed, spans[1] + 5, 0))
    lost_from = np.maximum(lost_from, np.where(fails_on < NEVER, fails_on + 15, 0))
    return Fate(
        pays=pays,
        discounted=discounted,
        meant_on=meant_on,
        pay_days=pay_days,
        credit_on=credit_on,
        credit=credit,
        in_full=credit >= cents,
        given_up_on=calendar.next(lost_from, MONTH_END),
    )


def _credits(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    disputes: pd.DataFrame,
    *,
    clean: Flags,
    calendar: PaymentCalendar,
    p: Parameters,
) -> tuple[Days, NDArray[np.int64]]:
    """Day and cents of the credit note of each invoice: goods returned, or a dispute that the customer won."""
    n, cents = len(invoices), invoices["cents"].to_numpy()
    returned = clean & (rng.random(n) < p.credit_note_share)
    share = np.where(rng.random(n) < 0.1, 1.0, rng.uniform(0.03, 0.3, size=n))
    credit = np.where(returned, np.rint(share * cents), 0).astype(np.int64)
    credit_on = calendar.next(invoices["issued"].to_numpy() + rng.integers(2, 20, size=n))
    row = disputes["invoice"].to_numpy()
    credit[row], credit_on[row] = disputes["credited"], disputes["closed"]
    return credit_on, credit
