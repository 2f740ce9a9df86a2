"""Balances at the end of each month, from one pass over the ledger.

A balance lasts from one booking to the next; each such stretch falls on the month ends inside it. What
comes back is a count table (month end, month of issue, age, currency and whatever is asked for), so its
size does not grow with the number of invoices, and all series are sums over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.ledger.snapshot import Snapshot

NOT_DUE, NO_DUE_DATE = "not due", "no due date"
# Severe delinquency; IFRS 9 B5.5.37 presumes default there unless shown otherwise.
OLD_AFTER_DAYS = 90


def due_buckets(edges: Sequence[int]) -> list[str]:
    """Names of the ageing buckets by due date: not due, 1-30, ..., over 120, no due date."""
    lows = [1, *[edge + 1 for edge in edges[:-1]]]
    return [
        NOT_DUE,
        *[f"{low}-{high}" for low, high in zip(lows, edges, strict=True)],
        f"over {edges[-1]}",
        NO_DUE_DATE,
    ]


def issue_buckets(edges: Sequence[int]) -> list[str]:
    """Names of the ageing buckets by invoice date: 0-30, 31-60, ..., over 120."""
    lows = [0, *[edge + 1 for edge in edges[:-1]]]
    return [*[f"{low}-{high}" for low, high in zip(lows, edges, strict=True)], f"over {edges[-1]}"]


def month_ends(as_of: date, months: int) -> pd.DatetimeIndex:
    """The as-of date and the ends of the ``months - 1`` calendar months before its own, ascending."""
    last = pd.Timestamp(as_of)
    before = pd.date_range(end=last.replace(day=1) - pd.Timedelta(days=1), periods=months - 1, freq="ME")
    return pd.DatetimeIndex([*before, last], name="month_end")


def complete_months(as_of: date, months: int) -> pd.DatetimeIndex:
    """The last ``months`` calendar month ends up to the as-of date; the month that it cuts short is left out."""
    return month_ends(
        ((pd.Timestamp(as_of) + pd.Timedelta(days=1)).replace(day=1) - pd.Timedelta(days=1)).date(), months
    )


def month_number(day: ir.DateValue) -> ir.IntegerValue:
    """Months since year 0, so that the next month is one more."""
    return day.year() * 12 + day.month() - 1


def end_of(number: int, *, as_of: date) -> pd.Timestamp:
    """Last day of a month by its number; the as-of date for the month it lies in."""
    end = pd.Timestamp(year=number // 12, month=number % 12 + 1, day=1) + pd.offsets.MonthEnd(0)
    return min(end, pd.Timestamp(as_of))


def at_month_ends(snapshot: Snapshot, stretches: ibis.Table) -> ibis.Table:
    """Each stretch once per month end inside it, with ``point`` (the month's number) and ``point_on``."""
    last = snapshot.as_of.year * 12 + snapshot.as_of.month - 1
    until = ibis.coalesce(month_number(stretches["until_on"]), ibis.literal(last + 1))
    spread = stretches.mutate(point=ibis.range(month_number(stretches["from_on"]), until).unnest())
    year, month = spread["point"] // 12, spread["point"] % 12 + 1
    next_month = ibis.date(ibis.ifelse(month == 12, year + 1, year), ibis.ifelse(month == 12, 1, month + 1), 1)
    end = (next_month - ibis.interval(days=1)).cast("date")
    return spread.mutate(point_on=ibis.least(end, ibis.literal(snapshot.as_of)))


def bucketed(days: ir.IntegerValue, names: Sequence[str], edges: Sequence[int]) -> ir.StringValue:
    """Name of the bucket of an age in days: the first of ``names`` below the first edge, and so on."""
    tests = [(days <= edge, name) for edge, name in zip(edges, names, strict=False)]
    return ibis.cases(*tests, else_=names[len(edges)])


def positions(snapshot: Snapshot, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Invoice balances at every month end of the ledger's history, as a count table.

    Columns: ``by``..., ``month_end``, ``issue_month`` (its end), ``due_bucket``, ``issue_bucket``, ``over_90``
    (more than 90 days past due, wherever the policy's buckets end), ``is_credit`` (the invoice is overpaid),
    ``currency``, ``invoices``, ``balance`` (document currency, exact) and ``value`` (company currency at the
    rate of that month end).
    """
    edges = snapshot.company.policy.ageing_days
    spread = at_month_ends(snapshot, snapshot.balances)
    past_due = spread["point_on"].delta(spread["due_on"], unit="day")
    age = spread["point_on"].delta(spread["issued_on"], unit="day")
    due_names, issue_names = due_buckets(edges), issue_buckets(edges)
    keyed = spread.mutate(
        issue_point=month_number(spread["issued_on"]),
        due_bucket=ibis.ifelse(spread["due_on"].isnull(), NO_DUE_DATE, bucketed(past_due, due_names[:-1], (0, *edges))),
        issue_bucket=bucketed(age, issue_names, edges),
        over_90=(past_due > OLD_AFTER_DAYS).fill_null(False),
        is_credit=spread["balance"] < 0,
    )
    marks = ["due_bucket", "issue_bucket", "over_90", "is_credit", "currency"]
    keys = list(dict.fromkeys([*by, "point", "issue_point", *marks]))
    counted = keyed.group_by(keys).aggregate(invoices=keyed.count(), balance=keyed["balance"].sum())
    frame = _with_month_ends(counted.execute(), snapshot, {"point": "month_end", "issue_point": "issue_month"})
    return _ordered(_valued(frame, snapshot, "balance"))


def unapplied_positions(snapshot: Snapshot, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Cash and credits on account at every month end; columns as in :func:`positions` without ages."""
    stretches = snapshot.unapplied.rename(balance="amount")
    spread = at_month_ends(snapshot, stretches)
    keys = list(dict.fromkeys([*by, "point", "currency"]))
    frame = spread.group_by(keys).aggregate(balance=spread["balance"].sum()).execute()
    return _ordered(_valued(_with_month_ends(frame, snapshot, {"point": "month_end"}), snapshot, "balance"))


def flows(snapshot: Snapshot, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """What was invoiced and booked in each month, in document and company currency.

    Columns: ``by``..., ``month_end``, ``kind`` (``invoiced`` or a kind of entry), ``currency``,
    ``bookings``, ``balance`` (document currency) and ``value`` (at the rate of the month end).
    """
    items, entries = snapshot.items, snapshot.entries
    sold = items.mutate(point=month_number(items["issued_on"]), kind=ibis.literal("invoiced"), _row=items["invoice_id"])
    # an entry that settles several invoices is one booking in several parts
    booked = entries.mutate(point=month_number(entries["booked_on"]), _row=entries["entry_id"])
    keys = list(dict.fromkeys([*by, "point", "kind", "currency"]))
    frames = [
        rows.group_by(keys).aggregate(bookings=rows["_row"].nunique(), balance=rows["amount"].sum()).execute()
        for rows in (sold, booked)
    ]
    frame = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return _ordered(_valued(_with_month_ends(frame, snapshot, {"point": "month_end"}), snapshot, "balance"))


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in a fixed order, so that sums of binary fractions come out the same on each run."""
    keys = [c for c in frame.columns if c not in ("balance", "value", "invoices", "bookings")]
    return frame.sort_values(keys, ignore_index=True)


def month_end_rates(frame: pd.DataFrame, snapshot: Snapshot) -> pd.Series:
    """For each row of ``currency`` and ``month_end`` the rate into company currency on that day."""
    keys = list(zip(frame["currency"], frame["month_end"], strict=True))
    rates = {(currency, end): snapshot.rate_on(currency, end.date()) for currency, end in set(keys)}
    return pd.Series([rates[key] for key in keys], index=frame.index, dtype=float)


def _with_month_ends(frame: pd.DataFrame, snapshot: Snapshot, renamed: dict[str, str]) -> pd.DataFrame:
    ends = {
        number: end_of(int(number), as_of=snapshot.as_of) for column in renamed for number in frame[column].unique()
    }
    for number, end in renamed.items():
        frame[end] = pd.to_datetime(frame[number].map(ends))
    return frame.drop(columns=list(renamed))


def _valued(frame: pd.DataFrame, snapshot: Snapshot, column: str) -> pd.DataFrame:
    """The amounts in document currency with their value in company currency at each month end's rate."""
    return frame.assign(value=frame[column].astype(float) * month_end_rates(frame, snapshot))
