"""By what a ledger can be divided: attributes of the customer, and of the invoice that an entry settles."""

from __future__ import annotations

import ibis

NOT_STATED = "(not stated)"
OF_CUSTOMER = ("segment", "industry", "country", "size", "parent_id")
OF_INVOICE = ("entity", "channel", "disputed")
DIMENSIONS = ("entity", "currency", "channel", "segment", "industry", "country", "size", "parent_id", "disputed")


def customers_seen(invoices: ibis.Table, entries: ibis.Table, known: ibis.Table) -> ibis.Table:
    """Customers of the rows given and the heads of their groups, with attributes where the books hold them.

    A customer without a name is called by its number; one without a group is its own.
    """
    ids = ibis.union(invoices.select("customer_id"), entries.select("customer_id"), distinct=True)
    heads = known.semi_join(ids, "customer_id").filter(lambda t: t["parent_id"].notnull())
    seen = ibis.union(ids, heads.select(customer_id="parent_id"), distinct=True).rename(_seen="customer_id")
    joined = seen.left_join(known, seen["_seen"] == known["customer_id"])
    return joined.select(
        customer_id="_seen",
        name=joined["name"].fill_null(joined["_seen"]),
        parent_id=joined["parent_id"].fill_null(joined["_seen"]),
        **{c: joined[c].cast("string") for c in ("segment", "industry", "country", "size")},
        onboarded_on=joined["onboarded_on"],
    )


def invoices_with_dimensions(invoices: ibis.Table, customers: ibis.Table) -> ibis.Table:
    """Invoices with all dimensions as text and never null, because a null group is lost in many a sum."""
    disputed = invoices["disputed"]
    told = ibis.cases((disputed, "disputed"), (~disputed, "clean"), else_=ibis.null("string"))
    return _filled(_with_customer(invoices.mutate(disputed=told), customers))


def entries_with_dimensions(parts: ibis.Table, invoices: ibis.Table, customers: ibis.Table) -> ibis.Table:
    """Entries with the dimensions of the invoice they were applied to, else with their own.

    So what is owed and what lowers it are divided alike, and each part of the ledger rolls forward by itself.
    """
    whose = invoices.select(_id="invoice_id", _whose="customer_id", **{f"_{d}": invoices[d] for d in OF_INVOICE})
    applied_to = ibis.ifelse(parts["applied_on"].notnull(), parts["invoice_id"], ibis.null("string"))
    joined = parts.left_join(whose, applied_to == whose["_id"])
    joined = joined.mutate(
        customer_id=ibis.coalesce(joined["_whose"], joined["customer_id"]),
        entity=ibis.coalesce(joined["_entity"], joined["entity"]),
        channel=joined["_channel"],
        disputed=joined["_disputed"],
    ).drop("_id", "_whose", *[f"_{d}" for d in OF_INVOICE])
    return _filled(_with_customer(joined, customers))


def _with_customer(rows: ibis.Table, customers: ibis.Table) -> ibis.Table:
    own = customers.select(*OF_CUSTOMER, _owner="customer_id")
    return rows.left_join(own, rows["customer_id"] == own["_owner"]).drop("_owner")


def _filled(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(**{d: rows[d].cast("string").fill_null(NOT_STATED) for d in DIMENSIONS})
