"""What each of several past days knew of the spells of two years: the rows that habits are counted from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, marks_table, shown_on

# Days since due for which hazards are kept; what lies beyond counts with the last.
REL_MIN, REL_MAX = -90, 180
N_REL = REL_MAX - REL_MIN + 1
WINDOW_DAYS = 730


def known_spells(history: History, marks: Sequence[date]) -> ibis.Table:
    """Spells of the last two years as each mark saw them, with clipped days since due (``entry``, ``exit``)."""
    marked = history.lives.cross_join(marks_table(marks))
    shown = shown_on(marked, marked["mark"])
    shown = shown.filter(shown["begun"] > shown["mark"] - WINDOW_DAYS)
    paid = ~shown["is_open"] & (shown["cause"] == Outcome.PAID)
    return shown.mutate(
        is_paid=paid,
        is_other=~shown["is_open"] & ~paid,
        entry=clipped(shown["begun"] - shown["due"]),
        exit=clipped(shown["left"] - shown["due"]),
    )


def clipped(day: ibis.Value) -> ibis.Value:
    """Days since due within the bounds for which hazards are kept."""
    return ibis.greatest(ibis.least(day, REL_MAX), REL_MIN).cast("int32")
