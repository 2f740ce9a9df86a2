"""Charts of how invoices end: the share of each way by day, and what paid invoices alone would have hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import label_gap, month_axis, spread


@style.in_house_style
def endings_area(
    shares: pd.DataFrame, *, horizon_days: int = 180, width: Any = "half", height: float = 46.0, ax: Axes | None = None
) -> Axes:
    """How invoices have ended by each day of their life, stacked to 100%, each way named at its right end.

    ``shares``: index days; one column for each way to end, then ``open``; rows add up to 1. The area ends at
    ``horizon_days``, or with the last day that was observed.
    """
    ax = style.axes(ax, width, height=height)
    days, parts = _levels(shares, horizon_days)
    colours = [*style.shades(len(parts))[::-1][:-1], style.FAINT]
    below, labels = np.zeros(len(days)), []
    for name, part, colour in zip(shares.columns, parts, colours, strict=True):
        ax.fill_between(days, below, below + part, step="post", color=colour, linewidth=0)
        labels.append((below[-1] + part[-1] / 2, f"{_way(name)} {words.share(float(part[-1]))}"))
        below = below + part
    ax.set(xlim=(0, days[-1] or 1), ylim=(0, 1), xlabel="Days since issue")
    ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    ax.set_xticks(range(0, int(days[-1]) + 1, 60 if days[-1] > 100 else 30))
    ax.spines["left"].set_visible(False)
    places = spread([place for place, _ in labels], gap=label_gap(ax), low=0.03, high=0.97)
    for place, (_, text) in zip(places, labels, strict=True):
        ax.annotate(
            text, (1, place), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center"
        )
    return ax


def endings_area_alt(shares: pd.DataFrame, *, days: Sequence[int] = (30, 90, 180)) -> str:
    """What ``endings_area`` shows, in words: the share of each way to end after so many days."""
    if shares.dropna().empty:
        return "No invoices."
    parts = []
    last = int(shares.index[-1])
    for day in [day for day in days if day <= last] or [last]:
        row = shares.loc[:day].iloc[-1]
        said = [f"{words.share(float(part))} {_way(str(name))}" for name, part in row.items()]
        parts.append(f"By day {day}: {words.listing(said)}")
    return ". ".join(parts) + "."


@style.in_house_style
def paid_only_gap(by_month: pd.DataFrame, *, width: Any = "half", height: float = 46.0, ax: Axes | None = None) -> Axes:
    """Month of issue by month: the median of the invoices already paid below the day by which half of all are paid.

    ``by_month``: index month ends; columns ``paid_only``, ``half_paid``, ``low``, ``high`` and ``seen``. The
    estimate is a dark dot with its interval, the paid-only median a light one, the gap a red line between them.
    Where half are not paid yet, an arrow points up from the age of the oldest invoice.
    """
    ax = style.axes(ax, width, height=height)
    places = np.arange(len(by_month))
    half, paid_only, low, high, seen = (
        by_month[name].to_numpy(float) for name in ("half_paid", "paid_only", "low", "high", "seen")
    )
    known = np.isfinite(half)
    known_limits = known & np.isfinite(low) & np.isfinite(high)
    ax.vlines(places[known_limits], low[known_limits], high[known_limits], color=style.ACCENT, linewidth=5, alpha=0.3)
    # the one colour of the chart that means something bad: days that the usual figure leaves out
    reached = np.where(known, half, np.where(np.isinf(half), np.maximum(seen, paid_only), np.nan))
    ax.vlines(places, paid_only, reached, color=style.BAD, linewidth=1.2)
    ax.plot(places, paid_only, "o", color=style.PREVIOUS, markeredgecolor=style.QUIET, markersize=4)
    ax.plot(places[known], half[known], "o", color=style.ACTUAL, markersize=4)
    waiting = np.isinf(half)
    ax.plot(places[waiting], reached[waiting], "^", color=style.BAD, markersize=5)
    month_axis(ax, pd.DatetimeIndex(by_month.index))
    for place, label in enumerate(ax.get_xticklabels()):
        # the last month and every third before it, so that names stay apart in half a page
        label.set_visible((len(by_month) - 1 - place) % 3 == 0)
    ax.set_xlim(-0.5, max(len(by_month), 1) - 0.5)
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=5)
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_title("half paid by day: dark of all, light of those paid so far")
    return ax


def paid_only_gap_alt(by_month: pd.DataFrame) -> str:
    """What ``paid_only_gap`` shows, in words, for the latest months."""
    parts = []
    for end, row in by_month.iloc[-4:].iterrows():
        alone, half = float(row["paid_only"]), float(row["half_paid"])
        if np.isnan(alone) or np.isnan(half):
            continue
        all_of_them = "half of all not paid yet" if np.isinf(half) else f"half of all by day {words.fixed(half)}"
        month = words.month(pd.Timestamp(str(end)).date())
        parts.append(f"{month}: half of the paid by day {words.fixed(alone)}, {all_of_them}")
    return "; ".join(parts) + "." if parts else "In no month at least ten invoices of which one is paid."


def _levels(shares: pd.DataFrame, horizon: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Days and shares up to the horizon, held level after the last change."""
    shown = shares.loc[:horizon]
    days = shown.index.to_numpy(float)
    parts = [shown[name].to_numpy(float) for name in shares.columns]
    end = min(horizon, float(shares.index.max()))
    if days[-1] < end:
        days, parts = np.append(days, end), [np.append(part, part[-1]) for part in parts]
    return days, parts


def _way(name: str) -> str:
    return name.replace("_", " ")
