"""How axes and marks are named: beside what they name, apart from each other."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting import words
from analysis.reporting.style import look

# A month's name needs so much of a chart's width, what stands beside the axis counted in.
_MONTH_INCHES = 0.26


def spread(places: list[float], *, gap: float, low: float, high: float) -> list[float]:
    """Places of labels, moved as little as possible so that neighbours are ``gap`` apart, within the limits.

    The order of the places is kept, in the order of the input.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    groups: list[tuple[float, list[int]]] = []  # middle of each run of touching labels
    for index in order:
        groups.append((places[index], [index]))
        while len(groups) > 1:
            (below, members), (above, others) = groups[-2], groups[-1]
            room = gap * (len(members) + len(others)) / 2
            if above - below >= room:
                break
            together = members + others
            # The least squares place of a run is the mean of what each of its labels asks for.
            asked = sum(places[i] - gap * (rank - (len(together) - 1) / 2) for rank, i in enumerate(together))
            groups[-2:] = [(asked / len(together), together)]
    moved = [0.0] * len(places)
    for middle, members in groups:
        for rank, index in enumerate(members):
            moved[index] = middle + gap * (rank - (len(members) - 1) / 2)
    for number, index in enumerate(order):
        floor = low if number == 0 else moved[order[number - 1]] + gap
        moved[index] = max(moved[index], floor)
    for number, index in reversed(list(enumerate(order))):
        ceiling = high if number == len(order) - 1 else moved[order[number + 1]] - gap
        moved[index] = min(moved[index], ceiling)
    return moved


def label_gap(ax: Axes, *, points: float = 11.0) -> float:
    """How much of the y axis one line of text takes, once the figure is laid out."""
    root: Any = ax.get_figure(root=True)
    with look():
        root.draw_without_rendering()
    high_points = ax.get_window_extent().height / root.dpi * 72
    bottom, top = ax.get_ylim()
    return abs(top - bottom) * points / max(high_points, 1.0)


def wrapped(label: str) -> str:
    """A label on two lines, broken where they come out most even; the second is blank for a single word.

    Labels of one height share a baseline.
    """
    parts = label.split(" ")
    if len(parts) < 2:
        return f"{label}\n{words.GAP}"
    lines = [(" ".join(parts[:cut]), " ".join(parts[cut:])) for cut in range(1, len(parts))]
    return "\n".join(min(lines, key=lambda pair: max(map(len, pair))))


def month_axis(ax: Axes, ends: pd.DatetimeIndex) -> None:
    """One tick a month, or a quarter where months have no room; the year stands under its first and the first tick."""
    root: Any = ax.get_figure(root=True)
    every = 1 if root.get_size_inches()[0] / max(len(ends), 1) >= _MONTH_INCHES else 3
    # counted back from the last month, which is what the chart is about
    places = list(range((len(ends) - 1) % every, len(ends), every)) if len(ends) else []
    labels = [
        words.month(ends[place], year=False)
        + (f"\n{ends[place].year}" if place == places[0] or ends[place].month <= every else f"\n{words.GAP}")
        for place in places
    ]
    ax.set_xticks(places, labels)
    ax.tick_params(axis="x", length=0)


def amount_axis(ax: Axes, scale: words.Scale) -> None:
    """Amounts on the y axis in ``scale``, with as few decimals as the ticks need and faint lines across."""
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="y", nbins=5)
    steps = [tick / scale.divisor for tick in ax.get_yticks()]
    decimals = next((d for d in range(4) if all(abs(round(s, d) - s) < 1e-9 for s in steps)), 3)
    ax.yaxis.set_major_formatter(lambda tick, _: words.fixed(tick / scale.divisor, decimals))
