"""Which customers fail, and which never meant to pay: both chosen until a budget of losses is spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ledger.world.parameters import Parameters

OPEN_DAYS_AT_FAILURE = 80
"""Days of a customer's sales that are open when it stops paying; sets how many failures a budget buys."""
BUST_FACTOR = 12
"""Sales of a bust-out in its last 60 days against its usual ones: three times the invoices, four times as large."""


def choose_failing(
    rng: np.random.Generator,
    customers: pd.DataFrame,
    *,
    first: int,
    last: int,
    parameters: Parameters,
    loss_scale: float,
) -> None:
    """Marks customers as failing, weak ones first, until what they will leave unpaid reaches the budget.

    Failures are placed from 90 days after the first day to 150 days after the last: the last of them
    show in nobody's books yet.
    """
    n, span = len(customers), last - first
    per_day = (customers["rate"] * customers["mean_amount"]).to_numpy()
    fails_on = first + 90 + (rng.random(n) * (span + 60)).astype(np.int64)
    eligible = (customers["size_rank"] >= 0.02 * n) & (customers["active_from"] + 150 < fails_on)
    # A failure after the last day costs the books nothing.
    loss = np.where(fails_on <= last, per_day * OPEN_DAYS_AT_FAILURE, 0.0)
    budget = loss_scale * parameters.failing_loss_budget * per_day.sum() * span
    eligible &= loss <= budget / 4
    weakness = parameters.failing_logit_per_quality * customers["quality"] + rng.gumbel(size=n)
    order = np.argsort(-weakness.where(eligible, -np.inf).to_numpy(), kind="stable")
    chosen = order[: np.searchsorted(np.cumsum(loss[order]), budget)]
    chosen = chosen[eligible.to_numpy()[chosen]]
    customers.loc[chosen, "payer"] = "failing"
    customers.loc[chosen, "fails_on"] = fails_on[chosen]
    stop = fails_on[chosen] + rng.integers(-20, 10, size=len(chosen))
    customers.loc[chosen, "active_to"] = np.minimum(last, stop)


def choose_bust_outs(
    rng: np.random.Generator,
    customers: pd.DataFrame,
    *,
    first: int,
    last: int,
    parameters: Parameters,
    loss_scale: float,
) -> None:
    """Turns small customers into bust-outs: five months of good conduct, large orders for 60 days, then silence."""
    span = last - first
    per_day = (customers["rate"] * customers["mean_amount"]).to_numpy()
    budget = loss_scale * parameters.bust_out_loss_budget * per_day.sum() * span
    eligible = np.flatnonzero((customers["payer"] != "failing") & (per_day * 60 * BUST_FACTOR < budget / 2))
    if span < 420 or not len(eligible):
        return
    order = rng.permutation(eligible)
    affordable = int(np.searchsorted(np.cumsum(per_day[order] * 60 * BUST_FACTOR), budget))
    chosen = order[: min(max(2, affordable), max(2, len(customers) // 100))]
    onboarded = first + 60 + (rng.random(len(chosen)) * (span - 400)).astype(np.int64)
    customers.loc[chosen, "payer"] = "bust_out"
    customers.loc[chosen, "onboarded"] = onboarded
    customers.loc[chosen, "active_from"] = onboarded
    customers.loc[chosen, "bust_from"] = onboarded + 150
    customers.loc[chosen, "active_to"] = onboarded + 210
    customers.loc[chosen, "takes_discount"] = False
