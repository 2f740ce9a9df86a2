"""The exact partial likelihood of tied payments, for small data."""

from __future__ import annotations

import numpy as np

from analysis.models.risk_sets import Floats, RiskSets


def exact_likelihood(sets: RiskSets, beta: Floats) -> tuple[float, Floats, Floats]:
    """Logarithm of the exact (discrete) partial likelihood, its gradient and minus its second derivative.

    Of the d invoices paid in a cell, the likelihood is the chance of just these among all sets of d at risk:
    ``product of their risks / sum over all sets of d of the products of theirs``. The sum is built up invoice by
    invoice, ``B(j) = B(j) + risk * B(j - 1)``, with its derivatives, so the cost is the number at risk times d:
    this suits hundreds of rows, Efron's approximation the rest.

    Source: Cox, JRSS B 34 (1972) 187-220; recursion: Gail, Lubin and Rubinstein, Biometrika 68 (1981) 703-707.
    """
    k = sets.x.shape[1]
    linear = sets.x @ beta
    log_likelihood = float(linear[sets.paid].sum())
    score, information = sets.x[sets.paid].sum(axis=0), np.zeros((k, k))
    for cell in range(sets.n_cells):
        members = np.flatnonzero((sets.first <= cell) & (cell < sets.last))
        d = int(sets.n_paid[cell])
        shift = float(linear[members].max())
        if d == 1:
            risk = np.exp(linear[members] - shift)
            mean = risk @ sets.x[members] / risk.sum()
            log_likelihood -= float(np.log(risk.sum())) + shift
            score = score - mean
            information += (sets.x[members].T * risk) @ sets.x[members] / risk.sum() - np.outer(mean, mean)
            continue
        value, slope, curve = np.zeros(d + 1), np.zeros((d + 1, k)), np.zeros((d + 1, k, k))
        value[0] = 1.0
        for row in members:
            x, risk = sets.x[row], np.exp(linear[row] - shift)
            turned = slope[:-1, :, None] * x
            curve[1:] += risk * (
                curve[:-1] + turned + turned.transpose(0, 2, 1) + value[:-1, None, None] * np.outer(x, x)
            )
            slope[1:] += risk * (slope[:-1] + value[:-1, None] * x)
            value[1:] += risk * value[:-1]
        mean = slope[d] / value[d]
        log_likelihood -= float(np.log(value[d])) + d * shift
        score = score - mean
        information += curve[d] / value[d] - np.outer(mean, mean)
    return log_likelihood, score, information
