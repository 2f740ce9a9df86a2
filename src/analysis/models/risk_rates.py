"""What rates alone say of a customer: of all, of its segment, and of its own past, each drawn to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln
from scipy.stats import beta as beta_distribution

from analysis.models.risk_rows import MONTHS_PER_YEAR

Floats = NDArray[np.float64]
Rung = Literal["base", "segment", "own_rate", "own_share"]

RUNGS: dict[Rung, str] = {
    "base": "the rate of all customers",
    "segment": "the rate of the customer's segment",
    "own_rate": "the customer's own past rate",
    "own_share": "the rate of customers with as much late in the last year",
}

# Customers that a prior may be worth: the likeliest of these is taken.
_STRENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
# Years of its own record that its segment's rate is worth to a customer.
_OWN_STRENGTHS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
# Where nobody or everybody became severely delinquent, records cannot be told apart and one year stands.
_OWN_STRENGTH_UNTOLD = 1.0
# Bands of the share late in the last year, by their lower ends; a tenth is where it is severe.
SHARE_BANDS = (0.0, 1e-9, 0.05, 0.10, 0.20)
_BAND_STRENGTH = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskRates:
    """Rates of severe delinquency among the rows that were learned from.

    ``base``: share of rows that became severe; ``customers`` behind it. ``segments``: one row per segment with its
    ``rate``, drawn to ``base`` by a prior worth ``strength`` customers, and its ``customers``. ``own_strength``: years
    of a customer's record that its segment's rate is worth. ``bands``: ``rate`` and ``customers`` by band of the share
    late in the last year, drawn to ``base``.
    """

    base: float
    customers: int
    segments: pd.DataFrame
    strength: float
    own_strength: float
    bands: pd.DataFrame

    def of_segment(self, rows: pd.DataFrame) -> Floats:
        """The rate of each row's segment; that of all for a segment not seen before."""
        return rows["segment"].map(self.segments["rate"]).fillna(self.base).to_numpy(dtype=float)

    def chances(self, rows: pd.DataFrame, rung: Rung) -> Floats:
        """Chance of severe delinquency of each row by one of :data:`RUNGS`."""
        successes, failures = self._beta(rows, rung)
        return successes / (successes + failures)

    def limits(self, rows: pd.DataFrame, rung: Rung, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Limits of the chances: quantiles of the Beta distribution that they are the means of.

        They narrow with the customers behind a rate, and with the years of a customer's own record.
        """
        successes, failures = self._beta(rows, rung)
        tail = (1 - confidence) / 2
        low, high = (beta_distribution.ppf(q, successes, failures) for q in (tail, 1 - tail))
        return np.asarray(low), np.asarray(high)

    def _beta(self, rows: pd.DataFrame, rung: Rung) -> tuple[Floats, Floats]:
        """The Beta distribution of each row's rate."""
        whole = np.ones(len(rows))
        if rung == "base":
            return self.base * self.customers * whole, (1 - self.base) * self.customers * whole
        of_segment = self.of_segment(rows)
        if rung == "segment":
            n = rows["segment"].map(self.segments["customers"]).fillna(0.0).to_numpy(dtype=float) + self.strength
            return of_segment * n, (1 - of_segment) * n
        if rung == "own_rate":
            severe, years = rows["own_severe"].to_numpy(dtype=float), rows["own_years"].to_numpy(dtype=float)
            prior = self.own_strength
            return severe + prior * of_segment, years - severe + prior * (1 - of_segment)
        band = share_band(rows["late_share_91"])
        rate = np.where(band < 0, of_segment, self.bands["rate"].to_numpy()[band])
        n = np.where(band < 0, self.strength, self.bands["customers"].to_numpy()[band] + _BAND_STRENGTH)
        return rate * n, (1 - rate) * n


def risk_rates(rows: pd.DataFrame) -> RiskRates:
    """Rates among rows whose outcome is known (column ``severe``), at least one.

    A row is a month end, and twelve of them overlap, so what counts as one observation is a customer. The rate of
    all is kept off 0 and 1 by half a customer on either side (Jeffreys). How strongly segments are drawn to it, and
    customers to their segments, is what makes the counts at hand likeliest (empirical Bayes); nothing is drawn
    to what a later day knew.

    Source: Efron and Morris, Journal of the American Statistical Association 70 (1975) 311-319; Beta prior: Casella,
    The American Statistician 39 (1985) 83-87.
    """
    customer = rows.index.get_level_values("customer_id")
    n_all = int(customer.nunique())
    base = (float(rows["severe"].mean()) * n_all + 0.5) / (n_all + 1)
    # A customer counts once in each segment, with the share of its rows that became severe.
    by_customer = rows.groupby([rows["segment"], customer])["severe"].mean()
    of_segment = by_customer.groupby(level=0).agg(["sum", "count"])
    strength = _likeliest(of_segment["sum"].to_numpy(), of_segment["count"].to_numpy(dtype=float), base)
    segments = pd.DataFrame(
        {
            "rate": (of_segment["sum"] + strength * base) / (of_segment["count"] + strength),
            "customers": of_segment["count"],
        }
    )
    prior = rows["segment"].map(segments["rate"]).to_numpy(dtype=float)
    band = share_band(rows["late_share_91"])
    counted = _band_rates(rows["severe"].to_numpy(dtype=float), band, customer, base)
    return RiskRates(
        base=base,
        customers=n_all,
        segments=segments,
        strength=strength,
        own_strength=_own_strength(rows, prior),
        bands=counted,
    )


def share_band(share: pd.Series[float]) -> NDArray[np.int64]:
    """Band of :data:`SHARE_BANDS` of each share late; -1 where it is not known.

    >>> share_band(pd.Series([0.0, 0.03, 0.1, 0.9, float("nan")])).tolist()
    [0, 1, 3, 4, -1]
    """
    values = share.to_numpy(dtype=float)
    return np.where(np.isnan(values), -1, np.searchsorted(SHARE_BANDS, values.round(12), side="right") - 1)


def _band_rates(severe: Floats, band: NDArray[np.int64], customer: pd.Index, base: float) -> pd.DataFrame:
    """Rates and customers by band, drawn to the rate of all."""
    code = np.unique(customer.to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    found = []
    for place in range(len(SHARE_BANDS)):
        of_band = band == place
        n = len(np.unique(code[of_band]))
        mean = float(severe[of_band].mean()) if n else 0.0
        found.append(((mean * n + _BAND_STRENGTH * base) / (n + _BAND_STRENGTH), n))
    return pd.DataFrame(found, columns=["rate", "customers"], index=pd.Index(SHARE_BANDS, name="from"))


def _likeliest(events: Floats, n: Floats, mean: float) -> float:
    """The strength of a Beta prior of this mean under which the counts are likeliest (beta-binomial)."""

    def fit(strength: float) -> float:
        a, b = mean * strength, (1 - mean) * strength
        return float((betaln(events + a, n - events + b) - betaln(a, b)).sum())

    if not 0 < events.sum() < n.sum():
        # What never happened, or always, tells no segment from another.
        return _STRENGTHS[-1]
    # Of equals the strongest: one segment alone says nothing of how segments differ.
    return max(reversed(_STRENGTHS), key=lambda strength: round(fit(strength), 9))


def _own_strength(rows: pd.DataFrame, prior: Floats) -> float:
    """The strength under which own records foretold the outcomes of the rows best (log score)."""
    severe, years, own = (rows[c].to_numpy(dtype=float) for c in ("severe", "own_years", "own_severe"))

    def score(strength: float) -> float:
        chance = np.clip((own + strength * prior) / (years + strength), 1e-6, 1 - 1e-6)
        return float((severe * np.log(chance) + (1 - severe) * np.log(1 - chance)).sum() / MONTHS_PER_YEAR)

    if not 0 < severe.sum() < len(severe):
        return _OWN_STRENGTH_UNTOLD
    return max(reversed(_OWN_STRENGTHS), key=lambda strength: round(score(strength), 6))
