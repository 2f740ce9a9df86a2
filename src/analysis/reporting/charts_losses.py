"""Charts of losses: past provisions beside what was lost, and the loss rate by age."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import amount_axis, month_axis


@style.in_house_style
def provision_record(
    vintages: pd.DataFrame, *, currency: str, width: Any = "full", height: float = 50.0, ax: Axes | None = None
) -> Axes:
    """What each month end provided for (outlined, hatched) beside what was lost of its open book (solid).

    ``vintages``: index month ends, columns ``provided`` and ``lost``. A month that lost more than it had provided for
    carries a mark.
    """
    ax = style.axes(ax, width, height=height)
    places = np.arange(len(vintages))
    provided, lost = vintages["provided"].to_numpy(float), vintages["lost"].to_numpy(float)
    ax.bar(
        places - 0.2,
        provided,
        width=0.38,
        facecolor=style.ramp(0.35),
        edgecolor=style.ACCENT,
        hatch=style.FORECAST_HATCH,
        linewidth=0.6,
    )
    ax.bar(places + 0.2, lost, width=0.38, color=style.ACTUAL)
    short = lost > provided
    largest = max([*provided, *lost], default=0.0)
    ax.plot(places[short] + 0.2, lost[short] + largest * 0.04, "^", color=style.BAD, markersize=4.2)
    ax.set_ylim(0, largest * 1.12 or 1.0)
    ax.set_xlim(-0.6, max(len(vintages) - 0.4, 0.6))
    month_axis(ax, pd.DatetimeIndex(vintages.index))
    scale = words.scale_of([largest], currency=currency)
    amount_axis(ax, scale)
    ax.set_title(f"{scale.unit}; hatched: provided, solid: lost within a year, triangle: more lost than provided")
    return ax


def provision_record_alt(vintages: pd.DataFrame, *, currency: str) -> str:
    """What ``provision_record`` shows, in words."""
    covered = int((vintages["provided"] >= vintages["lost"]).sum())
    said = [words.money(float(vintages[name].sum()), currency=currency) for name in ("provided", "lost")]
    return (
        f"Of {words.plural(len(vintages), 'month end')}, {words.count(covered)} had provided for at least what was "
        f"lost of their open book within a year; together {said[0]} provided, {said[1]} lost."
    )


@style.in_house_style
def loss_rates(
    rates: pd.DataFrame, *, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """The loss rate of each age with its interval; a ring says what flow rates would give, where they give any.

    ``rates``: index bucket, columns ``rate``, ``low``, ``high``, ``flow`` (0 to 1). Ages without a balance are left.
    """
    rows = rates.dropna(subset=["rate"])
    ax = style.axes(ax, width, height=height or 14 + 6.0 * len(rows))
    places = np.arange(len(rows))
    # Rates of the oldest debt dwarf those of the youngest; roots keep both legible.
    low, high = (np.sqrt(rows[name].fillna(rows["rate"]).to_numpy(float)) for name in ("low", "high"))
    ax.hlines(places, low, high, color=style.ACCENT, linewidth=2.2, alpha=0.55)
    ax.plot(np.sqrt(rows["flow"].to_numpy(float)), places, "o", markerfacecolor="white", markeredgecolor=style.QUIET)
    ax.plot(np.sqrt(rows["rate"].to_numpy(float)), places, "o", color=style.ACTUAL, markersize=5)
    for place, (rate, flow) in enumerate(rows[["rate", "flow"]].to_numpy(float)):
        ax.annotate(
            _both_rates(rate, flow, gap="  "),
            (1, place),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(places, [str(label) for label in rows.index], color=style.INK)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ticks = [0, 0.01, 0.05, 0.10, 0.25, 0.50, 1.0]
    largest = float(np.nanmax([*high, 0.1])) if len(rows) else 1.0
    shown = [tick for tick in ticks if np.sqrt(tick) <= largest * 1.05]
    ax.set_xticks(np.sqrt(shown), [words.fixed(tick * 100) for tick in shown])
    ax.set_xlim(0, largest * 1.06)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ring = "ring: flow rates; " if rows["flow"].notna().any() else ""
    ax.set_title(f"% lost, with 95% interval, by days past due; {ring}the scale is one of roots")
    return ax


def _both_rates(rate: float, flow: float, *, gap: str = " ") -> str:
    """A rate, and in brackets what flow rates would give; without brackets where they give none."""
    return words.share(rate) + ("" if math.isnan(flow) else f"{gap}(flow rates {words.share(flow)})")


def loss_rates_alt(rates: pd.DataFrame) -> str:
    """What ``loss_rates`` shows, in words."""
    rows = rates.dropna(subset=["rate"])
    parts = [f"{bucket} {_both_rates(float(row['rate']), float(row['flow']))}" for bucket, row in rows.iterrows()]
    return f"Part lost by days past due: {'; '.join(parts)}."
