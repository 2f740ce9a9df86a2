"""Charts of who owes it: the largest debtors and how much of the book hangs on few of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words


@style.in_house_style
def ranked_bars(
    frame: pd.DataFrame, *, currency: str, width: Any = "full", height: float | None = None, ax: Axes | None = None
) -> Axes:
    """The largest debtors: one bar each, its overdue part dark, with the amount, the share and what is overdue.

    ``frame``: columns ``name``, ``open`` and ``overdue`` (amounts) and ``share`` (of the whole book, 0 to 1), in
    the order to be shown, largest first.
    """
    rows = frame.reset_index(drop=True)
    ax = style.axes(ax, width, height=height or 14 + 6.2 * len(rows))
    scale = words.scale_of(rows["open"], currency=currency)
    ax.barh(rows.index, rows["open"], height=0.66, color=style.PREVIOUS)
    ax.barh(rows.index, rows["overdue"], height=0.66, color=style.ACTUAL)
    longest = max(float(rows["open"].max()), 1e-9) if len(rows) else 1.0
    columns = {"open": 1.16, "overdue": 1.40, "share": 1.60}
    for place, (owed, overdue, part) in enumerate(rows[["open", "overdue", "share"]].to_numpy(float)):
        texts = (scale.text(owed), scale.text(overdue), words.share(part))
        for at, text in zip(columns.values(), texts, strict=True):
            ax.text(at * longest, place, text, ha="right", va="center")
    for heading, at in columns.items():
        ax.text(at * longest, -0.75, heading, ha="right", va="bottom", color=style.QUIET)
    ax.set_yticks(rows.index, [words.shortened(str(name), most=34) for name in rows["name"]], color=style.INK)
    ax.set(xlim=(0, longest * 1.6), ylim=(len(rows) - 0.5, -1.3), xticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.set_title(f"{scale.unit}, share of the whole book; dark: overdue")
    return ax


def ranked_bars_alt(frame: pd.DataFrame, *, currency: str) -> str:
    """What ``ranked_bars`` shows, in words."""
    figures = zip(frame["name"], frame[["open", "overdue", "share"]].to_numpy(float), strict=True)
    parts = [
        f"{name} {words.money(owed, currency=currency)} ({words.share(part)} of the book), "
        f"of which {words.money(overdue, currency=currency)} overdue"
        for name, (owed, overdue, part) in figures
    ]
    return f"Largest debtors: {'; '.join(parts)}." if parts else "No debtor."


@style.in_house_style
def lorenz(
    exposure: pd.DataFrame | pd.Series,
    *,
    tops: tuple[int, ...] = (1, 10),
    width: Any = "half",
    height: float = 66.0,
    ax: Axes | None = None,
) -> Axes:
    """Share of the book held by the largest debtors, from the largest to the smallest, named at the first few.

    ``exposure``: open balance per debtor, in any order; a frame with the column ``exposure`` may also bring
    ``year_ago``, which is drawn lighter. Debtors without a positive balance are left out.
    """
    now = exposure["exposure"] if isinstance(exposure, pd.DataFrame) else exposure
    ax = style.axes(ax, width, height=height)
    ax.plot([0, 1], [0, 1], color=style.RULE, linewidth=0.6, linestyle=(0, (2, 2)))
    ax.text(0.56, 0.53, "all alike", va="top", color=style.QUIET)
    if isinstance(exposure, pd.DataFrame) and "year_ago" in exposure:
        customers, amounts = cumulated(exposure["year_ago"])
        ax.plot(customers, amounts, color=style.PREVIOUS)
        ax.text(0.40, float(np.interp(0.40, customers, amounts)) - 0.05, "a year ago", va="top", color=style.QUIET)
    customers, amounts = cumulated(now)
    ax.plot(customers, amounts, color=style.ACTUAL)
    clear: dict[str, Any] = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}
    for top in (top for top in tops if top < len(customers)):
        ax.plot(customers[top], amounts[top], "o", color=style.ACTUAL, clip_on=False)
        who = "largest" if top == 1 else f"{top} largest"
        ax.text(customers[top] + 0.03, amounts[top], f"{who} {words.share(float(amounts[top]))}", va="center", **clear)
    percent = [0, 0.25, 0.5, 0.75, 1]
    names = [words.fixed(part * 100) + "%" for part in percent]
    ax.set_xticks(percent, names)
    ax.set_yticks(percent, names)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Debtors, largest first")
    ax.set_title("Share of the open balance")
    return ax


def lorenz_alt(exposure: pd.DataFrame | pd.Series, *, tops: tuple[int, ...] = (1, 10)) -> str:
    """What ``lorenz`` shows, in words."""
    now = exposure["exposure"] if isinstance(exposure, pd.DataFrame) else exposure
    customers, amounts = cumulated(now)
    known = [top for top in tops if top < len(customers)]
    parts = [f"the {'largest' if top == 1 else f'{top} largest'} {words.share(float(amounts[top]))}" for top in known]
    number = len(customers) - 1
    return (
        f"Of {words.plural(number, 'debtor')}, {words.listing(parts)} of the open balance." if parts else "No debtor."
    )


def cumulated(exposure: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Shares of debtors and of the amount, both from nought, largest debtor first."""
    owed = np.sort(exposure[exposure > 0].to_numpy(float))[::-1]
    number = max(len(owed), 1)
    running = np.concatenate([[0.0], np.cumsum(owed)])
    return np.arange(len(owed) + 1) / number, running / (running[-1] or 1.0)
