"""What each customer owed on each day of the past, against the limit of that day: the ground of credit control."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from analysis.ledger.reading import MONEY
from analysis.ledger.snapshot import Snapshot

# An order that led to no invoice within a year is taken for lapsed or billed outside the books.
ORDERS_LAPSE_DAYS = 365
_RATE = pa.decimal128(18, 9)
_LONG_AGO = date(1900, 1, 1)


def unbilled_stretches(snapshot: Snapshot) -> ibis.Table:
    """Orders as stretches of days on which they were not invoiced yet, like those of the snapshot's balances.

    Columns ``customer_id``, ``currency``, ``from_on`` (included), ``until_on`` (excluded, null while it lasts),
    ``balance``. A stretch ends :data:`ORDERS_LAPSE_DAYS` after the order at the latest.
    """
    orders = snapshot.orders.filter(snapshot.orders["amount"] > 0)
    lapsed = (orders["ordered_on"] + ibis.interval(days=ORDERS_LAPSE_DAYS)).cast("date")
    until = ibis.least(orders["billed_on"].fill_null(lapsed), lapsed)
    stretches = orders.select(
        "customer_id",
        "currency",
        from_on="ordered_on",
        until_on=ibis.ifelse(until <= snapshot.as_of, until, ibis.null("date")),
        balance="amount",
    )
    return stretches.filter(stretches["until_on"].isnull() | (stretches["until_on"] > stretches["from_on"]))


def at_booking_rate(snapshot: Snapshot, rows: ibis.Table, *, amount: str, on: str) -> ibis.Table:
    """The rows with ``value``: ``amount`` in company currency at the rate of the day ``on``, rounded as money.

    The rate that the document was booked at: the latest up to its day, else the first known.
    """
    home = snapshot.company.currency
    known = [(home, _LONG_AGO, Decimal(1))]
    for currency, of_currency in snapshot.rates.sort_values(["currency", "on"]).groupby("currency"):
        days = [_LONG_AGO, *(day.date() for day in of_currency["on"].iloc[1:])]
        rates = (Decimal(str(round(rate, 9))) for rate in of_currency["rate"])
        known += [(str(currency), day, rate) for day, rate in zip(days, rates, strict=True) if currency != home]
    columns = [pa.array(values) for values in zip(*known, strict=True)]
    columns[2] = columns[2].cast(_RATE)
    rates_table = ibis.memtable(pa.table(columns, names=["_currency", "_since", "_rate"]))
    joined = rows.asof_join(
        rates_table, rows[on] >= rates_table["_since"], rows["currency"] == rates_table["_currency"]
    )
    valued = (joined[amount].cast("decimal(18, 3)") * joined["_rate"]).round(3).cast(MONEY)
    return joined.select(*rows.columns, value=valued)


def exposure_days(snapshot: Snapshot) -> ibis.Table:
    """Each customer's exposure and limit from one change to the next, in the engine.

    One row per customer and day of a change: ``customer_id``, ``on``, ``exposure`` at the end of the day (open
    invoices that are not overpaid, and unbilled orders where ``policy.exposure_basis`` says so; company currency at
    the rates of the days of issue), ``credit_limit`` (that held on the day; null or 0 for none) and ``on_hold``:
    whether an open invoice was ``policy.credit_hold_days`` or more past due. Sums are of decimals, so they come out
    the same on each run.
    """
    policy, last = snapshot.company.policy, ibis.literal(snapshot.as_of)
    owed = snapshot.balances.filter(snapshot.balances["balance"] > 0)
    owed = at_booking_rate(snapshot, owed, amount="balance", on="issued_on")
    overdue_on = (owed["due_on"] + ibis.interval(days=policy.credit_hold_days)).cast("date")
    held = owed.mutate(_held_on=ibis.greatest(overdue_on, owed["from_on"]))
    held = held.filter(held["due_on"].notnull() & ~held["is_rest"] & (held["_held_on"] <= last))
    held = held.filter(held["until_on"].isnull() | (held["until_on"] > held["_held_on"]))
    limits = snapshot.limits
    moves = [
        _move(owed, on="from_on", change=owed["value"]),
        _move(_ended(owed), on="until_on", change=-_ended(owed)["value"]),
        _move(held, on="_held_on", held=1),
        _move(_ended(held), on="until_on", held=-1),
        _move(limits, on="valid_from"),
    ]
    if policy.exposure_basis == "open_balance_and_orders":
        orders = at_booking_rate(snapshot, unbilled_stretches(snapshot), amount="balance", on="from_on")
        moves.append(_move(orders, on="from_on", change=orders["value"]))
        moves.append(_move(_ended(orders), on="until_on", change=-_ended(orders)["value"]))
    united = ibis.union(*moves)
    daily = united.group_by("customer_id", "on").aggregate(change=united["change"].sum(), held=united["held"].sum())
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="on")
    path = daily.select(
        "customer_id",
        "on",
        exposure=daily["change"].sum().over(so_far).cast(MONEY),
        on_hold=daily["held"].sum().over(so_far) > 0,
    )
    held_from = limits.select("credit_limit", _who="customer_id", _since="valid_from")
    joined = path.asof_join(held_from, path["on"] >= held_from["_since"], path["customer_id"] == held_from["_who"])
    return joined.select(*path.columns, "credit_limit")


def over_since(snapshot: Snapshot) -> dict[str, date]:
    """Customers whose exposure is above their limit on the as-of date, with the day since which it has been."""
    path = snapshot.con.create_table(ibis.util.gen_name("exposure_days"), exposure_days(snapshot), temp=True)
    is_over = ((path["credit_limit"] > 0) & (path["exposure"] > path["credit_limit"])).fill_null(False)
    path = path.mutate(is_over=is_over)
    within = path.group_by("customer_id").aggregate(_last=path["on"].max(where=~path["is_over"]))
    joined = path.filter(path["is_over"]).inner_join(within, "customer_id")
    since = joined.filter(joined["_last"].isnull() | (joined["on"] > joined["_last"]))
    first = since.group_by("customer_id").aggregate(since=since["on"].min()).execute().sort_values("customer_id")
    return {str(who): _day(on) for who, on in zip(first["customer_id"], first["since"], strict=True)}


def _move(rows: ibis.Table, *, on: str, change: ir.DecimalValue | None = None, held: int = 0) -> ibis.Table:
    nothing = ibis.literal(0, MONEY)
    return rows.select(
        "customer_id",
        on=on,
        change=(nothing if change is None else change).cast(MONEY),
        held=ibis.literal(held, "int64"),
    )


def _ended(rows: ibis.Table) -> ibis.Table:
    return rows.filter(rows["until_on"].notnull())


def _day(stamp: object) -> date:
    return stamp.date() if hasattr(stamp, "date") else stamp  # type: ignore[return-value]
