"""What is shown of payer segments: tables and charts, each None or empty where there is nothing to show."""

from __future__ import annotations

import math

import pandas as pd

from analysis.models.before_after import BeforeAfter
from analysis.models.migration import Migration
from analysis.models.segment_number import STABILITY_MINIMUM
from analysis.models.segments import PayerSegments
from analysis.reporting import charts, words
from analysis.reporting.charts_segments import migration_heat, segment_numbers
from analysis.reporting.sections import segment_words
from analysis.reporting.style import PageFigure

PROFILE_COLUMNS = [
    *("segment", "customers", "open", "of the book", "days late", "late, 95%"),
    *("half by day", "lost", "lost, 95%"),
]


def profile_table(found: PayerSegments) -> pd.DataFrame:
    """What each segment is and costs, one row per segment; intervals in words."""
    if found.profile.empty:
        return pd.DataFrame(columns=PROFILE_COLUMNS)
    rows = found.profile
    columns = [
        rows["customers"],
        rows["open_balance"],
        rows["exposure"],
        rows["days_late"],
        _intervals(rows["days_late_low"], rows["days_late_high"], unit="days"),
        rows["median"].replace(math.inf, math.nan),
        rows["loss_rate"],
        _intervals(rows["loss_low"], rows["loss_high"], unit="share"),
    ]
    return pd.concat(columns, axis=1, keys=PROFILE_COLUMNS[1:]).reset_index()


def _intervals(low: pd.Series[float], high: pd.Series[float], *, unit: str) -> pd.Series[str]:
    """Both ends in words without their unit, which the heading has; a dash where there is none."""
    told = [
        words.DASH
        if math.isnan(a) or math.isnan(b)
        else words.interval(a, b, unit=unit).removesuffix("days").replace("%", "").strip()
        for a, b in zip(low, high, strict=True)
    ]
    return pd.Series(told, index=low.index, dtype=object)


def rules_table(found: PayerSegments, *, currency: str) -> pd.DataFrame:
    """The rule of each segment with how many it catches and how often it is right."""
    rows = [
        {
            "segment": found.names[number],
            "rule": segment_words.rule_in_words(rule, currency=currency),
            "caught": rule.caught,
            "right": rule.right,
        }
        for number, rule in found.rules.items()
    ]
    return pd.DataFrame(rows, columns=["segment", "rule", "caught", "right"])


def numbers_table(found: PayerSegments) -> pd.DataFrame:
    """Each number of segments with its stability and what it foretold; empty where nobody can be judged."""
    if found.number is None:
        return pd.DataFrame()
    return found.number.table.rename(columns=lambda column: column.replace("_", " ")).reset_index()


def numbers_chart(found: PayerSegments) -> PageFigure | None:
    """Whether finer segmentation pays; None where there was no choice."""
    number = found.number
    if number is None or len(number.table) < 2 or number.table["gain"].isna().all():
        return None
    return segment_numbers(number.table, number.references, chosen=number.chosen, needed=STABILITY_MINIMUM)


def curves_chart(found: PayerSegments) -> PageFigure | None:
    """The curve of each segment with enough customers; None without any."""
    curves = [found.curves[name] for name in found.names.values() if name in found.curves]
    return charts.payment_curves(curves) if curves else None


def moves_chart(moves: Migration | None) -> PageFigure | None:
    """The migration matrix in customers; None where the books do not reach back."""
    if moves is None:
        return None
    drawn = migration_heat(
        moves.counts, before=words.day(moves.before, short=True), now=words.day(moves.now, short=True)
    ).get_figure(root=True)
    return drawn if isinstance(drawn, PageFigure) else None


def moves_table(moves: Migration | None, *, amounts: bool = False) -> pd.DataFrame:
    """The migration matrix with its totals, in customers or in what they owe now."""
    if moves is None:
        return pd.DataFrame()
    table = (moves.amounts if amounts else moves.counts).copy()
    table["All"] = table.sum(axis=1)
    table.loc["All"] = table.sum()
    return table.rename_axis("before").reset_index()


def amounts_moved(found: PayerSegments, moves: Migration | None) -> pd.DataFrame:
    """What customers owe now, by the segment they were in before; empty where a segment has too few to show it.

    What such a segment owes could be had from the sums.
    """
    hidden = found.fit is None or found.profile["open_balance"].isna().any()
    return pd.DataFrame() if hidden else moves_table(moves, amounts=True)


def change_table(found: BeforeAfter | None) -> pd.DataFrame:
    """Change of days late by segment, before and after a date; as ``charts.interval_dots`` wants it."""
    if found is None:
        return pd.DataFrame(columns=["label", "customers", "value", "low", "high", "moved"])
    table = found.table.rename(columns={"change": "value"}).rename_axis("label").reset_index()
    return table[["label", "customers", "value", "low", "high", "moved"]]


def change_chart(found: BeforeAfter | None) -> PageFigure | None:
    """The change of days late by segment; None where nothing can be compared."""
    shown = change_table(found).dropna(subset=["value"])
    if shown.empty:
        return None
    drawn = charts.interval_dots(shown, unit="days", reference=0.0).get_figure(root=True)
    return drawn if isinstance(drawn, PageFigure) else None
