"""How far invoices miss their forecast together: in one batch, with one customer, in one month.

Each invoice's day of payment is read as a normal score: the quantile of its own forecast on which it was paid.
Were invoices independent, the scores of two of them would not go together. That they do is measured on past
forecasts, and the simulation of cash draws scores that go together just as much. Every invoice keeps its own
forecast; only the sums get wider (a Gaussian copula).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.models.receipts import DAYS, Floats, OpenDebt

Codes = NDArray[np.intp]

PERIOD_DAYS, WEEK_DAYS = 30, 7
PERIODS = -(-DAYS // PERIOD_DAYS)
# Spread of a payment day, in days, up to which an invoice takes all of a common shock.
LOADED_DAYS = 7.0
# What made customers pay late together may be over: a forecast of half a year before the last one counts half.
HALF_LIFE_DAYS = 182.0
WEEK_CODES = -(-DAYS // WEEK_DAYS) + PERIODS
FEWEST_ORIGINS = 6
# Scores beyond four standard deviations say that the forecast held a day for impossible, not how far it was out.
_LARGEST_SCORE = 4.0
_NO_CHANCE = 1e-9
# A correlation of one would make all invoices one.
_MOST_SHARED = 0.95
_PAIRS = ("batch", "customer", "week", "period", "apart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shocks:
    """Shares of the variance of an invoice's score that it has in common with others; the rest is its own.

    ``common`` and ``week`` are those of an invoice with a payment day known to within a week; of others they are
    less (:func:`loadings`). ``common``: with all invoices expected in the same 30 days, correlated by ``persistence``
    from one such period to the next; ``week``: with all expected in the same week; ``customer``: with all of its
    customer's; ``batch``: with its customer's expected in the same week. ``origins``: past forecasts they were
    estimated from; below :data:`FEWEST_ORIGINS` they are mostly stated.
    """

    common: float
    persistence: float
    week: float
    customer: float
    batch: float
    origins: int = 0

    def __post_init__(self) -> None:
        parts = (self.common, self.persistence, self.week, self.customer, self.batch)
        if min(parts) < 0 or self.persistence >= 1 or self.shared >= 1:
            raise ValueError(f"shares must be at least 0, persistence below 1 and the sum below 1, got {parts}")

    @property
    def shared(self) -> float:
        """Share of the variance that an invoice has in common with any other."""
        return self.common + self.week + self.customer + self.batch

    @property
    def is_estimated(self) -> bool:
        """Whether enough past forecasts stand behind the figures."""
        return self.origins >= FEWEST_ORIGINS


# Stated by this project for a ledger without a record: near what simulated ledgers with market months, customer
# months and payment runs show, on the wide side.
STATED = Shocks(common=0.05, persistence=0.5, week=0.02, customer=0.12, batch=0.15)
# How many forecasts the stated figures weigh against the measured ones.
_WEIGHT_OF_STATED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointMisses:
    """Sums over pairs of invoices of a past forecast, made on the day ``on``; by kind of pair, weighted by balance.

    ``sums`` has the columns ``together`` (products of scores), ``possible`` (what they would be if the two had one
    score) and ``loaded`` (if they had nothing but the common score). ``shift`` is the common score of the whole
    forecast, above zero where customers paid later than expected.
    """

    on: date
    sums: pd.DataFrame
    shift: float


def joint_misses(debt: OpenDebt, paid_after: Floats, *, seen_days: int) -> JointMisses:
    """How far the invoices of a past forecast were paid early or late together.

    ``paid_after``: days from ``debt.on`` to the payment, infinite where there was none; only the first
    ``seen_days`` count (what is unpaid then has the mean score of everything after). Kinds of pairs: ``batch`` (same
    customer, expected in the same week), ``customer`` (same customer, other weeks), ``week`` (other customers, same
    week), ``period`` (other customers, same 30 days, other weeks) and ``apart`` (other customers, other periods).
    """
    scores, spread = normal_scores(debt.unpaid, paid_after, seen_days=seen_days)
    customer, week, period = groups(debt)
    batch = customer * WEEK_CODES + week
    weight, load = debt.balance / debt.total, loadings(debt)
    own = {"together": weight * scores, "possible": weight * spread, "loaded": weight * spread * load}
    shared = {"together": own["together"] * load, "possible": own["loaded"] * load}
    sums = {name: dict.fromkeys(_PAIRS, 0.0) for name in own}
    for name, values in own.items():
        in_batch = _over_pairs(values, batch)
        sums[name] |= {"batch": in_batch, "customer": _over_pairs(values, customer) - in_batch}
    for name, values in shared.items():
        in_week, in_batch, in_period, of_both, of_customer, all_ = (
            _over_pairs(values, codes)
            for codes in (week, batch, period, customer * PERIODS + period, customer, np.zeros_like(customer))
        )
        sums[name] |= {
            "week": in_week - in_batch,
            "period": in_period - of_both - in_week + in_batch,
            "apart": all_ - in_period - of_customer + of_both,
        }
    # the mean score is pulled to zero by what the intervals hide; dividing by their spread undoes it
    shift = float(shared["together"].sum() / max(shared["possible"].sum(), _NO_CHANCE))
    return JointMisses(on=debt.on, sums=pd.DataFrame(sums, index=list(_PAIRS)), shift=shift)


def estimate_shocks(misses: Sequence[JointMisses]) -> Shocks:
    """Shares of variance in common, from past forecasts, drawn to :data:`STATED` where these are few.

    The correlation of a kind of pair is ``sum w together / sum w possible`` over all forecasts, ``w = 0.5 ** (days
    before the last of them / 182)``. With ``n = (sum w)^2 / sum w^2`` forecasts it becomes ``(n * measured + 3 *
    stated) / (n + 3)``, where the stated one follows from :data:`STATED`. Of these ``common`` is that of other
    customers' invoices in one period and different weeks, ``persistence`` how much of it is left between periods,
    ``week`` what one week adds, ``customer`` what one customer's invoices have beyond the common part, ``batch`` what
    is left of those in one week. Nothing is cut off at zero before it is drawn to the stated figure: chance makes the
    correlation of a few forecasts negative as often as too large.

    To first order a product of interval means has the correlation of the scores times both spreads (the first
    Hermite coefficient), hence the division. n: Kish, Survey Sampling (1965), section 11.7.
    """
    if not misses:
        return STATED
    last = max(miss.on for miss in misses)
    weight = np.array([0.5 ** ((last - miss.on).days / HALF_LIFE_DAYS) for miss in misses])
    sums = sum(
        (miss.sums * w for miss, w in zip(misses[1:], weight[1:], strict=True)), start=misses[0].sums * weight[0]
    )
    possible = sums["possible"].where(sums["possible"] > _NO_CHANCE)
    measured, load = ((sums[name] / possible).fillna(0.0) for name in ("together", "loaded"))
    n = float(weight.sum() ** 2 / (weight**2).sum())
    pooled = (n * measured + _WEIGHT_OF_STATED * _stated_pairs(load)) / (n + _WEIGHT_OF_STATED)
    common = float(np.clip(pooled["period"], 0.0, _MOST_SHARED))
    persistence = float(np.clip(pooled["apart"] / common, 0.0, _MOST_SHARED)) if common > 0 else 0.0
    week = max(float(pooled["week"]) - common, 0.0)
    customer = max(float(pooled["customer"]) - common * persistence * float(load["customer"]), 0.0)
    batch = max(float(pooled["batch"]) - (common + week) * float(load["batch"]) - customer, 0.0)
    most = min(1.0, _MOST_SHARED / max(common + week + customer + batch, _NO_CHANCE))
    return Shocks(
        common=common * most,
        persistence=persistence,
        week=week * most,
        customer=customer * most,
        batch=batch * most,
        origins=len(misses),
    )


def _stated_pairs(load: pd.Series[float]) -> pd.Series[float]:
    """Correlation of each kind of pair under :data:`STATED`; ``load`` as :attr:`JointMisses.sums` give it."""
    lasting = STATED.common * STATED.persistence
    of_customer = STATED.customer + lasting * float(load["customer"])
    in_week = STATED.common + STATED.week
    in_batch = STATED.customer + STATED.batch + in_week * float(load["batch"])
    return pd.Series([in_batch, of_customer, in_week, STATED.common, lasting], index=list(_PAIRS))


def groups(debt: OpenDebt) -> tuple[Codes, Codes, Codes]:
    """Customer, week and period of each invoice as codes; weeks and periods go by the day of its even chance.

    The day of even chance is the first on which it is at least as likely paid as not, the last day where none is. A
    week that two periods share is two.
    """
    customer, _ = pd.factorize(debt.items["customer_id"], sort=True)
    day = np.minimum((debt.unpaid[:, :DAYS] > 0.5).sum(axis=1), DAYS - 1)
    period = day // PERIOD_DAYS
    return customer, day // WEEK_DAYS + period, period


def loadings(debt: OpenDebt) -> Floats:
    """How far a common shock moves each invoice's score: ``7 / spread``, at most 1.

    A month in which customers pay some days later is the same number of days for all. It moves an invoice that is sure
    to be paid within a week out of what was forecast, and hardly one that may come on any day of two months. Spread is
    the standard deviation of the day of payment, given that it is paid within 91 days.
    """
    unpaid = np.column_stack([np.ones(len(debt.items)), debt.unpaid[:, :DAYS]])
    paid = np.maximum(1 - unpaid[:, -1], _NO_CHANCE)
    # sum over days of P(later), and of (2 day + 1) P(later), among those paid in time
    later = (unpaid[:, :-1] - unpaid[:, -1:]) / paid[:, None]
    mean = later.sum(axis=1)
    square = (later * (2 * np.arange(DAYS) + 1)).sum(axis=1)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return LOADED_DAYS / np.maximum(spread, LOADED_DAYS)


def normal_scores(unpaid: Floats, paid_after: Floats, *, seen_days: int) -> tuple[Floats, Floats]:
    """The normal score of each payment day under its own forecast, and the variance that such scores have.

    A day of payment says that the score lay between the quantiles of the shares paid by the day before and by the
    day; the score is its mean between them, ``(phi(low) - phi(high)) / (share(high) - share(low))``. An invoice not
    seen paid lies beyond the last. The variance of these means under the forecast is below 1, the less the more is
    left open by few or long intervals.

    Source: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (2nd ed., 1994), section 13.10.1
    (mean of a doubly truncated normal).
    """
    seen = min(int(seen_days), DAYS)
    paid = np.column_stack([np.zeros(len(unpaid)), 1 - unpaid[:, :seen]])
    density = np.exp(-(ndtri(np.clip(paid, 1e-300, 1 - 1e-16)) ** 2) / 2) / np.sqrt(2 * np.pi)
    # beyond the last day lies the rest
    paid, density = np.column_stack([paid, np.ones(len(paid))]), np.column_stack([density, np.zeros(len(paid))])
    chance, drop = np.diff(paid, axis=1), -np.diff(density, axis=1)
    means = np.divide(drop, chance, out=np.zeros_like(drop), where=chance > _NO_CHANCE)
    spread = (means**2 * chance).sum(axis=1)
    place = np.where(paid_after <= seen, np.ceil(np.maximum(paid_after, 1)) - 1, seen).astype(int)
    rows = np.arange(len(paid))
    # a day that the forecast excluded has no mean, and takes the quantile at which it stands
    held_out = chance[rows, place] <= _NO_CHANCE
    scores = np.where(held_out, ndtri(np.clip(paid[rows, place], 1e-5, 1 - 1e-5)), means[rows, place])
    return np.clip(scores, -_LARGEST_SCORE, _LARGEST_SCORE), spread


def _over_pairs(values: Floats, codes: Codes) -> float:
    """Sum over ordered pairs of different members of each group of the product of their values."""
    sums = np.bincount(codes, weights=values)
    return float((sums**2).sum() - (values**2).sum())
