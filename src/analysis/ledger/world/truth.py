"""The true chances of open invoices: the world's own mechanism drawn again from what a day knew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.world.block import DrawnWorld
from analysis.ledger.world.business_days import RUN_CYCLE_DAYS, Days, day_number
from analysis.ledger.world.columns import ids
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.fate import Fate, draw_fate
from analysis.ledger.world.known import KnownBook, departure, known_book
from analysis.ledger.world.parameters import NEVER, Parameters
from analysis.ledger.world.paying import PayDays, draw_pay_days, habitual_delay, shock_delay, undisputed_day
from analysis.ledger.world.pending import pending_disputes, pending_tickets
from analysis.ledger.world.service import (
    after_dispute,
    dispute_spans,
    ticket_delay,
)
from analysis.ledger.world.settling import chase_fated, draw_ending

_ROWS_PER_ROUND = 120_000
_NEVER_COPIES = 8
"""One copy in so many is drawn as never paid, and weighted back: left to chance, it would be one in two hundred."""
_LONGEST_CYCLE = int(RUN_CYCLE_DAYS.max()) + 4
_CAUSES = (str(Outcome.PAID), str(Outcome.CREDITED), str(Outcome.WRITTEN_OFF))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueOutlook:
    """True chances of each invoice that is open on a day, and what became of it.

    ``invoices`` has a row per invoice, in the order of the books: ``invoice_id``, ``customer_id``, ``payer``,
    ``run``, ``fails`` (whether the customer fails by the end of the horizons), ``paid_before`` (invoices of the
    customer paid by the day), ``rel`` (days since due), ``value`` (amount in document currency), ``cause`` and
    ``left_after`` (how it left the books and after how many days), ``paid_after`` (days until paid, inf where it
    left by another cause), ``draws`` (effective number of draws behind its chances; the sum of weights squared
    over the sum of their squares).
    Column j of the matrices is day j + 1: ``paid``, ``credited`` and ``written_off`` are chances of having left
    by that cause by then. ``never`` is the chance of never being paid.
    """

    on: date
    invoices: pd.DataFrame
    paid: Floats
    credited: Floats
    written_off: Floats
    never: Floats

    @property
    def unpaid(self) -> Floats:
        """Chance of not having been paid in cash, by day."""
        return 1.0 - self.paid

    @property
    def still_open(self) -> Floats:
        """Chance of not having left the books by any cause, by day."""
        return np.clip(1.0 - self.paid - self.credited - self.written_off, 0.0, 1.0)


def true_outlook(
    drawn: DrawnWorld,
    *,
    on: date,
    rng: np.random.Generator,
    horizons: int = 90,
    draws: int = 1_000,
    rounds: int = 40,
) -> TrueOutlook:
    """True chances of every invoice of a world that is open on a day: the forecast that cannot be beaten on average.

    Known are: customers with their habits, runs and the day on which they fail, months of the market and the
    shock, all invoices, and what had happened by ``on`` (tickets, disputes, contacts, promises, credit notes, first
    payments). Chance is drawn again by the functions that made the world: noise of the invoice, own month of the
    customer, Thursday and month-end habits, what is still open of tickets and disputes, further dunning, promises
    kept, parts, bounces, credit notes, loss. Draws that contradict what had happened weigh nothing. The weight of
    a draw of a known dispute is the density of its day of opening; that of a known first payment is the length of
    the days that lead to its day (the density being taken as flat over them).

    Rounds go on for invoices with fewer than ``draws`` effective draws, ``rounds`` at the most; an invoice with
    none at all keeps the chances NaN. The customer's own month is integrated out with its prior: what the other
    invoices of the same month tell about it is not used.
    """
    day = day_number(on)
    book = known_book(drawn, day)
    n = len(book.invoices)
    left = np.zeros((len(_CAUSES), n, horizons + 1))
    weights, squares = np.zeros(n), np.zeros(n)
    for turn in range(rounds):
        with np.errstate(invalid="ignore"):
            enough = np.nan_to_num(weights**2 / squares) >= draws
        lacking = np.flatnonzero(~enough)
        if not len(lacking):
            break
        copies = max(_ROWS_PER_ROUND // len(lacking) // _NEVER_COPIES, 1) * _NEVER_COPIES
        copies = min(copies, 2 ** (turn + 1) * draws // _NEVER_COPIES * _NEVER_COPIES)
        weight, after, cause = _drawn_again(rng, drawn, book.copied(lacking, copies), copies=copies)
        row = np.tile(lacking, copies)
        weights += np.bincount(row, weights=weight, minlength=n)
        squares += np.bincount(row, weights=weight**2, minlength=n)
        bucket = row * (horizons + 1) + np.clip(after - 1, 0, horizons)
        for place in range(len(_CAUSES)):
            mass = np.bincount(bucket, weights=weight * (cause == place), minlength=n * (horizons + 1))
            left[place] += mass.reshape(n, horizons + 1)
    with np.errstate(invalid="ignore"):
        left /= weights[:, None]
        effective = np.nan_to_num(weights**2 / squares)
    by_day = np.minimum(np.cumsum(left, axis=2), 1.0)  # the last digit of a sum of weights may pass it
    return TrueOutlook(
        on=on,
        invoices=_described(drawn, book, horizons=horizons).assign(draws=effective),
        paid=by_day[0, :, :horizons],
        credited=by_day[1, :, :horizons],
        written_off=by_day[2, :, :horizons],
        never=1.0 - by_day[0, :, horizons],
    )


def _described(drawn: DrawnWorld, book: KnownBook, *, horizons: int) -> pd.DataFrame:
    block, opened = drawn.block, book.invoices
    left_on, cause = departure(opened, book.on)
    after = (left_on - book.on).astype(np.float64)
    paid = (block.invoices["outcome"] == _CAUSES[0]) & (block.invoices["settled_on"] <= book.on)
    paid_before = np.bincount(block.invoices["customer"][paid], minlength=len(block.customers))
    return pd.DataFrame(
        {
            "invoice_id": ids("R", len(block.invoices))[opened["place"]],
            "customer_id": ids("C", len(block.customers))[opened["owner"]],
            "payer": book.customers["payer"].to_numpy()[opened["customer"]],
            "run": book.customers["run"].to_numpy()[opened["customer"]],
            "fails": book.customers["fails_on"].to_numpy()[opened["customer"]] <= book.on + horizons,
            "paid_before": paid_before[opened["owner"]],
            "rel": book.on - opened["due"].to_numpy(),
            "value": opened["cents"].to_numpy() / 100.0,
            "cause": cause,
            "left_after": after,
            "paid_after": np.where(cause == _CAUSES[0], after, np.inf),
        }
    )


def _drawn_again(
    rng: np.random.Generator, drawn: DrawnWorld, book: KnownBook, *, copies: int
) -> tuple[Floats, Days, Days]:
    """Weight, days until it leaves, and place in _CAUSES of one draw of each row of ``book``."""
    invoices, customers, calendar, parameters = book.invoices, book.customers, drawn.calendar, drawn.parameters
    window = {"first": drawn.first, "last": drawn.last}
    tickets = pending_tickets(rng, drawn, book)
    invoices = invoices.assign(
        habitual_days=habitual_delay(
            rng, invoices, customers, first=drawn.first, market=drawn.market, parameters=parameters
        ),
        shock_days=shock_delay(invoices, **window, parameters=parameters),
        ticket_days=ticket_delay(invoices, tickets, parameters=parameters),
    )
    undisputed = undisputed_day(invoices)
    disputes, weight = pending_disputes(rng, drawn, book, meant_on=undisputed)
    fate = draw_fate(
        rng,
        invoices,
        customers,
        disputes,
        meant_on=after_dispute(rng, undisputed, disputes),
        pay_days=draw_pay_days(rng, invoices, customers, calendar=calendar, parameters=parameters),
        calendar=calendar,
        parameters=parameters,
    )
    weight *= _share_weight(len(invoices), copies, parameters) * _first_payment_weight(fate.pay_days, book)
    fate = _fated(fate, book, disputes, copies=copies)
    spans = dispute_spans(disputes, n=len(invoices))
    meant_on, _ = chase_fated(rng, invoices, customers, fate, spans=spans, parameters=parameters, earlier=book.steps)
    end = draw_ending(
        rng, invoices, customers, fate, meant_on=meant_on, calendar=calendar, parameters=parameters, earlier=book.begun
    )
    again = pd.DataFrame(
        {
            "issued": invoices["issued"],
            "paid_on": np.where(end.begun, end.paid_on, NEVER),
            "bounced_on": np.where(end.begun & end.bounced, end.bounced_on, NEVER),
            "settled_on": np.select([fate.in_full, end.ends], [end.credit_on, end.final_on], NEVER),
            "written_off_on": np.where(end.lost, fate.given_up_on, NEVER),
            "outcome": np.select([fate.in_full, end.ends], ["credited", "paid"], "written_off").astype(object),
        }
    )
    left_on, cause = departure(again, book.on)
    part = end.begun & (end.paid_on <= book.on)
    credited = (fate.credit > 0) & (end.credit_on <= book.on)
    weight *= (left_on > book.on) & (part == book.begun.known) & (credited == book.credited)
    return weight, left_on - book.on, np.select([cause == name for name in _CAUSES], range(len(_CAUSES)))


def _never(n: int, copies: int) -> Flags:
    """Rows of the copies in which nobody pays."""
    return np.repeat(np.arange(copies) % _NEVER_COPIES == 0, n // copies)


def _fated(fate: Fate, book: KnownBook, disputes: pd.DataFrame, *, copies: int) -> Fate:
    """The fate with the drawn stratum of never paying, and with the credit notes for returned goods that are known."""
    invoices = book.invoices
    pays = ~_never(len(invoices), copies) & (invoices["fraud"] != "bust_out").to_numpy()
    disputed = dispute_spans(disputes, n=len(invoices))[0] < NEVER
    known = book.credited & ~disputed
    credit = np.where(known, invoices["credit"], fate.credit)
    return replace(
        fate,
        pays=pays,
        discounted=fate.discounted & pays & ~known,
        credit=credit,
        credit_on=np.where(known, invoices["credit_on"], fate.credit_on),
        in_full=credit >= invoices["cents"].to_numpy(),
    )


def _share_weight(n: int, copies: int, parameters: Parameters) -> Floats:
    """True share of paying and never paying over the drawn one."""
    never, drawn = parameters.never_paid_share, 1 / _NEVER_COPIES
    return np.where(_never(n, copies), never / drawn, (1 - never) / (1 - drawn))


def _first_payment_weight(pay_days: PayDays, book: KnownBook) -> Floats:
    """Days that would have led to the day of a known first payment, by the draws of Thursday and month-end habits."""
    weight = np.ones(len(book.invoices))
    row = np.flatnonzero(book.begun.known)
    if len(row):
        some, paid_on = pay_days.at(row), book.begun.paid_on[row]
        leads = np.ones(len(row), dtype=bool)
        days = np.zeros(len(row))
        for back in range(_LONGEST_CYCLE):
            leads &= some.paid_on((paid_on - back).astype(np.float64)) == paid_on
            days += leads
        weight[row] = days
    return weight
