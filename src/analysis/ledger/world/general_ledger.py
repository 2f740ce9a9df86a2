"""Exchange rates and the control account: what the general ledger says the receivables are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import Days, day_number, first_of_month, month_of
from analysis.ledger.world.parameters import COMPANY_CURRENCY, Parameters

RATE_UNITS = 10_000
"""Rates are stated to four decimals, as the European Central Bank states them."""


def month_ends(first: int, last: int) -> Days:
    """Last calendar day of each month that ends from ``first`` to ``last``."""
    months = np.arange(int(month_of(np.array(first))), int(month_of(np.array(last))) + 1)
    ends = first_of_month(months + 1) - 1
    return ends[ends <= last]


def draw_rates(rng: np.random.Generator, *, first: int, last: int, parameters: Parameters) -> pd.DataFrame:
    """Month-end rates from the month end before ``first``: a random walk of logarithms, to four decimals.

    Columns ``currency``, ``on`` (day number) and ``units`` (rate times RATE_UNITS). The rate of a day is
    the latest one on or before it.
    """
    on = np.append(first_of_month(month_of(np.array(first))) - 1, month_ends(first, last))
    on = np.unique(on)
    frames = []
    for currency, start in sorted(parameters.fx_start.items()):
        walk = np.append(0.0, np.cumsum(parameters.fx_monthly_log_sd * rng.standard_normal(len(on) - 1)))
        units = np.rint(start * np.exp(walk) * RATE_UNITS).astype(np.int64)
        frames.append(pd.DataFrame({"currency": currency, "on": on, "units": units}))
    return pd.concat(frames, ignore_index=True)


def rate_units(rates: pd.DataFrame, *, currency: str, on: Days) -> Days:
    """RATE_UNITS times the latest rate of ``currency`` on or before each day; 1 for the company's currency."""
    if currency == COMPANY_CURRENCY:
        return np.full(len(on), RATE_UNITS)
    own = rates[rates["currency"] == currency]
    return own["units"].to_numpy()[np.searchsorted(own["on"].to_numpy(), on, side="right") - 1]


def control_account(
    invoices: pd.DataFrame, entries: pd.DataFrame, rates: pd.DataFrame, *, first: int, last: int
) -> pd.DataFrame:
    """Receivables of each entity at each month end, in cents of the company's currency.

    ``sum over currencies of round(balance in that currency * rate of the month end, 2)``, half away from
    zero. The balance counts invoices by issue date and entries by booking date; a recovery does not
    lower it, because the write-off before it did.
    """
    ends = month_ends(first, last)
    owed = invoices[["entity", "currency", "issued", "cents"]].rename(columns={"issued": "day"})
    lowering = entries.loc[entries["kind"] != "recovery", ["entity", "currency", "day", "cents"]]
    moves = pd.concat([owed, lowering.assign(cents=-lowering["cents"])], ignore_index=True)
    moves["month"] = np.searchsorted(ends, moves["day"].to_numpy(), side="left")
    table = moves.pivot_table(
        index=["entity", "currency"], columns="month", values="cents", aggfunc="sum", fill_value=0
    ).reindex(columns=range(len(ends)), fill_value=0)
    balance = table.cumsum(axis=1)
    frames = []
    for (entity, currency), row in zip(balance.index.to_list(), balance.to_numpy(), strict=True):
        units = rate_units(rates, currency=currency, on=ends)
        cents = [_half_up(int(b) * int(u), RATE_UNITS) for b, u in zip(row, units, strict=True)]
        frames.append(pd.DataFrame({"entity": entity, "on": ends, "cents": cents}))
    total = pd.concat(frames).groupby(["entity", "on"])["cents"].sum().reset_index()
    return total.sort_values(["on", "entity"], ignore_index=True)


def _half_up(value: int, unit: int) -> int:
    """``value / unit`` to the nearest whole number, half away from zero, without floating point."""
    quotient = (2 * abs(value) + unit) // (2 * unit)
    return quotient if value >= 0 else -quotient


def first_day(end: date, months: int) -> int:
    """Day number of the first day of the ``months`` months that end with the month of ``end``."""
    month = month_of(np.array(day_number(end)))
    return int(first_of_month(np.array(month + 1 - months)))
