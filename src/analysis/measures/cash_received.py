"""Cash as it came: what settled invoices brought, in parts or whole, and what open invoices brought day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.ledger.balances import lowering
from analysis.ledger.contract import EntryKind, Outcome
from analysis.ledger.snapshot import Snapshot

_CASH = (EntryKind.PAYMENT, EntryKind.REVERSAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashShare:
    """How settled invoices turned into money, per unit of what the settling payments settled.

    ``settled`` is the part of it that came as cash (the rest was a discount or a credit on the same day);
    ``in_parts`` is the cash that came in part-payments over the same time, less what bounced; ``credited`` what
    credit notes took off invoices without settling them. Without a history all is cash at once: 1, 0, 0.
    """

    settled: float = 1.0
    in_parts: float = 0.0
    credited: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.settled <= 1 or self.in_parts < 0 or self.credited < 0:
            raise ValueError(
                "settled must lie within 0 and 1, in_parts and credited at or above 0, "
                f"got {self.settled}, {self.in_parts}, {self.credited}"
            )

    @property
    def pace(self) -> float:
        """How much faster balances shrink than invoices are settled: ``1 + in_parts + credited``."""
        return 1.0 + self.in_parts + self.credited

    @property
    def cash(self) -> float:
        """The part of a shrinking balance that is cash: ``(settled + in_parts) / pace``."""
        return (self.settled + self.in_parts) / self.pace


def cash_share(snapshot: Snapshot, *, on: date | None = None, days: int = 365) -> CashShare:
    """Cash, discounts, part-payments and credit notes of the ``days`` up to a day, as the books showed it then.

    A settling booking is one applied on the day on which a spell of its invoice ended by payment; cash of other
    days came in parts, credit notes on days on which nothing was settled lowered invoices that stayed open.
    Amounts of foreign currency stand at the rate of the as-of date. ``on`` is that date where not stated.
    """
    on = on or snapshot.as_of
    entries = lowering(snapshot.entries)
    entries = entries.filter(
        (entries["recorded_on"] <= on)
        & (entries["applied_on"] <= on)
        & (entries["applied_on"] > on - timedelta(days=days))
    )
    ended = snapshot.spells.filter((snapshot.spells["until_on"] <= on) & (snapshot.spells["until_known_on"] <= on))
    ended = ended.select(_id="invoice_id", _on="until_on", _cause="cause").distinct()
    joined = entries.left_join(ended, [entries["invoice_id"] == ended["_id"], entries["applied_on"] == ended["_on"]])
    settles = (joined["_cause"] == Outcome.PAID).fill_null(False)
    kind, amount = joined["kind"], joined["amount"]
    summed = joined.group_by("currency").aggregate(
        owed=_sum(amount, settles),
        settled=_sum(amount, settles & kind.isin(_CASH)),
        in_parts=_sum(amount, ~settles & kind.isin(_CASH)),
        credited=_sum(amount, joined["_cause"].isnull() & (kind == EntryKind.CREDIT_NOTE)),
    )
    frame = summed.execute().sort_values("currency", ignore_index=True)
    owed, settled, in_parts, credited = (
        float(snapshot.value(frame[column], frame["currency"]).sum())
        for column in ("owed", "settled", "in_parts", "credited")
    )
    if not owed > 0:
        return CashShare()
    # an overpaid invoice brings more than it was; what is too much is owed back
    return CashShare(
        settled=min(max(settled / owed, 0.0), 1.0),
        in_parts=max(in_parts / owed, 0.0),
        credited=max(credited / owed, 0.0),
    )


def received(snapshot: Snapshot, items: pd.DataFrame, *, on: date, days: int = 91) -> pd.Series:
    """Cash that the invoices open on a past day brought on each of the days after it, in company currency.

    ``items`` has the columns ``invoice_id`` and ``currency``. Payments less reversals; discounts are no cash. Foreign
    currency stands at the rate of ``on``, as the balances of that day do. Cash that was booked back to a day before
    ``on`` but recorded after it was news on day 1. Index: day 1 to ``days``, cut at the as-of date.
    """
    known = ibis.memtable(pd.DataFrame({"_open": items["invoice_id"].astype(str).unique()}))
    entries = snapshot.entries
    entries = entries.filter(entries["applied_on"].notnull() & entries["kind"].isin(_CASH))
    later = (entries["applied_on"] > on) | (entries["recorded_on"] > on)
    entries = entries.filter(later).semi_join(known, entries["invoice_id"] == known["_open"])
    day = ibis.greatest(entries["applied_on"].delta(ibis.literal(on), unit="day"), 1)
    summed = entries.group_by("currency", day=day).aggregate(amount=entries["amount"].sum())
    frame = summed.execute().sort_values(["day", "currency"], ignore_index=True)
    rates = {currency: snapshot.rate_on(currency, on) for currency in frame["currency"].unique()}
    value = frame["amount"].astype(float) * frame["currency"].map(rates).astype(float)
    seen = min(days, (snapshot.as_of - on).days)
    return value.groupby(frame["day"]).sum().reindex(pd.RangeIndex(1, seen + 1, name="day"), fill_value=0.0)


def cash_by_week(snapshot: Snapshot, *, weeks: int = 13) -> pd.Series[float]:
    """All cash from customers in each of the last weeks up to the as-of date, by day of booking, in company currency.

    Payments less reversals, also those that name no invoice, at the rate of the as-of date. Index: last days of the
    weeks, oldest first, from the first whole week of the books on.
    """
    last = pd.Timestamp(snapshot.as_of)
    entries = snapshot.entries.filter(snapshot.entries["kind"].isin(_CASH))
    first_on = entries["booked_on"].min().execute()
    back = ibis.literal(snapshot.as_of).delta(entries["booked_on"], unit="day")
    entries = entries.mutate(back=back // 7)
    entries = entries.filter((entries["back"] >= 0) & (entries["back"] < weeks))
    summed = entries.group_by("back", "currency").aggregate(amount=entries["amount"].sum())
    frame = summed.execute().sort_values(["back", "currency"], ignore_index=True)
    value = snapshot.value(frame["amount"], frame["currency"]).groupby(frame["back"].astype(int)).sum()
    whole = 0 if pd.isna(first_on) else min(weeks, ((last - pd.Timestamp(first_on)).days + 1) // 7)
    found = value.reindex(range(whole), fill_value=0.0).iloc[::-1]
    return found.set_axis(pd.DatetimeIndex([last - pd.Timedelta(weeks=int(week)) for week in found.index]))


def _sum(amount: ir.DecimalColumn, where: ir.BooleanValue) -> ir.DecimalScalar:
    return amount.sum(where=where).fill_null(0)
