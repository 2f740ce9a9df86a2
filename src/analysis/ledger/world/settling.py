"""How each invoice ends: paid at once or in parts, less a discount or a credit note, bounced, written off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import Days, PaymentCalendar
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.dunning import KnownStep, chase
from analysis.ledger.world.fate import Fate, draw_fate
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Begun:
    """First payments that were made and left something open; only where ``known``."""

    known: Flags
    paid_on: Days
    bounced_on: Days
    """Day on which the payment bounced; NEVER where it was a part."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending:
    """How each invoice leaves the books; arrays with a place per invoice."""

    paid_on: Days
    """Day of the first payment, whether or not the customer lives to make it."""
    credit_on: Days
    in_parts: Flags
    bounced: Flags
    bounced_on: Days
    final_on: Days
    """Day of the payment after which nothing is left."""
    begun: Flags
    ends: Flags
    lost: Flags


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
    n, cents = len(invoices), invoices["cents"].to_numpy()
    fate = draw_fate(
        rng,
        invoices,
        customers,
        disputes,
        meant_on=meant_on,
        pay_days=pay_days,
        calendar=calendar,
        parameters=parameters,
    )
    pays, discounted, credit, given_up_on = fate.pays, fate.discounted, fate.credit, fate.given_up_on
    unchased_on = fate.pay_days.paid_on(fate.meant_on)
    spans = dispute_spans(disputes, n=n)
    chased_to, contacts = chase_fated(rng, invoices, customers, fate, spans=spans, parameters=parameters)
    end = draw_ending(rng, invoices, customers, fate, meant_on=chased_to, calendar=calendar, parameters=parameters)

    balance = cents - credit
    discount = np.where(discounted, np.rint(balance * parameters.discount_rate).astype(np.int64), 0)
    first_part = np.where(end.in_parts, np.rint(balance * rng.uniform(0.3, 0.7, size=n)).astype(np.int64), balance)
    first_part -= discount
    in_two = end.in_parts | end.bounced
    kept = np.where(end.begun & end.in_parts, first_part, 0)
    recovered = end.lost & (rng.random(n) < parameters.recovery_share)
    plan = pd.DataFrame(
        {
            "paid_on": np.where(end.begun & (end.ends | in_two), end.paid_on, NEVER),
            "paid": first_part,
            "bounced_on": np.where(end.begun & end.bounced, end.bounced_on, NEVER),
            "rest_on": np.where(end.ends & in_two, end.final_on, NEVER),
            "rest": np.where(end.bounced, balance, balance - first_part),
            "discount": discount,
            "credit_on": np.where(credit > 0, end.credit_on, NEVER),
            "credit": credit,
            "written_off_on": np.where(end.lost, given_up_on, NEVER),
            "written_off": balance - kept,
            "recovered_on": np.where(recovered, calendar.next(given_up_on + rng.integers(40, 300, size=n)), NEVER),
            "recovered": np.rint((balance - kept) * rng.uniform(0.1, 0.6, size=n)).astype(np.int64),
            "settled_on": np.select([fate.in_full, end.ends], [end.credit_on, end.final_on], NEVER),
            "outcome": np.select([fate.in_full, end.ends], ["credited", "paid"], "written_off").astype(object),
            "unchased_on": np.where(pays & ~fate.in_full, unchased_on, NEVER),
            "chased_on": np.where(pays & ~fate.in_full, end.paid_on, NEVER),
            "simple": end.ends & ~in_two & ~discounted,
        }
    )
    contacts["owed"] = (cents - np.where(end.credit_on <= given_up_on, credit, 0))[contacts["invoice"]]
    return Settlement(plan=plan, contacts=contacts)


def chase_fated(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    fate: Fate,
    *,
    spans: tuple[Days, Days],
    parameters: Parameters,
    earlier: Sequence[KnownStep] = (),
) -> tuple[Floats, pd.DataFrame]:
    """:func:`chase`, for as long as there is somebody to be chased and something to be paid."""
    who = invoices["customer"].to_numpy()
    fails_on = customers["fails_on"].to_numpy()[who]
    stopped = np.where(fails_on < NEVER, fails_on, fate.given_up_on)
    stopped = np.minimum(stopped, np.where(fate.in_full, fate.credit_on, NEVER))
    return chase(
        rng,
        invoices,
        meant_on=fate.meant_on,
        pays=fate.pays,
        habit=customers["habit_days"].to_numpy()[who],
        payer=customers["payer"].to_numpy()[who],
        pay_days=fate.pay_days,
        spans=spans,
        given_up_on=np.where(fate.pays & (fails_on == NEVER) & ~fate.in_full, NEVER, stopped),
        parameters=parameters,
        earlier=earlier,
    )


def draw_ending(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    fate: Fate,
    *,
    meant_on: Floats,
    calendar: PaymentCalendar,
    parameters: Parameters,
    earlier: Begun | None = None,
) -> Ending:
    """Whether the payment that is meant for ``meant_on`` comes at once, in parts, or bounces and comes again.

    ``earlier`` holds first payments that are known; chance decides the rest.
    """
    n, who = len(invoices), invoices["customer"].to_numpy()
    fails_on = customers["fails_on"].to_numpy()[who]
    pays, in_full, pay_days = fate.pays, fate.in_full, fate.pay_days
    paid_on = pay_days.paid_on(meant_on)
    if earlier:
        paid_on = np.where(earlier.known, earlier.paid_on, paid_on)
    plain = pays & ~fate.discounted & ~in_full
    wavering = np.isin(customers["payer"].to_numpy()[who], ("late", "stretching", "failing"))
    in_parts = plain & (rng.random(n) < parameters.part_payment_share * np.where(wavering, 2.0, 1.0))
    bounced = plain & ~in_parts & (customers["method"].to_numpy()[who] == "direct debit")
    bounced &= rng.random(n) < parameters.bounced_share
    if earlier:
        bounced = np.where(earlier.known, earlier.bounced_on < NEVER, bounced)
        in_parts = np.where(earlier.known, ~bounced, in_parts)
    rest_on = pay_days.paid_on(paid_on + rng.uniform(14, 40, size=n))
    bounced_on = calendar.next(paid_on + rng.integers(3, 7, size=n))
    if earlier:
        bounced_on = np.where(earlier.known & bounced, earlier.bounced_on, bounced_on)
    repaid_on = pay_days.paid_on(bounced_on + rng.uniform(5, 20, size=n))
    final_on = np.select([in_parts, bounced], [rest_on, repaid_on], paid_on)
    ends = pays & ~in_full & (final_on <= fails_on)
    return Ending(
        paid_on=paid_on,
        # A partial credit comes before the payment it lowers; a full one replaces it.
        credit_on=np.where(in_full | ~pays, fate.credit_on, np.minimum(fate.credit_on, paid_on)),
        in_parts=in_parts,
        bounced=bounced,
        bounced_on=bounced_on,
        final_on=final_on,
        begun=pays & ~in_full & (paid_on <= fails_on),
        ends=ends,
        lost=~ends & ~in_full,
    )
