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
    ``thin`` (they are too few, so the rate leans on the whole company's).
    """

    place: int
    cells: pd.DataFrame

    @property
    def thin(self) -> list[tuple[str, str]]:
        """Cells whose rate leans on the whole company's."""
        return [(str(segment), str(bucket)) for segment, bucket in self.cells.index[self.cells["thin"]]]


def loss_rates(found: LossHistory, *, place: int) -> LossRates:
    """Loss rates by segment and bucket as a mark knew them; the thinner a cell, the more it leans on the whole company.

    ``rate = (customers x own + minimum x whole) / (customers + minimum)``, where ``customers`` ever cost the company
    anything from that age on and ``minimum`` is ``policy.group_minimum``; thin is a cell with fewer than that. The
    rates of a bucket are then multiplied by what makes them agree with the whole company's rate on its past books, so
    that what is taken from one segment is given to the others.

    Source: credibility, Bühlmann, ASTIN Bulletin 4 (1967) 199-207, with ``minimum`` as its constant.
    """
    minimum = found.history.snapshot.company.policy.group_minimum
    segments, buckets = list(found.segments), list(found.buckets)
    stock, left, lost = _followed(found, place)
    losers = found.losers[found.losers["place"] <= place]
    cells = {}
    for column, bucket in enumerate(buckets):
        parts = (stock[:, column], left[:, column], lost[:, column])
        whole = loss_incidence(*(part.sum(axis=0) for part in parts), place=place)
        own = [loss_incidence(*(part[row] for part in parts), place=place) for row in range(len(segments))]
        from_here = losers[losers["bucket"].isin(buckets[column:])]
        customers = [int(from_here.loc[from_here["segment"] == s, "customer_id"].nunique()) for s in segments]
        rates = leaning(
            np.array(own), whole, customers=np.array(customers), minimum=minimum, stock=parts[0].sum(axis=1)
        )
        for segment, rate, number in zip(segments, rates, customers, strict=True):
            cells[segment, bucket] = (float(rate), number, number < minimum)
    index = pd.MultiIndex.from_product([segments, buckets], names=["segment", "bucket"])
    rows = [cells[cell] for cell in index]
    return LossRates(place=place, cells=pd.DataFrame(rows, index=index, columns=["rate", "customers", "thin"]))


def leaning(own: Floats, whole: float, *, customers: NDArray[np.int64], minimum: int, stock: Floats) -> Floats:
    """Rates of segments that lean on the whole company's where few customers made them, and agree with it together.

    >>> leaning(np.array([0.01, 0.05]), 0.03, customers=np.array([10, 10]), minimum=10, stock=np.array([1.0, 1.0]))
    array([0.02, 0.04])
    """
    part = customers / (customers + minimum)
    rates = part * np.where(stock > _CENT, own, whole) + (1 - part) * whole
    together = float(rates @ stock)
    agreed = rates * (whole * stock.sum() / together) if together > 0 else rates
    result: Floats = np.clip(agreed, 0.0, 1.0)
    return result


def loss_incidence(stock: Floats, left: Floats, lost: Floats, *, place: int) -> float:
    """Part of an open amount that ends as a write-off, from open books of many month ends (Aalen-Johansen on amounts).

    ``rate = sum over lags k of S(k - 1) x lost(k) / n(k)``, ``S(k) = S(k - 1) x (1 - left(k) / n(k))``, where n(k) is
    what of the books that were followed k months was still open at the start of the k-th. ``stock[q]`` stood open on
    month end q, ``left[q, k]`` of it left in the (k + 1)-th month after it and ``lost[q, k]`` was written off; a book
    counts for the months up to ``place``. What is still open at the end of the longest lag is taken for lost; where no
    book was followed so long, the part lost of all that left stands for it, 1 where nothing ever did.

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
    """Loss rate of each cell by flow rates, leaning on the whole company's as ``rates`` do; index as theirs."""
    minimum, place = found.history.snapshot.company.policy.group_minimum, rates.place
    rolls = _valued(found, found.rolls[found.rolls["place"] < place], place)
    whole = flow_rates(rolls, found.buckets)
    own = pd.DataFrame({s: flow_rates(rolls[rolls["segment"] == s], found.buckets) for s in found.segments})
    stock = rolls.pivot_table(index="bucket", columns="segment", values="amount", aggfunc="sum")
    stock = stock.reindex(index=own.index, columns=own.columns).fillna(0.0)
    customers = rates.cells["customers"].unstack("segment")[own.columns]
    values = {
        (segment, bucket): rate
        for bucket in found.buckets
        for segment, rate in zip(
            own.columns,
            leaning(
                own.loc[bucket].to_numpy(),
                whole[bucket],
                customers=customers.loc[bucket].to_numpy(),
                minimum=minimum,
                stock=stock.loc[bucket].to_numpy(),
            ),
            strict=True,
        )
    }
    return pd.Series(values, name="flow").reindex(rates.cells.index)


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
