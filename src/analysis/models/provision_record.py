"""Did past provisions cover what was lost? Each month's, from what it knew, beside the write-offs that followed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.models.survival import Estimate

_DRAWS = 2_000
# A year of judged months says whether provisions lean to one side; fewer are a mood of the season.
LEAST_VINTAGES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProvisionRecord:
    """Past provisions beside what was lost of the same open book.

    ``vintages``: index ``on`` (month end), columns ``exposure``, ``provided`` and ``lost`` (written off within a year,
    less what comes back of it), company currency. ``bias`` is all provisions over all losses less 1, with a 95%
    interval from draws of customers; NaN where nothing was lost or too few months are old enough. ``buckets``: index
    bucket, ``exposure``, ``provided``, ``lost`` over all vintages.
    """

    vintages: pd.DataFrame
    buckets: pd.DataFrame
    bias: Estimate

    @property
    def covered(self) -> int:
        """Months whose provision was at least what was lost."""
        return int((self.vintages["provided"] >= self.vintages["lost"]).sum())

    @property
    def judged(self) -> bool:
        """Whether the record says anything of a lean to one side."""
        return math.isfinite(self.bias.value)


def provision_record(rows: pd.DataFrame, *, buckets: list[str], seed: int = 0) -> ProvisionRecord:
    """The record of past provisions.

    ``rows`` has a row per judged month, customer and bucket: ``on``, ``customer_id``, ``bucket``, ``exposure``,
    ``provided`` (as of the month, by the rates it knew), ``lost``. The same invoice stands in the books of several
    months; so customers, with all their months, are what is drawn.

    Source: Field and Welsh, Journal of the Royal Statistical Society B 69 (2007) 369-390 (clusters).
    """
    money = ["exposure", "provided", "lost"]
    vintages = rows.groupby("on")[money].sum()
    by_bucket = rows.groupby("bucket")[money].sum().reindex(buckets).fillna(0.0)
    by_customer = rows.groupby("customer_id")[["provided", "lost"]].sum().sort_index()
    provided, lost = by_customer.to_numpy(dtype=float).T if len(by_customer) else np.zeros((2, 0))
    nothing = Estimate(value=math.nan, low=math.nan, high=math.nan)
    if len(vintages) < LEAST_VINTAGES or not lost.sum() > 0 or not (lost > 0).sum() > 1:
        return ProvisionRecord(vintages=vintages, buckets=by_bucket, bias=nothing)
    rng = np.random.default_rng(seed)
    n = len(lost)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    sums = weight @ lost
    drawn = (weight @ provided)[sums > 0] / sums[sums > 0] - 1
    low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
    value = float(provided.sum() / lost.sum() - 1)
    return ProvisionRecord(vintages=vintages, buckets=by_bucket, bias=Estimate(value=value, low=low, high=high))
