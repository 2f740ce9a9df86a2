"""What each entry was applied to: the invoice it names, the one cash most likely pays, or nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.ledger.allocation import Event, Step, exact_then_oldest
from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind
from analysis.ledger.reading import MONEY

_COLUMNS = ("entry_id", "invoice_id", "customer_id", "entity", "currency", "kind", "amount", "method", "booked_on")
_PARTS = ibis.schema({"entry_id": "string", "invoice_id": "string", "part": MONEY, "applied_on": "date"})
_EPOCH = date(1970, 1, 1)


def applied_parts(con: Backend, invoices: ibis.Table, entries: ibis.Table, company: Company) -> ibis.Table:
    """Entries in parts, each with the invoice it was applied to and the day from which it counts there.

    An entry that names an invoice is applied on its booking day, or on the day of the invoice where it was
    booked before. ``applied_on`` is null while a part stands on account: cash that nothing is open for, an
    entry whose invoice is not seen yet, or one in another currency than the invoice, which cannot lower it.
    The parts of an entry add up to it.
    """
    target = invoices.select("issued_on", _id="invoice_id", _currency="currency")
    joined = entries.left_join(target, entries["invoice_id"] == target["_id"])
    fits = (joined["_currency"] == joined["currency"]).fill_null(False)
    applied_on = ibis.greatest(joined["booked_on"], joined["issued_on"])
    columns = (*_COLUMNS, "recorded_on")
    named = joined.filter(fits).select(*columns, applied_on=applied_on)
    loose = joined.filter(~fits).select(*columns)
    found = _allocated(con, invoices, named, loose, company)
    given = loose.drop("invoice_id", "amount").inner_join(found, "entry_id")
    given = given.rename(amount="part").select(*columns, "applied_on")
    spent = found.group_by(_entry="entry_id").aggregate(_given=found["part"].sum())
    left = loose.left_join(spent, loose["entry_id"] == spent["_entry"])
    rest = left.mutate(amount=(left["amount"] - left["_given"].fill_null(0)).cast(MONEY), applied_on=ibis.null("date"))
    return ibis.union(named, given, rest.filter(rest["amount"] != 0).select(*columns, "applied_on"))


def on_account(parts: ibis.Table) -> ibis.Table:
    """What stood on account, with the days from and until which it did; the last is null while it does.

    A recovery never does: the write-off before it took the balance away.
    """
    waits = parts["applied_on"].isnull() | (parts["applied_on"] > parts["booked_on"])
    waiting = parts.filter(waits & (parts["kind"] != EntryKind.RECOVERY))
    return waiting.rename(from_on="booked_on", until_on="applied_on").drop("recorded_on", "method")


def _allocated(
    con: Backend, invoices: ibis.Table, named: ibis.Table, loose: ibis.Table, company: Company
) -> ibis.Table:
    """Which invoices each payment that names none was applied to; empty where the policy leaves it."""
    cash = _nameless_cash(loose)
    if company.policy.unapplied_cash == "leave" or not cash.count().execute():
        return ibis.memtable(pd.DataFrame([], columns=list(_PARTS.names)), schema=_PARTS)
    accounts = ("customer_id", "currency", "entity")
    whose = cash.select(*accounts).distinct()
    owing = named.filter(named["kind"] != EntryKind.RECOVERY)
    events = ibis.union(
        _events(invoices.semi_join(whose, accounts), on="issued_on", step=Step.ISSUED, reference="invoice_id"),
        _events(owing.semi_join(whose, accounts), on="applied_on", step=Step.NAMED, reference="invoice_id"),
        _events(cash, on="booked_on", step=Step.UNNAMED, reference="entry_id"),
    )
    in_order = events.order_by("customer_id", "currency", "entity", "day", "step", "reference")
    rows = [
        (a.entry_id, a.invoice_id, Decimal(a.amount).scaleb(-3), _EPOCH + timedelta(days=a.day))
        for a in exact_then_oldest(_read(in_order))
    ]
    frame = pd.DataFrame(rows, columns=list(_PARTS.names))
    return con.create_table(ibis.util.gen_name("allocated"), ibis.memtable(frame, schema=_PARTS), temp=True)


def _nameless_cash(loose: ibis.Table) -> ibis.Table:
    """Payments that name no invoice, and the returns of such payments."""
    paid = loose["kind"].isin((EntryKind.PAYMENT, EntryKind.REVERSAL))
    return loose.filter(paid & loose["invoice_id"].isnull() & (loose["amount"] != 0))


def _events(rows: ibis.Table, *, on: str, step: Step, reference: str) -> ibis.Table:
    day: ir.DateColumn = rows[on]
    return rows.select(
        "customer_id",
        "currency",
        "entity",
        day=day.delta(ibis.date(_EPOCH.isoformat()), unit="day"),
        step=ibis.literal(int(step)),
        reference=rows[reference],
        thousandths=(rows["amount"] * 1000).cast("int64"),
    )


def _read(events: ibis.Table) -> Iterator[Event]:
    """Rows as events, some thousand at a time: as Python objects all of a large ledger would not fit."""
    steps = {int(step): step for step in Step}
    for batch in events.to_pyarrow().to_batches(max_chunksize=50_000):
        columns = (batch.column(name).to_pylist() for name in batch.schema.names)
        for customer, currency, entity, day, step, reference, thousandths in zip(*columns, strict=True):
            yield Event((customer, currency, entity), day, steps[step], reference, thousandths)
