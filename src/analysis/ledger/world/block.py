"""One block of customers with all that happens to them: the unit in which a world of any size is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from analysis.ledger.world.bookings import book
from analysis.ledger.world.business_days import PaymentCalendar
from analysis.ledger.world.credit import draw_limits, draw_ratings
from analysis.ledger.world.customers import Floats, draw_customers
from analysis.ledger.world.parameters import Parameters
from analysis.ledger.world.paying import draw_pay_days, habitual_delay, shock_delay, undisputed_day
from analysis.ledger.world.sales import draw_invoices
from analysis.ledger.world.service import after_dispute, draw_disputes, draw_tickets, ticket_delay
from analysis.ledger.world.settling import settle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Some customers and their ledger: days as numbers, money in cents, references as row positions."""

    customers: pd.DataFrame
    invoices: pd.DataFrame
    entries: pd.DataFrame
    limits: pd.DataFrame
    ratings: pd.DataFrame
    disputes: pd.DataFrame
    contacts: pd.DataFrame
    tickets: pd.DataFrame
    orders: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnWorld:
    """A world before it is written down: all that was drawn, and what drew it. Days are numbers."""

    block: Block
    rates: pd.DataFrame
    calendar: PaymentCalendar
    market: Floats
    """Days by which all customers pay later in each month, from the first month on."""
    first: int
    last: int
    parameters: Parameters
    truth: dict[str, Any]


def make_block(
    rng: np.random.Generator,
    *,
    n_customers: int,
    n_invoices: int,
    first: int,
    last: int,
    calendar: PaymentCalendar,
    market: Floats,
    parameters: Parameters,
) -> Block:
    """Customers and everything that follows from them, from the day number ``first`` to ``last``."""
    customers = draw_customers(rng, n=n_customers, first=first, last=last, parameters=parameters)
    invoices = draw_invoices(
        rng, customers, n=n_invoices, first=first, last=last, calendar=calendar, parameters=parameters
    )
    tickets = draw_tickets(rng, invoices, first=first, last=last, calendar=calendar, parameters=parameters)
    invoices["habitual_days"] = habitual_delay(
        rng, invoices, customers, first=first, market=market, parameters=parameters
    )
    invoices["shock_days"] = shock_delay(invoices, first=first, last=last, parameters=parameters)
    invoices["ticket_days"] = ticket_delay(invoices, tickets, parameters=parameters)
    meant_on = undisputed_day(invoices)
    disputes = draw_disputes(rng, invoices, meant_on=meant_on, last=last, calendar=calendar, parameters=parameters)
    until = after_dispute(rng, meant_on, disputes)
    invoices["dispute_days"] = until - meant_on
    pay_days = draw_pay_days(rng, invoices, customers, calendar=calendar, parameters=parameters)
    settlement = settle(
        rng,
        invoices,
        customers,
        disputes,
        meant_on=until,
        pay_days=pay_days,
        calendar=calendar,
        parameters=parameters,
    )
    entries = book(rng, invoices, customers, settlement.plan, last=last, calendar=calendar, parameters=parameters)
    ratings = draw_ratings(rng, customers, first=first, last=last, calendar=calendar, parameters=parameters)
    contacts = settlement.contacts
    return Block(
        customers=customers,
        invoices=pd.concat([invoices, settlement.plan], axis=1),
        entries=entries,
        limits=draw_limits(rng, customers, invoices, ratings, first=first, last=last),
        ratings=ratings,
        disputes=disputes,
        contacts=contacts[contacts["made"] <= last].reset_index(drop=True),
        tickets=tickets,
        orders=_orders(rng, invoices, first=first, last=last, calendar=calendar),
    )


def _orders(
    rng: np.random.Generator, invoices: pd.DataFrame, *, first: int, last: int, calendar: PaymentCalendar
) -> pd.DataFrame:
    """The order behind each invoice, and those of the last days that are not invoiced yet.

    A copy of an invoice has no order: nothing was delivered for it.
    """
    billed = invoices.loc[
        invoices["fraud"] != "duplicate_invoice", ["customer", "ordered", "delivered", "cents"]
    ].copy()
    billed["invoice"] = billed.index.to_numpy()
    lately = np.flatnonzero((invoices["issued"] > last - 60) & (invoices["fraud"] == ""))
    n_open = round(len(invoices) / (last - first + 1) * 12)
    source = lately[rng.integers(len(lately), size=n_open)] if len(lately) else np.empty(0, dtype=np.int64)
    ordered = np.minimum(calendar.next(last - rng.integers(0, 15, size=len(source))), last)
    delivered = ordered + rng.integers(2, 22, size=len(source))
    pending = pd.DataFrame(
        {
            "customer": invoices["customer"].to_numpy()[source],
            "ordered": ordered,
            "delivered": np.where(delivered <= last, delivered, 10**6),
            "cents": invoices["cents"].to_numpy()[source],
            "invoice": -1,
        }
    )
    return pd.concat([billed, pending], ignore_index=True)


def joined(blocks: Sequence[Block]) -> Block:
    """The blocks as one, in the order of the books, with references moved to the new row positions."""
    customers = np.cumsum([0, *(len(block.customers) for block in blocks)])
    invoices = np.cumsum([0, *(len(block.invoices) for block in blocks)])
    parts: dict[str, pd.DataFrame] = {}
    for part in fields(Block):
        moved = []
        for place, block in enumerate(blocks):
            frame: pd.DataFrame = getattr(block, part.name).copy()
            for column, offset in (
                ("customer", customers[place]),
                ("parent", customers[place]),
                ("invoice", invoices[place]),
                ("twin", invoices[place]),
            ):
                if column in frame:
                    frame[column] = np.where(frame[column] >= 0, frame[column] + offset, -1)
            moved.append(frame)
        parts[part.name] = pd.concat(moved, ignore_index=True)

    order = np.argsort(parts["invoices"]["issued"].to_numpy(), kind="stable")
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    parts["invoices"] = parts["invoices"].iloc[order].reset_index(drop=True)
    for name, column in (
        ("invoices", "twin"),
        ("entries", "invoice"),
        ("disputes", "invoice"),
        ("contacts", "invoice"),
        ("orders", "invoice"),
    ):
        old = parts[name][column].to_numpy()
        parts[name][column] = np.where(old >= 0, position[old], -1)
    for name, keys in (
        ("entries", ["day", "customer"]),
        ("limits", ["valid_from", "customer"]),
        ("ratings", ["rated", "customer"]),
        ("disputes", ["opened", "invoice"]),
        ("contacts", ["made", "invoice"]),
        ("tickets", ["opened", "customer"]),
        ("orders", ["ordered", "customer"]),
    ):
        parts[name] = parts[name].sort_values(keys, kind="stable", ignore_index=True)
    return Block(**parts)
