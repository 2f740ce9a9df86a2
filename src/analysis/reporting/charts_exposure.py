"""Charts of exposure: how much hangs on few names, and how far the largest use their limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.charts_concentration import cumulated, lorenz, lorenz_alt
from analysis.reporting.labels import label_gap, spread

# Beyond three times the limit a dot stands at the edge and says its value.
_WIDEST_USE = 3.0


@style.in_house_style
def exposure_curves(
    exposure: pd.Series,
    expected_loss: pd.Series | None = None,
    *,
    width: Any = "half",
    height: float = 50.0,
    ax: Axes | None = None,
) -> Axes:
    """Lorenz curves of exposure and, where given, of expected loss, each ordered by its own size, largest first.

    Both by debtor; amounts of nought and below are left out.
    """
    if expected_loss is None or not (expected_loss > 0).any():
        return lorenz(exposure, width=width, height=height, ax=ax)
    ax = style.axes(ax, width, height=height)
    ax.plot([0, 1], [0, 1], color=style.RULE, linewidth=0.6, linestyle=(0, (2, 2)))
    ax.text(0.60, 0.55, "all alike", va="top", color=style.QUIET)
    named = []
    for name, amounts, colour in (
        ("exposure", exposure, style.ACTUAL),
        ("expected loss", expected_loss, style.SERIES[2]),
    ):
        debtors, held = cumulated(amounts)
        ax.plot(debtors, held, color=colour)
        tenth = float(np.interp(0.1, debtors, held))
        ax.plot(0.1, tenth, "o", color=colour)
        named.append((tenth, f"{name}: largest tenth {words.share(tenth)}", colour))
    percent = [0, 0.25, 0.5, 0.75, 1]
    labels = [words.fixed(part * 100) + "%" for part in percent]
    ax.set_xticks(percent, labels)
    ax.set_yticks(percent, labels)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Debtors, largest first")
    ax.set_title("Share of the total")
    clear: dict[str, Any] = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}}
    # named in the room below the curves, in their order
    asked = [min(tenth, 0.32) - 0.06 for tenth, _, _ in named]
    for place, (_, text, colour) in zip(spread(asked, gap=label_gap(ax), low=0.08, high=0.32), named, strict=True):
        ax.text(0.98, place, text, ha="right", va="center", color=colour, **clear)
    return ax


def exposure_curves_alt(exposure: pd.Series, expected_loss: pd.Series | None = None) -> str:
    """What ``exposure_curves`` shows, in words."""
    if expected_loss is None or not (expected_loss > 0).any():
        return lorenz_alt(exposure)
    parts = []
    for name, amounts in (("exposure", exposure), ("expected loss", expected_loss)):
        tenth = float(np.interp(0.1, *cumulated(amounts)))
        parts.append(f"the largest tenth of debtors hold {words.share(tenth)} of {name}")
    return f"{words.listing(parts).capitalize()}."


@style.in_house_style
def limit_dots(
    frame: pd.DataFrame, *, currency: str, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """Use of the limits of the largest names: a dot each, lighter a month before, against the line of the whole limit.

    ``frame``: ``name``, ``exposure``, ``limit``, ``use`` (exposure / limit, NaN without a limit) and perhaps
    ``previous`` (the use a month before), in the order to be shown. Dots over the limit are marked as bad.
    """
    rows = frame.reset_index(drop=True)
    ax = style.axes(ax, width, height=height or 18 + 6.2 * len(rows))
    scale = words.scale_of(rows["exposure"], currency=currency)
    known = rows["use"].to_numpy(float)
    widest = min(max(float(np.nanmax(known, initial=1.0)) * 1.08, 1.2), _WIDEST_USE)
    ax.vlines(1.0, -0.6, len(rows) - 0.4, color=style.INK, linewidth=0.9)
    if "previous" in rows:
        ax.plot(np.minimum(rows["previous"], widest), rows.index, "o", color=style.PREVIOUS, markersize=5)
    for over, mark, colour in ((False, "o", style.ACTUAL), (True, "^", style.BAD)):
        kept = np.isfinite(known) & ((known > 1) == over)
        ax.plot(
            np.minimum(known[kept], widest), np.flatnonzero(kept), mark, color=colour, markersize=5.5, clip_on=False
        )
    columns = {"exposure": widest * 1.17, "limit": widest * 1.32, "use": widest * 1.47}
    for place, (owed, limit, use) in enumerate(rows[["exposure", "limit", "use"]].to_numpy(float)):
        texts = (scale.text(owed), scale.text(limit), words.share(use) if np.isfinite(use) else words.DASH)
        for at, text in zip(columns.values(), texts, strict=True):
            ax.text(at, place, text, ha="right", va="center")
    for heading, at in columns.items():
        ax.text(at, -0.75, heading, ha="right", va="bottom", color=style.QUIET)
    ax.set_yticks(rows.index, [words.shortened(str(name), most=32) for name in rows["name"]], color=style.INK)
    ticks = np.arange(0, widest, 0.5 if widest <= 2 else 1.0)
    ax.set_xticks(ticks, [words.fixed(tick * 100) + "%" for tick in ticks])
    ax.set(xlim=(0, widest * 1.47), ylim=(len(rows) - 0.4, -1.3))
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.grid(axis="x")
    lighter = "; lighter: a month before" if "previous" in rows else ""
    ax.set_title(f"Share of the limit, {scale.unit}; triangle: over it{lighter}")
    return ax


def limit_dots_alt(frame: pd.DataFrame, *, currency: str) -> str:
    """What ``limit_dots`` shows, in words."""
    parts = [
        f"{name} {words.money(owed, currency=currency)} "
        + (
            f"of {words.money(limit, currency=currency)} ({words.share(use)})"
            if np.isfinite(use)
            else "without a limit"
        )
        for name, (owed, limit, use) in zip(
            frame["name"], frame[["exposure", "limit", "use"]].to_numpy(float), strict=True
        )
    ]
    return f"Use of limits: {'; '.join(parts)}." if parts else "No debtor."
