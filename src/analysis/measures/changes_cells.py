"""The books on a date as sales and what is still open of them: the ground on which changes are explained.

A sale stands in a cell: how many months ago it was invoiced, to what kind of customer, in what currency, on what
terms, and how many weeks past its due date it is. Weeks hold each day of the week once and are counted to the last
day on which anybody pays, so that months of different length, or ending on a weekend, do not look like other customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import LedgerMonths
from analysis.measures.outcomes import segment_dimension
from analysis.measures.positions import end_of, month_number

# Last day of each class of terms; the usual 7, 14, 30, 45, 60 and 90 days stand inside one each, also where a due date
# moves on to the next business day. Whatever is longer is the last class but one, no due date the last.
TERMS_UP_TO = (10, 18, 35, 50, 70, 100)
NO_TERMS = len(TERMS_UP_TO) + 1
# Half a year before the due date and a year after it a week more makes no difference to how much is open.
FIRST_WEEK, LAST_WEEK = -26, 52
# Up to half a year past due, customers are looked at one by one, open or not; later only where something is open.
FOLLOWED_WEEKS = 26
# Invoices without a due date are followed by months since issue, counted from here.
UNDATED = 100
_UNDATED_MONTHS = 24
# A customer of this share of the sales is a kind of its own, because one such can move the whole book; at most twenty.
LARGE_SHARE = 0.05
_SALES_MONTHS = 24

# A weekday with less than a hundredth of the payments is closed; among few payments none is told to be.
_CLOSED_SHARE, _FEWEST_PAYMENTS = 0.01, 100

CELL = ["month", "group", "currency", "terms", "week", "overdue"]
_WEEK = ["group", "currency", "week"]
_AMOUNTS = ["sales", "clean", "disputed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """The books at one month end, in document currency.

    - ``cells``: one row per :data:`CELL` with ``sales`` (invoiced), ``clean`` and ``disputed`` (what is open of them,
      out of dispute and in it; overpaid invoices are not in it);
    - ``customers``: the same by ``customer_id`` as well; of sales over half a year past due only those cells of which
      something was open at any of the month ends;
    - ``on_account``: credit balances and cash on account by currency;
    - ``rates``: into company currency on the day, by currency; ``sale_rates``: at the end of each month of sale, by
      ``month`` and ``currency``;
    - ``days``: of each month, newest first.
    """

    on: pd.Timestamp
    cells: pd.DataFrame
    customers: pd.DataFrame
    on_account: pd.Series
    rates: pd.Series
    sale_rates: pd.Series
    days: pd.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kinds:
    """The dimension by which customers are told apart (None: by none), and customers who stand alone."""

    dimension: str | None
    large: tuple[str, ...]


def standings(months: LedgerMonths, ends: Sequence[pd.Timestamp]) -> list[Standing]:
    """The books at month ends, each as of its day and as known today, from one table of the engine.

    ``months`` is read without dimensions, else ValueError; ``ends`` are among its month ends.
    """
    if months.by:
        raise ValueError(f"standings need months without dimensions, got {months.by}")
    rows = _rows(months.snapshot, ends)
    cells = _counted(rows, ["point", *CELL])
    late = cells[(cells["week"] > FOLLOWED_WEEKS) & (cells["clean"] > 0)]
    late = ibis.memtable(late[_WEEK].drop_duplicates().astype({"group": "string", "currency": "string"}))
    recent, older = rows["week"] <= FOLLOWED_WEEKS, rows["week"] > FOLLOWED_WEEKS
    followed = ibis.union(rows.filter(recent), rows.filter(older).semi_join(late, _WEEK))
    customers = _counted(followed, ["point", "customer_id", *CELL])
    points = [_point(end) for end in ends]
    return [
        _standing(months, end, cells[cells["point"] == point], customers[customers["point"] == point])
        for end, point in zip(ends, points, strict=True)
    ]


def _point(end: pd.Timestamp) -> int:
    """The number of a month, as :func:`analysis.measures.positions.month_number` counts them."""
    return end.year * 12 + end.month - 1


def _standing(months: LedgerMonths, end: pd.Timestamp, cells: pd.DataFrame, customers: pd.DataFrame) -> Standing:
    snapshot, owed, account = months.snapshot, months.positions, months.unapplied
    credits = owed[owed["is_credit"] & (owed["month_end"] == end)].groupby("currency")["balance"].sum()
    cash = account[account["month_end"] == end].groupby("currency")["balance"].sum()
    on_account = cash.astype(float).sub(credits.astype(float), fill_value=0.0)
    currencies = sorted({*cells["currency"], *on_account.index})
    reach = int(cells["month"].max()) + 1 if len(cells) else 1
    ends = [end_of(_point(end) - back, as_of=snapshot.as_of) for back in range(reach)]
    sale_rates = {(back, c): snapshot.rate_on(c, on.date()) for back, on in enumerate(ends) for c in currencies}
    return Standing(
        on=end,
        cells=cells.drop(columns="point").reset_index(drop=True),
        customers=customers.drop(columns="point").reset_index(drop=True),
        on_account=on_account,
        rates=pd.Series({c: snapshot.rate_on(c, end.date()) for c in currencies}, dtype=float),
        sale_rates=pd.Series(sale_rates, dtype=float),
        days=pd.Series([on.day for on in ends], dtype=float),
    )


def _rows(snapshot: Snapshot, ends: Sequence[pd.Timestamp]) -> ibis.Table:
    """Sales and open balances of each month end as rows of one shape, one per invoice."""
    points = ibis.memtable(
        pd.DataFrame(
            {
                "point": [_point(end) for end in ends],
                "point_on": [end.date() for end in ends],
                "paid_until": [end.date() for end in _last_open_days(snapshot, ends)],
            }
        )
    )
    kinds = _kinds(snapshot)
    sold = snapshot.items.cross_join(points).filter(lambda t: t["issued_on"] <= t["point_on"])
    stretches = snapshot.balances.filter(snapshot.balances["balance"] > 0).cross_join(points)
    lasts = stretches["until_on"].isnull() | (stretches["until_on"] > stretches["point_on"])
    owed = stretches.filter((stretches["from_on"] <= stretches["point_on"]) & lasts)
    disputes = snapshot.disputes.cross_join(points)
    unsettled = disputes["closed_on"].isnull() | (disputes["closed_on"] > disputes["point_on"])
    disputes = disputes.filter((disputes["opened_on"] <= disputes["point_on"]) & unsettled)
    disputes = disputes.select(_id="invoice_id", _point="point").distinct()
    owed = owed.left_join(disputes, [owed["invoice_id"] == disputes["_id"], owed["point"] == disputes["_point"]])
    nothing = ibis.literal(0).cast(owed["balance"].type())
    in_dispute = owed["_id"].notnull()
    return ibis.union(
        _placed(sold, kinds, sales=sold["amount"], clean=nothing, disputed=nothing),
        _placed(
            owed,
            kinds,
            sales=nothing,
            clean=ibis.ifelse(in_dispute, nothing, owed["balance"]),
            disputed=ibis.ifelse(in_dispute, owed["balance"], nothing),
        ),
    )


def _placed(rows: ibis.Table, kinds: _Kinds, **amounts: ir.DecimalValue) -> ibis.Table:
    """Rows with the cell in which they stand on their point."""
    terms = rows["due_on"].delta(rows["issued_on"], unit="day")
    past_due = rows["paid_until"].delta(rows["due_on"], unit="day")
    month = rows["point"] - month_number(rows["issued_on"])
    # Days 1 to 7 past due are week 1. The shift keeps the division away from negative numbers, on which engines differ.
    week = (ibis.greatest(past_due, 7 * FIRST_WEEK) + 6 - 7 * FIRST_WEEK) // 7 + FIRST_WEEK
    classes = [(terms.isnull(), NO_TERMS), *[(terms <= last, at) for at, last in enumerate(TERMS_UP_TO)]]
    kind = rows[kinds.dimension] if kinds.dimension is not None else ibis.literal(NOT_STATED)
    return rows.select(
        "point",
        "customer_id",
        "currency",
        month=month.cast("int64"),
        group=ibis.ifelse(rows["customer_id"].isin(kinds.large), "customer " + rows["customer_id"], "kind " + kind),
        terms=ibis.cases(*classes, else_=NO_TERMS - 1).cast("int64"),
        week=ibis.ifelse(
            rows["due_on"].isnull(), UNDATED + ibis.least(month, _UNDATED_MONTHS), ibis.least(week, LAST_WEEK)
        ).cast("int64"),
        overdue=(rows["due_on"] < rows["point_on"]).fill_null(False),
        **amounts,
    )


def _last_open_days(snapshot: Snapshot, ends: Sequence[pd.Timestamp]) -> list[pd.Timestamp]:
    """For each month end the last day up to it on whose weekday payments are booked at all."""
    paid = snapshot.entries.filter(snapshot.entries["kind"] == EntryKind.PAYMENT)
    weekday = paid["booked_on"].day_of_week.index()
    counted = paid.group_by(weekday=weekday).aggregate(payments=paid.count()).execute().set_index("weekday")["payments"]
    shares = counted.reindex(range(7)).fillna(0) / max(int(counted.sum()), 1)
    opens = shares.index[shares >= _CLOSED_SHARE] if counted.sum() >= _FEWEST_PAYMENTS else shares.index
    backs = [next(back for back in range(7) if (end.dayofweek - back) % 7 in opens) for end in ends]
    return [end - pd.Timedelta(days=back) for end, back in zip(ends, backs, strict=True)]


def _kinds(snapshot: Snapshot) -> _Kinds:
    """By what customers are told apart, and who makes up so much of two years' sales that he stands alone."""
    items = snapshot.items
    months_ago = snapshot.as_of.year * 12 + snapshot.as_of.month - 1 - month_number(items["issued_on"])
    recent = items.filter(months_ago < _SALES_MONTHS)
    sold = recent.group_by("customer_id", "currency").aggregate(sales=recent["amount"].sum()).execute()
    value = snapshot.value(sold["sales"], sold["currency"]).groupby(sold["customer_id"]).sum()
    large = value.index[value >= LARGE_SHARE * value.sum()]
    return _Kinds(dimension=segment_dimension(snapshot), large=tuple(sorted(large)))


def _counted(rows: ibis.Table, by: Sequence[str]) -> pd.DataFrame:
    """Sums of the amounts by some columns, in a fixed order."""
    frame = rows.group_by(by).aggregate(**{name: rows[name].sum() for name in _AMOUNTS}).execute()
    return frame.astype(dict.fromkeys(_AMOUNTS, float)).sort_values(list(by), ignore_index=True)
