"""Charts of what is owed: how the balance moved and how old it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import style, words
from analysis.reporting.labels import amount_axis, label_gap, month_axis, spread, wrapped

# The longest word of a step's name ("behaviour") needs 17 mm at 9 pt.
_ROOM_INCHES = 0.67


@style.in_house_style
def waterfall(
    steps: pd.DataFrame,
    *,
    unit: str,
    better: words.Better = "neither",
    from_zero: bool = True,
    width: Any = "full",
    height: float = 62.0,
    ax: Axes | None = None,
) -> Axes:
    """A balance from its opening through what raised and lowered it to its closing.

    ``steps`` has the columns ``label``, ``amount`` and ``kind``: a "total" stands on the axis, a "rise" adds its
    amount and a "fall" takes it away (amounts are written without sign). ``unit`` is a currency code or "days".
    Steps stand side by side where there is room for their names, else one below the other. With ``better`` given,
    steps are red or green with a mark; ``from_zero`` False cuts the axis below the totals and says so.
    """
    totals = (steps["kind"] == "total").to_numpy()
    amounts = steps["amount"].to_numpy(float)
    signed = np.where(totals, amounts, np.where(steps["kind"] == "fall", -np.abs(amounts), np.abs(amounts)))
    ends = _running(signed, totals)
    starts = np.where(totals, 0.0, ends - signed)
    scale = words.Scale(divisor=1, unit="days", decimals=1) if unit == "days" else words.scale_of(ends, currency=unit)
    floor = 0.0 if from_zero else float(np.floor(np.minimum(starts, ends)[~totals].min(initial=ends.min()) * 0.96))
    ax = style.axes(ax, width, height=height)
    upright = ax.get_figure(root=True).get_size_inches()[0] / len(steps) > _ROOM_INCHES  # type: ignore[union-attr]
    ceiling = floor + (max(starts.max(), ends.max()) - floor) * (1.1 if upright else 1.28)
    for place, (kind, start, end) in enumerate(zip(steps["kind"], starts, ends, strict=True)):
        total, verdict = kind == "total", _verdict(kind, better)
        low, high = (floor if total else min(start, end)), max(start, end)
        colour = style.ACTUAL if total else style.verdict_colour(verdict) if verdict else style.ACCENT
        draw = ax.bar if upright else ax.barh
        sides: dict[str, Any] = {"width": 0.62, "bottom": low} if upright else {"height": 0.62, "left": low}
        (bar,) = draw(place, high - low, color=colour, **sides)
        if kind == "fall" and not verdict:  # a fall is lighter and outlined, so that grey prints keep it apart
            bar.set(facecolor=style.ramp(0.35), edgecolor=style.ACCENT, linewidth=0.8)
        sign = {"rise": "+", "fall": words.MINUS}.get(str(kind), "")
        if verdict:
            # By itself: text that holds one character of the fallback font is set in it as a whole.
            ax.annotate(
                style.MARKS[verdict],
                (place, high) if upright else (high, place),
                (0, 14) if upright else (3, 0),
                textcoords="offset points",
                ha="center" if upright else "left",
                va="bottom" if upright else "center",
                color=colour,
            )
        ax.annotate(
            f"{sign}{scale.text(end if total else abs(end - start))}",
            (place, high) if upright else (high, place),
            (0, 3) if upright else (14 if verdict else 3, 0),
            textcoords="offset points",
            ha="center" if upright else "left",
            va="bottom" if upright else "center",
            color=colour if verdict else style.INK,
            weight="bold" if total else "normal",
        )
        if place + 1 < len(ends):
            between, level = [place + 0.31, place + 0.69], [end, end]
            ax.plot(*((between, level) if upright else (level, between)), color=style.RULE, linewidth=0.6)
    named = [str(label) for label in steps["label"]]
    if upright:
        ax.set_xticks(range(len(steps)), [wrapped(label) for label in named], color=style.INK)
        ax.set(yticks=[], ylim=(floor, ceiling))
    else:
        ax.set_yticks(range(len(steps)), named, color=style.INK)
        ax.set(xticks=[], xlim=(floor, ceiling), ylim=(len(steps) - 0.5, -0.5))
    ax.tick_params(length=0)
    ax.spines["left" if upright else "bottom"].set_visible(False)
    ax.set_title(scale.unit if from_zero else f"{scale.unit}; axis starts at {scale.text(floor)}")
    return ax


def waterfall_alt(steps: pd.DataFrame, *, unit: str) -> str:
    """What ``waterfall`` shows, in words."""
    said = {"total": "{label} {amount}", "rise": "{label} plus {amount}", "fall": "{label} minus {amount}"}
    parts = [
        said[kind].format(label=label, amount=words.quantity(amount if kind == "total" else abs(amount), unit=unit))
        for label, amount, kind in zip(steps["label"], steps["amount"].to_numpy(float), steps["kind"], strict=True)
    ]
    return "Steps: " + "; ".join(parts) + "."


def _running(signed: np.ndarray, totals: np.ndarray) -> np.ndarray:
    ends = np.zeros(len(signed))
    level = 0.0
    for place, (amount, total) in enumerate(zip(signed, totals, strict=True)):
        level = amount if total else level + amount
        ends[place] = level
    return ends


def _verdict(kind: str, better: words.Better) -> str:
    if kind == "total" or better == "neither":
        return ""
    return "good" if (kind == "rise") == (better == "higher") else "bad"


@style.in_house_style
def stacked_ageing(
    frame: pd.DataFrame,
    *,
    currency: str,
    overdue_share: pd.Series | None = None,
    width: Any = "full",
    height: float = 74.0,
    ax: Axes | None = None,
) -> Axes:
    """Open balance by age at each month end, oldest on top, with the overdue share above each bar.

    ``frame``: index month ends, one column of amounts per bucket, youngest first; the first is what is not yet
    due. ``overdue_share`` says the share where it is not all but the first column. Credits (negative amounts)
    hang below the axis. The last bar, the month of the report, names its buckets and their amounts.
    """
    amounts = frame.fillna(0.0)
    share = _overdue_share(amounts) if overdue_share is None else overdue_share
    scale = words.scale_of(amounts.sum(axis=1), currency=currency)
    ax = style.axes(ax, width, height=height)
    places = np.arange(len(amounts))
    above, below = np.zeros(len(amounts)), np.zeros(len(amounts))
    named: list[tuple[str, str, str]] = []
    middles: list[float] = []
    for colour, bucket in zip(style.shades(amounts.shape[1]), amounts.columns, strict=True):
        values = amounts[bucket].to_numpy(float)
        base = np.where(values >= 0, above, below)
        ax.bar(places, values, bottom=base, width=0.72, color=colour, edgecolor="white", linewidth=0.4)
        above, below = above + values.clip(min=0), below + values.clip(max=0)
        if values[-1] != 0:
            named.append((colour, scale.text(values[-1]), str(bucket)))
            middles.append(float(base[-1] + values[-1] / 2))
    for bar, (top, part) in enumerate(zip(above, share.to_numpy(float), strict=True)):
        ax.annotate(
            "" if np.isnan(part) else words.fixed(part * 100) + "%",
            (bar, top),
            (0, 2),
            textcoords="offset points",
            ha="center",
            color=style.INK,
            weight="bold" if bar == len(places) - 1 else "normal",
        )
    ax.set_ylim(min(0.0, float(np.min(below))) * 1.05, max(float(np.max(above)), 1e-9) * 1.12)
    ax.set_xlim(-0.6, len(amounts) - 0.4)
    month_axis(ax, pd.DatetimeIndex(amounts.index))
    amount_axis(ax, scale)
    ax.set_title(f"{scale.unit}; above each bar the share overdue")
    low, high = ax.get_ylim()
    gap = label_gap(ax)
    # steps are shares of the width of thirteen months, so that two months leave the names where they belong
    step = len(amounts) / 13
    edge = len(amounts) - 0.4 + 0.1 * step
    for (colour, amount, bucket), place in zip(
        named, spread(middles, gap=gap, low=low + gap / 2, high=high), strict=True
    ):
        ax.plot(edge, place, "s", color=colour, markersize=5, clip_on=False)
        ax.text(edge + 0.9 * step, place, amount, ha="right", va="center", color=style.INK)
        ax.text(edge + 1.05 * step, place, bucket, va="center", color=style.INK)
    return ax


def stacked_ageing_alt(frame: pd.DataFrame, *, currency: str) -> str:
    """What ``stacked_ageing`` shows, in words: the last month end beside the first."""
    last, first = frame.fillna(0.0).iloc[-1], frame.fillna(0.0).iloc[0]
    share = _overdue_share(frame.fillna(0.0))
    parts = [f"{bucket} {words.money(float(value), currency=currency)}" for bucket, value in last.items()]
    on, since = (words.day(pd.Timestamp(str(end)).date()) for end in (frame.index[-1], frame.index[0]))
    return (
        f"Open balance {words.money(float(last.sum()), currency=currency)} on {on}: {words.listing(parts)}. "
        f"Overdue share {words.share(float(share.iloc[-1]))}, against {words.share(float(share.iloc[0]))} of "
        f"{words.money(float(first.sum()), currency=currency)} on {since}."
    )


def _overdue_share(amounts: pd.DataFrame) -> pd.Series:
    total = amounts.sum(axis=1)
    return amounts.iloc[:, 1:].sum(axis=1) / total.where(total != 0)
