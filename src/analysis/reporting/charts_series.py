"""Charts of measures over time and of estimates side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import label_gap, month_axis, spread


@style.in_house_style
def sparkline(values: Sequence[float], *, width: float = 34.0, height: float = 8.0, ax: Axes | None = None) -> Axes:
    """A measure's course without axes: a thin line, its last value marked; gaps where it is not defined."""
    ax = style.axes(ax, width, height=height)
    course = np.asarray(values, dtype=float)
    ax.plot(course, color=style.RULE, linewidth=1.0)
    if len(course) and np.isfinite(course[-1]):
        ax.plot(len(course) - 1, course[-1], "o", color=style.ACTUAL, markersize=3.2)
    ax.set_axis_off()
    ax.set_xlim(0, max(1.0, len(course) - 0.5))
    finite = course[np.isfinite(course)]
    if len(finite):
        pad = (finite.max() - finite.min()) * 0.18 or 1.0
        ax.set_ylim(finite.min() - pad, finite.max() + pad)
    return ax


def sparkline_alt(values: Sequence[float], *, unit: str) -> str:
    """What ``sparkline`` shows, in words: first, lowest, highest and last value."""
    finite = [float(value) for value in values if np.isfinite(value)]
    if not finite:
        return f"Course over {words.plural(len(values), 'month')}: {words.NOT_DEFINED}."
    said = [words.quantity(value, unit=unit) for value in (finite[0], finite[-1], min(finite), max(finite))]
    over = words.plural(len(values), "month")
    return f"Course over {over}: from {said[0]} to {said[1]}, between {said[2]} and {said[3]}."


@style.in_house_style
def lines_over_months(
    frame: pd.DataFrame,
    *,
    unit: str,
    target: float | None = None,
    from_zero: bool = False,
    width: Any = "full",
    height: float = 60.0,
    ax: Axes | None = None,
) -> Axes:
    """Measures over month ends, each named with its last value where its line ends.

    ``frame``: index month ends, one column per measure, the main one first (drawn darkest and thickest).
    ``unit`` as in ``words.quantity``. A target is an outlined band-free dashed line with its name.
    """
    ax = style.axes(ax, width, height=height)
    places = np.arange(len(frame))
    last = len(frame) - 1
    labels: list[tuple[float, str, str]] = []
    for order, name in enumerate(frame.columns):
        values = frame[name].to_numpy(float)
        colour = style.SERIES[order % len(style.SERIES)]
        ax.plot(places, values, color=colour, linewidth=2.0 if order == 0 else 1.4)
        known = np.flatnonzero(np.isfinite(values))
        # a month between two that are not known is no line
        alone = [place for place in known if np.isfinite(values[max(place - 1, 0) : place + 2]).sum() == 1]
        ax.plot(alone, values[alone], "o", color=colour, markersize=2.6)
        if len(known):
            ax.plot(known[-1], values[known[-1]], "o", color=colour)
            labels.append((values[known[-1]], f"{name} {_figure(values[known[-1]], unit)}", colour))
    if target is not None:
        ax.plot([-0.3, last], [target, target], color=style.QUIET, linewidth=0.9, linestyle=(0, (4, 2)))
        ax.plot(last, target, "o", markerfacecolor="white", markeredgecolor=style.QUIET)
        labels.append((target, f"target {_figure(target, unit)}", style.QUIET))
    ax.set_xlim(-0.3, last + 0.15)
    if from_zero:
        ax.set_ylim(bottom=0)
    month_axis(ax, pd.DatetimeIndex(frame.index))
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="y", nbins=5)
    ax.yaxis.set_major_formatter(lambda tick, _: _tick(tick, unit))
    ax.set_title({"share": "%", "days": "days"}.get(unit, unit))
    low, high = ax.get_ylim()
    moved = spread([place for place, _, _ in labels], gap=label_gap(ax), low=low, high=high)
    for place, (_, text, colour) in zip(moved, labels, strict=True):
        # a share of the width, so that two months name their lines as closely as thirteen do
        ax.text(last + 0.15 + 0.016 * (last + 0.45), place, text, va="center", color=colour)
    return ax


def lines_over_months_alt(frame: pd.DataFrame, *, unit: str, target: float | None = None) -> str:
    """What ``lines_over_months`` shows, in words."""
    parts = []
    for name in frame.columns:
        known = frame[name].dropna()
        if known.empty:
            parts.append(f"{name} {words.NOT_DEFINED}")
            continue
        said = [words.quantity(float(v), unit=unit) for v in (known.iloc[0], known.iloc[-1], known.min(), known.max())]
        parts.append(f"{name} from {said[0]} to {said[1]}, between {said[2]} and {said[3]}")
    aim = f" Target {words.quantity(target, unit=unit)}." if target is not None else ""
    since, on = (words.month(pd.Timestamp(str(end)).date()) for end in (frame.index[0], frame.index[-1]))
    return f"From {since} to {on}: {'; '.join(parts)}.{aim}"


@style.in_house_style
def interval_dots(
    frame: pd.DataFrame,
    *,
    unit: str,
    reference: float | None = None,
    width: Any = "full",
    height: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Estimates one below the other, each with its interval and, lighter, its value a period before.

    ``frame``: columns ``label``, ``value``, ``low``, ``high`` and perhaps ``previous``; a row without an interval
    has NaN there. ``reference`` draws a vertical line, at no effect say.
    """
    rows = frame.reset_index(drop=True)
    ax = style.axes(ax, width, height=height or 16 + 6.4 * len(rows))
    if reference is not None:
        ax.axvline(reference, color=style.RULE, linewidth=0.8)
    if "previous" in rows:
        ax.plot(rows["previous"], rows.index, "o", color=style.PREVIOUS, markersize=5)
    ax.hlines(rows.index, rows["low"], rows["high"], color=style.ACCENT, linewidth=2.2, alpha=0.55)
    ax.plot(rows["value"], rows.index, "o", color=style.ACTUAL, markersize=5)
    for place, (value, low, high) in enumerate(rows[["value", "low", "high"]].to_numpy(float)):
        text = _figure(value, unit)
        if np.isfinite(low) and np.isfinite(high):
            text += f"  ({_figure(low, unit)} to {_figure(high, unit)})"
        ax.annotate(
            text, (1, place), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center"
        )
    ax.set_yticks(rows.index, [words.shortened(str(label), most=34) for label in rows["label"]], color=style.INK)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda tick, _: _tick(tick, unit))
    lighter = "; lighter dot: a year ago" if "previous" in rows else ""
    ax.set_title(f"{'%' if unit == 'share' else unit}, with 95% interval{lighter}")
    return ax


def interval_dots_alt(frame: pd.DataFrame, *, unit: str) -> str:
    """What ``interval_dots`` shows, in words."""
    parts = []
    for label, (value, low, high) in zip(frame["label"], frame[["value", "low", "high"]].to_numpy(float), strict=True):
        text = f"{label} {words.quantity(value, unit=unit)}"
        if np.isfinite(low) and np.isfinite(high):
            text += f" ({words.interval(low, high, unit=unit)})"
        parts.append(text)
    return f"Estimates with 95% intervals: {'; '.join(parts)}."


def _figure(value: float, unit: str) -> str:
    """The value as a label shows it where the heading has the unit already."""
    text = words.quantity(value, unit=unit)
    return text.removesuffix(words.GAP + "days").removeprefix(unit + words.GAP)


def _tick(value: float, unit: str) -> str:
    if unit == "share":
        return f"{words.significant(round(value * 100, 6), digits=2, most_decimals=0)}"
    if unit in ("days", "count", "ratio"):
        return f"{value:g}".replace("-", words.MINUS)
    return words.money(value, currency=unit).removeprefix(unit + words.GAP)
