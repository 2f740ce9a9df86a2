"""What was owed on earlier days, as the books showed it then: no booking counts before it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analysis.ledger.balances import lowering
from analysis.measures.history import History, day_number, day_numbers, day_of, marks_table

# Severe delinquency begins on this day past due (D&B); IFRS 9 B5.5.37 presumes default from the 91st day on.
SEVERE_DAYS = 91


def shown_from(history: History, on: ir.DateValue, recorded_on: ir.DateValue) -> ir.IntegerValue:
    """Day from which the books showed a booking: the later of its own day and the day of its recording.

    A snapshot that knows later recordings shows them on its last day, as :func:`history_of` does.
    """
    last = day_number(history.last)
    return ibis.least(ibis.greatest(day_numbers(on), day_numbers(recorded_on)), last).cast("int32")


def balances_at(history: History, marks: Sequence[date]) -> ibis.Table:
    """Balance of each invoice on each mark as the books showed it, where it was not zero.

    Columns ``mark``, ``invoice_id``, ``customer_id``, ``entity``, ``currency``, ``due`` (day number, null where the
    books have no due date) and ``balance`` (document currency, negative where it was overpaid).
    """
    items, parts = history.snapshot.items, lowering(history.snapshot.entries)
    first = min(day_number(mark) for mark in marks)
    # Most invoices were at zero before the first mark and stayed there: they need not be added up again.
    late = parts.filter(shown_from(history, parts["applied_on"], parts["recorded_on"]) > first)
    rests = items.filter(items["open_balance"] != 0).select("invoice_id")
    items = items.semi_join(ibis.union(rests, late.select("invoice_id"), distinct=True), "invoice_id")
    bills = items.select(
        "invoice_id",
        "customer_id",
        "entity",
        "currency",
        due=day_numbers(items["due_on"]),
        shown=shown_from(history, items["issued_on"], items["recorded_on"]),
        change="amount",
    )
    booked = parts.select(
        _id="invoice_id", _shown=shown_from(history, parts["applied_on"], parts["recorded_on"]), _amount="amount"
    )
    lowered = bills.inner_join(booked, bills["invoice_id"] == booked["_id"])
    lowered = lowered.mutate(shown=ibis.greatest(lowered["shown"], lowered["_shown"]), change=-lowered["_amount"])
    changes = ibis.union(bills, lowered.select(bills.columns))
    # what came between two marks counts on the later one, so that each invoice has at most one change per mark
    calendar = ibis.memtable(_next_marks(marks))
    changes = changes.mutate(shown=ibis.greatest(changes["shown"], first))
    changes = changes.inner_join(calendar, changes["shown"] == calendar["_day"])
    keys = ["invoice_id", "customer_id", "entity", "currency", "due"]
    at_mark = changes.group_by(*keys, "begins").aggregate(change=changes["change"].sum())
    at_mark = at_mark.filter(at_mark["change"] != 0)
    in_order = ibis.window(group_by="invoice_id", order_by="begins")
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="begins")
    lasting = at_mark.mutate(balance=at_mark["change"].sum().over(so_far), ends=at_mark["begins"].lead().over(in_order))
    lasting = lasting.filter(lasting["balance"] != 0)
    days = marks_table(marks)
    until = lasting["ends"].isnull() | (lasting["ends"] > days["mark"])
    return lasting.inner_join(days, [lasting["begins"] <= days["mark"], until]).select("mark", *keys, "balance")


def _next_marks(marks: Sequence[date]) -> pd.DataFrame:
    """The mark on which each day from the first mark to the last is first looked back upon."""
    numbers = np.array(sorted({day_number(mark) for mark in marks}), dtype="int32")
    days = np.arange(numbers[0], numbers[-1] + 1, dtype="int32")
    return pd.DataFrame({"_day": days, "begins": numbers[np.searchsorted(numbers, days)]})


def rates_at(history: History, currencies: pd.Series, marks: pd.Series) -> pd.Series:
    """Value of one unit of each currency in the company's, at the latest rate known on its mark."""
    pairs = list(zip(currencies, marks, strict=True))
    known = {(currency, mark): history.snapshot.rate_on(currency, day_of(mark)) for currency, mark in set(pairs)}
    return pd.Series([known[pair] for pair in pairs], index=currencies.index, dtype=float)


def owed_at(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """What each customer owed on each mark, in company currency at the rate of the mark.

    Index ``mark``, ``customer_id``, of those that owed anything. ``open_balance`` (invoices not overpaid), ``overdue``
    and ``overdue_91`` (the parts of it past due, and at least 91 days), ``disputed_open`` (the part in open disputes),
    ``open_invoices``, ``overdue_invoices``, ``oldest_days`` (days past due of the oldest item, 0 if none is). An
    invoice without a due date is never overdue.
    """
    rows = balances_at(history, marks)
    rows = rows.filter(rows["balance"] > 0)
    in_dispute = _in_dispute(history, marks)
    joined = rows.left_join(in_dispute, [rows["invoice_id"] == in_dispute["_id"], rows["mark"] == in_dispute["_mark"]])
    rows = joined.mutate(late=(joined["mark"] - joined["due"]).fill_null(0), disputed=joined["_id"].notnull())
    late, balance = rows["late"], rows["balance"]
    summed = rows.group_by("mark", "customer_id", "currency").aggregate(
        open_balance=balance.sum(),
        overdue=balance.sum(where=late > 0).fill_null(0),
        overdue_91=balance.sum(where=late >= SEVERE_DAYS).fill_null(0),
        disputed_open=balance.sum(where=rows["disputed"]).fill_null(0),
        open_invoices=rows.count(),
        overdue_invoices=(late > 0).sum(),
        oldest_days=ibis.greatest(late.max(), 0),
    )
    frame = summed.execute().sort_values(["mark", "customer_id", "currency"], ignore_index=True)
    rate = rates_at(history, frame["currency"], frame["mark"])
    money = ["open_balance", "overdue", "overdue_91", "disputed_open"]
    frame[money] = frame[money].astype(float).mul(rate, axis=0)
    by_customer = frame.astype(dict.fromkeys(["open_invoices", "overdue_invoices", "oldest_days"], float))
    grouped = by_customer.groupby(["mark", "customer_id"])
    sums = grouped[[*money, "open_invoices", "overdue_invoices"]].sum()
    return sums.assign(oldest_days=grouped["oldest_days"].max())


def _in_dispute(history: History, marks: Sequence[date]) -> ibis.Table:
    """Invoices with a dispute open on each mark: ``_id``, ``_mark``."""
    disputes = history.snapshot.disputes.cross_join(marks_table(marks))
    opened, closed = day_numbers(disputes["opened_on"]), day_numbers(disputes["closed_on"])
    is_open = (opened <= disputes["mark"]) & (closed.isnull() | (closed > disputes["mark"]))
    return disputes.filter(is_open).select(_id="invoice_id", _mark="mark").distinct()


def written_off_at(history: History, marks: Sequence[date]) -> pd.Series:
    """What was written off each customer by each mark as the books showed it, in company currency; recoveries stay.

    Index ``mark``, ``customer_id``, of those with write-offs.
    """
    entries = history.snapshot.entries.filter(lambda t: t["kind"] == "write_off")
    entries = entries.mutate(shown=shown_from(history, entries["booked_on"], entries["recorded_on"]))
    seen = entries.cross_join(marks_table(marks)).filter(lambda t: t["shown"] <= t["mark"])
    summed = seen.group_by("mark", "customer_id", "currency").aggregate(amount=seen["amount"].sum())
    frame = summed.execute().sort_values(["mark", "customer_id", "currency"], ignore_index=True)
    value = frame["amount"].astype(float) * rates_at(history, frame["currency"], frame["mark"])
    return value.groupby([frame["mark"], frame["customer_id"]]).sum().rename("written_off")
