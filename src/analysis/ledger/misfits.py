"""Entries that do not fit the invoice they name: used as well as they can be, and never silently."""

from __future__ import annotations

import ibis
import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.facts import Fact, excerpt_of

# rule: what it means, what to do about it
_TOLD = {
    "other_currency": (
        "is in another currency than the invoice it names; it stands on account and the invoice stays open",
        "book it in the currency of the invoice",
    ),
    "unseen_invoice": (
        "names an invoice that was not issued or not known by the as-of date; it stands on account until then",
        "none needed for prepayments",
    ),
    "other_entity": (
        "was booked by another legal entity than the invoice it names; it counts with the invoice's",
        "settle it between the entities",
    ),
    "nobodys_cash": (
        "names neither an invoice nor a legal entity; it stays on account, because cash is applied within an entity",
        "complete the entity",
    ),
    "reversed_too_much": (
        "takes back more than was paid on the invoice, which now stands above its amount",
        "find the payment that is missing, or the reversal that is booked twice",
    ),
    "recovered_too_much": (
        "is on an invoice of which less was written off than recovered; the balance stays as it is",
        "book the excess as a payment, or the write-off that is missing",
    ),
}


def misfits(invoices: ibis.Table, entries: ibis.Table) -> tuple[Fact, ...]:
    """One fact for each way in which visible entries do not fit the visible invoices.

    ``entries`` as booked, before they were applied; one that states no entity fits that of every invoice.
    """
    target = invoices.select(_id="invoice_id", _currency="currency", _entity="entity")
    joined = entries.left_join(target, entries["invoice_id"] == target["_id"])
    sums = _sums(invoices, entries)
    joined = joined.left_join(sums, joined["invoice_id"] == sums["_summed"])
    stated = invoices.filter(invoices["entity"] != NOT_STATED).count().execute() > 0
    named, seen = joined["invoice_id"].notnull(), joined["_id"].notnull()
    without_entity = joined["entity"] == NOT_STATED
    rule = ibis.cases(
        (seen & (joined["_currency"] != joined["currency"]), "other_currency"),
        (named & ~seen, "unseen_invoice"),
        (
            (joined["kind"] == EntryKind.RECOVERY) & (joined["_recovered"] > joined["_written_off"]),
            "recovered_too_much",
        ),
        ((joined["kind"] == EntryKind.REVERSAL) & (joined["_lowered"] < 0), "reversed_too_much"),
        (seen & ~without_entity & (joined["entity"] != joined["_entity"]), "other_entity"),
        (~named & (joined["kind"] == EntryKind.PAYMENT) & without_entity & stated, "nobodys_cash"),
        else_=ibis.null("string"),
    )
    found = joined.select("entry_id", "amount", rule=rule)
    found = found.filter(found["rule"].notnull())
    frame = found.group_by("rule").aggregate(
        rows=found.count(), amount=found["amount"].sum(), example=found["entry_id"].min()
    )
    return tuple(_fact(row) for _, row in frame.execute().sort_values("rule").iterrows())


def _sums(invoices: ibis.Table, entries: ibis.Table) -> ibis.Table:
    """What was recovered, written off and lowered in all on each visible invoice, of entries in its currency."""
    target = invoices.select(_summed="invoice_id", _of="currency")
    named = entries.inner_join(
        target, [entries["invoice_id"] == target["_summed"], entries["currency"] == target["_of"]]
    )
    kind, amount = named["kind"], named["amount"]
    return named.group_by("_summed").aggregate(
        _recovered=amount.sum(where=kind == EntryKind.RECOVERY).fill_null(0),
        _written_off=amount.sum(where=kind == EntryKind.WRITE_OFF).fill_null(0),
        _lowered=amount.sum(where=kind != EntryKind.RECOVERY).fill_null(0),
    )


def _fact(row: pd.Series) -> Fact:
    message, remedy = _TOLD[row["rule"]]
    return Fact(
        table="entries",
        disposition="warn",
        rule=row["rule"],
        message=message,
        remedy=remedy,
        column="invoice_id",
        excerpt=excerpt_of(row["example"]),
        rows=int(row["rows"]),
        amount=float(row["amount"]),
    )
