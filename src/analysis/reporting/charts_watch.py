"""Charts of the watch: forecasts held against what came, and customers between bands of lateness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import amount_axis, label_gap, month_axis, spread


@style.in_house_style
def control_chart(months: pd.DataFrame, *, width: Any = "full", height: float = 52.0, ax: Axes | None = None) -> Axes:
    """Observed over expected by month between its limits; what lies outside is marked by a red triangle.

    ``months``: index month ends; columns ``ratio``, ``low``, ``high`` (NaN where not judged),
    ``is_outside`` and ``is_demoted``, whose months stand on a darker ground.
    """
    ax = style.axes(ax, width, height=height)
    places = np.arange(len(months))
    ratio, low, high = (months[name].to_numpy(dtype=float) for name in ("ratio", "low", "high"))
    outside = months["is_outside"].to_numpy(dtype=bool)
    for month in np.flatnonzero(months["is_demoted"].to_numpy(dtype=bool)):
        ax.axvspan(month - 0.5, month + 0.5, color=style.FAINT, linewidth=0)
    ax.fill_between(places, low, high, step="mid", color=style.ramp(0.25), linewidth=0)
    ax.axhline(1.0, color=style.RULE, linewidth=0.8)
    ax.plot(places, ratio, color=style.ACTUAL, linewidth=1.2)
    ax.plot(places[~outside], ratio[~outside], "o", color=style.ACTUAL, markersize=4.5)
    ax.plot(places[outside], ratio[outside], "^", color=style.BAD, markersize=7)
    known = np.flatnonzero(~np.isnan(high))
    named = [(float(ratio[-1]), "observed", style.ACTUAL)] if len(months) and not np.isnan(ratio[-1]) else []
    if len(known) and known[-1] == len(months) - 1:
        named += [(float(high[-1]), "upper limit", style.QUIET), (float(low[-1]), "lower limit", style.QUIET)]
    ends = np.concatenate([ratio, low, high, [0.9, 1.1]])
    ax.set_xlim(-0.5, len(months) - 0.5)
    ax.set_ylim(float(np.nanmin(ends)) - 0.02, float(np.nanmax(ends)) + 0.02)
    month_axis(ax, pd.DatetimeIndex(months.index))
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="y", nbins=5)
    ax.yaxis.set_major_formatter(lambda tick, _: words.fixed(tick, 2))
    dark = "; grey ground: demoted" if months["is_demoted"].any() else ""
    ax.set_title(f"Days waited over days expected; shaded: usual; triangle: outside{dark}")
    bottom, top = ax.get_ylim()
    moved = spread([place for place, _, _ in named], gap=label_gap(ax), low=bottom, high=top)
    for place, (_, text, colour) in zip(moved, named, strict=True):
        ax.annotate(text, (len(months) - 0.5, place), (4, 0), textcoords="offset points", va="center", color=colour)
    return ax


def control_chart_alt(months: pd.DataFrame) -> str:
    """What ``control_chart`` shows, in words."""
    known = months["ratio"].dropna()
    if known.empty:
        return "No month can be judged."
    out = [words.month(pd.Timestamp(str(end)).date()) for end in months.index[months["is_outside"]]]
    said = f"outside the limits in {words.listing(out)}" if out else "within its limits in all months that have them"
    first, last = (words.month(pd.Timestamp(str(end)).date()) for end in (months.index[0], months.index[-1]))
    return (
        f"Days waited over days expected from {first} to {last}: last {words.fixed(float(known.iloc[-1]), 2)}, between "
        f"{words.fixed(float(known.min()), 2)} and {words.fixed(float(known.max()), 2)}; {said}."
    )


@style.in_house_style
def slopes(
    frame: pd.DataFrame,
    *,
    currency: str,
    before: str,
    after: str,
    width: Any = "half",
    height: float = 66.0,
    ax: Axes | None = None,
) -> Axes:
    """Amounts of several groups on two days: one line each from left to right, named with its amount at both ends.

    ``frame``: index the names, columns ``before`` and ``after``, in an order from good to bad, which the shade of the
    lines follows. ``before`` and ``after`` name the days.
    """
    ax = style.axes(ax, width, height=height)
    scale = words.scale_of(frame.to_numpy(dtype=float).ravel(), currency=currency)
    colours = style.shades(len(frame))
    top = max(float(frame.to_numpy(dtype=float).max()) if len(frame) else 0.0, 1e-9)
    for (_, (left, right)), colour in zip(frame[["before", "after"]].iterrows(), colours, strict=True):
        ax.plot([0, 1], [left, right], "o-", color=colour, linewidth=1.8, markersize=4)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.04 * top, 1.04 * top))
    ax.set_xticks([0, 1], [before, after])
    ax.tick_params(axis="x", length=0)
    amount_axis(ax, scale)
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_title(f"{scale.unit}, by days past due")
    gap = label_gap(ax)
    for at, column, side in ((0, "before", "right"), (1, "after", "left")):
        values = frame[column].to_numpy(dtype=float)
        moved = spread(list(values), gap=gap, low=-0.04 * top, high=1.04 * top)
        for place, value, name in zip(moved, values, frame.index, strict=True):
            text = f"{name}  {scale.text(value)}" if at == 0 else f"{scale.text(value)}  {name}"
            shift = (-6 if at == 0 else 6, 0)
            ax.annotate(text, (at, place), shift, textcoords="offset points", va="center", ha=side, color=style.INK)
    return ax


def slopes_alt(frame: pd.DataFrame, *, currency: str, before: str, after: str) -> str:
    """What ``slopes`` shows, in words."""
    parts = [
        f"{name} from {words.money(left, currency=currency)} to {words.money(right, currency=currency)}"
        for name, (left, right) in zip(frame.index, frame[["before", "after"]].to_numpy(dtype=float), strict=True)
    ]
    return f"Owed by band of lateness, {before} and {after}: {'; '.join(parts)}." if parts else "Nothing is owed."
