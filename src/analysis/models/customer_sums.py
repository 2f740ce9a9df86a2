"""Sums of what each customer had done and owed by each of several past days."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import History, day_number, day_of
from analysis.models.chasing import CHASED_CLASSES, chased
from analysis.models.known_spells import N_REL, REL_MAX, REL_MIN, WINDOW_DAYS, clipped, known_spells
from analysis.models.paydays import MONTH_PLACES, month_places

RECENT_DAYS = 60
HALF_YEAR_DAYS = 180
PAID_CHASED_COLUMNS = [f"paid_chased_{n}" for n in range(CHASED_CLASSES)]
LATE_CHASED_COLUMNS = [f"late_chased_{n}" for n in range(CHASED_CLASSES)]
PHASE_COLUMNS = [f"phase_{phase}" for phase in range(14)]
MONTH_PLACE_COLUMNS = [f"month_place_{place}" for place in range(MONTH_PLACES)]
# Units into which one expected payment is divided, so that the engine adds whole numbers.
_UNITS = 10**6


def customer_sums(history: History, whose: pd.DataFrame, marks: NDArray, cumulative: NDArray) -> pd.DataFrame:
    """Sums of each mark and customer, in the order of ``whose``; ``cumulative`` is the pooled hazard, cumulated."""
    hazard = pd.DataFrame(
        {
            "_mark": np.repeat(marks, N_REL).astype("int32"),
            "_rel": np.tile(np.arange(REL_MIN, REL_MAX + 1), len(marks)).astype("int32"),
            # whole numbers, because sums of floats differ in the last digits from run to run
            "cumulated": np.rint(cumulative.ravel() * _UNITS).astype("int64"),
        }
    )
    shown = known_spells(history, [day_of(int(mark)) for mark in marks])
    pairs = ibis.memtable(whose[["mark", "customer_id"]].astype({"mark": "int32"}))
    shown = shown.semi_join(pairs, ["mark", "customer_id"])
    recent = shown["mark"] - RECENT_DAYS
    shown = shown.mutate(was=clipped(recent - shown["due"]), is_recent=shown["left"] > recent)
    for place in ("entry", "exit", "was"):
        table = ibis.memtable(hazard.rename(columns={"cumulated": f"at_{place}"}))
        joined = shown.left_join(table, [shown["mark"] == table["_mark"], shown[place] == table["_rel"]])
        shown = joined.select(*shown.columns, f"at_{place}")
    ended = chased(history, history.lives.select("nth", "invoice_id", mark="ended"))
    ended = ended.select(_nth="nth", chased="chased")
    shown = shown.left_join(ended, shown["nth"] == ended["_nth"])
    calendar = ibis.memtable(_calendar(history, marks))
    joined = shown.left_join(calendar, shown["left"] == calendar["_day"])
    shown = joined.select(*shown.columns, "place")
    # days since a Monday of long ago: the first seven of fourteen are the weekdays of one week, the last of the other
    phase = (shown["left"] + 3) % 14
    from_recent = ibis.greatest(shown["at_entry"], shown["at_was"])
    paid, late = shown["is_paid"], (shown["left"] - shown["due"]).cast("int64")
    is_open = shown["is_open"]
    overdue = is_open & (shown["due"] < shown["mark"])
    lately = paid & shown["is_recent"]
    in_half_year = paid & (shown["left"] > shown["mark"] - HALF_YEAR_DAYS)
    sums = shown.group_by("mark", "customer_id").aggregate(
        paid=paid.sum(),
        late=late.sum(where=paid),
        late_squared=(late * late).sum(where=paid),
        paid_late=(paid & (late > 0)).sum(),
        recent_paid=lately.sum(),
        recent_late=late.sum(where=lately),
        half_year_paid=in_half_year.sum(),
        half_year_late=late.sum(where=in_half_year),
        expected=(shown["at_exit"] - shown["at_entry"]).sum(),
        recent_expected=(shown["at_exit"] - from_recent).sum(where=shown["is_recent"]),
        last_paid=shown["left"].max(where=paid),
        pay_days=shown["left"].nunique(where=in_half_year),
        open=is_open.sum(),
        overdue=overdue.sum(),
        open_amount=shown["amount"].sum(where=is_open),
        overdue_amount=shown["amount"].sum(where=overdue),
        amount=shown["amount"].sum(),
        invoices=shown.count(),
        first_issued=shown["issued"].min(),
        **{name: (paid & (shown["chased"] == n)).sum() for n, name in enumerate(PAID_CHASED_COLUMNS)},
        **{name: late.sum(where=paid & (shown["chased"] == n)) for n, name in enumerate(LATE_CHASED_COLUMNS)},
        **{name: (paid & (phase == k)).sum() for k, name in enumerate(PHASE_COLUMNS)},
        **{name: (paid & (shown["place"] == k)).sum() for k, name in enumerate(MONTH_PLACE_COLUMNS)},
    )
    index = pd.MultiIndex.from_frame(whose[["mark", "customer_id"]])
    frame = sums.execute().set_index(["mark", "customer_id"]).astype(float).reindex(index)
    frame[["expected", "recent_expected"]] /= _UNITS
    # A customer with nothing but invoices older than the window has done nothing in it, which is a fact and not a gap.
    begun = frame["first_issued"].fillna(pd.Series(index.get_level_values("mark") - WINDOW_DAYS, index=index))
    return (
        frame.drop(columns=["last_paid", "first_issued"])
        .fillna(0.0)
        .assign(last_paid=frame["last_paid"], first_issued=begun)
    )


def _calendar(history: History, marks: NDArray[np.int64]) -> pd.DataFrame:
    """Place in its month of every day on which anything shown can have been paid."""
    first = history.first()
    begin = day_number(first) if first is not None else int(marks[0])
    days = np.arange(min(begin, int(marks[0])) - 400, int(marks[-1]) + 1)
    return pd.DataFrame({"_day": days.astype("int32"), "place": month_places(days).astype("int32")})
