"""How long settled invoices took, and how many left the book on each day: the counts that curves are made of."""

from __future__ import annotations

import ibis
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.positions import end_of, month_number


def payment_days(snapshot: Snapshot, *, months: int = 12) -> pd.DataFrame:
    """Sums for weighted days to pay and days late of invoices paid in each month, in document currency.

    Index ``month_end``; columns ``invoices``, ``amount``, ``amount_days`` (since issue) and
    ``amount_days_late`` (early counted negative), summed exactly in the engine. Only settled invoices are
    in it, so a figure made of them is too low where many are still open; the curves are not.
    """

    items = snapshot.items.filter((snapshot.items["outcome"] == Outcome.PAID) & snapshot.items["due_on"].notnull())
    late = items["settled_on"].delta(items["due_on"], unit="day")
    keyed = items.mutate(point=month_number(items["settled_on"]), late=late)
    counted = keyed.group_by("point", "currency").aggregate(
        invoices=keyed.count(),
        amount=keyed["amount"].sum(),
        amount_days=(keyed["amount"] * keyed["days"]).sum(),
        amount_days_late=(keyed["amount"] * keyed["late"]).sum(),
    )
    frame = counted.execute()
    frame["month_end"] = pd.to_datetime([end_of(int(p), as_of=snapshot.as_of) for p in frame["point"]])
    rates = {c: snapshot.rate_on(c, snapshot.as_of) for c in frame["currency"].unique()}
    for column in ("amount", "amount_days", "amount_days_late"):
        frame[column] = frame[column].astype(float) * frame["currency"].map(rates).astype(float)
    summed = frame.groupby("month_end")[["invoices", "amount", "amount_days", "amount_days_late"]].sum()
    return summed.sort_index().tail(months)


def settlement_counts(
    snapshot: Snapshot, *, by: str | None = None, issued_from: str | None = None, clock: str = "issue"
) -> pd.DataFrame:
    """Invoices by day on which they left the book, as counts for curves: ``day``, ``events``, ``censored``.

    An invoice that is still open is censored on the as-of date; one that was credited or written off has
    left as one that was paid has, so the curve says "still open". With ``by`` there is a column ``group``.
    ``clock`` counts days since ``issue``; ``issued_from`` (ISO date) leaves older invoices out.
    """
    items = snapshot.items
    if issued_from is not None:
        items = items.filter(items["issued_on"] >= ibis.date(issued_from))
    keyed = items.mutate(group=items[by] if by else ibis.literal("all"), left=items["outcome"] != Outcome.OPEN)
    counted = keyed.group_by("group", day="days").aggregate(events=keyed["left"].sum(), censored=(~keyed["left"]).sum())
    frame = counted.execute().sort_values(["group", "day"], ignore_index=True)
    return frame if by else frame.drop(columns="group")
