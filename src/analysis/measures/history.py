"""What was known of every invoice on any earlier day, in the engine: the ground on which models stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.snapshot import Snapshot
from analysis.measures.months import Clock
from analysis.measures.outcomes import segment_dimension
from analysis.measures.settlement import observed_since

EPOCH = date(1970, 1, 1)
# Where an invoice has no due date and the company states no terms, thirty days stand in, the commonest of all terms.
TERMS_DAYS = 30

By = Literal["segment", "customer_id"]


def day_number(on: date) -> int:
    """Days since 1970-01-01, the unit in which histories count."""
    return (on - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Spells of being open of all invoices of a snapshot, on both clocks.

    ``lives`` is a table of the engine, one row per invoice and spell: ``invoice_id``, ``customer_id``, ``segment``
    (the dimension by which the company shows segments, :data:`NOT_STATED` without one), ``entity``, ``currency``,
    ``channel``, ``amount`` (document currency), ``nth`` (number of the spell in the order in which the books
    showed them) and whole days since 1970: ``issued``, ``due`` (thirty days after issue where the books have
    none), ``begun``, ``begun_known``, ``ended``, ``ended_known`` (null while open), and ``cause``. Where the company
    states the day with whose open items its books begin, spells that had begun then begin on the next, because only
    those that lasted beyond it are in the books; what had ended by then is left out.
    """

    snapshot: Snapshot
    lives: ibis.Table

    @property
    def last(self) -> date:
        """Last day of the history."""
        return self.snapshot.as_of

    def known(self, on: date) -> Known:
        """The part of the history that the books showed on a day.

        ValueError for a day after the snapshot, of which it knows nothing.
        """
        if on > self.last:
            raise ValueError(f"{on} lies after the snapshot of {self.last}")
        return Known(history=self, on=on)

    def codes(self, column: str) -> dict[str, int]:
        """Numbers for the labels of a column, in the order in which the books first showed them.

        So a label that appears later leaves the numbers of the earlier ones as they were.
        """
        lives = self.lives
        seen = lives.group_by(label=lives[column]).aggregate(first=lives["begun_known"].min()).execute()
        return {label: k for k, label in enumerate(seen.sort_values(["first", "label"])["label"])}

    def first(self) -> date | None:
        """Day on which the books first showed an invoice; None where they hold none."""
        day = self.lives["begun_known"].min().execute()
        return None if pd.isna(day) else day_of(day)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """A history as the books showed it at the end of the day ``on``."""

    history: History
    on: date

    @property
    def lives(self) -> ibis.Table:
        """Spells begun and shown by the day; ``is_open``, and ``left`` = day of leaving, or the day itself."""
        return shown_on(self.history.lives, ibis.literal(day_number(self.on)))

    def counts(self, *, clock: Clock = "due", by: By | None = None, issued_within: int | None = None) -> pd.DataFrame:
        """Invoices that came under observation, were paid, left otherwise, or are still open, by day of the clock.

        Columns ``group`` (with ``by``), ``day`` (since the due date, negative before, or since issue), ``entered``,
        ``paid``, ``other``, ``censored``. At risk on day r are those entered on or before r that left on or after r:
        an invoice can be paid on the day on which it is written. ``issued_within`` keeps invoices issued in so
        many days up to the day. A reopened invoice enters again on the day on which it was.
        """
        if clock not in get_args(Clock):
            raise ValueError(f"clock must be one of {', '.join(get_args(Clock))}, got {clock!r}")
        lives = self.lives
        if issued_within is not None:
            lives = lives.filter(lives["issued"] > day_number(self.on) - issued_within)
        zero = lives["due"] if clock == "due" else lives["issued"]
        group = lives[by] if by is not None else ibis.literal("all")
        paid = ~lives["is_open"] & (lives["cause"] == Outcome.PAID)
        none, one = ibis.literal(0, "int32"), ibis.literal(1, "int32")
        enters = lives.select(group=group, day=lives["begun"] - zero, entered=one, paid=none, other=none, censored=none)
        leaves = lives.select(
            group=group,
            day=lives["left"] - zero,
            entered=none,
            paid=paid.cast("int32"),
            other=(~lives["is_open"] & ~paid).cast("int32"),
            censored=lives["is_open"].cast("int32"),
        )
        moves = ibis.union(enters, leaves)
        columns = ["entered", "paid", "other", "censored"]
        counted = moves.group_by("group", "day").aggregate(**{c: moves[c].sum() for c in columns})
        frame = counted.execute().sort_values(["group", "day"], ignore_index=True)
        frame = frame.astype(dict.fromkeys(["day", *columns], int))
        return frame if by is not None else frame.drop(columns="group")

    def delays(self) -> pd.DataFrame:
        """Invoices paid by the day and the sum of their days late (early negative), by customer.

        Columns ``customer_id``, ``n``, ``delay_sum``.
        """
        lives = self.lives
        paid = lives.filter(~lives["is_open"] & (lives["cause"] == Outcome.PAID))
        summed = paid.group_by("customer_id").aggregate(n=paid.count(), delay_sum=(paid["left"] - paid["due"]).sum())
        return summed.execute().sort_values("customer_id", ignore_index=True)


def shown_on(lives: ibis.Table, day: ir.IntegerValue) -> ibis.Table:
    """Spells that the books showed at the end of a day (a number or a column): ``is_open`` and ``left`` added."""
    shown = lives.filter((lives["begun_known"] <= day) & (lives["begun"] <= day))
    closed = (shown["ended_known"] <= day).fill_null(False)
    return shown.mutate(is_open=~closed, left=ibis.ifelse(closed, shown["ended"], day))


def history_of(snapshot: Snapshot) -> History:
    """The spells of a snapshot as whole days, computed once."""
    spells = snapshot.spells
    dimension = segment_dimension(snapshot)
    whole = spells.select(
        "invoice_id",
        "customer_id",
        "entity",
        "currency",
        "channel",
        "cause",
        "amount",
        segment=spells[dimension] if dimension is not None else ibis.literal(NOT_STATED),
        issued=day_numbers(spells["issued_on"]),
        due=day_numbers(spells["due_on"]).fill_null(day_numbers(spells["issued_on"]) + TERMS_DAYS),
        begun=day_numbers(spells["from_on"]),
        begun_known=_shown(spells["from_known_on"], last=snapshot.as_of),
        ended=day_numbers(spells["until_on"]),
        ended_known=_shown(spells["until_known_on"], last=snapshot.as_of),
        nth=ibis.row_number().over(ibis.window(order_by=["from_known_on", "issued_on", "invoice_id", "spell"])),
    )
    if (since := observed_since(snapshot)) is not None:
        first = day_number(since) + 1
        whole = whole.filter(whole["ended"].isnull() | (whole["ended"] >= first))
        whole = whole.mutate(**{c: ibis.greatest(whole[c], first).cast("int32") for c in ("begun", "begun_known")})
    name = f"history_{snapshot.as_of:%Y%m%d}_{snapshot.known_by:%Y%m%d}"
    return History(snapshot=snapshot, lives=snapshot.con.create_table(name, whole, overwrite=True))


def _shown(dates: ir.DateColumn, *, last: date) -> ir.IntegerColumn:
    """Day from which the books showed it; a snapshot that knows later recordings shows them on its last day."""
    number = day_numbers(dates)
    return ibis.ifelse(number > day_number(last), day_number(last), number).cast("int32")


def day_numbers(dates: ir.DateColumn) -> ir.IntegerColumn:
    """Days since 1970-01-01 of a column of dates, in the engine."""
    return dates.delta(ibis.date(EPOCH.isoformat()), unit="day").cast("int32")


def marks_table(marks: Sequence[date]) -> ibis.Table:
    """Days as a table of one column ``mark``, to see the history as each of them saw it."""
    numbers = sorted({day_number(mark) for mark in marks})
    return ibis.memtable(pd.DataFrame({"mark": pd.Series(numbers, dtype="int32")}))
