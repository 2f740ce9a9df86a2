"""An additive model of severe delinquency: the segment's rate, and what each fact adds to a customer's log odds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.models.bands import z_score
from analysis.models.risk_rates import RiskRates, risk_rates
from analysis.models.risk_rows import MONTHS_PER_YEAR
from analysis.models.risk_terms import RATING, Term, column_names, evidence, fixed_terms, term_columns

Floats = NDArray[np.float64]

# Customers that became severely delinquent, and that did not, of which a model is learned at least.
CUSTOMERS_EACH_MIN = 10
# A stretch between two knots on which fewer customers differ from the usual has no coefficient of its own.
STRETCH_CUSTOMERS_MIN = 10
# Prior successes and failures of each coefficient. With 2, the odds ratio of a stretch lies within 1/39 and 39 with
# 95%; the stronger ones are for books in which a fact tells the outcome without fault.
_LOG_F = (2.0, 8.0, 32.0)
# Gates of a logistic fit: beyond them a coefficient says that the fit has no maximum, not how large an effect is.
COEFFICIENT_MAX = STANDARD_ERROR_MAX = 10.0
# Customers of whom this much of the record is their own tell how far customers of a segment differ.
_WELL_KNOWN = 0.75
_SPREAD_ROWS_MIN = 20
START, RECORD = "start", "own_record"


class RefusedFit(Exception):
    """A fit whose numbers would be worthless, with the reason in words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskModel:
    """``logit(chance) = logit(segment's rate) + e * own record + sum over terms of e_t * (coefficients . ramps)``.

    ``e`` is the evidence of the customer's own record (:func:`~analysis.models.risk_terms.evidence`), so that a
    customer without invoices paid or past due has its segment's rate, but for what is known of it beside its payments
    (a limit, a rating). ``coefficients`` are log odds, named by term and stretch, with ``covariance`` by customer;
    ``left_out`` names stretches on which too few customers differ; ``prior`` is the strength of the coefficients'
    prior, 2 unless the books needed more. ``spread`` is the standard deviation of log odds between well-known customers
    about their segments. ``rows`` and ``customers`` were learned from; ``severe`` customers among them became severely
    delinquent at least once.
    """

    terms: tuple[Term, ...]
    coefficients: pd.Series[float]
    covariance: Floats
    left_out: tuple[str, ...]
    prior: float
    rates: RiskRates
    spread: float
    rows: int
    customers: int
    severe: int

    @property
    def uses_rating(self) -> bool:
        """Whether a rating enters the model."""
        return any(term.id == RATING for term in self.terms)

    def parts(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What the log odds of each row are made of: ``start`` (its segment's rate), ``own_record`` and each term.

        The sum over the columns is the log odds exactly. ``own_record`` is what it says that a customer is known by
        its invoices and nothing is amiss with them; what is amiss stands under its own name.
        """
        design = self._design(rows)
        found = {START: log_odds(self.rates.of_segment(rows))}
        found[RECORD] = design[:, 0] * float(self.coefficients[RECORD])
        at = 1
        for term in self.terms:
            names = column_names(term)
            found[term.id] = design[:, at : at + len(names)] @ self.coefficients.loc[names].to_numpy()
            at += len(names)
        return pd.DataFrame(found, index=rows.index)

    def chances(self, rows: pd.DataFrame) -> Floats:
        """Chance of severe delinquency within twelve months of each row."""
        return logistic(self.parts(rows).sum(axis=1).to_numpy(dtype=float))

    def limits(self, rows: pd.DataFrame, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Limits of the chance of each row: symmetric on the log odds, wide where little is known of the customer.

        ``variance = x' V x + spread^2 * (1 - e)``: of the coefficients, and of the customer about its segment, of
        which evidence e leaves the part 1 - e (the posterior variance of a normal mean).
        """
        design = self._design(rows)
        centre = self.parts(rows).sum(axis=1).to_numpy(dtype=float)
        of_fit = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        unknown = self.spread**2 * (1 - evidence(rows["evidence_invoices"]))
        half = z_score(confidence) * np.sqrt(np.maximum(of_fit, 0) + unknown)
        return logistic(centre - half), logistic(centre + half)

    def _design(self, rows: pd.DataFrame) -> Floats:
        return _design(rows, self.terms)


def fit_risk_model(rows: pd.DataFrame, *, without: tuple[str, ...] = ()) -> RiskModel:
    """The model learned from rows whose outcome is known (:func:`~analysis.models.risk_rows.learned_from`).

    Logistic regression (statsmodels) with the segments' log odds as offset. Overlapping windows of a customer count
    as one: its n rows weigh one together, or n/12 where they are more than twelve. Each coefficient has a log-F(2, 2)
    prior, which is one pseudo-customer that became severely delinquent and one that did not, with nothing but this
    column at 1; so no coefficient runs away where a fact separates the outcomes. Where one or its standard error
    exceeds 10 all the same, the prior counts four and then sixteen times as much (``prior``). ``covariance`` is
    ``H^-1 (M + P) H^-1``: H the information of rows and prior, M the squares of the customers' summed scores, P the
    information of the prior. ``without`` leaves terms out.

    RefusedFit with fewer than 10 customers of either kind, where the search does not end, or where a coefficient
    or its standard error exceeds 10 even so.

    Source: Greenland and Mansournia, Statistics in Medicine 34 (2015) 3133-3143 (log-F priors by data); Liang and
    Zeger, Biometrika 73 (1986) 13-22 (customers as clusters).
    """
    # Sums of floats depend on their order, and nothing may depend on that of the rows.
    rows = rows.sort_index()
    customer = rows.index.get_level_values("customer_id")
    severe = rows["severe"].to_numpy(dtype=float)
    n_severe = int(pd.Index(customer[severe == 1]).nunique())
    n_sound = int(pd.Index(customer[severe == 0]).nunique())
    if min(n_severe, n_sound) < CUSTOMERS_EACH_MIN:
        raise RefusedFit(
            f"{n_severe} customers that became severely delinquent and {n_sound} that did not are too few to learn "
            f"from; it takes {CUSTOMERS_EACH_MIN} of each"
        )
    rates = risk_rates(rows)
    terms = fixed_terms(rows, without=without)
    names = [RECORD, *(name for term in terms for name in column_names(term))]
    design = _design(rows, terms)
    code = np.unique(customer.to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    carried = _carried(design, code)
    beta, covariance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    offset = log_odds(rates.of_segment(rows))
    for prior in _LOG_F:
        fitted, of_fitted = _fitted(design[:, carried], severe, offset, code, prior=prior)
        beta[carried] = fitted
        covariance[np.ix_(carried, carried)] = of_fitted
        if np.abs(beta).max() <= COEFFICIENT_MAX and np.sqrt(np.diag(covariance)).max() <= STANDARD_ERROR_MAX:
            break
    else:
        raise RefusedFit("a coefficient or its standard error exceeds 10, so the fit says nothing")
    known = evidence(rows["evidence_invoices"])
    about = np.where(known > 0, design @ beta / np.maximum(known, 1e-9), 0.0)[known >= _WELL_KNOWN]
    return RiskModel(
        terms=terms,
        coefficients=pd.Series(beta, index=names),
        covariance=covariance,
        left_out=tuple(name for name, kept in zip(names, carried, strict=True) if not kept),
        prior=prior,
        rates=rates,
        # Where hardly anybody is well known, customers may differ as much as the prior of a coefficient allows.
        spread=float(about.std()) if len(about) >= _SPREAD_ROWS_MIN else STANDARD_ERROR_MAX / 4,
        rows=len(rows),
        customers=int(customer.nunique()),
        severe=n_severe,
    )


def log_odds(chance: Floats) -> Floats:
    """``log(p / (1 - p))``."""
    return np.log(chance) - np.log1p(-chance)


def logistic(odds: Floats) -> Floats:
    """The chance of log odds: ``1 / (1 + exp(-x))``."""
    result: Floats = 1.0 / (1.0 + np.exp(-odds))
    return result


def _design(rows: pd.DataFrame, terms: tuple[Term, ...]) -> Floats:
    """A column for the own record, then those of each term."""
    own = evidence(rows["evidence_invoices"])[:, None]
    return np.hstack([own, *(term_columns(rows, term) for term in terms)])


def _carried(design: Floats, customer: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Columns in which at least ten customers differ from the usual."""
    return np.array([len(np.unique(customer[column != 0])) >= STRETCH_CUSTOMERS_MIN for column in design.T])


def _fitted(
    design: Floats, severe: Floats, offset: Floats, customer: NDArray[np.int64], *, prior: float = _LOG_F[0]
) -> tuple[Floats, Floats]:
    """Coefficients and their covariance by customer (a number for each row)."""
    n, k = design.shape
    own = 1.0 / np.minimum(np.bincount(customer), MONTHS_PER_YEAR)[customer]
    added = np.vstack([np.eye(k), np.eye(k)])
    x = np.vstack([design, added])
    y = np.concatenate([severe, np.ones(k), np.zeros(k)])
    weight = np.concatenate([own, np.full(2 * k, prior / 2)])
    offsets = np.concatenate([offset, np.zeros(2 * k)])
    family = sm.families.Binomial()
    # Sums add up in one order on one thread, so that the same rows give the same bytes.
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        # What would be warned of is read from the result below, where it refuses the fit.
        warnings.simplefilter("ignore")
        result = sm.GLM(y, x, family=family, offset=offsets, freq_weights=weight).fit(tol=1e-10)
    if not result.converged:
        raise RefusedFit("the search for the coefficients did not end")
    beta = np.asarray(result.params, dtype=float)
    chance = logistic(offsets + x @ beta)
    curved = x * (weight * chance * (1 - chance))[:, None]
    inverse = np.linalg.inv(curved.T @ x)
    score = design * (own * (severe - chance[:n]))[:, None]
    summed = np.column_stack([np.bincount(customer, weights=column) for column in score.T])
    of_prior = curved[n:].T @ added
    return beta, inverse @ (summed.T @ summed + of_prior) @ inverse
