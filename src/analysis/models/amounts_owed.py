"""Amounts owed through time as the books showed them: what each invoice owed, from when, and on which month ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from analysis.ledger.balances import lowering, sums_by_cause
from analysis.ledger.reading import MONEY
from analysis.measures.history import History, day_number, day_numbers
from analysis.measures.outcomes import OTHERS, segment_dimension, shown_groups
from analysis.measures.positions import bucketed

# The one segment of books that tell none apart, and the most that a provision matrix has room for.
WHOLE, _MOST_SEGMENTS = "all customers", 8


def owed_steps(history: History, marks: Sequence[date]) -> ibis.Table:
    """One row per invoice and day on which the books showed another balance: what it was, became, and why."""
    tolerance = ibis.literal(history.snapshot.company.policy.settled_tolerance, MONEY)
    lives, nothing = _grouped(history), ibis.literal(0, MONEY)
    facts = {name: lives[name].min() for name in ("customer_id", "segment", "currency", "amount", "due")}
    base = lives.group_by("invoice_id").aggregate(**facts, known=lives["begun_known"].min())
    lowers = lowering(history.snapshot.entries)
    lowers = lowers.mutate(_known=known_on(history, lowers, day="applied_on")).rename(_id="invoice_id")
    lowers = lowers.select("_id", "_known", "kind", _amount="amount").inner_join(base, [("_id", "invoice_id")])
    lowers = lowers.mutate(known=ibis.greatest(lowers["_known"], lowers["known"])).rename(whole="amount")
    lowers = lowers.rename(amount="_amount")
    keys = ["invoice_id", "customer_id", "segment", "currency", "due", "whole", "known"]
    daily = lowers.group_by(keys).aggregate(lowered=lowers["amount"].sum(), **sums_by_cause(lowers))
    in_order = ibis.window(group_by="invoice_id", order_by="known")
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="known")
    balance = (daily["whole"] - daily["lowered"].sum().over(so_far)).cast(MONEY)
    daily = daily.mutate(balance=ibis.ifelse(balance > tolerance, balance, nothing))
    daily = daily.mutate(
        before=daily["balance"].lag().over(in_order).fill_null(daily["whole"]).cast(MONEY),
        until=daily["known"].lead().over(in_order),
    )
    drop = daily["before"] - daily["balance"]
    daily = daily.mutate(
        left=ibis.greatest(drop, nothing).cast(MONEY), entered=ibis.greatest(-drop, nothing).cast(MONEY)
    )
    lost = ibis.greatest(ibis.least(daily["written_off"], daily["left"]), nothing)
    later = daily.select(
        *("invoice_id", "customer_id", "segment", "currency", "due", "known", "until", "balance", "entered", "left"),
        written_off=lost.cast(MONEY),
    )
    firsts = daily.group_by(_id="invoice_id").aggregate(until=daily["known"].min())
    start = base.left_join(firsts, [base["invoice_id"] == firsts["_id"]])
    start = start.select(
        *("invoice_id", "customer_id", "segment", "currency", "due", "known", "until"),
        balance=start["amount"].cast(MONEY),
        entered=start["amount"].cast(MONEY),
        left=nothing,
        written_off=nothing,
    )
    both = ibis.union(start, later)
    return both.mutate(place=first_mark(both["known"], marks))


def _grouped(history: History) -> ibis.Table:
    """Spells under the segments that are large enough to be shown; the rest stands together."""
    lives, snapshot = history.lives, history.snapshot
    dimension = segment_dimension(snapshot)
    if dimension is None:
        return lives.mutate(segment=ibis.literal(WHOLE))
    shown = list(shown_groups(snapshot, by=dimension, most=_MOST_SEGMENTS))
    return lives.mutate(segment=ibis.ifelse(lives["segment"].isin(shown), lives["segment"], OTHERS))


def standing_invoices(
    steps: ibis.Table, marks: Sequence[date], names: Sequence[str], edges: Sequence[int]
) -> ibis.Table:
    """Invoices open on each mark, once per mark: ``place``, ``mark``, ``bucket``, ``balance``."""
    numbers = [day_number(mark) for mark in marks]
    held = steps.filter(steps["balance"] > 0)
    # a balance that lasts has no end, and so none that a mark knew
    spread = held.mutate(place=ibis.range(held["place"], first_mark(held["until"], marks)).unnest())
    mark = ibis.cases(*[(spread["place"] == place, number) for place, number in enumerate(numbers)], else_=numbers[-1])
    spread = spread.mutate(mark=mark.cast("int32"))
    columns = ("invoice_id", "customer_id", "segment", "currency", "place", "mark", "balance")
    return spread.select(*columns, bucket=bucketed(spread["mark"] - spread["due"], names, edges))


def first_mark(known: ir.IntegerValue, marks: Sequence[date]) -> ir.IntegerValue:
    """Place of the first mark that knew of a day; one past the last where none did."""
    numbers = [day_number(mark) for mark in marks]
    return ibis.cases(*[(known <= number, place) for place, number in enumerate(numbers)], else_=len(marks))


def known_on(history: History, entries: ibis.Table, *, day: str) -> ir.IntegerValue:
    """Day number from which the books showed an entry, no later than the last day of the history."""
    known = ibis.greatest(day_numbers(entries[day]), day_numbers(entries["recorded_on"]))
    return ibis.least(known, ibis.literal(day_number(history.last), "int32")).cast("int32")
