"""A world of arrays in which the chance of each invoice to be paid by a day is known exactly.

Customers pay on run days of their own; a month of the market and a month of the customer move all their invoices of
that month, so receipts of a week are far from independent, while every single chance is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.models.receipts import DAYS, OpenDebt

MONTH_DAYS, MONTHS = 30, 30
DAY_ONE = date(2023, 1, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class CashWorld:
    """Invoices by day number; ``meant`` is the mean day on which one is meant to be paid, ``spread`` its deviation."""

    customer: NDArray[np.int64]
    issued: NDArray[np.int64]
    meant: NDArray[np.float64]
    amount: NDArray[np.float64]
    first_run: NDArray[np.int64]
    cycle: NDArray[np.int64]
    paid_on: NDArray[np.float64]
    spread: float
    never: float


def cash_world(
    seed: int, *, customers: int = 60, market: float = 2.5, own_month: float = 3.0, noise: float = 4.0
) -> CashWorld:
    """Draw a world: standard deviations, in days, of market months, of a customer's months and of single invoices."""
    rng = np.random.default_rng(seed)
    never = 0.005
    sizes, rates = rng.lognormal(0, 1, customers), 3.0 * rng.lognormal(0, 0.6, customers)
    who = np.repeat(np.arange(customers), rng.poisson(rates * MONTHS))
    issued = rng.integers(0, MONTHS * MONTH_DAYS, len(who))
    due = issued + rng.choice([14, 30, 45, 60], len(who), p=[0.2, 0.5, 0.2, 0.1])
    habit = rng.normal(5, 6, customers)[who]
    month = due // MONTH_DAYS
    shocks = np.zeros(MONTHS + 4)
    for place, fresh in enumerate(rng.standard_normal(MONTHS + 4)):
        shocks[place] = fresh if place == 0 else 0.6 * shocks[place - 1] + 0.8 * fresh
    own = rng.standard_normal((customers, MONTHS + 4))[who, month]
    drawn = due + habit + market * shocks[month] + own_month * own + noise * rng.standard_normal(len(who))
    first_run, cycle = rng.integers(0, 5, customers)[who], rng.choice([7, 14], customers)[who]
    paid_on = np.ceil((np.maximum(drawn, issued + 1) - first_run) / cycle) * cycle + first_run
    return CashWorld(
        customer=who,
        issued=issued,
        meant=due + habit,
        amount=1_000 * sizes[who] * rng.lognormal(0, 0.6, len(who)),
        first_run=first_run,
        cycle=cycle,
        paid_on=np.where(rng.random(len(who)) < never, np.inf, paid_on),
        spread=float(np.sqrt(market**2 + own_month**2 + noise**2)),
        never=never,
    )


def open_on(world: CashWorld, on: int) -> tuple[OpenDebt, NDArray[np.float64]]:
    """Open invoices with their exact chances, shocks averaged over, and how many days later they were paid."""
    rows = np.flatnonzero((world.issued <= on) & (world.paid_on > on))
    first, cycle = world.first_run[rows, None], world.cycle[rows, None]
    last_run = np.floor((on + np.arange(DAYS + 1) - first) / cycle) * cycle + first
    paid = (1 - world.never) * ndtr((last_run - world.meant[rows, None]) / world.spread)
    paid = np.where(last_run <= world.issued[rows, None], 0.0, paid)
    still = 1 - paid[:, :1]
    items = pd.DataFrame(
        {
            "invoice_id": [f"I{row:06d}" for row in rows],
            "customer_id": [f"C{who:04d}" for who in world.customer[rows]],
            "segment": np.where(world.customer[rows] % 3, "direct", "reseller"),
            "currency": "EUR",
            "entity": "one",
            "balance": world.amount[rows],
        }
    )
    debt = OpenDebt(
        on=DAY_ONE + timedelta(days=on),
        items=items,
        unpaid=np.clip((1 - paid[:, 1:]) / still, 0, 1),
        never=np.minimum(world.never / still[:, 0], 1.0),
    )
    return debt, world.paid_on[rows] - on
