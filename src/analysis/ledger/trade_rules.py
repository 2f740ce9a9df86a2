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
            message="no due date; the policy's terms apply, or it is shown as having none",
            remedy="complete it, or state policy.terms_days",
            broken=lambda t: t["due_on"].isnull() & ibis.literal(policy.terms_days is None),
        ),
        Rule(
            id="due_before_issue",
            disposition="quarantine",
            column="due_on",
            message="is before the date of the invoice",
            remedy="correct the date; are issued_on and due_on mapped to the right columns?",
            broken=lambda t: (t["due_on"] < t["issued_on"]).fill_null(False),
        ),
        Rule(
            id="long_terms",
            disposition="warn",
            column="due_on",
            message=f"is more than {policy.terms_days_max} days after the invoice",
            remedy="look at the date; the year may be wrong",
            broken=lambda t: _days(t["due_on"], t["issued_on"]) > policy.terms_days_max,
        ),
        Rule(
            id="zero_amount",
            disposition="warn",
            column="amount",
            message="is zero; kept, but left out of counts and rates",
            remedy="none needed",
            broken=lambda t: (t["amount"] == 0).fill_null(False),
        ),
        Rule(
            id="credit_note_as_invoice",
            disposition="warn",
            column="amount",
            message="is negative: used as a credit note that names no invoice",
            remedy="export credit notes as entries that name their invoice",
            broken=lambda t: (t["amount"] < 0).fill_null(False),
        ),
        Rule(
            id="prepaid_long_before",
            disposition="quarantine",
            column="paid_on",
            message=f"was paid more than {policy.prepaid_days_max} days before the invoice",
            remedy="correct the date, or raise policy.prepaid_days_max",
            broken=lambda t: _days(t["issued_on"], t["paid_on"]) > policy.prepaid_days_max,
        ),
        Rule(
            id="prepaid",
            disposition="warn",
            column="paid_on",
            message="was paid before the invoice: counted as paid on its day",
            remedy="none needed",
            broken=lambda t: (t["paid_on"] < t["issued_on"]).fill_null(False),
        ),
    ]


def _of_entries(company: Company) -> list[Rule]:
    del company
    return [
        Rule(
            id="belongs_to_nobody",
            disposition="quarantine",
            column="customer_id",
            message="names neither an invoice nor a customer",
            remedy="complete one of the two",
            broken=lambda t: t["customer_id"].isnull() & t["invoice_id"].isnull(),
        ),
        Rule(
            id="reversal_lowers",
            disposition="quarantine",
            column="amount",
            message="a reversal raises the balance and must be negative",
            remedy="turn the sign in the export, or correct the kind",
            broken=lambda t: ((t["kind"] == EntryKind.REVERSAL) & (t["amount"] > 0)).fill_null(False),
        ),
    ]


def _of_disputes(company: Company) -> list[Rule]:
    del company
    return [
        Rule(
            id="closed_before_opened",
            disposition="quarantine",
            column="closed_on",
            message="is before the day it was opened",
            remedy="correct one of the dates",
            broken=lambda t: (t["closed_on"] < t["opened_on"]).fill_null(False),
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
            broken=lambda t: (t["rate"] <= 0).fill_null(False),
        ),
    ]


def _days(later: ir.DateValue, earlier: ir.DateValue) -> ir.IntegerValue:
    return later.delta(earlier, unit="day").fill_null(0)


_OF_TABLE: dict[str, Callable[[Company], list[Rule]]] = {
    "invoices": _of_invoices,
    "entries": _of_entries,
    "disputes": _of_disputes,
    "fx_rates": _of_fx_rates,
}
