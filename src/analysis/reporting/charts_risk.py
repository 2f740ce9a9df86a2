"""Chart of the record of risk: what was said of customers, and what came of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import label_gap, spread


@style.in_house_style
def risk_calibration(
    classes: pd.DataFrame, *, width: Any = "half", height: float = 66.0, ax: Axes | None = None
) -> Axes:
    """Observed share of severe delinquency against the chance stated, a point with its 95% interval per class.

    ``classes``: index the class, columns ``forecast``, ``observed``, ``low``, ``high`` (0 to 1); classes of which
    nothing is known are left out. A point on the line was told rightly.
    """
    rows = classes.dropna(subset=["forecast", "observed"])
    ax = style.axes(ax, width, height=height)
    ax.plot([0, 1], [0, 1], color=style.RULE, linewidth=0.6, linestyle=(0, (2, 2)))
    ax.text(0.80, 0.75, "as stated", va="top", color=style.QUIET)
    forecast, observed = (rows[c].to_numpy(dtype=float) for c in ("forecast", "observed"))
    errors = np.abs(rows[["low", "high"]].to_numpy(dtype=float).T - observed)
    ax.errorbar(forecast, observed, yerr=errors, fmt="o", color=style.ACTUAL, linewidth=1.0, clip_on=False)
    percent = [0, 0.25, 0.5, 0.75, 1]
    names = [words.fixed(part * 100) + "%" for part in percent]
    ax.set_xticks(percent, names)
    ax.set_yticks(percent, names)
    ax.set(xlim=(-0.02, 1), ylim=(-0.02, 1.02), xlabel="Chance stated a year before, mean of a class")
    ax.set_title("Share that became severely delinquent")
    # The low classes lie close together, so their names keep apart and clear of the intervals.
    moved = spread(list(observed), gap=label_gap(ax), low=0.0, high=1.0)
    for label, at, place in zip(rows.index, forecast, moved, strict=True):
        ax.text(at + 0.025, place, f"class {label}", va="center", color=style.INK)
    return ax


def risk_calibration_alt(classes: pd.DataFrame) -> str:
    """What ``risk_calibration`` shows, in words."""
    parts = [
        f"class {label}: {words.share(row['forecast'])} stated, {words.share(row['observed'])} became severely "
        f"delinquent ({words.interval(row['low'], row['high'], unit='share')})"
        for label, row in classes.dropna(subset=["forecast", "observed"]).iterrows()
    ]
    return f"Stated and observed by class. {'; '.join(parts)}." if parts else "No class has a record."
