"""Risk sets: which invoices could have been paid at each moment at which one was, and the sums a Cox model needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskSets:
    """Rows of (late entry, exit, paid or not, covariates), with the cells in which payments fell.

    A cell is one day of one stratum on which at least one invoice was paid. A row is at risk in the cells
    ``first`` to ``last`` (excluded) of its stratum: those with ``start < day <= end``.

    - ``x`` (rows, covariates), centred; ``centre`` is what was taken off.
    - ``start`` (-inf where at risk from its start), ``end``, ``paid``, ``first``, ``last`` and ``cell`` (that of a
      paid row, else -1), ``row_stratum``: (rows,).
    - ``day``, ``stratum`` (place in ``strata``) and ``n_paid``: (cells,).
    """

    names: tuple[str, ...]
    x: Floats
    centre: Floats
    start: Floats
    end: Floats
    paid: NDArray[np.bool_]
    first: Ints
    last: Ints
    cell: Ints
    row_stratum: Ints
    day: Floats
    stratum: Ints
    n_paid: Ints
    strata: tuple[str, ...]

    @property
    def n_cells(self) -> int:
        return len(self.day)

    def at_risk(self, values: Floats) -> Floats:
        """Sum over the rows at risk in each cell: (rows, k) -> (cells, k)."""
        n = len(self.x)
        rows, ones = np.arange(n), np.ones(n)
        shape = (self.n_cells + 1, n)
        change = csr_array((np.append(ones, -ones), (np.append(self.first, self.last), np.append(rows, rows))), shape)
        return np.cumsum(change @ values, axis=0)[:-1]

    def over_paid(self, values: Floats) -> Floats:
        """Sum over the rows paid in each cell: (rows, k) -> (cells, k)."""
        rows = np.flatnonzero(self.paid)
        chosen = csr_array((np.ones(len(rows)), (self.cell[rows], rows)), (self.n_cells, len(self.x)))
        return np.asarray(chosen @ values)

    def while_at_risk(self, per_cell: Floats) -> Floats:
        """Sum of a cell's value over the cells in which each row was at risk: (cells, k) -> (rows, k)."""
        summed = np.concatenate([np.zeros((1, per_cell.shape[1])), np.cumsum(per_cell, axis=0)])
        return np.asarray(summed[self.last] - summed[self.first])

    def tie_shares(self, ties: Ties) -> tuple[Ints, Floats]:
        """Cell of each payment and the share of its tied payments that Efron takes off the risk set before it."""
        cells = np.repeat(np.arange(self.n_cells), self.n_paid)
        if ties == "breslow":
            return cells, np.zeros(len(cells))
        place = np.arange(len(cells)) - np.repeat(np.cumsum(self.n_paid) - self.n_paid, self.n_paid)
        return cells, place / self.n_paid[cells]


def risk_sets(
    rows: pd.DataFrame,
    *,
    covariates: Sequence[str],
    duration: str = "days",
    event: str = "paid",
    entered: str | None = None,
    strata: str | None = None,
) -> RiskSets:
    """Risk sets of rows with numeric covariates.

    ``duration`` is the day on which a row ends, ``event`` whether it ended by payment, ``entered`` the day after
    which it is at risk (0 or absent: from the start; a row of 0 days without late entry is at risk on day 0), so an
    invoice may also stand in several rows that follow each other, with covariates that change. ``strata`` names a
    column within whose values the risk sets are kept apart.

    ValueError, naming the column, for a missing or infinite value or a row that ends no later than it enters.
    """
    x = rows[list(covariates)].to_numpy(dtype=float)
    days = rows[duration].to_numpy(dtype=float)
    since = np.full(len(rows), -np.inf) if entered is None else rows[entered].to_numpy(dtype=float)
    since = np.where(since <= 0, -np.inf, since)
    for name, bad in [
        *zip(covariates, ~np.isfinite(x).T, strict=True),
        (duration, ~np.isfinite(days) | (days < 0)),
        (entered or duration, ~(since < days)),
    ]:
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{name}: {int(bad.sum())} of {len(rows)} are missing, infinite or end no later than they enter, "
                f"for example {rows[name].iloc[at]} at row {at}"
            )
    paid = rows[event].to_numpy(dtype=bool)
    codes, labels = pd.factorize(rows[strata].astype(str), sort=True) if strata else (np.zeros(len(rows), int), ["all"])
    order = np.lexsort((days, codes))
    chosen = order[paid[order]]
    keys = np.stack([codes[chosen].astype(float), days[chosen]], axis=1)
    new = np.append(True, (np.diff(keys, axis=0) != 0).any(axis=1)) if len(keys) else np.empty(0, bool)
    cells = keys[new]
    cell = np.full(len(rows), -1, dtype=np.int64)
    cell[chosen] = np.cumsum(new) - 1
    first, last = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for code in range(len(labels)):
        mine, offset = codes == code, int(np.searchsorted(cells[:, 0], code))
        times = cells[cells[:, 0] == code, 1]
        first[mine] = offset + np.searchsorted(times, since[mine], side="right")
        last[mine] = offset + np.searchsorted(times, days[mine], side="right")
    centre = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    return RiskSets(
        names=tuple(covariates),
        x=x - centre,
        centre=centre,
        start=since,
        end=days,
        paid=paid,
        first=first,
        last=last,
        cell=cell,
        row_stratum=codes.astype(np.int64),
        day=cells[:, 1],
        stratum=cells[:, 0].astype(np.int64),
        n_paid=np.bincount(cell[cell >= 0], minlength=len(cells)),
        strata=tuple(str(label) for label in labels),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """The partial likelihood of a Cox model at one value of its coefficients, cell by cell.

    ``log_likelihood`` its logarithm; per cell ``score`` (cells, k) = covariates of the paid less those expected,
    ``information`` (cells, k, k) = variance of what is expected, ``hazard`` (cells,) = payments per unit of risk,
    ``hazard_variance`` and ``mean_hazard`` (cells, k) = hazard times the mean covariates of the risk set;
    ``tied_hazard``, ``tied_mean_hazard`` and ``tied_variance`` are the parts of the hazard, of ``mean_hazard`` and of
    the variance that Efron spares the paid of the cell.
    """

    log_likelihood: float
    score: Floats
    information: Floats
    hazard: Floats
    hazard_variance: Floats
    mean_hazard: Floats
    tied_hazard: Floats
    tied_mean_hazard: Floats
    tied_variance: Floats


def moments(sets: RiskSets, beta: Floats, *, ties: Ties = "efron") -> Moments:
    """Moments of the risk sets under relative risks ``exp(x beta)``, ties after Efron or Breslow.

    Of d payments tied in a cell, Efron's l-th (l = 0 ... d - 1) is drawn from the risk set less the part ``l / d``
    of the tied ones; Breslow's all from the whole.

    Source: Efron, JASA 72 (1977) 557-565; Breslow, Biometrics 30 (1974) 89-99.
    """
    n, k = sets.x.shape
    linear = sets.x @ beta
    risk = np.exp(linear)
    squares = (sets.x[:, :, None] * sets.x[:, None, :]).reshape(n, k * k)
    stacked = risk[:, None] * np.concatenate([np.ones((n, 1)), sets.x, squares], axis=1)
    whole, tied = sets.at_risk(stacked), sets.over_paid(stacked)
    cells, share = sets.tie_shares(ties)
    left = whole[cells, 0] - share * tied[cells, 0]

    def summed(per_payment: Floats) -> Floats:
        return np.bincount(cells, weights=per_payment, minlength=sets.n_cells).astype(float)

    r1, d1 = whole[:, 1 : k + 1], tied[:, 1 : k + 1]
    r2, d2 = (part[:, k + 1 :].reshape(-1, k, k) for part in (whole, tied))
    w0, w1 = summed(1 / left), summed(share / left)
    v0, v1, v2 = summed(1 / left**2), summed(share / left**2), summed(share**2 / left**2)
    cross = _outer(r1, d1)
    expected_squares = w0[:, None, None] * r2 - w1[:, None, None] * d2
    squared_means = (
        v0[:, None, None] * _outer(r1, r1)
        - v1[:, None, None] * (cross + cross.transpose(0, 2, 1))
        + v2[:, None, None] * _outer(d1, d1)
    )
    expected = w0[:, None] * r1 - w1[:, None] * d1
    return Moments(
        log_likelihood=float(linear[sets.paid].sum() - np.log(left).sum()),
        score=sets.over_paid(sets.x) - expected,
        information=expected_squares - squared_means,
        hazard=w0,
        hazard_variance=v0,
        mean_hazard=v0[:, None] * r1 - v1[:, None] * d1,
        tied_hazard=w1,
        tied_mean_hazard=v1[:, None] * r1 - v2[:, None] * d1,
        tied_variance=v1,
    )


def _outer(a: Floats, b: Floats) -> Floats:
    return a[:, :, None] * b[:, None, :]
