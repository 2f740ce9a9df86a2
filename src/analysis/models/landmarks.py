"""Open invoices as they stood on past days: the rows that the daily hazard is learned from and asked of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, day_number, day_numbers, day_of, marks_table, shown_on
from analysis.measures.known_balances import rates_at
from analysis.models.chasing import chased

# A row is kept where this hash of its invoice and its day, spread evenly over 32 bits, falls below the share wanted:
# the same rows on every engine and in every run, whatever other days are asked for or added later.
_INVOICE_FACTOR, _DAY_FACTOR, _BITS = 2_654_435_761, 1_640_531_527, 2**32
_DAYS_A_PASS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenBook:
    """Invoices that the books showed as open at the end of a day.

    ``items`` has one row per open invoice, in order of ``nth``: ``invoice_id``, ``customer_id``, ``segment``,
    ``entity``, ``currency``, ``channel``, ``mark`` (the day, as all days a number since 1970), ``issued``, ``due``,
    ``rel`` (days since due, negative before), ``age``, ``terms``, ``amount`` and ``balance`` (company currency, at
    the rate of the day), ``weight`` (rows of the book that it stands for), what is dated of disputes and contacts,
    and what became of it as far as the history knows: ``ended``, ``ended_known``, ``cause``. ``together`` holds the
    rows of all days that were read in the same pass, so that others can read what they need of them in one pass too.
    """

    history: History
    items: pd.DataFrame
    together: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def on(self) -> date:
        """The day, where the book is that of one day. ValueError where it is not."""
        marks = self.items["mark"].unique()
        if len(marks) != 1:
            raise ValueError(f"the rows are of {len(marks)} days")
        return day_of(marks[0])

    def outcome(self, known_until: date) -> Outcomes:
        """What became of the rows, as the books showed it at the end of a later day."""
        return outcomes(self.items, known_until=known_until)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What became of open invoices: one value per row, in days after the day of the row.

    ``paid_after`` is infinite where an invoice left by another cause or has not left, ``left_after`` where it has
    not left; ``seen_days`` is how long it was watched.
    """

    paid_after: NDArray[np.float64]
    left_after: NDArray[np.float64]
    seen_days: NDArray[np.float64]


def outcomes(items: pd.DataFrame, *, known_until: date) -> Outcomes:
    """What became of rows like those of :class:`OpenBook`, as the books showed it at the end of a later day."""
    last = day_number(known_until)
    mark, ended = items["mark"].to_numpy(dtype=float), items["ended"].to_numpy(dtype=float)
    shown = items["ended_known"].to_numpy(dtype=float) <= last
    # What was booked back to a day before the row's own was news on the day after it.
    left = np.where(shown, np.maximum(ended - mark, 1.0), np.inf)
    paid = shown & (items["cause"] == Outcome.PAID).to_numpy()
    return Outcomes(paid_after=np.where(paid, left, np.inf), left_after=left, seen_days=last - mark)


def open_book(history: History, on: date) -> OpenBook:
    """All invoices open at the end of a day, as the books showed them then."""
    return landmarks(history, [on], rows_max=None)


def open_books(history: History, days: Sequence[date], *, rows_max: int | None) -> Iterator[tuple[date, OpenBook]]:
    """Each day, in the order given, with its book as :func:`landmarks` gives that day alone; six days a pass.

    A pass costs the engine more to plan than to run; more days at once would hold more books than are needed.
    """
    for low in range(0, len(days), _DAYS_A_PASS):
        several = days[low : low + _DAYS_A_PASS]
        items = landmarks(history, several, rows_max=rows_max).items
        # in order of the day: the rows of one lie together
        marks = items["mark"].to_numpy()
        for day in several:
            first, end = np.searchsorted(marks, [day_number(day), day_number(day) + 1])
            yield day, OpenBook(history=history, items=items.iloc[first:end].reset_index(drop=True), together=items)


def landmarks(history: History, marks: Sequence[date], *, rows_max: int | None) -> OpenBook:
    """Open invoices on each of several days, drawn in the engine; of a day with more than ``rows_max`` a sample.

    The sample of a day takes each of its rows with the same chance, whatever its invoice and whatever other days
    hold; ``weight`` is one over that chance.
    """
    marked = history.lives.cross_join(marks_table(marks))
    shown = shown_on(marked, marked["mark"])
    is_open = shown.filter(shown["is_open"]).mutate(weight=ibis.literal(1.0))
    if rows_max is not None:
        of_day = is_open.count().over(ibis.window(group_by="mark"))
        share = ibis.least(ibis.literal(1.0), rows_max / of_day.cast("float64"))
        nth, mark = is_open["nth"].cast("int64"), is_open["mark"].cast("int64")
        spread = (nth * _INVOICE_FACTOR + mark * _DAY_FACTOR) % _BITS
        is_open = is_open.mutate(_share=share, _spread=spread / float(_BITS))
        is_open = is_open.filter(is_open["_spread"] < is_open["_share"]).mutate(weight=1.0 / is_open["_share"])
    # Kept, because all that follows joins to these rows and not to the whole ledger once more.
    con = history.snapshot.con
    drawn = con.create_table(ibis.util.gen_name("landmarks"), is_open.select(*_KEPT), temp=True)
    rows = _with_balance(history, drawn)
    rows = _with_disputes(history, chased(history, rows))
    frame = rows.execute().sort_values(["mark", "nth"], ignore_index=True)
    con.drop_table(drawn.get_name(), force=True)
    frame["rel"] = frame["mark"] - frame["due"]
    frame["age"] = frame["mark"] - frame["issued"]
    frame["terms"] = frame["due"] - frame["issued"]
    frame[["amount", "balance"]] = frame[["amount", "balance"]].astype(float)
    rate = rates_at(history, frame["currency"], frame["mark"])
    return OpenBook(history=history, items=frame.assign(amount=frame["amount"] * rate, balance=frame["balance"] * rate))


_KEPT = [
    *("invoice_id", "customer_id", "segment", "entity", "currency", "channel", "amount"),
    *("issued", "due", "nth", "mark", "weight", "ended", "ended_known", "cause"),
]


def _with_balance(history: History, rows: ibis.Table) -> ibis.Table:
    """The balance of each row on its day; its amount where the balance ended on a day that was not known then."""
    stretches = history.snapshot.balances
    stretches = stretches.select(
        _id="invoice_id",
        _from=day_numbers(stretches["from_on"]),
        _until=day_numbers(stretches["until_on"]),
        _balance="balance",
    )
    lasts = stretches["_until"].isnull() | (stretches["_until"] > rows["mark"])
    joined = rows.left_join(
        stretches, [rows["invoice_id"] == stretches["_id"], stretches["_from"] <= rows["mark"], lasts]
    )
    part_paid = joined["_balance"] < joined["amount"]
    return joined.select(
        *_KEPT,
        balance=ibis.coalesce(joined["_balance"], joined["amount"]),
        part_paid_on=part_paid.ifelse(joined["_from"], ibis.null()),
    )


def _with_disputes(history: History, rows: ibis.Table) -> ibis.Table:
    """Disputes of each invoice up to its day: how many, and since when one is open."""
    opened = history.snapshot.disputes
    opened = opened.select(
        _id="invoice_id", _opened=day_numbers(opened["opened_on"]), _closed=day_numbers(opened["closed_on"])
    )
    which = rows.select("invoice_id", "mark")
    seen = which.inner_join(opened, [which["invoice_id"] == opened["_id"], opened["_opened"] <= which["mark"]])
    lasts = seen["_closed"].isnull() | (seen["_closed"] > seen["mark"])
    of_row = seen.group_by(_id="invoice_id", _mark="mark").aggregate(
        disputes=seen.count(),
        disputed_since=seen["_opened"].min(where=lasts),
        dispute_closed=seen["_closed"].max(where=~lasts),
    )
    joined = rows.left_join(of_row, [rows["invoice_id"] == of_row["_id"], rows["mark"] == of_row["_mark"]])
    return joined.select(*rows.columns, "disputed_since", "dispute_closed", disputes=joined["disputes"].fill_null(0))
