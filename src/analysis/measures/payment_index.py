"""The payment index: days beyond terms on the public scale from 100 (a month early) down to 20 (four months late)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import ibis
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from analysis.measures.history import History
from analysis.measures.known_balances import rates_at
from analysis.measures.lateness import current_spells, due_within
from analysis.measures.reliability import reliability_of

# Anchors of the PAYDEX scale as Dun & Bradstreet publishes it: days beyond terms (negative early) and points. There a
# discount taken counts 90; books do not say what was offered, so here the days alone decide.
ANCHORS: tuple[tuple[int, int], ...] = (
    *((-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60)),
    *((30, 50), (60, 40), (90, 30), (120, 20)),
)
EARLIEST, LATEST = ANCHORS[0][0], ANCHORS[-1][0]
DRAWS = 1_000
# Twenty draws at a time of a hundred thousand customers take 16 megabytes.
_DRAWS_AT_ONCE = 20


def points(days_late: ArrayLike) -> NDArray[np.float64]:
    """Points of days beyond terms, straight between the anchors; 100 for what is earlier, 20 for what is later.

    >>> points([-30, 0, 18.5, 45, 400]).tolist()
    [100.0, 80.0, 65.0, 45.0, 20.0]
    """
    days, scale = zip(*ANCHORS, strict=True)
    return np.interp(np.asarray(days_late, dtype=float), days, scale)


def index_counts(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """What the index is made of, from one pass of the engine: invoices due in the 365 days before each mark.

    One row per ``mark``, ``customer_id``, ``currency`` and ``days`` (beyond terms, cut at 30 early and 120 late):
    number of ``invoices``, their ``amount``, the sum of its squares (``amount_squared``), and the amount that was
    ``still_open``, in company currency at the rate of the mark. What was credited is left out. An invoice that is open
    counts its days so far, so the index is an upper bound where much is open; what was written off counts as 120 days
    late.
    """
    due = due_within(current_spells(history, marks))
    days = ibis.ifelse(due["lost"], LATEST, ibis.greatest(ibis.least(due["late"], LATEST), EARLIEST))
    rows = due.mutate(days=days)
    amount = rows["amount"]
    keys = ["mark", "customer_id", "currency", "days"]
    summed = rows.group_by(keys).aggregate(
        invoices=rows.count(),
        amount=amount.sum(),
        amount_squared=(amount * amount).sum(),
        still_open=amount.sum(where=rows["is_open"]).fill_null(0),
    )
    frame = summed.execute().sort_values(keys, ignore_index=True)
    rate = rates_at(history, frame["currency"], frame["mark"])
    money = frame[["amount", "still_open"]].astype(float).mul(rate, axis=0)
    squares = frame["amount_squared"].astype(float) * rate**2
    return frame.assign(**money, amount_squared=squares).astype({"days": float, "invoices": int})


def customer_index(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Payment index of each customer on each mark of :func:`index_counts`; index ``mark``, ``customer_id``.

    ``index`` = sum of amount x points / sum of amount; ``low`` and ``high`` from the error of that ratio over the
    customer's invoices (Student's t with n - 1), within 20 and 100; ``invoices``, ``amount``, ``open_share`` (of the
    amount: how much of the index is a bound) and ``reliability``. Index and interval are NaN below ten invoices
    ("suppressed"). Customers pay in batches, so the interval is too narrow where batches are few.

    Source: the error of a ratio: Cochran, Sampling Techniques (1977), section 2.11.
    """
    summed = _summed(counts, ["mark", "customer_id"])
    n = summed["invoices"].to_numpy(dtype=float)
    index = (summed["weighted"] / summed["amount"]).to_numpy()
    # sum of (amount x (points - index)) squared, from its three sums
    squares = summed["squared_2"] - 2 * index * summed["squared_1"] + index**2 * summed["squared_0"]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(squares, 0.0) * n / (n - 1)) / summed["amount"].to_numpy()
        reach = student.ppf((1 + confidence) / 2, n - 1) * error
    return _table(summed, index, low=index - reach, high=index + reach)


def payment_index(
    counts: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    group_minimum: int = 1,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Payment index of the company, or of groups of customers, on each mark; index ``mark``, ``group``.

    ``counts`` as :func:`index_counts` gives them; ``groups`` names the group of each ``customer_id`` (a segment,
    say; who has none is left out), "all" without it. Columns as in :func:`customer_index`, and ``customers``. The
    interval is that of the middle ``confidence`` of ``draws`` in which customers are drawn anew, each with all its
    invoices; it has no width with one customer and is too narrow with few. Below ten invoices or ``group_minimum``
    customers index and interval are NaN ("suppressed").

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """
    label = pd.Series("all", index=counts.index) if groups is None else counts["customer_id"].map(groups)
    grouped = counts.assign(group=label).dropna(subset=["group"])
    summed = _summed(grouped, ["mark", "group"])
    of_customer = _summed(grouped, ["mark", "group", "customer_id"])
    customers = of_customer.groupby(["mark", "group"]).size()
    limits = [
        _drawn_limits(rows["weighted"].to_numpy(), rows["amount"].to_numpy(), confidence, draws=draws, seed=seed)
        for _, rows in of_customer.groupby(["mark", "group"])
    ]
    low, high = (np.array([pair[side] for pair in limits], dtype=float) for side in (0, 1))
    table = _table(summed, (summed["weighted"] / summed["amount"]).to_numpy(), low=low, high=high)
    table.insert(3, "customers", customers)
    few = table["customers"] < group_minimum
    return table.assign(
        reliability=table["reliability"].mask(few, "suppressed"),
        **{name: table[name].mask(few) for name in ("index", "low", "high")},
    )


def _summed(counts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    scale = points(counts["days"])
    told = counts.assign(
        weighted=counts["amount"] * scale,
        squared_0=counts["amount_squared"],
        squared_1=counts["amount_squared"] * scale,
        squared_2=counts["amount_squared"] * scale**2,
    )
    columns = ["invoices", "amount", "still_open", "weighted", "squared_0", "squared_1", "squared_2"]
    return told.groupby(keys)[columns].sum()


def _table(
    summed: pd.DataFrame, index: NDArray[np.float64], *, low: NDArray[np.float64], high: NDArray[np.float64]
) -> pd.DataFrame:
    """The figures as they are told: nothing of a suppressed one."""
    reliability = [reliability_of(n) for n in summed["invoices"]]
    shown = np.array([told != "suppressed" for told in reliability], dtype=bool)
    worst, best = float(ANCHORS[-1][1]), float(ANCHORS[0][1])
    return pd.DataFrame(
        {
            "index": np.where(shown, index, math.nan),
            "low": np.where(shown, np.clip(low, worst, best), math.nan),
            "high": np.where(shown, np.clip(high, worst, best), math.nan),
            "invoices": summed["invoices"],
            "amount": summed["amount"],
            "open_share": summed["still_open"] / summed["amount"],
            "reliability": reliability,
        },
        index=summed.index,
    )


def _drawn_limits(
    weighted: NDArray[np.float64], amount: NDArray[np.float64], confidence: float, *, draws: int, seed: int
) -> tuple[float, float]:
    """Limits of the ratio of two sums over customers drawn anew."""
    rng, n = np.random.default_rng(seed), len(amount)
    ratios = np.empty(draws)
    for start in range(0, draws, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, draws - start)
        times = rng.multinomial(n, np.full(n, 1 / n), size=size)
        ratios[start : start + size] = (times @ weighted) / (times @ amount)
    low, high = np.quantile(ratios, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)
