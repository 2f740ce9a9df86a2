"""Balances of invoices through time, and how and when each left the book."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind, Outcome
from analysis.ledger.dimensions import DIMENSIONS
from analysis.ledger.reading import MONEY

_CASH = (EntryKind.PAYMENT, EntryKind.DISCOUNT, EntryKind.REVERSAL)
CAUSES = {"cash": Outcome.PAID, "credited": Outcome.CREDITED, "written_off": Outcome.WRITTEN_OFF}


def lowering(parts: ibis.Table) -> ibis.Table:
    """Parts of entries that lower (or, negative, raise) an invoice; a recovery comes after the write-off did."""
    return parts.filter(parts["applied_on"].notnull() & (parts["kind"] != EntryKind.RECOVERY))


def sums_by_cause(lowers: ibis.Table) -> dict[str, ir.DecimalScalar]:
    """Sums of the amounts by what lowered the balance: the keys of :data:`CAUSES`."""
    kind, amount = lowers["kind"], lowers["amount"]
    kinds = {"cash": _CASH, "credited": (EntryKind.CREDIT_NOTE,), "written_off": (EntryKind.WRITE_OFF,)}
    return {cause: amount.sum(where=kind.isin(of_cause)).fill_null(0) for cause, of_cause in kinds.items()}


def settling_cause(running: ibis.Table) -> ir.StringColumn:
    """What settled an invoice on a day: the largest of what lowered it, cash before credit notes before write-offs."""
    cash, credited, written_off = running["cash"], running["credited"], running["written_off"]
    return ibis.cases(
        ((cash >= credited) & (cash >= written_off), Outcome.PAID.value),
        (credited >= written_off, Outcome.CREDITED.value),
        else_=Outcome.WRITTEN_OFF.value,
    )


def running_balances(invoices: ibis.Table, parts: ibis.Table) -> ibis.Table:
    """One row per invoice and day on which its balance changed: by how much, by what cause, and to what.

    Columns ``invoice_id``, ``applied_on``, ``until_on`` (the next such day, null after the last), ``cash``
    (payments and discounts less reversals), ``credited``, ``written_off``, ``recorded_on`` (the latest of the
    day's bookings), ``balance`` (after the day).
    All bookings of a day count at once, so their order within it is irrelevant.
    """
    lowers = lowering(parts)
    daily = lowers.group_by("invoice_id", "applied_on").aggregate(
        lowered=lowers["amount"].sum(), recorded_on=lowers["recorded_on"].max(), **sums_by_cause(lowers)
    )
    gross = invoices.select("amount", _id="invoice_id")
    daily = daily.inner_join(gross, daily["invoice_id"] == gross["_id"]).drop("_id")
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="applied_on")
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    after = (daily["amount"] - daily["lowered"].sum().over(so_far)).cast(MONEY)
    return daily.mutate(balance=after, until_on=daily["applied_on"].lead().over(in_order)).drop("amount", "lowered")


def invoice_items(invoices: ibis.Table, running: ibis.Table, company: Company, *, on: date) -> ibis.Table:
    """One row per invoice: what is open on the day, and when and by what cause it was settled.

    Settled is an invoice whose balance is at or below the policy's tolerance because of bookings; it was so
    on the first day from which the balance stayed there. Of the bookings of that day the largest amount is the
    cause: cash before credit notes before write-offs. An invoice that was never booked against is open,
    however small.
    """
    tolerance = ibis.literal(company.policy.settled_tolerance, MONEY)
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    is_open = running["balance"] > tolerance
    was_open = is_open.lag().over(in_order).fill_null(True)
    steps = running.mutate(_settles=~is_open & was_open, _cause=settling_cause(running))
    ends = steps.group_by("invoice_id").aggregate(
        open_balance=steps["balance"].sum(where=steps["until_on"].isnull()),
        **{cause: steps[cause].sum() for cause in CAUSES},
        _settled_on=steps["applied_on"].max(where=steps["_settles"]),
        _cause=steps["_cause"].argmax(steps["applied_on"], where=steps["_settles"]),
    )
    joined = invoices.left_join(ends, "invoice_id").drop("invoice_id_right")
    open_balance = joined["open_balance"].fill_null(joined["amount"]).cast(MONEY)
    settled = joined["_settled_on"].notnull() & (open_balance <= tolerance)
    settled_on = ibis.ifelse(settled, joined["_settled_on"], ibis.null("date"))
    until = settled_on.fill_null(ibis.literal(on))
    return joined.select(
        "invoice_id",
        "customer_id",
        *DIMENSIONS,
        "issued_on",
        "due_on",
        "recorded_on",
        "amount",
        open_balance=open_balance,
        **{cause: joined[cause].fill_null(0).cast(MONEY) for cause in CAUSES},
        settled_on=settled_on,
        outcome=ibis.ifelse(settled, joined["_cause"], Outcome.OPEN.value),
        days=until.delta(joined["issued_on"], unit="day"),
        days_past_due=ibis.literal(on).delta(joined["due_on"], unit="day"),
    )


def balance_stretches(invoices: ibis.Table, running: ibis.Table, company: Company) -> ibis.Table:
    """Stretches of days over which an invoice had one balance other than zero.

    ``is_rest`` says that the balance is no more than the tolerance after bookings: it is still owed, and the
    invoice counts as settled.
    """
    tolerance = ibis.literal(company.policy.settled_tolerance, MONEY)
    firsts = running.group_by("invoice_id").aggregate(_until=running["applied_on"].min())
    start = invoices.left_join(firsts, "invoice_id")
    start = start.select(
        "invoice_id", from_on="issued_on", until_on="_until", balance="amount", is_rest=ibis.literal(False)
    )
    start = start.filter(start["until_on"].isnull() | (start["until_on"] > start["from_on"]))
    later = running.mutate(from_on=running["applied_on"], is_rest=running["balance"] <= tolerance)
    stretches = ibis.union(start, later.filter(later["balance"] != 0).select(start.columns))
    facts = invoices.select("customer_id", *DIMENSIONS, "issued_on", "due_on", _id="invoice_id")
    return stretches.inner_join(facts, stretches["invoice_id"] == facts["_id"]).drop("_id")
