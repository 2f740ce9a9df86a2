"""How long settled invoices took, and how many left the book on each day: the counts that curves are made of."""

from __future__ import annotations

from datetime import date
from typing import get_args

import ibis
import pandas as pd

from analysis.ledger.balances import CAUSES
from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import Clock
from analysis.measures.positions import end_of, month_end_rates, month_ends, month_number

_MONEY = ["amount", "amount_days", "amount_dated", "amount_days_late"]


def payment_days(snapshot: Snapshot, *, months: int = 12) -> pd.DataFrame:
    """Sums for weighted days to pay and days late of invoices paid in each of the last months.

    Index ``month_end``; columns ``invoices``, ``amount``, ``amount_days`` (since issue), ``amount_dated`` (of
    invoices with a due date) and ``amount_days_late`` (of those; early counted negative), in company currency
    at the rate of the month end. ``amount_days / amount`` is the weighted days to pay,
    ``amount_days_late / amount_dated`` the average days late. An invoice counts with its whole amount in the
    month that settled it. Only settled invoices are in it, so a figure made of them is too low where many
    are still open; the curves are not.
    """
    items = snapshot.items.filter(snapshot.items["outcome"] == Outcome.PAID)
    late, amount = items["settled_on"].delta(items["due_on"], unit="day"), items["amount"]
    keyed = items.mutate(
        point=month_number(items["settled_on"]),
        amount_days=amount * items["days"],
        amount_dated=ibis.ifelse(items["due_on"].notnull(), amount, 0),
        amount_days_late=(amount * late).fill_null(0),
    )
    counted = keyed.group_by("point", "currency").aggregate(
        invoices=keyed.count(), **{column: keyed[column].sum() for column in _MONEY}
    )
    frame = counted.execute().sort_values(["point", "currency"], ignore_index=True)
    ends = {point: end_of(int(point), as_of=snapshot.as_of) for point in frame["point"].unique()}
    frame["month_end"] = pd.to_datetime(frame["point"].map(ends))
    frame[_MONEY] = frame[_MONEY].astype(float).mul(month_end_rates(frame, snapshot), axis=0)
    summed = frame.groupby("month_end")[["invoices", *_MONEY]].sum()
    return summed.reindex(month_ends(snapshot.as_of, months)).fillna(0.0).astype({"invoices": int})


def observed_since(snapshot: Snapshot) -> date | None:
    """Day with whose open items the books begin, as the company states it; None where it does not, or it is to come."""
    stated = snapshot.company.company.observed_from
    return stated if stated is not None and stated < snapshot.as_of else None


def settlement_counts(
    snapshot: Snapshot,
    *,
    by: str | None = None,
    by_month: bool = False,
    issued_from: date | None = None,
    observed_from: date | None = None,
    clock: Clock = "issue",
) -> pd.DataFrame:
    """Invoices by the day on which they left the book, as counts for curves.

    Columns ``day``, ``events`` (all that left), ``censored`` (open on the as-of date), and the events by cause
    ``paid``, ``credited``, ``written_off``; with ``by`` a first column ``group``, with ``by_month`` the end of
    the month of issue as ``issue_month`` (the as-of date for its month). One that was credited or
    written off has left as one that was paid has, so a curve of ``events`` says "still open".

    ``clock`` ``issue`` counts days since the invoice date, over all invoices. ``due`` counts days since the due
    date, over those that were still open at its end: how long it takes once it is late. ``issued_from``
    leaves older invoices out.

    ``observed_from`` is for books that begin with what was open at the end of a date and hold nothing that was
    settled by then; where it is not stated, it is the company's (:func:`observed_since`). An older invoice enters at
    its age on that date, counted in a last column ``entered``, and whatever was settled by it is left out. Taken as
    seen from their start, such invoices are the slow ones of their time alone.
    """
    if clock not in get_args(Clock):
        raise ValueError(f"clock must be one of {', '.join(get_args(Clock))}, got {clock!r}")
    if observed_from is not None and observed_from >= snapshot.as_of:
        raise ValueError(f"observed_from must be before the as-of date {snapshot.as_of}, got {observed_from}")
    observed_from = observed_from or observed_since(snapshot)
    items = snapshot.items
    if issued_from is not None:
        items = items.filter(items["issued_on"] >= ibis.literal(issued_from))
    if observed_from is not None:
        items = items.filter(items["settled_on"].isnull() | (items["settled_on"] > ibis.literal(observed_from)))
    day = items["days"]
    if clock == "due":
        until = items["settled_on"].fill_null(ibis.literal(snapshot.as_of))
        day = until.delta(items["due_on"], unit="day")
        # paid on the due date is not late; open on it is, from tomorrow on
        reached = ibis.ifelse(items["outcome"] == Outcome.OPEN, day >= 0, day > 0)
        items = items.mutate(_day=day).filter(reached.fill_null(False))
        day = items["_day"]
    group = items[by] if by else ibis.literal("all")
    keyed = items.mutate(group=group, point=month_number(items["issued_on"]), day=day)
    is_open = keyed["outcome"] == Outcome.OPEN
    keys = ["group", *(["point"] if by_month else []), "day"]
    counted = keyed.group_by(keys).aggregate(
        events=(~is_open).sum(),
        censored=is_open.sum(),
        **{str(outcome): (keyed["outcome"] == outcome).sum() for outcome in CAUSES.values()},
    )
    frame = counted.execute().sort_values(keys, ignore_index=True)
    if observed_from is not None:
        began = keyed["issued_on"] if clock == "issue" else keyed["due_on"]
        frame = _with_entries(frame, keyed.mutate(day=ibis.literal(observed_from).delta(began, unit="day")), keys)
    if by_month:
        ends = {point: end_of(int(point), as_of=snapshot.as_of) for point in frame["point"].unique()}
        frame.insert(1, "issue_month", pd.to_datetime(frame.pop("point").map(ends)))
    return frame if by else frame.drop(columns="group")


def _with_entries(frame: pd.DataFrame, keyed: ibis.Table, keys: list[str]) -> pd.DataFrame:
    """The counts with one more column: the invoices that came under observation at the age ``day`` of ``keyed``."""
    late = keyed.filter(keyed["day"] > 0)
    entered = late.group_by(keys).aggregate(entered=late.count()).execute()
    joined = frame.merge(entered, on=keys, how="outer").sort_values(keys, ignore_index=True)
    numbers = [str(column) for column in joined if column not in keys]
    joined[numbers] = joined[numbers].fillna(0).astype("int64")
    return joined
