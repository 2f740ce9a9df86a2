"""Segments of customers as a mixture: each customer belongs to each segment with a probability.

A mixture of normal distributions lets every segment have its own width in every feature. A feature in which the
segments do not differ then moves nobody, where k-means would let it pull as hard as any other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from analysis.models.segment_features import FEATURES, Floats, Scaling, judged, scaling_of

# Smallest variance of a segment in a feature, on scales with variance one: below it a segment is a handful of twins.
VARIANCE_FLOOR = 0.10
# Starts of which the likeliest end is kept, so that no single one decides.
STARTS = 20
# Above so many customers a fit learns from a part of them, drawn by a hash of their number; all are assigned.
LEARNED_FROM = 4_000
_FIRST_SEED = 1
_DAYS_LATE = next(place for place, feature in enumerate(FEATURES) if feature.id == "days_late")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentFit:
    """Segments as they were learned from customers, frozen: scales, mixture and the order of its parts.

    Segment 1 is the one that pays soonest by its centre, and so on; so a number means the same whatever the order of
    rows or the start of the search.
    """

    scaling: Scaling
    mixture: GaussianMixture
    order: tuple[int, ...]

    @property
    def number(self) -> int:
        """How many segments there are."""
        return len(self.order)

    def memberships(self, view: pd.DataFrame) -> Floats:
        """Probability of each customer of ``view`` to belong to each segment; rows add up to 1."""
        if view.empty:
            return np.zeros((0, self.number))
        with threadpool_limits(limits=1):
            found: Floats = self.mixture.predict_proba(self.scaling.scaled(view))
        return found[:, list(self.order)]

    def assigned(self, view: pd.DataFrame) -> pd.DataFrame:
        """The likeliest segment (1 to ``number``) of each customer of ``view`` and its ``probability``.

        Segment 0 is who has too little history to be judged, with probability 1. Index as ``view``.
        """
        result = pd.DataFrame({"segment": 0, "probability": 1.0}, index=view.index)
        known = judged(view).to_numpy()
        found = self.memberships(view[known])
        if len(found):
            result.loc[known, "segment"] = found.argmax(axis=1) + 1
            result.loc[known, "probability"] = found.max(axis=1)
        return result


def fit_segments(view: pd.DataFrame, *, number: int, starts: int = STARTS) -> SegmentFit:
    """Learn ``number`` segments from the judged customers of one day of the customer view.

    A mixture of normal distributions with a variance for each feature and segment, by expectation and maximisation
    from ``starts`` starts of k-means; the likeliest end is kept. Customers are put in the order of their number
    first, so the order of rows changes nothing; the starts are always the same.

    Source: Fraley and Raftery, Journal of the American Statistical Association 97 (2002) 611-631.
    ValueError where fewer customers can be judged than there are to be segments.
    """
    learned = _learned_from(view[judged(view)].sort_index())
    if len(learned) < max(number, 1) or number < 1:
        raise ValueError(f"number: {number} segments cannot be learned from {len(learned)} customers")
    scaling = scaling_of(learned)
    mixture = mixture_of(scaling.scaled(learned), number=number, starts=starts)
    by_lateness = np.argsort(mixture.means_[:, _DAYS_LATE], kind="stable")
    return SegmentFit(scaling=scaling, mixture=mixture, order=tuple(int(place) for place in by_lateness))


def mixture_of(points: Floats, *, number: int, starts: int) -> GaussianMixture:
    """The likeliest mixture of ``number`` normal distributions with independent features."""
    mixture = GaussianMixture(
        number, covariance_type="diag", n_init=starts, reg_covar=VARIANCE_FLOOR, max_iter=200, random_state=_FIRST_SEED
    )
    # Fewer different customers than segments, or a start that is still creeping, leave a mixture that can be used;
    # whether it is worth anything is judged by redrawing customers, not by the last step of the search.
    with threadpool_limits(limits=1), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        # The library asks for two points; a lone one counted twice has the same mean and the least variance.
        return mixture.fit(np.repeat(points, 2, axis=0) if len(points) == 1 else points)


def _learned_from(customers: pd.DataFrame) -> pd.DataFrame:
    """All customers, or a bounded part by a hash of their number, which later customers do not change."""
    if len(customers) <= LEARNED_FROM:
        return customers
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in customers.index]
    drawn = np.sort(np.argsort(np.array(hashes), kind="stable")[:LEARNED_FROM])
    return customers.iloc[drawn]
