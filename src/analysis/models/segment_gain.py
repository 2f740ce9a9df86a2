"""Does finer segmentation pay? What segments of a year ago foretold of the year that followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.models.segment_features import Floats, bent_days, judged
from analysis.models.segment_fit import fit_segments

OWN_SEGMENTS = "company's own segments"
OWN_PAST = "each customer's own past"
# Search starts of a fit that is only judged: a poorer end costs the number of segments some gain, and time a fifth.
JUDGED_STARTS = 4
_FOLDS = 5
# Invoices of the later year without which its days late are chance, and customers without whom nothing is told.
_LATER_INVOICES = 3
_LEAST_CUSTOMERS = 20

Predictor = Callable[[np.ndarray, np.ndarray], Floats]


def foretold(view: pd.DataFrame, year_ago: pd.DataFrame | None, *, numbers: Sequence[int]) -> pd.DataFrame:
    """How far each number of segments of a year ago missed what each customer did in the year that followed.

    One row per customer judged a year ago who was invoiced since, one column for each of ``numbers`` and for the
    references :data:`OWN_SEGMENTS` and :data:`OWN_PAST` (a straight line in days late and share late). A miss is the
    mean of two squared differences: of days late (:func:`segment_features.bent_days`) and of the share not paid by the
    due date, each in standard deviations between customers. So 1 less the mean of a column is the share of the
    differences between customers that was foretold.

    Segments are learned from four fifths of the customers as of a year ago, with what they then did, and asked about
    the rest. Empty where the books do not reach back, or customers are too few or all alike.
    """
    columns = [*numbers, OWN_SEGMENTS, OWN_PAST]
    if year_ago is None or year_ago.empty:
        return pd.DataFrame(columns=columns, dtype=float)
    before = year_ago[judged(year_ago)].sort_index()
    after = view.reindex(before.index)
    told = ((after["invoices_12m"] >= _LATER_INVOICES) & after["days_late"].notna()).to_numpy()
    before, after = before[told], after[told]
    outcomes = np.column_stack([bent_days(after["days_late"].to_numpy(float)), after["share_late"].to_numpy(float)])
    if len(before) < _LEAST_CUSTOMERS or (outcomes.std(axis=0) < 1e-9).any():
        return pd.DataFrame(columns=columns, dtype=float)
    outcomes = (outcomes - outcomes.mean(axis=0)) / outcomes.std(axis=0)
    predictors: dict[int | str, Predictor] = {number: _by_segment(before, outcomes, number) for number in numbers}
    own = pd.get_dummies(before["segment"].astype(str)).to_numpy(float)
    late = bent_days(before["days_late"].to_numpy(float))
    past = np.column_stack([np.ones(len(before)), late, before["share_late"].to_numpy(float)])
    predictors |= {OWN_SEGMENTS: _by_line(own, outcomes), OWN_PAST: _by_line(past, outcomes)}
    fold = np.arange(len(before)) % _FOLDS
    misses = {}
    for name, predict in predictors.items():
        predicted = np.zeros_like(outcomes)
        for part in range(_FOLDS):
            predicted[fold == part] = predict(fold != part, fold == part)
        misses[name] = ((outcomes - predicted) ** 2).mean(axis=1)
    return pd.DataFrame(misses, index=before.index)


def gains(misses: pd.DataFrame) -> pd.DataFrame:
    """Share foretold by each column of ``foretold``, and its standard error; NaN where nothing could be told."""
    return pd.DataFrame({"gain": 1 - misses.mean(), "gain_error": misses.std() / np.sqrt(max(len(misses), 1))})


def _by_segment(before: pd.DataFrame, outcomes: Floats, number: int) -> Predictor:
    """Mean of the customers of a segment, each counting by membership."""

    def predict(seen: np.ndarray, held: np.ndarray) -> Floats:
        if number == 1:
            return np.tile(outcomes[seen].mean(axis=0), (int(held.sum()), 1))
        fit = fit_segments(before[seen], number=number, starts=JUDGED_STARTS)
        shares = fit.memberships(before[seen])
        weight = shares.sum(axis=0)[:, None]
        means = np.divide(shares.T @ outcomes[seen], weight, out=np.zeros((number, 2)), where=weight > 1e-9)
        result: Floats = fit.memberships(before[held]) @ means
        return result

    return predict


def _by_line(columns: Floats, outcomes: Floats) -> Predictor:
    """Least squares on the columns."""

    def predict(seen: np.ndarray, held: np.ndarray) -> Floats:
        result: Floats = columns[held] @ np.linalg.lstsq(columns[seen], outcomes[seen], rcond=None)[0]
        return result

    return predict
