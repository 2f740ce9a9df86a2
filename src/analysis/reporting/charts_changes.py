"""A change taken apart: from the earlier figure through each effect to the present one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.charts_ledger import waterfall_alt

_ROW_MM = 6.4
_THICK = 0.62


@style.in_house_style
def change_waterfall(
    steps: pd.DataFrame, *, unit: str, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """Effects one below the other, each beginning where the last ended; the figures themselves are marked lines.

    ``steps`` has the columns of :func:`analysis.reporting.sections.changes.change_steps`. ``unit`` is a currency code
    or "days". Only effects are bars, because the axis does not begin at zero and a bar of a whole figure would lie. A
    rise is solid, a fall pale and outlined; what is clearly good or bad is coloured and marked; a thin line across a
    bar is its 95% interval.
    """
    totals = (steps["kind"] == "total").to_numpy()
    amounts = steps["amount"].to_numpy(float)
    signed = np.where(steps["kind"] == "fall", -amounts, amounts)
    ends = amounts[0] + np.cumsum(np.where(totals, 0.0, signed))
    ends[-1] = amounts[-1]
    starts = np.where(totals, ends, ends - signed)
    # in the scale of the effects: in that of the figures most of them would be nothing
    days = words.Scale(divisor=1, unit="days", decimals=1)
    scale = days if unit == "days" else words.scale_of(amounts[~totals], currency=unit)
    ax = style.axes(ax, width, height=height or 9 + _ROW_MM * len(steps))
    reach = [*starts, *ends, *(starts + steps["low"].fillna(0)), *(starts + steps["high"].fillna(0))]
    low, high = min(reach), max(reach)
    room = (high - low) or 1.0
    for place, row in enumerate(steps.itertuples(index=False)):
        _draw_step(ax, place, row, starts[place], ends[place], scale=scale)
        if place + 1 < len(steps):
            ax.plot([ends[place]] * 2, [place + _THICK / 2, place + 1 - _THICK / 2], color=style.RULE, linewidth=0.6)
    ax.set_yticks(range(len(steps)), [str(label) for label in steps["label"]], color=style.INK)
    ax.set(xticks=[], xlim=(low - 0.04 * room, high + 0.34 * room), ylim=(len(steps) - 0.5, -0.5))
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_title(scale.unit + ("; thin line: 95%" if steps["low"].notna().any() else ""))
    return ax


def _draw_step(ax: Axes, place: int, row: Any, start: float, end: float, *, scale: words.Scale) -> None:
    edge = max(start, end)
    if row.kind == "total":
        ax.plot(
            [end] * 2,
            [place - _THICK / 2, place + _THICK / 2],
            color=style.ACTUAL,
            linewidth=2.6,
            solid_capstyle="butt",
        )
        text, colour = scale.text(row.amount), style.INK
    else:
        colour = style.verdict_colour(row.verdict) if row.verdict else style.ACCENT
        (bar,) = ax.barh(place, abs(end - start), left=min(start, end), height=_THICK, color=colour)
        if row.kind == "fall" and not row.verdict:  # lighter and outlined, so that grey prints keep it apart
            bar.set(facecolor=style.ramp(0.35), edgecolor=style.ACCENT, linewidth=0.8)
        if not np.isnan(row.low):
            limits = [start + row.low, start + row.high]
            ax.plot(limits, [place, place], color=style.INK, linewidth=0.8, marker="|", markersize=4)
            edge = max(edge, limits[1])
        text = f"{'+' if row.kind == 'rise' else words.MINUS}{scale.text(row.amount)}"
        colour = colour if row.verdict else style.INK
    if row.verdict:
        # By itself: text that holds one character of the fallback font is set in it as a whole.
        ax.annotate(
            style.MARKS[row.verdict], (edge, place), (4, 0), textcoords="offset points", va="center", color=colour
        )
    ax.annotate(
        text,
        (edge, place),
        (15 if row.verdict else 4, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        weight="bold" if row.kind == "total" else "normal",
    )


def change_waterfall_alt(steps: pd.DataFrame, *, unit: str) -> str:
    """What ``change_waterfall`` shows, in words."""
    known = steps.dropna(subset=["low", "high"])
    limits = [
        f" The 95% interval of {label.lower()} is {words.interval(low, high, unit=unit)}."
        for label, low, high in zip(known["label"], known["low"].tolist(), known["high"].tolist(), strict=True)
    ]
    return waterfall_alt(steps, unit=unit) + "".join(limits)
