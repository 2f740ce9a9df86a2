"""Charts of time to payment: curves by segment and the payment pattern by month of sale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words


class Curve(Protocol):
    """What the charts need of a payment curve."""

    @property
    def label(self) -> str: ...
    @property
    def table(self) -> pd.DataFrame:
        """Index days since issue; columns ``unpaid``, ``low``, ``high``, ``at_risk``."""

    @property
    def median_days(self) -> float: ...
    @property
    def n_invoices(self) -> int: ...


@style.in_house_style
def payment_curves(
    curves: Sequence[Curve],
    *,
    year_ago: Mapping[str, Curve] | Sequence[Curve] = (),
    horizon_days: int | None = None,
    columns: int | None = None,
    panel_height: float = 43.0,
) -> style.PageFigure:
    """One panel per segment: the share of invoices still open by days since issue, with its band.

    ``year_ago`` holds the same segments a year before (by label), drawn lighter. The day by which half are paid
    is marked. Three panels stand side by side, or four where there are just four. The curve ends at
    ``horizon_days``, else where the first of the curves has fewer than one in a hundred open or no one at risk.
    """
    before = year_ago if isinstance(year_ago, Mapping) else {curve.label: curve for curve in year_ago}
    horizon = horizon_days or _horizon(curves)
    columns = min(columns or (4 if len(curves) == 4 else 3), max(1, len(curves)))
    rows = math.ceil(len(curves) / columns) or 1
    figure = style.figure("full", height=panel_height * rows + 6, gaps=(0.04, 0.06))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for place, (panel, curve) in enumerate(zip(panels.flat, curves, strict=False)):
        _panel(panel, curve, before.get(curve.label), horizon=horizon, named=place == 0, narrow=columns > 3)
    for panel in panels.flat[len(curves) :]:
        panel.set_axis_off()
    for panel in panels.flat[max(0, len(curves) - columns) : len(curves)]:
        panel.set_xlabel("Days since issue")
        panel.tick_params(labelbottom=True)
    return figure


def payment_curves_alt(curves: Sequence[Curve], *, year_ago: Mapping[str, Curve] | Sequence[Curve] = ()) -> str:
    """What ``payment_curves`` shows, in words: by which day half and nine in ten of each segment are paid."""
    before = year_ago if isinstance(year_ago, Mapping) else {curve.label: curve for curve in year_ago}
    parts = []
    for curve in curves:
        text = f"{curve.label}: {_reached(curve, 0.5, 'half')}, {_reached(curve, 0.1, 'nine in ten')}"
        if curve.label in before:
            text += f"; a year ago {_reached(before[curve.label], 0.5, 'half')}"
        parts.append(text)
    return ". ".join(parts) + "."


def _panel(ax: Axes, curve: Curve, before: Curve | None, *, horizon: int, named: bool, narrow: bool) -> None:
    if before is not None:
        days, unpaid, _, _ = _steps(before, horizon)
        ax.step(days, unpaid, where="post", color=style.PREVIOUS, linewidth=1.2)
    days, unpaid, low, high = _steps(curve, horizon)
    ax.fill_between(days, low, high, step="post", color=style.ACCENT, alpha=0.22, linewidth=0)
    ax.step(days, unpaid, where="post", color=style.ACTUAL, linewidth=1.6)
    median = curve.median_days
    if median <= horizon:
        ax.plot([median, median], [0, 0.5], color=style.QUIET, linewidth=0.7)
        ax.plot(median, 0.5, "o", color=style.ACTUAL, markersize=3.5)
    half = "half by day" if narrow else "half paid by day"
    said = f"{half} {words.fixed(median)}" if median <= horizon else "half not yet paid"
    if before is not None:
        said += f", was {words.fixed(before.median_days) if before.median_days <= horizon else 'later'}"
    ax.annotate(said, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", color=style.QUIET)
    if named and before is not None and not narrow:
        ax.text(0.99, 0.93, "lighter: a year ago", transform=ax.transAxes, ha="right", va="top", color=style.QUIET)
    number = words.count(curve.n_invoices) if narrow else words.plural(curve.n_invoices, "invoice")
    ax.set_title(f"{words.shortened(curve.label, most=20)}  ({number})", pad=17, color=style.INK)
    ax.set(xlim=(0, horizon), ylim=(0, 1.02))
    ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    month = 30 if horizon > 45 else 15
    ax.set_xticks(range(0, horizon + 1, month * 2 if narrow else month))
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)


def _steps(curve: Curve, horizon: int) -> tuple[np.ndarray, ...]:
    """Days and curve up to ``horizon``, from one at day nought and held level after the last change."""
    shown = curve.table.loc[:horizon]
    days = shown.index.to_numpy(float)
    parts = [shown[name].to_numpy(float) for name in ("unpaid", "low", "high")]
    if not len(days) or days[0] > 0:
        days, parts = np.concatenate([[0.0], days]), [np.concatenate([[1.0], part]) for part in parts]
    observed = min(horizon, float(curve.table.index.max()) if len(curve.table) else 0.0)
    if days[-1] < observed:
        days, parts = np.append(days, observed), [np.append(part, part[-1]) for part in parts]
    return (days, *parts)


def _horizon(curves: Sequence[Curve]) -> int:
    """The day, on a whole month, by which nearly all of every segment is settled; at most half a year."""
    ends = [30]
    for curve in curves:
        late = curve.table.index[curve.table["unpaid"] <= 0.02]
        ends.append(int(late[0]) if len(late) else int(curve.table.index.max()) if len(curve.table) else 30)
    return min(180, math.ceil(max(ends) / 30) * 30)


def _reached(curve: Curve, level: float, said: str) -> str:
    days = curve.table.index[curve.table["unpaid"] <= level]
    return f"{said} paid by day {words.fixed(float(days[0]))}" if len(days) else f"{said} not yet paid"


@style.in_house_style
def pattern_heat(
    frame: pd.DataFrame, *, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """The payment pattern: what share of each month's sales is still open so many months later.

    ``frame``: index month of sale, columns months later (0, 1, ...), shares of 0 to 1; NaN where the month has
    not come yet. Each cell shows its share in per cent, darker where more is open.
    """
    ax = style.axes(ax, width, height=height or 10 + 4.2 * len(frame))
    shares = frame.to_numpy(float)
    for (row, column), part in np.ndenumerate(shares):
        if np.isfinite(part):
            colour = style.ramp(part)
            ax.fill([column, column + 1, column + 1, column], [row, row, row + 1, row + 1], color=colour)
            text = words.fixed(part * 100, 0 if part >= 0.0995 else 1)
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center_baseline", color=style.text_on(colour))
    for line in range(1, max(shares.shape)):
        ax.axhline(line, color="white", linewidth=1.0)
        ax.axvline(line, color="white", linewidth=1.0)
    ax.set(xlim=(0, max(1, shares.shape[1])), ylim=(max(1, shares.shape[0]), 0))
    ax.set_yticks(np.arange(len(frame)) + 0.5, [words.month(pd.Timestamp(str(end)).date()) for end in frame.index])
    ax.set_xticks(np.arange(shares.shape[1]) + 0.5, [_later(int(str(column))) for column in frame.columns])
    ax.xaxis.tick_top()
    ax.annotate(
        "% open", (0, 1), (-4, 5), xycoords="axes fraction", textcoords="offset points", ha="right", color=style.QUIET
    )
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def pattern_heat_alt(frame: pd.DataFrame) -> str:
    """What ``pattern_heat`` shows, in words: the mean share open by months later, and the latest month of sale."""
    means = frame.mean()
    parts = [
        f"{words.share(float(part))} {_later(int(str(later)))}" for later, part in means.items() if np.isfinite(part)
    ]
    return f"Share of a month's sales still open, mean of {words.plural(len(frame), 'month')}: {words.listing(parts)}."


def _later(months: int) -> str:
    return "same month" if months == 0 else f"+{months} month{'s' if months > 1 else ''}"
