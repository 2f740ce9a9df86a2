"""What part of an open amount will be lost: by competing causes since a month end, and by flow rates.

Both count what was written off, before recoveries, against what stood open at an age on month ends. A payment and a
credit note are ends without a loss. Amounts still open are followed for as long as they were seen and no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.loss_history import LAST_LAG, LossHistory

Floats = NDArray[np.float64]
_CENT = 0.005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossRates:
    """Chance of a unit of money that is open on a month end to be written off, as one mark knew it, before recoveries.

    ``cells``: index ``segment``, ``bucket``; columns ``rate``, ``customers`` that cost something from that age on, and
    ``pooled`` (they are too few, so the rate is the whole company's).
    """

    place: int
    cells: pd.DataFrame

    @property
    def pooled(self) -> list[tuple[str, str]]:
        """Cells whose rate is the whole company's."""
        return [(str(segment), str(bucket)) for segment, bucket in self.cells.index[self.cells["pooled"]]]


def loss_rates(found: LossHistory, *, place: int) -> LossRates:
    """Loss rates by segment and bucket as a mark knew them; a thin cell takes the rate of the whole company.

    Thin is a cell from whose age on fewer customers than ``policy.group_minimum`` ever cost the company anything.
    """
    minimum = found.history.snapshot.company.policy.group_minimum
    segments, buckets = list(found.segments), list(found.buckets)
    stock, left, lost = _followed(found, place)
    losers = found.losers[found.losers["place"] <= place]
    cells = {}
    for row, segment in enumerate(segments):
        own = losers[losers["segment"] == segment]
        for column, bucket in enumerate(buckets):
            customers = int(own.loc[own["bucket"].isin(buckets[column:]), "customer_id"].nunique())
            which = slice(None) if customers < minimum else slice(row, row + 1)
            parts = (amounts[which, column].sum(axis=0) for amounts in (stock, left, lost))
            cells[segment, bucket] = (loss_incidence(*parts, place=place), customers, customers < minimum)
    index = pd.MultiIndex.from_tuples(list(cells), names=["segment", "bucket"])
    return LossRates(
        place=place, cells=pd.DataFrame(list(cells.values()), index=index, columns=["rate", "customers", "pooled"])
    )


def loss_incidence(stock: Floats, left: Floats, lost: Floats, *, place: int) -> float:
    """Part of an open amount that ends as a write-off, from open books of many month ends (Aalen-Johansen on amounts).

    ``rate = sum over lags k of S(k - 1) x lost(k) / n(k)``, ``S(k) = S(k - 1) x (1 - left(k) / n(k))``, where n(k) is
    what of the books that were followed k months was still open at the start of the k-th. ``stock[q]`` stood open on
    month end q, ``left[q, k]`` of it left in the (k + 1)-th month after it and ``lost[q, k]`` was written off; a book counts
    for the months up to ``place``. What is still open at the end of the longest lag is taken for lost; where no book
    was followed so long, the part lost of all that left stands for it, 1 where nothing ever did.

    Source: Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150, with money as the unit, from
    landmarks: van Houwelingen, Scandinavian Journal of Statistics 34 (2007) 70-85.

    >>> stock, left = np.array([100.0, 100.0]), np.array([[60.0, 40.0], [50.0, 0.0]])
    >>> round(loss_incidence(stock, left, np.array([[10.0, 20.0], [10.0, 0.0]]), place=2), 3)
    0.325
    """
    books, lags = left.shape
    seen = np.arange(books)[:, None] + np.arange(1, lags + 1) <= place
    before = stock[:, None] - np.cumsum(left, axis=1) + left
    at_risk = np.where(seen, before, 0.0).sum(axis=0)
    ended, gone = (np.where(seen, part, 0.0).sum(axis=0) for part in (left, lost))
    still, rate, followed = 1.0, 0.0, 0
    for lag in range(lags):
        if at_risk[lag] <= _CENT:
            continue
        rate += still * min(gone[lag] / at_risk[lag], 1.0)
        still *= 1 - min(max(ended[lag] / at_risk[lag], 0.0), 1.0)
        followed = lag + 1
    if followed < lags:
        still *= gone.sum() / ended.sum() if ended.sum() > _CENT else 1.0
    return float(np.clip(rate + still, 0.0, 1.0))


def flow_by_cell(found: LossHistory, rates: LossRates) -> pd.Series[float]:
    """Loss rate of each cell by flow rates, pooled where the rates by age are; index as ``rates.cells``."""
    rolls = _valued(found, found.rolls[found.rolls["place"] < rates.place], rates.place)
    whole = flow_rates(rolls, found.buckets)
    own = {segment: flow_rates(rolls[rolls["segment"] == segment], found.buckets) for segment in found.segments}
    pooled = rates.cells["pooled"]
    values = [(whole if pooled[segment, bucket] else own[segment])[bucket] for segment, bucket in pooled.index]
    return pd.Series(values, index=pooled.index, name="flow")


def flow_rates(rolls: pd.DataFrame, buckets: Sequence[str]) -> dict[str, float]:
    """Loss rate of each bucket from what became of it month by month: roll on, be written off, or end otherwise.

    ``rate = (I - Q)^-1 w`` with Q the parts that stand in each bucket a month later and w the parts written off. In a
    bucket that nothing was ever seen to leave all is lost. ``rolls`` has ``bucket``, ``to``, ``amount``.

    Source: roll rates as an absorbing chain, Cyert, Davidson and Thompson, Management Science 8 (1962) 287-303.
    """
    wide = rolls.pivot_table(index="bucket", columns="to", values="amount", aggfunc="sum")
    wide = wide.reindex(index=list(buckets), columns=[*buckets, "written_off", "ended"]).fillna(0.0)
    total = wide.sum(axis=1).to_numpy(float)
    shares = np.divide(wide.to_numpy(float), total[:, None], out=np.zeros(wide.shape), where=total[:, None] > _CENT)
    return dict(zip(buckets, absorbed(shares[:, : len(buckets)], shares[:, len(buckets)]), strict=True))


def absorbed(stays: Floats, lost: Floats) -> list[float]:
    """Part of each bucket that is lost in the end: ``stays[i, j]`` of i stands in j a month later, ``lost[i]`` is lost.

    The rest leaves without a loss. A bucket without any flow, or from which nothing can leave, is lost whole.
    """
    n = len(lost)
    stays, lost = stays.copy(), lost.copy()
    none_left = (stays.sum(axis=1) + lost == 0) | (np.diag(stays) >= 1 - 1e-12)
    stays[none_left], lost[none_left] = 0.0, 1.0
    # a ring of buckets that nothing leaves has no solution but this: all of it is lost in the end
    leak = 1 - 1e-9
    rate = np.linalg.solve(np.eye(n) - leak * stays, lost)
    return [float(part) for part in np.clip(rate, 0.0, 1.0)]


def run_off_rates(reached: Sequence[float], *, lost: float) -> list[float]:
    """Loss rates of a collection run-off: what was lost in the end over what ever reached each age.

    >>> [round(rate, 6) for rate in run_off_rates([100_000, 50_000, 23_000, 8_000, 2_000], lost=2_000)]
    [0.02, 0.04, 0.086957, 0.25, 1.0]
    """
    return [lost / amount if amount else float("nan") for amount in reached]


def _followed(found: LossHistory, place: int) -> tuple[Floats, Floats, Floats]:
    """Open books by segment, bucket and mark, and what left them and was lost by lag, as known on a mark."""
    segments, buckets = list(found.segments), list(found.buckets)
    shape = (len(segments), len(buckets), place)
    stock, left, lost = np.zeros(shape), np.zeros((*shape, LAST_LAG)), np.zeros((*shape, LAST_LAG))
    for rows, columns in (
        (found.stock[found.stock["place"] < place], {"balance": stock}),
        (found.ends[found.ends["place"] + found.ends["lag"] <= place], {"left": left, "lost": lost}),
    ):
        where = [pd.Categorical(rows["segment"], segments).codes, pd.Categorical(rows["bucket"], buckets).codes]
        where += [rows["place"].to_numpy(), *([rows["lag"].to_numpy() - 1] if "lag" in rows else [])]
        for name, target in columns.items():
            np.add.at(target, tuple(where), found.value(rows[name], rows["currency"], place=place))
    return stock, left, lost


def _valued(found: LossHistory, rows: pd.DataFrame, place: int) -> pd.DataFrame:
    """The rows with their amounts in company currency at the rates of a mark."""
    return rows.assign(amount=found.value(rows["amount"], rows["currency"], place=place))
