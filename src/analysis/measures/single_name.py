"""What hangs on single names: if one fails or pays late, how many more debtors a book would need, and what is risky."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.measures.concentration import effective_number
from analysis.measures.ratio import ratio

LATE_DAYS = 60
HIGH_RISK_CLASSES = (4, 5)
_ROUNDING = 1e-9


def what_if(
    owed: pd.DataFrame, receipts: pd.DataFrame, *, most: int = 10, late_days: int = LATE_DAYS, recovered: float = 0.0
) -> pd.DataFrame:
    """The largest names failing, or all their payments coming later, one at a time.

    ``owed``: index the name's number, columns ``name`` and ``open_balance``, perhaps ``unapplied`` (cash and credits on
    account, which are set off where a name fails). ``receipts``: cash expected of each name on each day after the
    as-of date (index day 1, 2, ...; columns the same numbers; a name without a column is expected to pay nothing).

    One row per name with a balance, largest first, at most ``most``: ``name``, ``open_balance``, ``share`` (of all),
    ``loss_if_failed`` = (open balance - unapplied, at least 0) x (1 - ``recovered``), ``expected_cash`` within the days
    of ``receipts``, ``missing_if_failed`` (all of it) and ``missing_if_late``: cash of the last ``late_days`` days of
    them, which would come after them.
    Raises ValueError for a share recovered outside 0 to 1, or receipts of no more than ``late_days`` days.
    """
    if not 0 <= recovered <= 1:
        raise ValueError(f"recovered must be from 0 to 1, got {recovered}")
    if len(receipts) <= late_days:
        raise ValueError(f"receipts must reach beyond {late_days} days, they have {len(receipts)}")
    owing = owed[owed["open_balance"] > 0]
    total = float(np.sort(owing["open_balance"].to_numpy(float)).sum())
    top = owing.assign(_key=owing.index).sort_values(["open_balance", "_key"], ascending=[False, True]).head(most)
    of_top = receipts.reindex(columns=top.index).fillna(0.0)
    waiting = top["unapplied"] if "unapplied" in top else pd.Series(0.0, index=top.index)
    expected = of_top.sum()
    return pd.DataFrame(
        {
            "name": top["name"],
            "open_balance": top["open_balance"],
            "share": top["open_balance"] / total,
            "loss_if_failed": (top["open_balance"] - waiting.clip(lower=0)).clip(lower=0) * (1 - recovered),
            "expected_cash": expected,
            "missing_if_failed": expected,
            "missing_if_late": of_top.iloc[-late_days:].sum(),
        },
        index=top.index,
    )


def average_debtors_needed(exposures: ArrayLike, *, target: float) -> int | None:
    """How many debtors more, each of the average exposure, would bring the effective number to ``target``.

    With N debtors, exposure E, squares Q and a = E / N, the smallest whole m of
    ``(E + m a) ** 2 / (Q + m a ** 2) >= target``: the positive root of
    ``u ** 2 + (2 E - target a) u + E ** 2 - target Q = 0`` in u = m a. 0 where the book is there already, None
    without debtors.

    >>> average_debtors_needed([50, 30, 20], target=6)  # effective number 2.63
    4
    """
    if not math.isfinite(target) or target < 1:
        raise ValueError(f"target must be a number of debtors, at least 1, got {target}")
    owed = np.sort(np.asarray(exposures, dtype=float))
    owed = owed[owed > 0]
    if not len(owed):
        return None
    if effective_number(owed) >= target * (1 - _ROUNDING):
        return 0
    # in units of the average exposure, so that amounts of any size are as exact
    owed = owed / owed.mean()
    whole, squares = float(len(owed)), float((owed**2).sum())
    half = (2 * whole - target) / 2
    needed = math.ceil(-half + math.sqrt(half**2 + target * squares - whole**2) - _ROUNDING)
    return max(needed, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighRisk:
    """Exposure of customers that are expected to fail in their obligations.

    ``share`` of the assessed exposure is of high-risk customers (NaN without any assessed), ``expected_share`` is
    ``sum(exposure x probability) / assessed exposure`` (NaN without probabilities); ``exposure`` and ``customers`` are
    those at high risk, ``assessed`` and ``not_assessed`` the exposures with and without an assessment.
    """

    share: float
    expected_share: float
    exposure: float
    customers: int
    assessed: float
    not_assessed: float


def high_risk(
    exposures: pd.Series[float],
    *,
    risk_class: pd.Series | None = None,
    probability: pd.Series[float] | None = None,
    classes: Collection[int] = HIGH_RISK_CLASSES,
    threshold: float | None = None,
) -> HighRisk:
    """Share of the exposure that is of high-risk customers: by class, or by probability from ``threshold`` on.

    All series by customer. A customer is at high risk where its class is one of ``classes``, or where a ``threshold``
    is given and its probability reaches it. Who has neither class nor probability is not assessed and counted apart.
    Raises ValueError without both series, for a threshold without probabilities, and for probabilities beyond 0 to 1.
    """
    if risk_class is None and probability is None:
        raise ValueError("high_risk needs risk_class or probability by customer")
    if threshold is not None and probability is None:
        raise ValueError("a threshold needs a probability by customer")
    owed = exposures[exposures > 0].sort_index()
    empty = pd.Series(np.nan, index=owed.index)
    kind = empty if risk_class is None else risk_class.reindex(owed.index)
    chance = empty if probability is None else probability.reindex(owed.index).astype(float)
    if ((chance < 0) | (chance > 1)).any():
        raise ValueError(f"probabilities must be from 0 to 1, one is {chance[(chance < 0) | (chance > 1)].iloc[0]}")
    known = kind.notna() | chance.notna()
    risky = kind.isin(list(classes)) | ((chance >= threshold) if threshold is not None else False)
    assessed, at_risk = float(owed[known].sum()), float(owed[risky].sum())
    with_chance = chance.notna()
    return HighRisk(
        share=float(ratio(at_risk, assessed)),
        expected_share=float(ratio(float((owed * chance)[with_chance].sum()), float(owed[with_chance].sum()))),
        exposure=at_risk,
        customers=int(risky.sum()),
        assessed=assessed,
        not_assessed=float(owed[~known].sum()),
    )
