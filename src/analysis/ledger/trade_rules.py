"""What a rule is, and the rules that come from the trade: what an invoice, an entry or a dispute cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind

Disposition = Literal["reject", "quarantine", "warn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named condition that a row should not meet."""

    id: str
    disposition: Disposition
    message: str
    remedy: str
    broken: Callable[[ibis.Table], ir.BooleanValue]
    column: str = ""


def trade_rules(name: str, company: Company) -> list[Rule]:
    """Rules of one table that concern what it means and not how it is written."""
    return _OF_TABLE.get(name, lambda _company: [])(company)


def _of_invoices(company: Company) -> list[Rule]:
    policy = company.policy
    return [
        Rule(
            id="blank_customer",
            disposition="warn",
            column="customer_id",
            message="no customer; shown under (unknown)",
            remedy="complete the row in the source",
            broken=lambda t: t["customer_id"].isnull(),
        ),
        Rule(
            id="no_due_date",
            disposition="warn",
            column="due_on",
            message="no due date; shown as having none",
            remedy="complete it, or state policy.terms_days",
            broken=lambda t: t["due_on"].isnull() & ibis.literal(policy.terms_days is None),
        ),
        Rule(
            id="due_before_issue",
            disposition="quarantine",
            column="due_on",
            message="is before the date of the invoice",
            remedy="correct the date; are issued_on and due_on mapped to the right columns?",
            broken=lambda t: t["due_on"] < t["issued_on"],
        ),
        Rule(
            id="long_terms",
            disposition="warn",
            column="due_on",
            message=f"is more than {policy.terms_days_max} days after the invoice",
            remedy="look at the date; the year may be wrong",
            broken=lambda t: _days(t["due_on"], t["issued_on"]) > policy.terms_days_max,
        ),
        _zero_amount(),
        Rule(
            id="credit_note_as_invoice",
            disposition="warn",
            column="amount",
            message="is negative: used as a credit note that names no invoice",
            remedy="export credit notes as entries that name their invoice",
            broken=lambda t: t["amount"] < 0,
        ),
        *_prepaid("paid_on", lambda t: _days(t["issued_on"], t["paid_on"]), company),
    ]


def _of_entries(company: Company) -> list[Rule]:
    return [
        _unknown_invoice("quarantine"),
        Rule(
            id="belongs_to_nobody",
            disposition="quarantine",
            column="customer_id",
            message="names neither an invoice nor a customer",
            remedy="complete one of the two",
            broken=lambda t: t["customer_id"].isnull() & t["invoice_id"].isnull(),
        ),
        Rule(
            id="other_currency",
            disposition="quarantine",
            column="currency",
            message="is not the currency of its invoice",
            remedy="book the entry in the currency of the invoice",
            broken=lambda t: t["currency"] != t["_invoice_currency"],
        ),
        Rule(
            id="other_customer",
            disposition="warn",
            column="customer_id",
            message="is not the customer of its invoice; booked to the invoice's",
            remedy="correct the source if the invoice is meant for another customer",
            broken=lambda t: t["customer_id"] != t["_invoice_customer_id"],
        ),
        Rule(
            id="reversal_lowers",
            disposition="quarantine",
            column="amount",
            message="a reversal raises the balance and must be negative",
            remedy="turn the sign in the export, or correct the kind",
            broken=lambda t: (t["kind"] == EntryKind.REVERSAL) & (t["amount"] > 0),
        ),
        Rule(
            id="negative_entry",
            disposition="warn",
            column="amount",
            message="is negative: raises the balance",
            remedy="call it a reversal if it takes back an earlier entry; otherwise turn the sign",
            broken=lambda t: (t["amount"] < 0) & (t["kind"] != EntryKind.REVERSAL),
        ),
        _zero_amount(),
        *_prepaid("booked_on", lambda t: _days(t["_invoice_issued_on"], t["booked_on"]), company),
    ]


def _of_disputes(company: Company) -> list[Rule]:
    del company
    return [
        _unknown_invoice("quarantine"),
        Rule(
            id="closed_before_opened",
            disposition="quarantine",
            column="closed_on",
            message="is before the day it was opened",
            remedy="correct one of the dates",
            broken=lambda t: t["closed_on"] < t["opened_on"],
        ),
        Rule(
            id="open_twice",
            disposition="quarantine",
            column="opened_on",
            message="was opened while another dispute about the same invoice was open",
            remedy="close the earlier one, or merge the two",
            broken=lambda t: t["_open_twice"],
        ),
        Rule(
            id="disputes_settled_invoice",
            disposition="quarantine",
            column="opened_on",
            message="was opened when the invoice was already settled",
            remedy="correct the date or the invoice; a claim after payment belongs with the credit notes",
            broken=lambda t: t["_settled_before"],
        ),
        Rule(
            id="disputes_more_than_invoiced",
            disposition="quarantine",
            column="amount",
            message="is more than the invoice",
            remedy="correct the disputed amount",
            broken=lambda t: t["amount"] > t["_invoice_amount"],
        ),
    ]


def _of_fx_rates(company: Company) -> list[Rule]:
    del company
    return [
        Rule(
            id="rate_not_positive",
            disposition="quarantine",
            column="rate",
            message="is not above zero",
            remedy="correct the rate",
            broken=lambda t: t["rate"] <= 0,
        ),
    ]


def _of_contacts_and_orders(company: Company) -> list[Rule]:
    del company
    return [_unknown_invoice("warn")]


def _unknown_invoice(disposition: Disposition) -> Rule:
    return Rule(
        id="unknown_invoice",
        disposition=disposition,
        column="invoice_id",
        message="names an invoice that is not in the books, or that was kept out",
        remedy="complete the invoices, or blank the reference (cash then counts as not yet applied)",
        broken=lambda t: ~t["_invoice_known"],
    )


def _zero_amount() -> Rule:
    return Rule(
        id="zero_amount",
        disposition="warn",
        column="amount",
        message="is zero; kept, but left out of counts and rates",
        remedy="none needed",
        broken=lambda t: t["amount"] == 0,
    )


def _prepaid(column: str, days_before: Callable[[ibis.Table], ir.IntegerValue], company: Company) -> list[Rule]:
    """What is paid before its invoice: accepted within reason, because deposits exist."""
    most = company.policy.prepaid_days_max
    return [
        Rule(
            id="prepaid_long_before",
            disposition="quarantine",
            column=column,
            message=f"is more than {most} days before the invoice",
            remedy="correct the date, or raise policy.prepaid_days_max",
            broken=lambda t: days_before(t) > most,
        ),
        Rule(
            id="prepaid",
            disposition="warn",
            column=column,
            message="is before the invoice: counts from the day of the invoice",
            remedy="none needed",
            broken=lambda t: days_before(t).between(1, most),
        ),
    ]


def _days(later: ir.DateValue, earlier: ir.DateValue) -> ir.IntegerValue:
    return later.delta(earlier, unit="day")


_OF_TABLE: dict[str, Callable[[Company], list[Rule]]] = {
    "invoices": _of_invoices,
    "entries": _of_entries,
    "disputes": _of_disputes,
    "contacts": _of_contacts_and_orders,
    "orders": _of_contacts_and_orders,
    "fx_rates": _of_fx_rates,
}
