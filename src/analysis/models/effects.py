"""Effects of a Cox model in days: how many more days unpaid go with one thing rather than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.models.bands import z_score
from analysis.models.cox import CoxModel
from analysis.models.cox_residuals import score_residuals, summed_by_cluster
from analysis.models.risk_sets import Floats

# The mean over this many invoices stands for that over all; evenly spread over the rows.
_AVERAGED_OVER = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two states of the same invoices that are compared: ``added`` is what the second has beyond the first.

    ``fixed`` are columns set alike in both, such as the levels of a factor to nought. ``from_day`` is the day after
    which the second differs from the first, where it does not from issue on.
    """

    label: str
    added: Mapping[str, float]
    fixed: Mapping[str, float] = field(default_factory=dict)
    from_day: float = 0.0


def effects_in_days(
    model: CoxModel, contrasts: Sequence[Contrast], *, horizon: int, confidence: float = 0.95
) -> pd.DataFrame:
    """More days unpaid within ``horizon`` days of issue, on average over the invoices, for each contrast.

    ``mean over invoices of sum over days < horizon of (S1(day) - S0(day))`` with ``S = exp(-exp(beta' x) * baseline)``
    of the model under the two states, each invoice in its own stratum and otherwise as it is (standardisation, or
    g-computation). The error is of first order in the coefficients and the baseline, summed by the model's
    clusters where it has them: the invoices averaged over count as given.

    Index label; columns ``more_days``, ``low``, ``high``, ``std_err``, ``hazard_ratio``, ``median_without``,
    ``median_with`` (first day on which at most half are unpaid; infinite past the horizon).
    What goes with a thing is not caused by it: invoices that differ in it may differ in what nobody recorded.
    KeyError for a column that the model has not.

    Source: Makuch, Journal of Chronic Diseases 35 (1982) 437-443; Chen and Tsiatis, Biometrics 57 (2001) 1030-1038.
    """
    at_issue = np.flatnonzero(model.sets.start <= 0)
    chosen = at_issue[np.linspace(0, len(at_issue) - 1, min(_AVERAGED_OVER, len(at_issue))).round().astype(int)]
    pulls = score_residuals(model.sets, model.at_fit, model.beta) @ model.naive_covariance
    rows = {}
    for contrast in contrasts:
        without, falls_0 = _standardised(model, contrast, chosen, horizon=horizon, second=False)
        with_it, falls_1 = _standardised(model, contrast, chosen, horizon=horizon, second=True)
        slope = falls_1.by_beta - falls_0.by_beta
        influence = pulls @ slope + _of_baseline(model, falls_1.by_hazard - falls_0.by_hazard)
        if model.clusters is not None:
            influence = summed_by_cluster(influence[:, None], model.clusters)[:, 0]
        more, error = float(with_it.sum() - without.sum()), float(np.sqrt((influence**2).sum()))
        reach = z_score(confidence) * error
        rows[contrast.label] = {
            "more_days": more,
            "low": more - reach,
            "high": more + reach,
            "std_err": error,
            "hazard_ratio": float(np.exp(_linear(model, contrast.added))),
            "median_without": _median(without),
            "median_with": _median(with_it),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("effect")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slopes:
    """Change of the mean days unpaid with each coefficient (k,), and with the hazard of each cell (cells,)."""

    by_beta: Floats
    by_hazard: Floats


def _standardised(
    model: CoxModel, contrast: Contrast, chosen: np.ndarray, *, horizon: int, second: bool
) -> tuple[Floats, _Slopes]:
    """Mean share unpaid after each day below the horizon (horizon,), and the slopes of its sum."""
    sets, at = model.sets, model.at_fit
    names = list(sets.names)
    x = sets.x[chosen].copy()
    for name, value in contrast.fixed.items():
        x[:, names.index(name)] = value - sets.centre[names.index(name)]
    added = np.zeros(len(names))
    for name, value in contrast.added.items():
        added[names.index(name)] = value if second else 0.0
    late = np.where(sets.day > contrast.from_day, 1.0, 0.0) if contrast.from_day > 0 else np.ones(sets.n_cells)
    factor = np.exp(late * float(added @ model.beta))
    hazard = factor * at.hazard
    drift = factor[:, None] * (late[:, None] * added * at.hazard[:, None] - at.mean_hazard)
    mean, by_beta, by_hazard = np.zeros(horizon), np.zeros(len(names)), np.zeros(sets.n_cells)
    own = sets.row_stratum[chosen]
    for stratum in np.unique(own):
        cells = np.flatnonzero((sets.stratum == stratum) & (sets.day < horizon))
        members = x[own == stratum]
        risk = np.exp(members @ model.beta)
        place = np.searchsorted(sets.day[cells], np.arange(horizon), side="right")
        grown = np.concatenate([np.zeros((1, 1 + len(names))), np.column_stack([hazard, drift])[cells].cumsum(axis=0)])
        baseline, moved = grown[place, 0], grown[place, 1:]
        unpaid = np.exp(-risk[:, None] * baseline)
        falling = unpaid * risk[:, None]
        mean += unpaid.sum(axis=0)
        total = falling.sum(axis=0)
        by_beta -= baseline @ (falling.T @ members) + total @ moved
        # a hazard lowers the curve on its own day and on all after it
        later = np.append(total[::-1].cumsum()[::-1], 0.0)
        by_hazard[cells] -= factor[cells] * later[np.ceil(sets.day[cells]).astype(int)]
    n = len(chosen)
    return mean / n, _Slopes(by_beta=by_beta / n, by_hazard=by_hazard / n)


def _of_baseline(model: CoxModel, slope: Floats) -> Floats:
    """Influence of each row through the baseline hazards, the coefficients held: (rows,)."""
    sets, at = model.sets, model.at_fit
    risk = np.exp(sets.x @ model.beta)
    expected = sets.while_at_risk((slope * at.hazard_variance)[:, None])[:, 0]
    own = slope[sets.cell] * (at.hazard[sets.cell] / sets.n_paid[sets.cell] + risk * at.tied_variance[sets.cell])
    return np.asarray(np.where(sets.paid, own, 0.0) - risk * expected)


def _linear(model: CoxModel, added: Mapping[str, float]) -> float:
    names = list(model.sets.names)
    return float(sum(model.beta[names.index(name)] * value for name, value in added.items()))


def _median(unpaid: Floats) -> float:
    reached = np.flatnonzero(unpaid <= 0.5)
    return float(reached[0]) if len(reached) else np.inf
