"""How far each headline figure, and each change of it, may be off: customers drawn anew with all they bought."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.measures.headline_sums import STOCKS, HeadlineSums
from analysis.measures.redraws import (
    DRAWS,
    FEWEST_CUSTOMERS,
    Interval,
    Matrix,
    Redrawn,
    Scale,
    folded,
    interval,
    redrawn_ratio,
    redraws,
    seed_of,
    units,
)

_YEAR = 12
_BACK = (0, 1, _YEAR)
COUNTED = "counted, no interval"
TOO_FEW = "rests on too few customers"
# Shares lie between 0 and 1 and days above 0; collection effectiveness may pass 1, so it stays as it is.
_SCALES: dict[str, Scale] = {
    "overdue_share": "logit",
    "over_90_share": "logit",
    "dso_countback": "log",
    "dso_simple": "log",
    "dso_rolling": "log",
    "best_possible_dso": "log",
    "days_delinquent": "log",
    "effectiveness": "plain",
    "bad_debt_to_sales": "log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineInterval:
    """95% limits of a figure and of its change against the month and the year before; None where there is none.

    A change whose limits are infinite may have gone either way: too few customers made it. ``reason`` says why the
    figure itself has none; blank where it has one.
    """

    level: Interval | None
    month_change: Interval | None
    year_change: Interval | None
    reason: str = ""


def headline_intervals(
    sums: HeadlineSums, *, draws: int = DRAWS, seed: int | None = None
) -> dict[str, HeadlineInterval]:
    """Intervals of the headline figures by their id, from redraws of whole customers.

    What they tell: within which limits the figure would lie with very many customers of the same kind, and how far
    it would have moved with them since the month and the year before. A redraw takes the same customers on all days.
    ``receivables`` are counted and have no interval; their change has one. ``seed``
    comes from the customers' numbers where it is not given. Fewer than ten customers have no intervals.
    """
    n = len(sums.customers)
    if n < FEWEST_CUSTOMERS:
        few = HeadlineInterval(level=None, month_change=None, year_change=None, reason=TOO_FEW)
        counted = HeadlineInterval(level=None, month_change=None, year_change=None, reason=COUNTED)
        return {"receivables": counted, **dict.fromkeys(_SCALES, few)}
    drawn = _in_units(sums)
    times = redraws(len(drawn.sales), draws=draws, seed=seed_of(sums.customers) if seed is None else seed)
    found: dict[str, HeadlineInterval] = {}
    # One thread: products then add up in one order, and the same books give the same bytes.
    with threadpool_limits(limits=1):
        found["receivables"] = HeadlineInterval(
            level=None,
            month_change=_growth(times, drawn, back=1),
            year_change=_growth(times, drawn, back=_YEAR),
            reason=COUNTED,
        )
        for id, scale in _SCALES.items():
            now, month, year = (_redrawn(id, times, drawn, back=back) for back in _BACK)
            level = _bounded(None if now is None else interval(times, now, scale=scale))
            found[id] = HeadlineInterval(
                level=level,
                month_change=_change(times, now, month),
                year_change=_change(times, now, year),
                reason="" if level else TOO_FEW,
            )
    return found


def headline_figures(sums: HeadlineSums) -> dict[str, tuple[float, float, float]]:
    """The figures themselves: now, a month before and a year before; NaN where the books do not say."""
    book = np.ones((1, len(sums.customers)))
    found = {"receivables": tuple(float(_receivables(sums, back=back).sum()) for back in _BACK)}
    for id in _SCALES:
        drawn = [_redrawn(id, book, sums, back=back) for back in _BACK]
        found[id] = tuple(math.nan if one is None else float(one.drawn[0]) for one in drawn)
    return {id: (now, month, year) for id, (now, month, year) in found.items()}


def interval_table(found: Mapping[str, HeadlineInterval]) -> pd.DataFrame:
    """Intervals as a table by figure: its own limits and those of its changes; NaN where there are none."""
    rows = {}
    for id, one in found.items():
        limits = {"": one.level, "month_": one.month_change, "year_": one.year_change}
        rows[id] = {f"{of}{side}": (pair or (math.nan, math.nan))[at]
                    for of, pair in limits.items() for at, side in enumerate(("low", "high"))}  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="figure")


def _bounded(limits: Interval | None) -> Interval | None:
    return limits if limits is not None and math.isfinite(limits[1]) else None


def _change(times: Matrix, now: Redrawn | None, before: Redrawn | None) -> Interval | None:
    return None if now is None or before is None else interval(times, now - before)


def _growth(times: Matrix, sums: HeadlineSums, *, back: int) -> Interval | None:
    """Limits of the change in receivables, in money: what the customers' growth makes of the earlier balance."""
    if back >= sums.n_months:
        return None
    now, before = _receivables(sums, back=0), _receivables(sums, back=back)
    start = float(before.sum())
    limits = interval(times, redrawn_ratio(times, now, before, factor=start))
    return None if limits is None else (limits[0] - start, limits[1] - start)


def _redrawn(id: str, times: Matrix, sums: HeadlineSums, *, back: int) -> Redrawn | None:
    """A figure so many months back in every redraw; None where the books do not reach back as far as it needs."""
    stocks, k = dict(zip(STOCKS, sums.stocks[back].T, strict=True)), sums.dso_months
    needed = {"dso_rolling": k, "best_possible_dso": k, "days_delinquent": k, "effectiveness": 2}
    if back + (_YEAR if id == "bad_debt_to_sales" else needed.get(id, 1)) > sums.n_months:
        return None
    owed, sold = _receivables(sums, back=back), sums.sales[:, back]
    overdue = stocks["open_balance"] - stocks["not_due"] - stocks["no_due_date"]
    lately, days = sums.sales[:, back : back + k].sum(axis=1), float(sums.days[back : back + k].sum())
    match id:
        case "overdue_share":
            return redrawn_ratio(times, overdue, stocks["open_balance"])
        case "over_90_share":
            return redrawn_ratio(times, stocks["over_90"], stocks["open_balance"])
        case "dso_countback":
            return _counted_back(times, owed, sums.sales[:, back:], sums.days[back:])
        case "dso_simple":
            return redrawn_ratio(times, owed, sold, factor=float(sums.days[back]))
        case "dso_rolling":
            return redrawn_ratio(times, owed, lately, factor=days)
        case "best_possible_dso":
            return redrawn_ratio(times, stocks["not_due"], lately, factor=days)
        case "days_delinquent":
            return redrawn_ratio(times, overdue, lately, factor=days)
        case "effectiveness":
            collectable = _receivables(sums, back=back + 1) + sold
            return redrawn_ratio(times, collectable - owed, collectable - stocks["not_due"])
        case _:
            year = slice(back, back + _YEAR)
            return redrawn_ratio(times, sums.written_off[:, year].sum(axis=1), sums.sales[:, year].sum(axis=1))


def _counted_back(times: Matrix, owed: Matrix, sales: Matrix, days: Matrix) -> Redrawn | None:
    """DSO by counting back in every redraw: whole months used up, and a part of the one in which the balance ends.

    The part is a ratio of two sums, of what is left of the balance and of that month's sales, and moves as one. None
    where some redraw owes less than nothing or more than all its sales: its days are not known then.
    """
    balance, sold = times @ owed, np.maximum(times @ sales, 0.0)
    used = np.cumsum(sold, axis=1)
    whole = (used <= balance[:, None]).sum(axis=1)
    if (balance < 0).any() or (whole >= sales.shape[1]).any():
        return None
    rows, earlier = np.arange(len(times)), np.cumsum(sales, axis=1) - sales
    below = np.take_along_axis(sold, whole[:, None], axis=1)[:, 0]
    part = (balance - (used - sold)[rows, whole]) / below
    length = days[whole]
    above = owed[None, :] - earlier[:, whole].T
    influences = (above - part[:, None] * sales[:, whole].T) * (length / below)[:, None]
    return Redrawn(drawn=(np.cumsum(days) - days)[whole] + part * length, influences=influences)


def _receivables(sums: HeadlineSums, *, back: int) -> Matrix:
    stocks = dict(zip(STOCKS, sums.stocks[back].T, strict=True))
    owed: Matrix = stocks["open_balance"] - stocks["credit_balances"] - stocks["unapplied"]
    return owed


def _in_units(sums: HeadlineSums) -> HeadlineSums:
    """The sums of the units that are redrawn."""
    unit = units(len(sums.customers))
    return HeadlineSums(
        customers=tuple(str(one) for one in range(int(unit.max()) + 1)),
        stocks={back: folded(rows, unit) for back, rows in sums.stocks.items()},
        sales=folded(sums.sales, unit),
        written_off=folded(sums.written_off, unit),
        days=sums.days,
        n_months=sums.n_months,
        dso_months=sums.dso_months,
    )
