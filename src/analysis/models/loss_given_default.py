"""What comes back of debts that were written off, and so what part of a write-off is lost for good."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.loss_history import LossHistory
from analysis.models.survival import Estimate

# Months after a write-off in which recoveries are counted; later ones are too few to tell.
LAST_MONTH = 36
_DRAWS = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossGivenDefault:
    """Part of a write-off that never comes back.

    ``estimate`` has a 95% interval from draws of customers (NaN where fewer than two ever defaulted); ``by_lag``: index
    months since the write-off, columns ``recovered`` (part that came by then), ``written_off`` (amount that was
    followed so far, company currency). Without a write-off nothing is known of recoveries, and the estimate is 1.
    """

    estimate: Estimate
    by_lag: pd.DataFrame
    customers: int

    @property
    def value(self) -> float:
        """The part lost for good, 0 to 1."""
        return self.estimate.value


def loss_given_default(
    found: LossHistory, *, place: int | None = None, seed: int = 0, draws: int = _DRAWS
) -> LossGivenDefault:
    """What was known on a mark (the last where not stated) of the part of write-offs that never comes back.

    ``1 - sum over months k of recovered(k) / written_off(k)``, where ``written_off(k)`` is what was written off at
    least k months before the mark, so that young write-offs count only for the months they have had. Recoveries are not
    discounted: they come within months.

    ``draws`` of customers make the interval; 0 leaves it out.

    Source: vintage method with incomplete development, as chain ladder; IFRS 9 B5.5.28 (cash shortfalls).
    """
    place = len(found.marks) - 1 if place is None else place
    known = found.given_up[found.given_up["place"] + found.given_up["lag"].clip(lower=0) <= place]
    amount = found.value(known["amount"], known["currency"], place=place)
    customers, who = np.unique(known["customer_id"].to_numpy(dtype=str), return_inverse=True)
    lags = min(place, LAST_MONTH) + 1
    recovered, followed = (np.zeros((len(customers), lags)) for _ in range(2))
    lag = known["lag"].to_numpy(dtype=np.int64)
    came = (lag >= 0) & (lag < lags)
    np.add.at(recovered, (who[came], lag[came]), amount[came])
    for k in range(lags):
        old_enough = (lag < 0) & (known["place"] + k <= place).to_numpy()
        followed[:, k] = np.bincount(who[old_enough], weights=amount[old_enough], minlength=len(customers))
    parts = _parts(recovered.sum(axis=0), followed.sum(axis=0))
    value = float(np.clip(1 - parts.sum(), 0.0, 1.0))
    table = pd.DataFrame({"recovered": np.cumsum(parts), "written_off": followed.sum(axis=0)})
    low = high = math.nan
    if draws and len(customers) > 1:
        rng = np.random.default_rng(seed)
        weight = rng.multinomial(len(customers), np.full(len(customers), 1 / len(customers)), size=draws)
        drawn = 1 - _parts(weight @ recovered, weight @ followed).sum(axis=1)
        low, high = (float(limit) for limit in np.clip(np.quantile(drawn, (0.025, 0.975)), 0.0, 1.0))
    return LossGivenDefault(
        estimate=Estimate(value=value, low=low, high=high),
        by_lag=table.rename_axis(index="months"),
        customers=len(customers),
    )


def _parts(recovered: np.ndarray, followed: np.ndarray) -> np.ndarray:
    return np.divide(recovered, followed, out=np.zeros_like(recovered, dtype=float), where=followed > 0)
