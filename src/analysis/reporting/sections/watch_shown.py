"""What is shown of the watch: lists, tables and charts, each None or empty where there is nothing to show."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.ledger.opening import Opened
from analysis.measures.history import day_of
from analysis.models.watch import Watch
from analysis.reporting import charts_watch, words
from analysis.reporting.sections import watch_words

_LISTED = ["name", "number", "status", "since", "open", "overdue", "reason"]


def listed(watched: Watch | None, *, status: str | None = None) -> pd.DataFrame:
    """Customers of the list with their reasons: those that came, then those that stayed, then those that left.

    Columns ``name``, ``number``, ``status``, ``since``, ``open``, ``overdue``, ``reason``, the largest balance first;
    ``status`` keeps one of "in", "stayed" and "out". Empty without a list.
    """
    if watched is None:
        return pd.DataFrame(columns=_LISTED)
    listing = watched.watched
    now = listing.on(watched.last)
    then = listing.states.loc[[listing.marks[-2]]].droplevel("mark").reindex(now.index)
    rows = []
    for customer, status_now in now["status"].items():
        row, before = now.loc[[customer]].iloc[0], then.loc[[customer]].iloc[0]
        left = status_now == "out"
        why = watch_words.why_left(listing, row, before) if left else watch_words.reasons(listing, row)
        since = day_of(int(before["since"] if left else row["since"])).isoformat()
        rows.append((row["name"], customer, status_now, since, row["open_balance"], row["overdue"], why))
    table = pd.DataFrame(rows, columns=_LISTED)
    return table if status is None else table[table["status"] == status].reset_index(drop=True)


def alerts_table(watched: Watch | None, *, minimum: int = 10) -> pd.DataFrame:
    """How alerts turned out by reason: alerts judged, those that came true, their share and its interval.

    Alerts of fewer than ``minimum`` customers have no share.
    """
    if watched is None:
        return pd.DataFrame()
    table = watched.record.by_reason(watched.watched)
    shares = ["precision", "low", "high"]
    table[shares] = table[shares].where(table["customers"] >= minimum, axis=0)
    return table.rename(columns={"came": "true", "precision": "share", "low": "from", "high": "to"})


def alerts_page_table(watched: Watch | None, *, minimum: int = 10) -> pd.DataFrame:
    """The same as the page has room for: the share with its interval in a cell."""
    table = alerts_table(watched, minimum=minimum)
    if table.empty:
        return table
    between = [
        words.interval(low, high, unit="share").replace("%", "").strip() if not math.isnan(low) else words.DASH
        for low, high in zip(table["from"], table["to"], strict=True)
    ]
    return table[["reason", "alerts", "true", "share"]].assign(**{"share, 95%": between})


def migration_table(watched: Watch | None) -> pd.DataFrame:
    """Customers by band of lateness before (rows) and now (columns)."""
    if watched is None:
        return pd.DataFrame()
    return watched.moved.customers.rename_axis(index="before", columns=None).reset_index()


def slopes(opened: Opened, watched: Watch | None) -> Figure | None:
    """What is owed by band of lateness, before and now."""
    if watched is None or not float(watched.bands().to_numpy().sum()) > 0:
        return None
    return _whole(charts_watch.slopes(**sloped(opened, watched)))


def sloped(opened: Opened, watched: Watch) -> dict[str, Any]:
    """What the slope chart and its words are made of."""
    before, after = (words.day(day_of(mark), short=True) for mark in (watched.moved.before, watched.moved.after))
    return {"frame": watched.bands(), "currency": opened.company.currency, "before": before, "after": after}


def _whole(drawn: Axes) -> Figure | None:
    return drawn.get_figure(root=True)
