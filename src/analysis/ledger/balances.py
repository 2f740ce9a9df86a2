"""Balances of invoices through time, and how and when each left the book."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.ledger.allocation import Event, exact_then_oldest
from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind, Outcome
from analysis.ledger.reading import MONEY

DIMENSIONS = ("entity", "currency", "channel", "segment", "industry", "country", "size", "parent_id", "disputed")
_CASH = (EntryKind.PAYMENT, EntryKind.DISCOUNT, EntryKind.REVERSAL)


def apply_entries(
    con: Backend, visible: ibis.Table, booked: ibis.Table, company: Company, *, label: str
) -> tuple[ibis.Table, ibis.Table]:
    """Entries as applied to invoices, and what stands on account until then."""
    of_invoice = visible.select("issued_on", _id="invoice_id")
    joined = booked.left_join(of_invoice, booked["invoice_id"] == of_invoice["_id"])
    named = joined.filter(joined["_id"].notnull())
    named = named.mutate(applied_on=ibis.greatest(named["booked_on"], named["issued_on"]))
    columns = ("entry_id", "invoice_id", "customer_id", "entity", "currency", "kind", "amount", "booked_on")
    named = named.select(*columns, "applied_on")
    loose = joined.filter(joined["_id"].isnull() & (joined["kind"] != EntryKind.RECOVERY)).select(*columns)
    parts = _allocations(con, visible, named, loose, company, label=label)
    found = parts.select("entry_id", "applied_on", "part", _to="invoice_id")
    given = loose.drop("invoice_id", "amount").inner_join(found, "entry_id")
    given = given.rename(invoice_id="_to", amount="part").select(*columns, "applied_on")
    spent = parts.group_by("entry_id").aggregate(_given=parts["part"].sum()).rename(_entry="entry_id")
    left = loose.left_join(spent, loose["entry_id"] == spent["_entry"])
    rest = left.mutate(amount=(left["amount"] - left["_given"].fill_null(0)).cast(MONEY), applied_on=ibis.null("date"))
    rest = rest.filter(rest["amount"] != 0).select(*columns, "applied_on")
    applied = ibis.union(named, given)
    waiting = applied.filter((applied["applied_on"] > applied["booked_on"]) & (applied["kind"] != EntryKind.RECOVERY))
    on_account = ibis.union(waiting, rest).select(
        "entry_id", "customer_id", "entity", "currency", "kind", "amount", from_on="booked_on", until_on="applied_on"
    )
    return con.create_table(f"applied_{label}", applied, overwrite=True), on_account


def _allocations(
    con: Backend, visible: ibis.Table, named: ibis.Table, loose: ibis.Table, company: Company, *, label: str
) -> ibis.Table:
    """Which invoice each payment that names none is applied to; empty where the policy leaves it."""
    schema = ibis.schema({"entry_id": "string", "invoice_id": "string", "part": MONEY, "applied_on": "date"})
    cash = loose.filter((loose["kind"] == EntryKind.PAYMENT) & (loose["amount"] > 0) & loose["invoice_id"].isnull())
    empty = con.create_table(f"allocated_{label}", schema=schema, overwrite=True)
    if company.policy.unapplied_cash == "leave" or cash.count().execute() == 0:
        return empty
    whose = cash.select("customer_id").distinct()
    events = ibis.union(
        _events(visible.semi_join(whose, "customer_id"), on="issued_on", step=0, reference="invoice_id"),
        _events(
            named.filter(named["kind"] != EntryKind.RECOVERY).semi_join(whose, "customer_id"),
            on="applied_on",
            step=1,
            reference="invoice_id",
        ),
        _events(cash, on="booked_on", step=2, reference="entry_id"),
    ).to_pyarrow()
    applications = exact_then_oldest(
        Event(
            account=(row["customer_id"], row["currency"], row["entity"] or ""),
            on=row["on"],
            step=row["step"],
            reference=row["reference"],
            amount=row["amount"],
        )
        for row in events.to_pylist()
    )
    rows = [(a.entry_id, a.invoice_id, Decimal(a.amount), a.applied_on) for a in applications]
    if not rows:
        return empty
    frame = pd.DataFrame(rows, columns=list(schema.names))
    return con.create_table(f"allocated_{label}", ibis.memtable(frame, schema=schema), overwrite=True)


def _events(rows: ibis.Table, *, on: str, step: int, reference: str) -> ibis.Table:
    return rows.select(
        "customer_id", "currency", "entity", "amount", on=rows[on], step=ibis.literal(step), reference=rows[reference]
    )


def running_balances(visible: ibis.Table, applied: ibis.Table) -> ibis.Table:
    """Balance of each invoice after each day on which it changed."""
    lowers = applied.filter(applied["kind"] != EntryKind.RECOVERY)
    kind, amount = lowers["kind"], lowers["amount"]
    daily = lowers.group_by("invoice_id", "applied_on").aggregate(
        lowered=amount.sum(),
        cash=amount.sum(where=kind.isin(_CASH)).fill_null(0),
        credited=amount.sum(where=kind == EntryKind.CREDIT_NOTE).fill_null(0),
        written_off=amount.sum(where=kind == EntryKind.WRITE_OFF).fill_null(0),
    )
    gross = visible.select("amount", _id="invoice_id")
    daily = daily.inner_join(gross, daily["invoice_id"] == gross["_id"]).drop("_id")
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="applied_on")
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    after = (daily["amount"] - daily["lowered"].sum().over(so_far)).cast(MONEY)
    return daily.mutate(balance=after, until_on=daily["applied_on"].lead().over(in_order))


def invoice_items(visible: ibis.Table, running: ibis.Table, company: Company, *, on: date) -> ibis.Table:
    tolerance = ibis.literal(company.policy.settled_tolerance, MONEY)
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    is_open = running["balance"] > tolerance
    was_open = is_open.lag().over(in_order).fill_null(True)
    steps = running.mutate(_settles=~is_open & was_open, _last=running["until_on"].isnull())
    by_cause = ibis.cases(
        ((steps["cash"] >= steps["credited"]) & (steps["cash"] >= steps["written_off"]), Outcome.PAID.value),
        (steps["credited"] >= steps["written_off"], Outcome.CREDITED.value),
        else_=Outcome.WRITTEN_OFF.value,
    )
    steps = steps.mutate(_cause=by_cause)
    ends = steps.group_by("invoice_id").aggregate(
        open_balance=steps["balance"].sum(where=steps["_last"]),
        cash=steps["cash"].sum(),
        credited=steps["credited"].sum(),
        written_off=steps["written_off"].sum(),
        _settled_on=steps["applied_on"].max(where=steps["_settles"]),
        _cause=steps["_cause"].argmax(steps["applied_on"], where=steps["_settles"]),
    )
    joined = visible.left_join(ends, "invoice_id").drop("invoice_id_right")
    open_balance = joined["open_balance"].fill_null(joined["amount"]).cast(MONEY)
    settled = open_balance <= tolerance
    settled_on = ibis.ifelse(settled, joined["_settled_on"], ibis.null("date"))
    outcome = ibis.ifelse(settled, joined["_cause"], Outcome.OPEN.value)
    until = settled_on.fill_null(ibis.literal(on))
    days_past_due = ibis.literal(on).delta(joined["due_on"], unit="day")
    return joined.select(
        "invoice_id",
        "customer_id",
        *DIMENSIONS,
        "issued_on",
        "due_on",
        "recorded_on",
        "amount",
        open_balance=open_balance,
        **{c: joined[c].fill_null(0).cast(MONEY) for c in ("cash", "credited", "written_off")},
        settled_on=settled_on,
        outcome=outcome,
        days=until.delta(joined["issued_on"], unit="day"),
        days_past_due=days_past_due,
    )


def balance_stretches(visible: ibis.Table, running: ibis.Table) -> ibis.Table:
    """Stretches of days over which an invoice had one balance other than zero."""
    firsts = running.group_by("invoice_id").aggregate(_until=running["applied_on"].min())
    start = visible.left_join(firsts, "invoice_id")
    start = start.select("invoice_id", from_on="issued_on", until_on="_until", balance="amount")
    start = start.filter(start["until_on"].isnull() | (start["until_on"] > start["from_on"]))
    later = running.select("invoice_id", "until_on", "balance", from_on="applied_on")
    stretches = ibis.union(start, later.filter(later["balance"] != 0).select(start.columns))
    facts = visible.select("customer_id", *DIMENSIONS, "issued_on", "due_on", _id="invoice_id")
    return stretches.inner_join(facts, stretches["invoice_id"] == facts["_id"]).drop("_id")
