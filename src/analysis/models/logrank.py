"""Whether groups of customers pay at different speeds, or whether the curves differ by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from analysis.models.counts import at_risk_on, at_risk_table, strata


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogRank:
    """Test of equal payment speed across groups.

    ``observed`` and ``expected`` are the payments of each group and those it would have had at the
    pace of all groups together (weighted where ``rho`` is not 0), indexed by group. A group with
    more observed than expected pays faster.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    observed: pd.Series[float]
    expected: pd.Series[float]
    rho: float


def log_rank(counts: pd.DataFrame, *, by: str, rho: float = 0.0, stratify_by: str | None = None) -> LogRank:
    """Log-rank test across the values of the column ``by``, of any number of groups, exact with ties.

    On each day a group is expected to have its share of the payments, ``d * n_group / n``, with
    hypergeometric variance; days are weighted by ``unpaid(before the day) ** rho`` of all groups together
    (0 is the log-rank test, 1 the Peto and Peto form of Wilcoxon's, which stresses early days), as
    R's ``survdiff`` does. ``counts`` as for ``payment_curve``, late entry included.

    With ``stratify_by`` groups are compared within each value of that column, terms of payment say, and the
    differences added up, as ``strata()`` does in R: what comes from another mix of strata is no difference.

    A group never at risk when anything was paid is left out of the degrees of freedom. Statistic
    and p-value are NaN where fewer than two groups can be compared. The test takes invoices as
    independent; a customer who pays many in one batch makes it too sure of a difference.

    Source: Mantel, Cancer Chemotherapy Reports 50 (1966) 163-170; weights: Harrington and Fleming,
    Biometrika 69 (1982) 553-566.
    """
    groups = [label for label, _ in strata(counts, by=by)]
    each = [counts] if stratify_by is None else [rows for _, rows in strata(counts, by=stratify_by)]
    parts = [_compared(dict(strata(rows, by=by)), groups, rho=rho) for rows in each]
    observed = np.sum([part[0] for part in parts], axis=0) if parts else np.zeros(len(groups))
    expected = np.sum([part[1] for part in parts], axis=0) if parts else np.zeros(len(groups))
    covariance = np.sum([part[2] for part in parts], axis=0) if parts else np.zeros((len(groups), len(groups)))

    compared = expected > 0
    freedom = max(int(compared.sum()) - 1, 0)
    # the differences add up to zero, so one group is redundant
    difference = (observed - expected)[compared][1:]
    spread = covariance[np.ix_(compared, compared)][1:, 1:]
    statistic = math.nan
    if freedom and np.linalg.matrix_rank(spread) == freedom:
        statistic = float(difference @ np.linalg.solve(spread, difference))
    return LogRank(
        statistic=statistic,
        degrees_of_freedom=freedom,
        p_value=float(chi2.sf(statistic, freedom)) if freedom else math.nan,
        observed=pd.Series(observed, index=pd.Index(groups, name=by), name="observed"),
        expected=pd.Series(expected, index=pd.Index(groups, name=by), name="expected"),
        rho=rho,
    )


def _compared(
    rows: Mapping[str, pd.DataFrame], groups: Sequence[str], *, rho: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Observed and expected payments of each group and their covariance, within one stratum."""
    nobody = pd.DataFrame({"day": [], "events": [], "censored": []})
    tables = [at_risk_table(rows.get(group, nobody)) for group in groups]
    paying = (table.index[table["events"] > 0].to_numpy(dtype=float) for table in tables)
    days = np.unique(np.concatenate([np.empty(0), *paying]))
    # rows are groups, columns the days on which anything was paid
    n = np.array([at_risk_on(table, days) for table in tables], dtype=float).reshape(len(groups), -1)
    events = [table["events"].reindex(days, fill_value=0) for table in tables]
    d = np.array(events, dtype=float).reshape(len(groups), -1)

    n_all, d_all = n.sum(axis=0), d.sum(axis=0)
    weight = np.append(1.0, np.cumprod(1 - d_all / n_all)[:-1])[: len(days)] ** rho
    share = n / n_all
    # a single invoice at risk leaves nothing to chance
    chance = np.divide(d_all * (n_all - d_all), n_all - 1, out=np.zeros_like(d_all), where=n_all > 1) * weight**2
    covariance = np.diag((share * chance).sum(axis=1)) - (share * chance) @ share.T
    return (d * weight).sum(axis=1), (share * d_all * weight).sum(axis=1), covariance
