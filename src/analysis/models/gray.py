"""Whether groups of customers differ in how their invoices end: in what is paid, credited or written off by each day.

The log-rank test compares the pace of those still open. A group with many credit notes can pay at the same pace
and yet have less paid in the end, because the credit notes took their share first. Gray's test compares that share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from analysis.models.counts import at_risk_on, at_risk_table, strata

_Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrayTest:
    """Test of equal cumulative incidence of one cause across groups.

    ``scores`` are the events of the cause in each group less those expected, weighted where ``rho`` is not 0, by
    group; they add up to zero. A positive score means more of it, or earlier. ``covariance`` is theirs.
    """

    cause: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    scores: pd.Series[float]
    covariance: pd.DataFrame
    rho: float


def gray_test(counts: pd.DataFrame, *, by: str, cause: str, causes: Sequence[str], rho: float = 0.0) -> GrayTest:
    """Gray's test across the values of the column ``by``: do as many invoices end by ``cause``, and as early?

    An invoice that ended by another cause keeps its place among those that could still have ended by this
    one: a group counts on each day with ``at_risk * (1 - F) / S``, F the incidence of the cause before the
    day and S the share still open. Against these numbers its events are compared with those of all groups. Days are
    weighted by ``(1 - F) ** rho`` of all groups together. Statistic and variance are those of ``cuminc`` in
    R's ``cmprsk``. ``counts`` as for ``cumulative_incidence``.

    Statistic and p-value are NaN where fewer than two groups can be compared. The test takes invoices as
    independent, as ``log_rank`` does. ValueError where ``cause`` is none of ``causes``, or invoices enter
    late, for which the variance does not hold.

    Source: Gray, Annals of Statistics 16 (1988) 1141-1154.
    """
    if cause not in causes:
        raise ValueError(f"cause: {cause!r} is none of {', '.join(causes)}")
    tables = {label: at_risk_table(rows, causes=causes) for label, rows in strata(counts, by=by)}
    if late := sum(int(table["entered"].sum()) for table in tables.values()):
        raise ValueError(f"entered: {late} invoices enter late, for which Gray's test is not defined")
    groups = list(tables)
    on_days = (table.index[table["events"] > 0].to_numpy(dtype=float) for table in tables.values())
    days = np.unique(np.concatenate([np.empty(0), *on_days]))
    # rows are days on which anything ended, columns groups
    n = np.array([at_risk_on(table, days) for table in tables.values()], dtype=float).reshape(len(groups), -1).T
    d, d_any = (
        np.array([table[name].reindex(days, fill_value=0) for table in tables.values()], dtype=float)
        .reshape(len(groups), -1)
        .T
        for name in (cause, "events")
    )
    scores, covariance = _scores(n, d, d_any - d, rho=rho)
    compared = np.diag(covariance) > 0
    freedom = max(int(compared.sum()) - 1, 0)
    # the scores add up to zero, so one group is redundant
    difference, spread = scores[compared][:-1], covariance[np.ix_(compared, compared)][:-1, :-1]
    statistic = math.nan
    if freedom and np.linalg.matrix_rank(spread) == freedom:
        statistic = float(difference @ np.linalg.solve(spread, difference))
    named = pd.Index(groups, name=by)
    return GrayTest(
        cause=cause,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(statistic, freedom)) if freedom else math.nan,
        scores=pd.Series(scores, index=named, name="score"),
        covariance=pd.DataFrame(covariance, index=named, columns=named),
        rho=rho,
    )


def _scores(n: _Array, d: _Array, d_other: _Array, *, rho: float) -> tuple[_Array, _Array]:
    """Scores of the groups and their covariance, from numbers at risk and events by day (rows) and group (columns)."""
    still = np.cumprod(1 - _ratio(d + d_other, n), axis=0)
    open_before = _before(still, first=1.0)
    incidence_before = _before(np.cumsum(open_before * _ratio(d, n), axis=0), first=0.0)
    # those at risk and, in proportion, those whom another cause has taken since
    standing = _ratio(n, open_before)
    together = standing.sum(axis=1, keepdims=True)
    d_all = d.sum(axis=1, keepdims=True)
    step = _ratio(d_all, together)
    pooled = np.cumsum(step, axis=0)
    pooled_before = _before(pooled, first=0.0)
    weight = (1 - pooled_before) ** rho

    expecting = standing * (1 - incidence_before)
    expected = d_all * _ratio(expecting, expecting.sum(axis=1, keepdims=True))
    scores = (weight * (d - expected) * (n > 0)).sum(axis=0)

    # by day: how an event in the second group moves the score of the first
    own = np.eye(n.shape[1])[None, :, :] * standing[:, :, None]
    moves = weight[:, :, None] * (own - standing[:, :, None] * _ratio(standing, together)[:, None, :])
    running = np.cumsum(moves * _ratio(step, 1 - pooled_before)[:, :, None], axis=0)
    still_to_come = running[-1:] - running
    taken_elsewhere = _ratio(1 - pooled, still)
    by_cause = moves + np.where(still > 0, 1 - taken_elsewhere, 1.0)[:, None, :] * still_to_come
    by_other = taken_elsewhere[:, None, :] * still_to_come
    # the group's number of events under the null, and those of the other causes as they were, each without putting back
    likely = together * open_before
    null = open_before * _ratio(d_all, together * n) * (1 - np.where(d_all > 1, _ratio(d_all - 1, likely - 1), 0.0))
    other = open_before**2 * _ratio(d_other, n**2) * (1 - np.where(d_other > 1, _ratio(d_other - 1, n - 1), 0.0))
    covariance = np.einsum("tik,tjk,tk->ij", by_cause, by_cause, null) + np.einsum(
        "tik,tjk,tk->ij", by_other, by_other, np.where(still > 0, other, 0.0)
    )
    return scores, covariance


def _before(running: _Array, *, first: float) -> _Array:
    """What a running figure was at the end of the day before."""
    return np.vstack([np.full((1, running.shape[1]), first), running])[: len(running)]


def _ratio(part: _Array, whole: _Array) -> _Array:
    """``part / whole``, and zero where ``whole`` is."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
