"""Chart of forecasters side by side on single invoices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from analysis.reporting import style, words
from analysis.reporting.labels import label_gap, spread


class Forecasts(Protocol):
    """What the chart needs of the forecasts of an invoice."""

    @property
    def customer(self) -> str: ...
    @property
    def invoice_id(self) -> str: ...
    @property
    def days_past_due(self) -> int: ...
    @property
    def unpaid(self) -> pd.DataFrame:
        """Index days ahead, one column per forecaster."""


@style.in_house_style
def invoice_forecasts(shown: Sequence[Forecasts]) -> style.PageFigure:
    """One panel per invoice: the chance to be unpaid by days ahead, one line per forecaster, named where it ends."""
    rows = math.ceil(len(shown) / 2) or 1
    figure = style.figure("full", height=58.0 * rows, gaps=(0.06, 0.08))
    panels = figure.subplots(rows, min(2, max(len(shown), 1)), squeeze=False)
    for panel, one in zip(panels.flat, shown, strict=False):
        last = float(one.unpaid.index[-1])
        ends = []
        for order, name in enumerate(one.unpaid.columns):
            colour = style.SERIES[order % len(style.SERIES)]
            panel.step(one.unpaid.index, one.unpaid[name], where="post", color=colour, linewidth=1.4)
            ends.append((float(one.unpaid[name].iloc[-1]), str(name), colour))
        panel.set(xlim=(0, last), ylim=(0, 1.02))
        panel.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        panel.set_xticks(range(0, int(last) + 1, 30))
        panel.grid(axis="y")
        panel.spines["left"].set_visible(False)
        panel.set_title(f"{words.shortened(one.customer, most=18)}, {_due(one.days_past_due)}", color=style.INK)
        moved = spread([end for end, _, _ in ends], gap=label_gap(panel), low=0.0, high=1.0)
        for place, (_, name, colour) in zip(moved, ends, strict=True):
            panel.text(last * 1.02, place, name, va="center", color=colour)
    for panel in panels.flat[len(shown) :]:
        panel.set_axis_off()
    for panel in panels[-1]:
        panel.set_xlabel("Days after the as-of date")
    return figure


def invoice_forecasts_alt(shown: Sequence[Forecasts]) -> str:
    """What ``invoice_forecasts`` shows, in words: the chance of each invoice to be unpaid after thirty days."""
    parts = []
    for one in shown:
        said = [f"{name} {words.share(float(one.unpaid[name].loc[30]))}" for name in one.unpaid.columns]
        parts.append(f"{one.customer}, {_due(one.days_past_due)}, unpaid after 30 days: {', '.join(said)}")
    return ". ".join(parts) + "." if parts else "No open invoice."


def _due(days_past_due: int) -> str:
    if days_past_due > 0:
        return f"{words.plural(days_past_due, 'day')} late"
    return f"due in {words.plural(-days_past_due, 'day')}" if days_past_due else "due today"
