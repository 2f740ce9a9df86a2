"""What became of the open book of each month end: the counts that loss rates are made of.

Invoices are followed as amounts, so that a payment in part leaves only its rest at risk of being lost, and a credit
note is an end like a payment and no loss. All days are those on which the books *showed* a booking, so the counts that
a month end knew need nothing that was recorded later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import EntryKind
from analysis.ledger.reading import MONEY
from analysis.measures.history import History
from analysis.measures.positions import bucketed, due_buckets, month_ends
from analysis.models.amounts_owed import first_mark, known_on, owed_steps, standing_invoices

# Months for which the open book of a month end is followed; what is open then is not to be counted on.
LAST_LAG = 24
# Month ends that are looked back on: five years hold a cycle of trade, and more would say little about today.
_MOST_MARKS = 61
# What is a year late is another matter than what is some months late, wherever the policy's buckets end.
_YEAR_LATE = 365
_WRITTEN_OFF, _NONE = "written_off", "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossHistory:
    """Open books of ``marks`` by age, and what became of them, as each of the marks knew it.

    ``marks`` are month ends up to the as-of date, which is the last; ``place`` is a position in them, and for a
    booking that of the first mark that knew it. Amounts are whole thousandths of the document currency.

    - ``stock``: ``place``, ``segment``, ``currency``, ``bucket``, ``balance`` open on the mark;
    - ``ends``: the same keys and ``lag`` (places after the mark, at most :data:`LAST_LAG`): what of that balance had
      ``left`` by then since the mark before (payments that bounced taken off), and what of it was ``lost``;
    - ``rolls``: ``place``, ``segment``, ``currency``, ``bucket`` on the mark, ``to`` (bucket on the next mark, or
      ``written_off`` or ``ended``), ``amount``;
    - ``losers``: ``segment``, ``bucket``, ``customer_id``, ``place``: the first mark that knew of a write-off of the
      customer at that age;
    - ``given_up``: ``customer_id``, ``currency``, ``place`` of the write-off, ``lag`` (places until the recovery; -1
      for the write-off itself), ``amount``;
    - ``booked``: ``place``, ``currency``, ``kind``, ``amount`` of all write-offs and recoveries.
    """

    history: History
    marks: tuple[date, ...]
    buckets: tuple[str, ...]
    stock: pd.DataFrame
    ends: pd.DataFrame
    rolls: pd.DataFrame
    losers: pd.DataFrame
    given_up: pd.DataFrame
    booked: pd.DataFrame
    steps: ibis.Table

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments of the invoices, in order."""
        return tuple(sorted(set(self.stock["segment"])))

    def place_of(self, on: date) -> int | None:
        """Place of a mark; None for a day that is none."""
        return self.marks.index(on) if on in self.marks else None

    def value(self, amounts: pd.Series, currencies: pd.Series, *, place: int) -> NDArray[np.float64]:
        """Amounts in company currency at the rates of a mark."""
        code, names = pd.factorize(currencies)
        rates = [self.history.snapshot.rate_on(str(name), self.marks[place]) for name in names]
        return amounts.to_numpy(dtype=float) * np.array([*rates, 0.0])[code] / 1000


def loss_history(history: History) -> LossHistory:
    """Read what became of all amounts, in a few passes over the ledger whose results do not grow with it."""
    marks = _marks(history)
    con, edges = history.snapshot.con, _edges(history)
    names = due_buckets(edges[1:])[:-1]
    steps = con.create_table(ibis.util.gen_name("amounts"), owed_steps(history, marks), temp=True)
    standing = con.create_table(
        ibis.util.gen_name("standing"), standing_invoices(steps, marks, names, edges), temp=True
    )
    keys = ["place", "segment", "currency", "bucket"]
    lost = steps.filter(steps[_WRITTEN_OFF] > 0)
    lost = lost.mutate(bucket=bucketed(lost["known"] - lost["due"], names, edges))
    losers = lost.group_by("segment", "bucket", "customer_id").aggregate(place=lost["place"].min())
    return LossHistory(
        history=history,
        marks=marks,
        buckets=tuple(names),
        stock=_counted(standing, keys, ["balance"]),
        ends=_counted(_ends(standing, steps), [*keys, "lag"], ["left", "lost"]),
        rolls=_rolls(standing, lost, whole_months=_whole_months(marks)),
        losers=_in_order(losers.execute(), ["segment", "bucket", "customer_id"]),
        given_up=_given_up(history, lost, marks),
        booked=_booked(history, marks),
        steps=steps,
    )


def standing_on(found: LossHistory, *, lost_within: Sequence[int]) -> ibis.Table:
    """What stood open on each mark by invoice, and what of it the books showed as written off so many days later.

    Columns ``invoice_id``, ``customer_id``, ``segment``, ``currency``, ``place``, ``bucket``, ``balance`` and
    ``lost_<days>`` for each of ``lost_within``.
    """
    standing = standing_invoices(found.steps, found.marks, found.buckets, _edges(found.history))
    lost = found.steps.filter(found.steps[_WRITTEN_OFF] > 0)
    lost = lost.select(_id="invoice_id", _known="known", _lost=_WRITTEN_OFF)
    which = standing.select("invoice_id", "place", "mark")
    pairs = which.inner_join(lost, [which["invoice_id"] == lost["_id"], lost["_known"] > which["mark"]])
    after = pairs["_known"] - pairs["mark"]
    sums = {f"_{days}": pairs["_lost"].sum(where=after <= days) for days in lost_within}
    of_row = pairs.group_by(_of="invoice_id", _at="place").aggregate(**sums)
    joined = standing.left_join(of_row, [standing["invoice_id"] == of_row["_of"], standing["place"] == of_row["_at"]])
    of_mark = {
        f"lost_{days}": ibis.least(joined[f"_{days}"].fill_null(0).cast(MONEY), joined["balance"])
        for days in lost_within
    }
    return joined.select(*("invoice_id", "customer_id", "segment", "currency", "place", "bucket", "balance"), **of_mark)


def _marks(history: History) -> tuple[date, ...]:
    """The as-of date and the month ends before it back to the first invoice that the books showed."""
    first, last = history.first() or history.last, history.last
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    return tuple(end.date() for end in month_ends(last, min(max(months, 1), _MOST_MARKS)))


def _edges(history: History) -> tuple[int, ...]:
    """Last day of each bucket but the last: those of the policy, and a year."""
    edges = history.snapshot.company.policy.ageing_days
    return (0, *edges, *([_YEAR_LATE] if edges[-1] < _YEAR_LATE else []))


def _whole_months(marks: Sequence[date]) -> int:
    """Marks that are ends of months; the as-of date may cut its month short."""
    return len(marks) if pd.Timestamp(marks[-1]).is_month_end else len(marks) - 1


def _ends(standing: ibis.Table, steps: ibis.Table) -> ibis.Table:
    """What left each open book later, by the number of marks after it."""
    later = steps.select(
        _id="invoice_id", _at="place", _left=(steps["left"] - steps["entered"]).cast(MONEY), _lost=_WRITTEN_OFF
    )
    after = later["_at"] - standing["place"]
    joined = standing.inner_join(
        later, [standing["invoice_id"] == later["_id"], later["_at"] > standing["place"], after <= LAST_LAG]
    )
    lag = (joined["_at"] - joined["place"]).cast("int64")
    return joined.select("place", "segment", "currency", "bucket", lag=lag, left="_left", lost="_lost")


def _rolls(standing: ibis.Table, lost: ibis.Table, *, whole_months: int) -> pd.DataFrame:
    """Where the amounts of each bucket stood a month later."""
    ahead = standing.select(_id="invoice_id", _before=standing["place"] - 1, _then="bucket", _left=standing["balance"])
    given_up = lost.group_by(_gone="invoice_id", _at=lost["place"] - 1).aggregate(_lost=lost[_WRITTEN_OFF].sum())
    from_here = standing.filter(standing["place"] + 1 < whole_months)
    joined = from_here.left_join(
        ahead, [from_here["invoice_id"] == ahead["_id"], from_here["place"] == ahead["_before"]]
    )
    joined = joined.left_join(given_up, [joined["invoice_id"] == given_up["_gone"], joined["place"] == given_up["_at"]])
    balance = joined["balance"]
    # what bounced since raises the balance beyond what it was; only what stood here can roll
    stays = ibis.least(joined["_left"].fill_null(0).cast(MONEY), balance)
    gone = ibis.least(joined["_lost"].fill_null(0).cast(MONEY), (balance - stays).cast(MONEY))
    keys = ["place", "segment", "currency", "bucket"]
    rows = joined.select(*keys, _then=joined["_then"].fill_null(_NONE), stays=stays, gone=gone, balance=balance)
    counted = _counted(rows, [*keys, "_then"], ["balance", "stays", "gone"])
    parts = [
        counted.assign(to=counted["_then"], amount=counted["stays"])[counted["_then"] != _NONE],
        counted.assign(to=_WRITTEN_OFF, amount=counted["gone"]),
        counted.assign(to="ended", amount=counted["balance"] - counted["stays"] - counted["gone"]),
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.groupby([*keys, "to"], as_index=False)[["amount"]].sum()


def _given_up(history: History, lost: ibis.Table, marks: Sequence[date]) -> pd.DataFrame:
    """Write-offs by the mark that knew them first, and what came back on them so many marks later.

    A recovery that names no invoice, or one that was never written off, is in ``booked`` only.
    """
    per_invoice = lost.group_by("invoice_id", "customer_id", "currency").aggregate(
        place=lost["place"].min(), amount=lost[_WRITTEN_OFF].sum()
    )
    entries = history.snapshot.entries
    back = entries.filter((entries["kind"] == EntryKind.RECOVERY) & entries["invoice_id"].notnull())
    back = back.select(
        _id="invoice_id", _at=first_mark(known_on(history, back, day="booked_on"), marks), _back="amount"
    )
    pairs = per_invoice.inner_join(back, [per_invoice["invoice_id"] == back["_id"]])
    lag = ibis.greatest(pairs["_at"] - pairs["place"], 0).cast("int64")
    keys = ["customer_id", "currency", "place", "lag"]
    came = pairs.select("customer_id", "currency", "place", lag=lag, amount=pairs["_back"])
    gone = per_invoice.select("customer_id", "currency", "place", lag=ibis.literal(-1, "int64"), amount="amount")
    frames = [_counted(rows, keys, ["amount"]) for rows in (gone, came)]
    return pd.concat(frames, ignore_index=True)


def _booked(history: History, marks: Sequence[date]) -> pd.DataFrame:
    entries = history.snapshot.entries
    kept = entries.filter(entries["kind"].isin((EntryKind.WRITE_OFF, EntryKind.RECOVERY)))
    kept = kept.mutate(place=first_mark(known_on(history, kept, day="booked_on"), marks))
    return _counted(kept, ["place", "currency", "kind"], ["amount"])


def _counted(rows: ibis.Table, keys: Sequence[str], sums: Sequence[str]) -> pd.DataFrame:
    """Sums by keys in whole thousandths, exact, and in a fixed order."""
    counted = rows.group_by(list(keys)).aggregate(**{name: (rows[name].sum() * 1000).cast("int64") for name in sums})
    return _in_order(counted.execute(), keys)


def _in_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.sort_values(list(keys), ignore_index=True)
