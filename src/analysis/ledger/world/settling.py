"""How each invoice ends: paid at once or in parts, less a discount or a credit note, bounced, written off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.world.business_days import EVERY_DAY, MONTH_END, Days, PaymentCalendar
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.dunning import chase
from analysis.ledger.world.parameters import NEVER, Parameters
from analysis.ledger.world.paying import PayDays
from analysis.ledger.world.service import dispute_spans


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settlement:
    """The whole life of each invoice, also beyond the last day of the books.

    ``plan`` has a row per invoice: days (NEVER where something does not happen) and cents.
    """

    plan: pd.DataFrame
    contacts: pd.DataFrame


def settle(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    disputes: pd.DataFrame,
    *,
    meant_on: Floats,
    pay_days: PayDays,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> Settlement:
    """Follows each invoice from the day on which it is meant to be paid to its end."""
    n, who = len(invoices), invoices["customer"].to_numpy()
    issued, due, cents = (invoices[c].to_numpy() for c in ("issued", "due", "cents"))
    payer = customers["payer"].to_numpy()[who]
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
    in_full = credit >= cents
    lost_from = np.maximum(due + rng.integers(45, 80, size=n), np.where(disputed, spans[1] + 5, 0))
    lost_from = np.maximum(lost_from, np.where(fails_on < NEVER, fails_on + 15, 0))
    given_up_on = calendar.next(lost_from, MONTH_END)

    unchased_on = pay_days.paid_on(meant_on)
    stopped = np.minimum(np.where(fails_on < NEVER, fails_on, given_up_on), np.where(in_full, credit_on, NEVER))
    meant_on, contacts = chase(
        rng,
        invoices,
        meant_on=meant_on,
        pays=pays,
        habit=customers["habit_days"].to_numpy()[who],
        payer=payer,
        pay_days=pay_days,
        spans=spans,
        given_up_on=np.where(pays & (fails_on == NEVER) & ~in_full, NEVER, stopped),
        parameters=parameters,
    )
    paid_on = pay_days.paid_on(meant_on)
    # A partial credit comes before the payment it lowers; a full one replaces it.
    credit_on = np.where(in_full | ~pays, credit_on, np.minimum(credit_on, paid_on))

    plain = pays & ~discounted & ~in_full
    wavering = np.isin(payer, ("late", "stretching", "failing"))
    in_parts = plain & (rng.random(n) < parameters.part_payment_share * np.where(wavering, 2.0, 1.0))
    bounced = plain & ~in_parts & (customers["method"].to_numpy()[who] == "direct debit")
    bounced &= rng.random(n) < parameters.bounced_share
    rest_on = pay_days.paid_on(paid_on + rng.uniform(14, 40, size=n))
    bounced_on = calendar.next(paid_on + rng.integers(3, 7, size=n))
    repaid_on = pay_days.paid_on(bounced_on + rng.uniform(5, 20, size=n))
    final = np.select([in_parts, bounced], [rest_on, repaid_on], paid_on)

    balance = cents - credit
    discount = np.where(discounted, np.rint(balance * parameters.discount_rate).astype(np.int64), 0)
    first_part = np.where(in_parts, np.rint(balance * rng.uniform(0.3, 0.7, size=n)).astype(np.int64), balance)
    first_part -= discount
    begun = pays & ~in_full & (paid_on <= fails_on)
    ends = pays & ~in_full & (final <= fails_on)
    lost = ~ends & ~in_full
    kept = np.where(begun & in_parts, first_part, 0)
    recovered = lost & (rng.random(n) < parameters.recovery_share)
    plan = pd.DataFrame(
        {
            "paid_on": np.where(begun & (ends | in_parts | bounced), paid_on, NEVER),
            "paid": first_part,
            "bounced_on": np.where(begun & bounced, bounced_on, NEVER),
            "rest_on": np.where(ends & (in_parts | bounced), final, NEVER),
            "rest": np.where(bounced, balance, balance - first_part),
            "discount": discount,
            "credit_on": np.where(credit > 0, credit_on, NEVER),
            "credit": credit,
            "written_off_on": np.where(lost, given_up_on, NEVER),
            "written_off": balance - kept,
            "recovered_on": np.where(recovered, calendar.next(given_up_on + rng.integers(40, 300, size=n)), NEVER),
            "recovered": np.rint((balance - kept) * rng.uniform(0.1, 0.6, size=n)).astype(np.int64),
            "settled_on": np.select([in_full, ends], [credit_on, final], NEVER),
            "outcome": np.select([in_full, ends], ["credited", "paid"], "written_off").astype(object),
            "unchased_on": np.where(pays & ~in_full, unchased_on, NEVER),
            "chased_on": np.where(pays & ~in_full, paid_on, NEVER),
            "simple": ends & ~in_parts & ~bounced & ~discounted,
        }
    )
    contacts["owed"] = (cents - np.where(credit_on <= given_up_on, credit, 0))[contacts["invoice"]]
    return Settlement(plan=plan, contacts=contacts)


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
