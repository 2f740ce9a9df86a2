"""The error of a cumulative incidence: what each day adds to it, as Greenwood's formula does for one curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Error = Literal["greenwood", "aalen"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CauseSteps:
    """What happens on each day to the invoices at risk, for one cause beside the others."""

    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]
    of_cause: NDArray[np.float64]
    open_before: NDArray[np.float64]  # share open at the start of the day

    @classmethod
    def of(cls, table: pd.DataFrame, cause: str) -> CauseSteps:
        n, d, d_cause = (table[name].to_numpy(dtype=float) for name in ("at_risk", "events", cause))
        still_open = np.cumprod(1 - share_of(d, n))
        return cls(at_risk=n, events=d, of_cause=d_cause, open_before=np.append(1.0, still_open[:-1]))

    @property
    def share_of_cause(self) -> NDArray[np.float64]:
        return share_of(self.of_cause, self.at_risk)

    def variance(self, weight: NDArray[np.float64], later: NDArray[np.float64], *, error: Error) -> NDArray[np.float64]:
        """What each day adds to the variance of ``sum(weight * open_before * share_of_cause)``, by the delta method.

        ``later`` is what the following days add to that sum: an invoice that ends today cannot end later. It
        is zero where all at risk end, and so is its part of the variance.
        """
        n, d, gain = self.at_risk, self.events, weight * self.open_before
        if error == "greenwood":
            p, p_cause = share_of(d, n), self.share_of_cause
            spread = gain**2 * p_cause * (1 - p_cause) - 2 * gain * later * p_cause + later**2 * share_of(d, n - d)
            return share_of(np.where(p > 0, spread, 0.0), n)
        lost, others = later * share_of(n, n - d), d - self.of_cause
        # each cause draws its events of the day without putting back
        by_cause, by_others = (share_of(x * (n - x), n - 1, at_one=x) for x in (self.of_cause, others))
        return share_of((gain - lost) ** 2 * by_cause + lost**2 * by_others, n**2)

    def std_err(self, share: NDArray[np.float64], *, error: Error) -> NDArray[np.float64]:
        """Standard error of the incidence ``share`` at the end of each day.

        A day u adds ``variance(1, share(t) - share(u))`` to that of day t. This is a square of ``share(t)``, so three
        running sums give it for all days at once.
        """
        zero, one = np.zeros_like(share), np.ones_like(share)
        level, square = self.variance(one, zero, error=error), self.variance(zero, one, error=error)
        slope = self.variance(one, one, error=error) - level - square
        constant = np.cumsum(level - slope * share + square * share**2)
        linear = np.cumsum(slope - 2 * square * share)
        return np.sqrt(np.maximum(constant + linear * share + np.cumsum(square) * share**2, 0))


def share_of(
    part: NDArray[np.float64], whole: NDArray[np.float64], *, at_one: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """``part / whole``; where ``whole`` is zero, ``at_one`` or else zero."""
    out = np.zeros_like(part) if at_one is None else at_one.copy()
    return np.divide(part, whole, out=out, where=whole > 0)
