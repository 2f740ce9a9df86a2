"""Concordance of a Cox model: how often of two invoices the one expected to be paid sooner was."""

from __future__ import annotations

import math

import numpy as np

from analysis.models.risk_sets import Floats, RiskSets


def risk_concordance(sets: RiskSets, risk: Floats) -> float:
    """Share of comparable pairs in which the invoice paid first had the higher risk; a tie of risk counts half.

    Comparable is a paid invoice with each that was at risk in its cell and was not paid in it. NaN without
    such a pair.

    Source: Harrell, Lee and Mark, Statistics in Medicine 15 (1996) 361-387; as R's ``concordance``.
    """
    agreed, pairs = 0.0, 0
    for cell in range(sets.n_cells):
        paid = sets.cell == cell
        others = np.sort(risk[(sets.first <= cell) & (cell < sets.last) & ~paid])
        below, upto = (np.searchsorted(others, risk[paid], side=side) for side in ("left", "right"))
        agreed += float((below + upto).sum()) / 2
        pairs += int(paid.sum()) * len(others)
    return agreed / pairs if pairs else math.nan
