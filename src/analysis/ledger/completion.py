"""What the contract says of absent cells, the flat form as entries, and negative invoices as credit notes."""

from __future__ import annotations

import ibis
from ibis.backends.duckdb import Backend

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, EntryKind
from analysis.ledger.engine import stored, stored_empty
from analysis.ledger.reading import MONEY, SQL_TYPES

UNKNOWN_CUSTOMER = "(unknown)"


def empty_table(con: Backend, name: str) -> ibis.Table:
    schema = {column.name: SQL_TYPES[column.kind] for column in TABLES[name].columns}
    return stored_empty(con, f"accepted_{name}", ibis.schema(schema))


def completed(con: Backend, tables: dict[str, ibis.Table], company: Company) -> dict[str, ibis.Table]:
    """What the contract says of absent cells, the flat form as entries, negative invoices as credit notes."""
    invoices = tables["invoices"]
    terms = company.policy.terms_days
    due_on = invoices["due_on"]
    if terms is not None:
        due_on = due_on.fill_null((invoices["issued_on"] + ibis.interval(days=terms)).cast("date"))
    invoices = invoices.mutate(
        due_on=due_on,
        customer_id=invoices["customer_id"].fill_null(UNKNOWN_CUSTOMER),
        currency=invoices["currency"].fill_null(company.currency),
        recorded_on=invoices["recorded_on"].fill_null(invoices["issued_on"]),
    )
    invoices = stored(con, "completed_invoices", invoices)
    entries = tables["entries"]
    owner = invoices.select(_id="invoice_id", _customer="customer_id", _currency="currency", _entity="entity")
    entries = entries.left_join(owner, entries["invoice_id"] == owner["_id"])
    entries = entries.mutate(
        customer_id=ibis.coalesce(entries["_customer"], entries["customer_id"], ibis.literal(UNKNOWN_CUSTOMER)),
        currency=ibis.coalesce(entries["currency"], entries["_currency"], ibis.literal(company.currency)),
        entity=entries["entity"].fill_null(entries["_entity"]),
        recorded_on=entries["recorded_on"].fill_null(entries["booked_on"]),
    ).select(TABLES["entries"].names)
    parts = [entries, *_entries_of_flat_form(invoices)]
    result = dict(tables)
    result["entries"] = stored(con, "completed_entries", ibis.union(*parts))
    result["invoices"] = invoices.filter(invoices["amount"] >= 0)
    return result


def _entries_of_flat_form(invoices: ibis.Table) -> list[ibis.Table]:
    def booked(
        rows: ibis.Table, *, suffix: str, on: str, amount: ibis.Value, kind: EntryKind, named: bool
    ) -> ibis.Table:
        values = {
            "entry_id": rows["invoice_id"] + suffix,
            "booked_on": rows[on],
            "amount": amount.cast(MONEY),
            "kind": ibis.literal(str(kind)),
            "invoice_id": rows["invoice_id"] if named else ibis.null("string"),
            "customer_id": rows["customer_id"],
            "currency": rows["currency"],
            "entity": rows["entity"],
            "method": ibis.null("string"),
            "recorded_on": rows[on],
        }
        return rows.select(**values)

    paid = invoices.filter((invoices["amount"] > 0) & invoices["paid_on"].notnull())
    credits = invoices.filter(invoices["amount"] < 0)
    used_up = credits.filter(credits["paid_on"].notnull())
    return [
        booked(
            paid,
            suffix=":paid",
            on="paid_on",
            amount=paid["paid_amount"].fill_null(paid["amount"]),
            kind=EntryKind.PAYMENT,
            named=True,
        ),
        booked(
            credits,
            suffix=":credit",
            on="issued_on",
            amount=-credits["amount"],
            kind=EntryKind.CREDIT_NOTE,
            named=False,
        ),
        booked(used_up, suffix=":used", on="paid_on", amount=used_up["amount"], kind=EntryKind.REVERSAL, named=False),
    ]
