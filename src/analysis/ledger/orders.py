"""Orders as they were known on a date: which of them had not been invoiced yet."""

from __future__ import annotations

from datetime import date

import ibis

from analysis.ledger.company import Company


def orders_known(orders: ibis.Table, invoices: ibis.Table, company: Company, *, on: date) -> ibis.Table:
    """Orders made by the date, without the delivery and the invoice that came later.

    ``invoices`` are those visible. Columns of the contract and ``billed_on``: the day from which the books showed the
    invoice of the order, null while it has none; ``currency``: that of the customer's latest invoice shown by the
    day of the order, else the company's, because orders state none.
    """
    shown = invoices.select(
        _id="invoice_id",
        _customer="customer_id",
        _currency="currency",
        _shown=ibis.greatest(invoices["issued_on"], invoices["recorded_on"]),
    )
    placed = orders.filter(orders["ordered_on"] <= on)
    billed = placed.left_join(shown.select("_id", billed_on="_shown"), placed["invoice_id"] == shown["_id"])
    latest = shown.group_by("_customer", "_shown").aggregate(_currency=shown["_currency"].min())
    told = billed.asof_join(
        latest, billed["ordered_on"] >= latest["_shown"], billed["customer_id"] == latest["_customer"]
    )
    delivered = told["delivered_on"] <= on
    return told.select(
        "order_id",
        "customer_id",
        "ordered_on",
        delivered_on=ibis.ifelse(delivered, told["delivered_on"], ibis.null("date")),
        invoice_id=ibis.ifelse(told["billed_on"].notnull(), told["invoice_id"], ibis.null("string")),
        amount=told["amount"],
        billed_on=told["billed_on"],
        currency=told["_currency"].fill_null(company.currency),
    )
