"""How much of the receivables hangs on how few debtors.

A debtor is who owes something: customers whose balance is a credit, or nothing, are left out of every
share and counted apart. Netting a credit of one customer against the debt of another would hide risk.
Add up a group of companies before you call: exposure is concentrated by who fails together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """All concentration figures of one book, with what was left out of them."""

    n_debtors: int
    exposure: float
    top_share: float
    herfindahl: float
    effective_number: float
    gini: float
    n_credit_balances: int
    credit_balances: float
    n_without_balance: int


def concentration(exposures: ArrayLike, *, n: int = 10) -> Concentration:
    """The figures below for one value per customer, and the credit balances left out of them.

    ``credit_balances`` is their sum, as a negative amount; ``top_share`` is that of the ``n`` largest.
    Shares are NaN without debtors.
    """
    values, owed = _exposures(exposures), _debts(exposures)
    credits = values[values < 0]
    return Concentration(
        n_debtors=len(owed),
        exposure=float(owed.sum()),
        top_share=top_share(owed, n),
        herfindahl=herfindahl(owed),
        effective_number=effective_number(owed),
        gini=gini(owed),
        n_credit_balances=len(credits),
        credit_balances=float(np.sort(credits).sum()),
        n_without_balance=int((values == 0).sum()),
    )


def top_share(exposures: ArrayLike, n: int) -> float:
    """Share of the ``n`` largest debtors; 1 where there are no more than ``n``, NaN without any.

    >>> top_share([50, 30, 20, -10], 2)
    0.8
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    owed = _debts(exposures)
    return float(owed[-n:].sum() / owed.sum()) if len(owed) else math.nan


def herfindahl(exposures: ArrayLike) -> float:
    """Herfindahl-Hirschman index: ``sum(share ** 2)``, from ``1 / number of debtors`` (all equal) to 1 (one debtor).

    On a scale of shares, not of percentages squared (there 10,000 stands for 1). NaN without debtors.

    Source: Hirschman, American Economic Review 54 (1964) 761-762.

    >>> round(herfindahl([50, 30, 20]), 2)
    0.38
    """
    owed = _debts(exposures)
    return float(((owed / owed.sum()) ** 2).sum()) if len(owed) else math.nan


def effective_number(exposures: ArrayLike) -> float:
    """How many debtors of equal size would be as concentrated: ``1 / herfindahl``; NaN without debtors.

    Source: Adelman, Review of Economics and Statistics 51 (1969) 99-101.

    >>> effective_number([25, 25, 25, 25])
    4.0
    """
    return 1 / herfindahl(exposures)


def gini(exposures: ArrayLike) -> float:
    """Inequality of debtors' sizes: 0 all equal, towards 1 one owes nearly all; NaN without debtors.

    ``sum((2 i - N - 1) * exposure_i) / (N * sum(exposure))``, smallest first: twice the area between the
    Lorenz curve and the diagonal. It does not see the number of debtors: two equal ones give 0.

    >>> gini([1, 2, 3, 4])
    0.25
    """
    owed = _debts(exposures)
    rank = 2 * np.arange(1, len(owed) + 1) - len(owed) - 1
    return float((rank * owed).sum() / (len(owed) * owed.sum())) if len(owed) else math.nan


def lorenz_points(exposures: ArrayLike) -> pd.DataFrame:
    """The Lorenz curve: share of debtors, smallest first, and the share of the exposure they owe.

    Columns ``share_of_debtors`` and ``share_of_exposure``, from (0, 0) to (1, 1); only (0, 0) without debtors.

    Source: Lorenz, Publications of the American Statistical Association 9 (1905) 209-219.
    """
    owed = _debts(exposures)
    # at least one step, so that an empty book divides by nothing
    steps, total = max(len(owed), 1), owed.sum() if len(owed) else 1.0
    return pd.DataFrame(
        {
            "share_of_debtors": np.arange(len(owed) + 1) / steps,
            "share_of_exposure": np.append(0.0, np.cumsum(owed)) / total,
        }
    )


def _exposures(exposures: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(exposures, dtype=float)
    wrong = ~np.isfinite(values)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"exposures: {int(wrong.sum())} of {len(values)} values are missing or not finite, "
            f"for example {values[at]} at position {at}"
        )
    return values


def _debts(exposures: ArrayLike) -> NDArray[np.float64]:
    """Positive exposures in ascending order, so that sums do not depend on the order of the customers."""
    values = _exposures(exposures)
    return np.sort(values[values > 0])
