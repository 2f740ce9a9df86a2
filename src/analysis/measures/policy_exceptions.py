"""Invoices that the credit policy would have held back, and what became of them since."""

from __future__ import annotations

import math
from collections.abc import Collection

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.exposure_days import at_booking_rate, exposure_days
from analysis.measures.share_of_customers import share_of_customers

BOTH, OVER_LIMIT, OVERDUE = "over limit and overdue", "over limit", "overdue"
COMPLIANT, UNLIMITED = "within policy", "no limit set"
# Kinds of invoices by how they stood to the policy when they were issued; the first three are exceptions to it.
KINDS = (BOTH, OVER_LIMIT, OVERDUE, COMPLIANT, UNLIMITED)
EXCEPTIONS = KINDS[:3]
# Severe delinquency begins at 91 days past due (IFRS 9 B5.5.37 presumes default after 90).
SEVERE_DAYS = 91
_MONEY = ["amount", "paid", "credited", "written_off", "still_open", "overdue"]


def issued_against_policy(snapshot: Snapshot, *, months: int = 12) -> pd.DataFrame:
    """Invoices of the last months by their standing when they were issued, and their fate by the as-of date.

    An invoice is *over limit* where the customer's exposure at the end of the day of issue, it included, was above the
    limit that held on that day, and *overdue* where an older invoice of the customer was then
    ``policy.credit_hold_days`` or more past due. One row per kind (:data:`KINDS`) and customer, index of both:
    ``invoices``; in company currency at the rate of the day of issue ``amount``, and by what became of the invoice,
    whole, ``paid``, ``credited``, ``written_off``, ``still_open`` (which add up to it) and ``overdue`` (those of the
    open ones that are past due); and numbers of invoices
    ``matured`` (not credited, 91 days past due or more ago) and ``severe`` (of those: paid 91 or more days late, open
    by then, or written off).
    """
    since = (pd.Timestamp(snapshot.as_of) - pd.DateOffset(months=months)).date()
    items = snapshot.items.filter(snapshot.items["issued_on"] > since)
    items = at_booking_rate(snapshot, items, amount="amount", on="issued_on")
    path = snapshot.con.create_table(ibis.util.gen_name("exposure_days"), exposure_days(snapshot), temp=True)
    state = path.select("exposure", "on_hold", "credit_limit", _who="customer_id", _since="on")
    joined = items.asof_join(state, items["issued_on"] >= state["_since"], items["customer_id"] == state["_who"])
    joined = joined.mutate(kind=_kind(joined), _late=_days_late(joined, snapshot))
    is_open = joined["outcome"] == Outcome.OPEN
    due = (joined["days_past_due"] >= SEVERE_DAYS) & (joined["outcome"] != Outcome.CREDITED)
    severe = due & ((joined["_late"] >= SEVERE_DAYS) | (joined["outcome"] == Outcome.WRITTEN_OFF))
    value = joined["value"]
    counted = joined.group_by("kind", "customer_id").aggregate(
        invoices=joined.count(),
        amount=value.sum(),
        paid=value.sum(where=joined["outcome"] == Outcome.PAID),
        credited=value.sum(where=joined["outcome"] == Outcome.CREDITED),
        written_off=value.sum(where=joined["outcome"] == Outcome.WRITTEN_OFF),
        still_open=value.sum(where=is_open),
        overdue=value.sum(where=is_open & (joined["days_past_due"] > 0).fill_null(False)),
        matured=due.fill_null(False).sum(),
        severe=severe.fill_null(False).sum(),
    )
    frame = counted.execute().sort_values(["kind", "customer_id"]).set_index(["kind", "customer_id"])
    frame[_MONEY] = frame[_MONEY].astype(float).fillna(0.0)
    return frame.astype({"invoices": int, "matured": int, "severe": int})


def exceptions_by_kind(issued: pd.DataFrame, *, group_minimum: int) -> pd.DataFrame:
    """What became of invoices by their standing at issue: rows :data:`KINDS`, those that occurred.

    ``issued`` as :func:`issued_against_policy` gives it. Columns ``invoices``, ``customers``, the amounts,
    ``matured``, ``severe``, ``severe_share`` (severe / matured) with ``low`` and ``high``
    (:func:`severe_share`).
    """
    by_kind = issued.groupby(level="kind")
    table = by_kind[["invoices", *_MONEY, "matured", "severe"]].sum()
    table.insert(1, "customers", by_kind.size())
    shares = {kind: severe_share(issued, [kind], group_minimum=group_minimum) for kind in table.index}
    told = pd.DataFrame.from_dict(shares, orient="index", columns=["severe_share", "low", "high"], dtype=float)
    return table.join(told).reindex([kind for kind in KINDS if kind in table.index]).rename_axis(index="kind")


def severe_share(issued: pd.DataFrame, kinds: Collection[str], *, group_minimum: int) -> tuple[float, float, float]:
    """Severe of matured invoices of some kinds together with its interval over customers: (share, low, high).

    NaN where fewer than ``group_minimum`` customers have a matured invoice of these kinds.
    """
    rows = issued[issued.index.get_level_values("kind").isin(list(kinds))]
    counted = rows.groupby(level="customer_id")[["matured", "severe"]].sum()
    if int((counted["matured"] > 0).sum()) < group_minimum:
        return (math.nan,) * 3
    return share_of_customers(counted["severe"].to_numpy(float), counted["matured"].to_numpy(float))


def _kind(joined: ibis.Table) -> ir.StringValue:
    limit, held = joined["credit_limit"], joined["on_hold"].fill_null(False)
    has_limit = (limit > 0).fill_null(False)
    over = has_limit & (joined["exposure"] > limit).fill_null(False)
    return ibis.cases((over & held, BOTH), (over, OVER_LIMIT), (held, OVERDUE), (has_limit, COMPLIANT), else_=UNLIMITED)


def _days_late(joined: ibis.Table, snapshot: Snapshot) -> ir.IntegerValue:
    """Days past due at settlement, or so far."""
    until = joined["settled_on"].fill_null(ibis.literal(snapshot.as_of))
    return until.delta(joined["due_on"], unit="day")
