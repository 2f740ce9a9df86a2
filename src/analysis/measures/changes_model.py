"""Receivables of two month ends as a product of factors, each of which can be put to its value at either."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.changes_cells import CELL, FOLLOWED_WEEKS, Standing
from analysis.measures.count_back import CountBack, count_back_days

Floats = NDArray[np.float64]

# The bits of a state, the first factor the lowest. Their order moves no effect.
FACTORS = ("sales", "customers", "terms", "behaviour", "disputes", "currency", "on_account")
_KIND = ["month", "group", "currency"]
_WEEK = ["group", "currency", "week"]
_SALES = ["sales_before", "sales_now"]
_SUMS = [f"{name}_{side}" for name in ("sales", "clean", "disputed") for side in ("before", "now")]
# A month of which the books of one date know nothing has no sales there either, so its length hardly matters.
_MEAN_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """One factor at the earlier and at the later month end."""

    before: Floats
    now: Floats

    def at(self, factor: str, state: int) -> Floats:
        """The side on which a factor stands in a state (bit set: now)."""
        return self.now if state >> FACTORS.index(factor) & 1 else self.before


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """The product that receivables are, in company currency at rates common to both month ends.

    - by cell (``cells``): ``timing``, the share of a kind's sales on these terms that stands so many weeks past due,
      ``terms``, the share of the terms in what the kind bought in the month, and ``clean`` and ``disputed``, the shares
      still open;
    - by kind of customer, currency and month (``kinds``): ``volume``, the sales of the month, ``mix``, the share of
      the kind in them, and ``booked``, the rate at which they were invoiced over the common rate;
    - by currency: ``common``, the rate common to both, ``account``, what stands on account, and ``rate``, that of the
      day over the common one;
    - ``days``: lengths of the months, newest first.

    What a date did not have is taken from the other: a kind that bought nothing then is taken to have bought on the
    same terms. The share still open of a cell without sales is that of all sales of the kind in the same week past
    due, else straight between the weeks on either side, else that of the other date.
    """

    cells: pd.DataFrame  # CELL, sums of both dates, and the places of its kind and its currency in what follows
    kinds: pd.DataFrame
    common: pd.Series
    timing: Sides
    terms: Sides
    volume: Sides
    mix: Sides
    booked: Sides
    clean: Sides
    disputed: Sides
    account: Sides
    rate: Sides
    days: Sides

    @cached_property
    def overdue(self) -> NDArray[np.bool_]:
        """Which cells are past due."""
        return self.cells["overdue"].to_numpy(bool)

    def exposed(self, state: int) -> Floats:
        """Sales by cell in a state, at the rate of the day: what is still open is a share of them."""
        kind = self.cells["kind_at"].to_numpy()
        sold = (self.volume.at("sales", state) * self.mix.at("customers", state))[kind]
        sold = sold * self.timing.at("sales", state) * self.terms.at("terms", state)
        return sold * self.rate.at("currency", state)[self.cells["currency_at"].to_numpy()]

    def open_shares(self, state: int) -> Floats:
        """Share still open by cell in a state."""
        return self.clean.at("behaviour", state) + self.disputed.at("disputes", state)

    def on_account(self, state: int) -> float:
        """Credits and cash on account in a state."""
        return float((self.account.at("on_account", state) * self.rate.at("currency", state)).sum())

    def count_back(self, receivables: float, state: int) -> CountBack:
        """DSO of receivables by the sales of a state."""
        sales = self.volume.at("sales", state) * self.mix.at("customers", state) * self.booked.at("currency", state)
        months = np.bincount(self.kinds["month"].to_numpy(), weights=sales, minlength=len(self.days.now))
        return count_back_days(receivables, months, self.days.at("sales", state))


def model_of(before: Standing, now: Standing) -> Model:
    """The product of two month ends of one ledger, or of two ledgers.

    The common rate of a currency is the geometric mean of those of the two days, so that neither day is favoured.
    """
    both = (before, now)
    currencies = pd.Index(sorted({*before.rates.index, *now.rates.index}), name="currency")
    on_day = [_over(one.rates, other.rates, currencies) for one, other in (both, both[::-1])]
    common = np.sqrt(on_day[0] * on_day[1])
    cells = _side_by_side([one.cells for one in both], CELL, common, currencies)
    kinds = cells.groupby(_KIND, as_index=False)[_SALES].sum()
    on_terms = cells.groupby([*_KIND, "terms"])[_SALES].transform("sum")
    months = int(kinds["month"].max()) + 1 if len(kinds) else 1
    return Model(
        cells=cells.assign(
            kind_at=places(cells, kinds, _KIND), currency_at=currencies.get_indexer(pd.Index(cells["currency"]))
        ),
        kinds=kinds[_KIND],
        common=pd.Series(common, index=currencies),
        timing=_shares(cells[_SALES], of=on_terms),
        terms=_shares(on_terms, of=cells.groupby(_KIND)[_SALES].transform("sum")),
        volume=_sides(kinds.groupby("month")[_SALES].transform("sum")),
        mix=_shares(kinds[_SALES], of=kinds.groupby("month")[_SALES].transform("sum")),
        booked=Sides(
            *(_booked(one, kinds) / common[currencies.get_indexer(pd.Index(kinds["currency"]))] for one in both)
        ),
        clean=_still_open(cells, "clean"),
        disputed=_still_open(cells, "disputed"),
        account=Sides(*(one.on_account.reindex(currencies).fillna(0.0).to_numpy() * common for one in both)),
        rate=Sides(*(rates / common for rates in on_day)),
        days=Sides(*(one.days.reindex(range(months)).fillna(_MEAN_MONTH).to_numpy() for one in both)),
    )


def _over(rates: pd.Series, other: pd.Series, currencies: pd.Index) -> Floats:
    """Rates of a day; of a currency that its books did not hold, that of the other day."""
    return rates.reindex(currencies).fillna(other.reindex(currencies)).to_numpy(float)


def _booked(one: Standing, kinds: pd.DataFrame) -> Floats:
    """Rate at the end of the month of sale; of months before the books began that of their first."""
    rates = one.sale_rates.unstack().reindex(range(int(kinds["month"].max()) + 1 if len(kinds) else 1)).ffill()
    rates = rates.reindex(columns=sorted({*rates.columns, *kinds["currency"]})).fillna(1.0)
    month, currency = kinds["month"].to_numpy(int), rates.columns.get_indexer(pd.Index(kinds["currency"]))
    booked: Floats = rates.to_numpy(float)[month, currency]
    return booked


def _side_by_side(frames: list[pd.DataFrame], keys: list[str], common: Floats, currencies: pd.Index) -> pd.DataFrame:
    """The amounts of both dates in the rows of either, at the common rates, in the order of the keys."""
    before, now = (frame.set_index(keys) for frame in frames)
    both = before.merge(now, how="outer", left_index=True, right_index=True, suffixes=("_before", "_now"))
    both = both.fillna(0.0).sort_index().reset_index()
    rates = common[currencies.get_indexer(pd.Index(both["currency"]))]
    return both.assign(**{name: both[name].to_numpy(float) * rates for name in _SUMS})


def places(rows: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> NDArray[np.int64]:
    """Where in a table of unique keys each row stands."""
    return pd.MultiIndex.from_frame(table[keys]).get_indexer(pd.MultiIndex.from_frame(rows[keys]))


def _sides(frame: pd.DataFrame) -> Sides:
    return Sides(*(frame[name].to_numpy(float) for name in frame.columns))


def _shares(parts: pd.DataFrame, *, of: pd.DataFrame) -> Sides:
    """Shares of each date; where a date has nothing of which it could be a share, that of the other."""
    return _from_the_other(_quotients(parts, of))


def _still_open(cells: pd.DataFrame, name: str) -> Sides:
    """Shares of the sales of each cell that are still open, on each date."""
    parts = cells[[f"{name}_{side}" for side in ("before", "now")]]
    shares = _quotients(parts, cells[_SALES])
    of_week = cells.groupby(_WEEK)
    pooled = _quotients(of_week[list(parts.columns)].transform("sum"), of_week[_SALES].transform("sum"))
    for side in (0, 1):
        known = np.where(np.isnan(pooled[:, side]), _between_weeks(cells, pooled[:, side]), pooled[:, side])
        shares[:, side] = np.where(np.isnan(shares[:, side]), known, shares[:, side])
    return _from_the_other(shares)


def _quotients(parts: pd.DataFrame, wholes: pd.DataFrame) -> Floats:
    whole = wholes.to_numpy(float)
    return np.divide(parts.to_numpy(float), whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _from_the_other(shares: Floats) -> Sides:
    filled = np.nan_to_num(np.where(np.isnan(shares), shares[:, ::-1], shares))
    return Sides(filled[:, 0], filled[:, 1])


def _between_weeks(cells: pd.DataFrame, shares: Floats) -> Floats:
    """Shares of a kind in weeks without sales, straight between the weeks on either side; NaN beyond the last."""
    filled = np.full(len(shares), np.nan)
    near = np.flatnonzero((cells["week"] <= FOLLOWED_WEEKS).to_numpy())
    week = cells["week"].to_numpy(float)
    for at in cells.iloc[near].groupby(["group", "currency"]).indices.values():
        places = near[at]
        known = pd.Series(shares[places], index=week[places]).dropna()
        known = known[~known.index.duplicated()].sort_index()
        if len(known):
            filled[places] = np.interp(week[places], known.index, known, left=np.nan, right=np.nan)
    return filled
