"""Residuals of a Cox model: how much each invoice pulls at the coefficients, and what is left unexplained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.models.risk_sets import Floats, Moments, RiskSets


def martingale_residuals(sets: RiskSets, at: Moments, beta: Floats) -> Floats:
    """Payments of each row less those expected of it by its end: (rows,).

    Source: Therneau, Grambsch and Fleming, Biometrika 77 (1990) 147-160.
    """
    risk = np.exp(sets.x @ beta)
    expected = risk * sets.while_at_risk(at.hazard[:, None])[:, 0]
    expected[sets.paid] -= (risk * _of_cell(sets, at.tied_hazard[:, None])[:, 0])[sets.paid]
    return sets.paid - expected


def schoenfeld_residuals(sets: RiskSets, at: Moments) -> Floats:
    """Covariates of each paid row less those expected in its cell: (payments, k), in the order of cells and rows.

    Source: Schoenfeld, Biometrika 69 (1982) 239-241.
    """
    mean = _mean_of_cell(sets, at)
    rows = np.flatnonzero(sets.paid)
    rows = rows[np.argsort(sets.cell[rows], kind="stable")]
    return sets.x[rows] - mean[sets.cell[rows]]


def score_residuals(sets: RiskSets, at: Moments, beta: Floats) -> Floats:
    """Part of each row in the gradient of the partial likelihood, with its share as one at risk: (rows, k).

    They sum to zero at the fitted coefficients. The paid of a cell are spared what Efron takes off the risk set.

    Source: Therneau and Grambsch, Modeling Survival Data (2000), section 4.5.
    """
    risk = np.exp(sets.x @ beta)[:, None]
    hazard, mean_hazard = sets.while_at_risk(at.hazard[:, None]), sets.while_at_risk(at.mean_hazard)
    spared = sets.x * _of_cell(sets, at.tied_hazard[:, None]) - _of_cell(sets, at.tied_mean_hazard)
    own = sets.x - _of_cell(sets, _mean_of_cell(sets, at))
    paid = sets.paid[:, None]
    return np.where(paid, own + risk * spared, 0.0) - risk * (sets.x * hazard - mean_hazard)


def summed_by_cluster(values: Floats, clusters: NDArray[np.int64]) -> Floats:
    """Sums over the rows of each cluster: (rows, k) -> (clusters, k); ``clusters`` counts from 0."""
    summed = np.zeros((int(clusters.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(summed, clusters, values)
    return summed


def _mean_of_cell(sets: RiskSets, at: Moments) -> Floats:
    """Covariates expected of a payment in each cell, over its ties: (cells, k)."""
    return np.asarray((sets.over_paid(sets.x) - at.score) / sets.n_paid[:, None])


def _of_cell(sets: RiskSets, per_cell: Floats) -> Floats:
    """The value of each row's own cell: (cells, k) -> (rows, k); that of the last cell where the row was not paid."""
    return np.asarray(per_cell[sets.cell])
