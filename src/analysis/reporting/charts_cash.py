"""Charts of cash to come: thirteen weeks with their bands, and earlier forecasts beside what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import amount_axis, label_gap, spread

# Level of a band: the columns of its limits, and its shade.
_BANDS = ((0.95, 0.025, 0.975, 0.22), (0.80, 0.10, 0.90, 0.40), (0.50, 0.25, 0.75, 0.58))


@style.in_house_style
def cash_fan(
    weeks: pd.DataFrame,
    *,
    currency: str,
    came: pd.Series | None = None,
    open_invoices: pd.Series | None = None,
    width: Any = "full",
    height: float = 58.0,
    ax: Axes | None = None,
) -> Axes:
    """Cash by week: what came before the date as a solid line, what is expected after it hatched, with its bands.

    ``weeks``: columns ``ends_on``, ``expected`` and the limits of the bands by their share (0.025 ... 0.975), one
    row per week to come. ``came``: cash of past weeks by their last day. ``open_invoices``: the part of what is
    expected that is invoiced already, in the order of ``weeks``; a thin line.
    """
    ax = style.axes(ax, width, height=height)
    past = came.to_numpy(float) if came is not None else np.empty(0)
    places = np.arange(1, len(weeks) + 1)
    expected = weeks["expected"].to_numpy(float)
    # the bands open out from the last week known
    start = past[-1:] if len(past) else expected[:1]
    ahead = np.append(0, places) if len(past) else places

    def opened(values: np.ndarray) -> np.ndarray:
        return np.append(start, values) if len(past) else values

    for level, low, high, shade in _BANDS:
        limits = opened(weeks[low].to_numpy(float)), opened(weeks[high].to_numpy(float))
        ax.fill_between(ahead, *limits, color=style.ramp(shade), linewidth=0)
        if level == 0.50:
            ax.fill_between(
                ahead, *limits, facecolor="none", edgecolor=style.ACCENT, hatch=style.FORECAST_HATCH, linewidth=0
            )
    ax.plot(ahead, opened(expected), color=style.ACCENT, linewidth=1.8)
    if len(past):
        ax.plot(np.arange(1 - len(past), 1), past, color=style.ACTUAL, linewidth=1.8)
        ax.axvline(0, color=style.RULE, linewidth=0.7)
    named = [(expected[-1], "expected", style.ACCENT)]
    named += [(float(weeks[high].iloc[-1]), f"{level:.0%} band", style.QUIET) for level, _, high, _ in _BANDS[:2]]
    if open_invoices is not None:
        of_open = open_invoices.to_numpy(float)
        ax.plot(places, of_open, color=style.INK, linewidth=1.0, linestyle=(0, (4, 2)))
        named.append((of_open[-1], "open invoices", style.INK))
    largest = max([*past, *weeks[0.975]], default=0.0)
    ax.set_ylim(0, largest * 1.08 or 1.0)
    ax.set_xlim((1 - len(past)) if len(past) else 0.8, len(weeks) + 0.1)
    _week_axis(ax, [*([] if came is None else came.index), *weeks["ends_on"]], first=1 - len(past))
    scale = words.scale_of([largest], currency=currency)
    amount_axis(ax, scale)
    ax.set_title(f"{scale.unit} a week{'; solid: received' if len(past) else ''}")
    moved = spread([place for place, _, _ in named], gap=label_gap(ax), low=0, high=largest * 1.08)
    for place, (_, text, colour) in zip(moved, named, strict=True):
        ax.annotate(text, (len(weeks) + 0.1, place), (4, 0), textcoords="offset points", va="center", color=colour)
    return ax


def cash_fan_alt(weeks: pd.DataFrame, *, currency: str) -> str:
    """What ``cash_fan`` shows, in words."""
    parts = []
    for place in (0, len(weeks) // 2, len(weeks) - 1):
        row = weeks.iloc[place]
        said = words.interval(row[0.1], row[0.9], unit=currency)
        on = words.day(pd.Timestamp(row["ends_on"]).date(), short=True)
        parts.append(f"{words.money(row['expected'], currency=currency)} in the week to {on} (80%: {said})")
    return f"Expected cash by week: {'; '.join(parts)}."


@style.in_house_style
def forecast_record(
    judged: pd.DataFrame, *, currency: str, width: Any = "full", height: float = 46.0, ax: Axes | None = None
) -> Axes:
    """Earlier forecasts beside what came: the 80% band of each week as a bar, the cash received as a dot.

    ``judged``: columns ``ends_on``, 0.1, 0.9, ``expected``, ``actual``, one row per week in order of time. A
    week outside its band carries a mark.
    """
    ax = style.axes(ax, width, height=height)
    rows = judged.reset_index(drop=True)
    low, high, actual = (rows[column].to_numpy(float) for column in (0.1, 0.9, "actual"))
    ax.bar(
        rows.index,
        high - low,
        bottom=low,
        width=0.66,
        color=style.ramp(0.35),
        edgecolor=style.ACCENT,
        hatch=style.FORECAST_HATCH,
        linewidth=0,
    )
    within = (low <= actual) & (actual <= high)
    ax.plot(rows.index[within], actual[within], "o", color=style.ACTUAL, markersize=3.4)
    ax.plot(rows.index[~within], actual[~within], "^", color=style.BAD, markersize=4.6)
    largest = max([*high, *actual], default=0.0)
    ax.set_ylim(0, largest * 1.08 or 1.0)
    ax.set_xlim(-0.8, max(len(rows) - 0.2, 0.8))
    _week_axis(ax, list(rows["ends_on"]), first=0)
    scale = words.scale_of([largest], currency=currency)
    amount_axis(ax, scale)
    ax.set_title(f"{scale.unit} a week; bar: 80% band, dot: received, triangle: outside the band")
    return ax


def forecast_record_alt(judged: pd.DataFrame, *, currency: str) -> str:
    """What ``forecast_record`` shows, in words."""
    within = ((judged[0.1] <= judged["actual"]) & (judged["actual"] <= judged[0.9])).sum()
    total = words.money(float(judged["actual"].sum()), currency=currency)
    return (
        f"Of {words.plural(len(judged), 'week')} in which {total} came, {words.count(int(within))} lay within the 80% "
        "band that was forecast."
    )


def _week_axis(ax: Axes, ends: list[Any], *, first: int) -> None:
    """A tick at the first week that ends in each month, named by the month; the year under its first."""
    ticks, labels, seen = [], [], None
    for place, end in enumerate(pd.to_datetime(pd.Index(ends)), start=first):
        if (end.year, end.month) == seen:
            continue
        new_year = seen is None or end.year != seen[0]
        seen = (end.year, end.month)
        ticks.append(place)
        labels.append(words.month(end, year=False) + (f"\n{end.year}" if new_year else f"\n{words.GAP}"))
    ax.set_xticks(ticks, labels)
