"""Chart of the record of risk: what was said of customers, and what came of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words


@style.in_house_style
def risk_calibration(
    classes: pd.DataFrame, *, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """Chance stated and share observed of each class, one below the other, the observed with its 95% interval.

    ``classes``: index the class, columns ``forecast``, ``observed``, ``low``, ``high`` (0 to 1); classes of which
    nothing is known are left out. Stated is outlined, observed solid.
    """
    rows = classes.dropna(subset=["forecast", "observed"])
    ax = style.axes(ax, width, height=height or 18 + 7.0 * len(rows))
    places = range(len(rows))
    ax.hlines(places, rows["low"], rows["high"], color=style.ACCENT, linewidth=2.2, alpha=0.55)
    ax.plot(rows["observed"], places, "o", color=style.ACTUAL, markersize=5, clip_on=False)
    ax.plot(rows["forecast"], places, "D", color=style.INK, markersize=6.5, fillstyle="none", clip_on=False)
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        ax.annotate(
            f"{_per_cent(row['forecast'])} stated, {_per_cent(row['observed'])} observed",
            (1, place),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(places, [f"class {label}" for label in rows.index], color=style.INK)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
    percent = [0, 0.25, 0.5, 0.75, 1]
    ax.set_xticks(percent, [words.fixed(part * 100) for part in percent])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_title("% severely delinquent within twelve months; outlined: stated, solid: observed, with 95% interval")
    return ax


def risk_calibration_alt(classes: pd.DataFrame) -> str:
    """What ``risk_calibration`` shows, in words."""
    parts = [
        f"class {label}: {_per_cent(row['forecast'])} stated, {_per_cent(row['observed'])} became severely "
        f"delinquent ({_per_cent(row['low'])} to {_per_cent(row['high'])})"
        for label, row in classes.dropna(subset=["forecast", "observed"]).iterrows()
    ]
    return f"Stated and observed by class. {'; '.join(parts)}." if parts else "No class has a record."


def _per_cent(share: float) -> str:
    return words.share(round(share, 3))
