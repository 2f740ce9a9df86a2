"""From row positions, day numbers and cents to the tables of the contract, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import TABLES
from analysis.ledger.world.block import DrawnWorld
from analysis.ledger.world.business_days import RUN_NAMES
from analysis.ledger.world.columns import dates, ids, money, referred, stamps, text
from analysis.ledger.world.credit import PROVIDER
from analysis.ledger.world.customers import ENTITIES
from analysis.ledger.world.general_ledger import RATE_UNITS, control_account
from analysis.ledger.world.parameters import NEVER


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A ledger whose truth is known: one frame per table of the contract, and the truth.

    Text is ``object``, dates are ``datetime64``, money is ``decimal128(18, 2)`` (exact to the cent), absent
    values are missing. ``truth`` can be written as JSON. ``truth_customers`` and ``truth_invoices`` are keyed
    by customer and invoice and also hold what lies beyond the last day of the books.
    """

    invoices: pd.DataFrame
    entries: pd.DataFrame
    customers: pd.DataFrame
    limits: pd.DataFrame
    ratings: pd.DataFrame
    disputes: pd.DataFrame
    contacts: pd.DataFrame
    tickets: pd.DataFrame
    orders: pd.DataFrame
    fx_rates: pd.DataFrame
    control: pd.DataFrame
    truth_customers: pd.DataFrame
    truth_invoices: pd.DataFrame
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables of the contract by name, in its order."""
        return {name: getattr(self, name) for name in TABLES}


def as_world(drawn: DrawnWorld) -> World:
    """The tables of the contract, numbered in the order of the books, and the truth tables."""
    block, rates, last = drawn.block, drawn.rates, drawn.last
    customer = ids("C", len(block.customers))
    invoice = ids("R", len(block.invoices))
    entity = np.array(ENTITIES, dtype=object)
    sold, who = block.invoices, block.invoices["customer"].to_numpy()
    currency = block.customers["currency"].to_numpy()
    booked = block.entries
    control = control_account(sold.assign(currency=currency[who]), booked, rates, first=drawn.first, last=last)
    return World(
        invoices=pd.DataFrame(
            {
                "invoice_id": invoice,
                "customer_id": customer[who],
                "issued_on": dates(sold["issued"]),
                "due_on": dates(sold["due"]),
                "amount": money(sold["cents"]),
                "currency": currency[who],
                "entity": entity[sold["entity"]],
                "channel": sold["channel"],
                "delivered_on": dates(sold["delivered"]),
                "recorded_on": dates(sold["recorded"]),
            }
        ),
        entries=pd.DataFrame(
            {
                "entry_id": ids("B", len(booked)),
                "booked_on": dates(booked["day"]),
                "amount": money(booked["cents"]),
                "kind": booked["kind"],
                "invoice_id": referred(invoice, booked["invoice"]),
                "customer_id": customer[booked["customer"]],
                "currency": booked["currency"],
                "entity": entity[booked["entity"]],
                "method": text(booked["method"]),
                "recorded_on": dates(booked["recorded"]),
            }
        ),
        customers=_customers(block.customers, customer),
        limits=pd.DataFrame(
            {
                "customer_id": customer[block.limits["customer"]],
                "valid_from": dates(block.limits["valid_from"]),
                "credit_limit": money(block.limits["cents"]),
                "terms_days": block.limits["terms_days"],
                "reviewed_on": dates(block.limits["reviewed"]),
            }
        ),
        ratings=pd.DataFrame(
            {
                "customer_id": customer[block.ratings["customer"]],
                "provider": PROVIDER,
                "rated_on": dates(block.ratings["rated"]),
                "recorded_on": dates(block.ratings["recorded"]),
                "score": block.ratings["score"],
                "grade": block.ratings["grade"],
            }
        ),
        disputes=_disputes(block.disputes, invoice, last=last),
        contacts=_contacts(block.contacts, invoice, customer[who]),
        tickets=_tickets(block.tickets, customer, last=last),
        orders=pd.DataFrame(
            {
                "order_id": ids("O", len(block.orders)),
                "customer_id": customer[block.orders["customer"]],
                "ordered_on": dates(block.orders["ordered"]),
                "delivered_on": dates(block.orders["delivered"]),
                "invoice_id": referred(invoice, block.orders["invoice"]),
                "amount": money(block.orders["cents"]),
            }
        ),
        fx_rates=pd.DataFrame(
            {"currency": rates["currency"], "on": dates(rates["on"]), "rate": rates["units"] / RATE_UNITS}
        ),
        control=pd.DataFrame(
            {
                "entity": entity[control["entity"]],
                "on": dates(control["on"]),
                "balance": money(control["cents"]),
            }
        ),
        truth_customers=_true_customers(block.customers, customer),
        truth_invoices=_true_invoices(sold, invoice),
        truth=drawn.truth,
    )


def _customers(drawn: pd.DataFrame, customer: NDArray[np.object_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": customer,
            "name": drawn["name"],
            "parent_id": referred(customer, drawn["parent"]),
            "segment": drawn["segment"],
            "industry": drawn["industry"],
            "country": drawn["country"],
            "size": drawn["size"],
            "onboarded_on": dates(drawn["onboarded"]),
        }
    )


def _disputes(drawn: pd.DataFrame, invoice: NDArray[np.object_], *, last: int) -> pd.DataFrame:
    closed = (drawn["closed"] <= last).to_numpy()
    return pd.DataFrame(
        {
            "dispute_id": ids("D", len(drawn)),
            "invoice_id": invoice[drawn["invoice"]],
            "opened_on": dates(drawn["opened"]),
            "closed_on": dates(np.where(closed, drawn["closed"], NEVER)),
            "reason": drawn["reason"],
            "amount": money(drawn["claimed"]),
            "outcome": drawn["outcome"].where(closed),
        }
    )


def _contacts(drawn: pd.DataFrame, invoice: NDArray[np.object_], owner: NDArray[np.object_]) -> pd.DataFrame:
    promised = (drawn["promised"] < NEVER).to_numpy()
    return pd.DataFrame(
        {
            "contact_id": ids("K", len(drawn)),
            "customer_id": owner[drawn["invoice"]],
            "invoice_id": invoice[drawn["invoice"]],
            "made_on": dates(drawn["made"]),
            "channel": drawn["channel"],
            "kind": drawn["kind"],
            "reached": drawn["reached"].where(drawn["known"]),
            "promised_on": dates(drawn["promised"]),
            "promised_amount": money(drawn["owed"]).where(promised),
        }
    )


def _tickets(drawn: pd.DataFrame, customer: NDArray[np.object_], *, last: int) -> pd.DataFrame:
    end = (last + 1) * 1440
    return pd.DataFrame(
        {
            "ticket_id": ids("T", len(drawn)),
            "customer_id": customer[drawn["customer"]],
            "opened_at": stamps(drawn["opened"]),
            "first_reply_at": stamps(drawn["replied"].where(drawn["replied"] < end)),
            "resolved_at": stamps(drawn["resolved"].where(drawn["resolved"] < end)),
            "category": drawn["category"],
            "channel": drawn["channel"],
            "csat": drawn["csat"].astype("Int64").where((drawn["csat"] > 0) & (drawn["resolved"] < end)),
        }
    )


def _true_customers(drawn: pd.DataFrame, customer: NDArray[np.object_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": customer,
            "payer": drawn["payer"],
            "habit_days": drawn["habit_days"],
            "days_per_year": drawn["days_per_year"],
            "within_days": drawn["within_days"],
            "run": np.array(RUN_NAMES, dtype=object)[drawn["run"]],
            "quality": drawn["quality"].round(4),
            "takes_discount": drawn["takes_discount"],
            "fails_on": dates(drawn["fails_on"]),
            "busts_from": dates(drawn["bust_from"]),
        }
    )


def _true_invoices(lived: pd.DataFrame, invoice: NDArray[np.object_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoice_id": invoice,
            "outcome": lived["outcome"],
            "settled_on": dates(lived["settled_on"]),
            "never_pays": lived["outcome"] == "written_off",
            "written_off_on": dates(lived["written_off_on"]),
            "fraud": text(lived["fraud"]),
            "copy_of": referred(invoice, lived["twin"]),
            "habitual_days": lived["habitual_days"].round(2),
            "shock_days": lived["shock_days"],
            "ticket_days": lived["ticket_days"].round(2),
            "dispute_days": lived["dispute_days"].round(2),
            "paid_on": dates(lived["chased_on"]),
            "paid_without_contacts_on": dates(lived["unchased_on"]),
        }
    )
