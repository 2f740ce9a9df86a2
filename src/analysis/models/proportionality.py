"""Whether an effect stays the same as invoices grow older, as a Cox model takes for granted."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.stats import chi2, rankdata

from analysis.models.cox import CoxModel
from analysis.models.risk_sets import Floats, RiskSets

Clock = Literal["km", "rank", "identity"]
GLOBAL = "all together"


def proportionality_tests(model: CoxModel, *, clock: Clock = "km") -> pd.DataFrame:
    """Test of each coefficient against one that grows with ``g(day)``: index covariate; ``statistic``, ``df``, ``p``.

    ``g`` is one less the share unpaid before the day ("km", all strata together), the day's rank among the ends
    of all rows ("rank") or the day itself ("identity"). The row :data:`GLOBAL` tests all coefficients together.
    A small p says that an effect changes with age: the coefficient is then a mean over it. NaN where a test cannot
    be made. A large ledger makes small changes certain; how large they are, a curve of each level shows.

    Source: Grambsch and Therneau, Biometrika 81 (1994) 515-526, in the score form of R's ``cox.zph`` (survival 3).
    """
    sets, at = model.sets, model.at_fit
    g = _transformed(sets, clock)
    g = g - np.average(g, weights=sets.n_paid)
    u = (g[:, None] * at.score).sum(axis=0)
    plain, once, twice = (np.tensordot(weight, at.information, axes=1) for weight in (np.ones_like(g), g, g**2))
    k = len(u)
    rows = {}
    for name, chosen in [*((sets.names[j], [j]) for j in range(k)), (GLOBAL, list(range(k)))]:
        # what the tested part tells beyond the coefficients as they are
        rest = twice[np.ix_(chosen, chosen)] - once[chosen] @ np.linalg.pinv(plain, hermitian=True) @ once[:, chosen]
        rows[name] = (_quadratic(u[chosen], rest), len(chosen))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["statistic", "df"]).rename_axis("covariate")
    return frame.assign(p=chi2.sf(frame["statistic"], frame["df"]))


def _transformed(sets: RiskSets, clock: Clock) -> Floats:
    if clock == "identity":
        return sets.day
    if clock == "rank":
        # among the ends of all rows, paid or not; those of one day share a rank
        ends, ranks = np.sort(sets.end), rankdata(np.sort(sets.end))
        return np.asarray(ranks[np.searchsorted(ends, sets.day)])
    if clock != "km":
        raise ValueError(f"clock must be one of {', '.join(get_args(Clock))}, got {clock!r}")
    days, place = np.unique(sets.day, return_inverse=True)
    there = np.searchsorted(np.sort(sets.start), days) - np.searchsorted(np.sort(sets.end), days)
    unpaid = np.cumprod(1 - np.bincount(place, weights=sets.n_paid) / there)
    return np.asarray(1 - np.append(1.0, unpaid[:-1])[place])


def _quadratic(u: Floats, spread: Floats) -> float:
    if not np.isfinite(spread).all() or np.linalg.matrix_rank(spread, hermitian=True) < len(u):
        return float("nan")
    return float(u @ np.linalg.solve(spread, u))
