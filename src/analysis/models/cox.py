"""Cox regression: what goes with paying sooner or later, whatever the shape of the payment curve.

lifelines has the same model for Efron's ties and is the second library of the tests; it stops some 1e-6 short of R's
figures, does not correct robust errors for ties, and tells of trouble only by warnings. Here trouble is a note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from analysis.models.bands import z_score
from analysis.models.cox_concordance import risk_concordance
from analysis.models.cox_residuals import score_residuals, summed_by_cluster
from analysis.models.exact_ties import exact_likelihood
from analysis.models.risk_sets import Floats, Moments, RiskSets, Ties, moments, risk_sets

_STEPS_MAX = 50
_CONVERGED = 1e-12
_STANDSTILL = 1e-4
_HALVINGS_MAX = 20
# A hazard twenty thousand times the mean's is beyond what any book of invoices can tell; a step that goes there is
# cut short, which also keeps the sums over risk sets exact.
_LOG_RISK_MAX = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxModel:
    """Relative payment hazards ``exp(beta' x)`` of invoices over one baseline per stratum.

    ``covariance`` is robust to the likeness of the invoices of a cluster where one was named, else that of the
    partial likelihood, which ``naive_covariance`` always is. ``log_likelihood`` without covariates and fitted.
    ``tests`` (index likelihood ratio, Wald, score; columns ``statistic``, ``df``, ``p``) of all coefficients
    together. ``concordance``: share of pairs of invoices of which the one expected to be paid sooner was.
    ``converged`` is False where the likelihood has no maximum, as where a covariate tells payment without fault.
    """

    sets: RiskSets
    ties: Ties
    beta: Floats
    covariance: Floats
    naive_covariance: Floats
    log_likelihood: tuple[float, float]
    tests: pd.DataFrame
    concordance: float
    converged: bool
    ridge: float
    at_fit: Moments
    clusters: NDArray[np.int64] | None

    @property
    def n_rows(self) -> int:
        return len(self.sets.x)

    @property
    def n_paid(self) -> int:
        return int(self.sets.paid.sum())

    def coefficients(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Index covariate; ``coef``, ``std_err``, ``low``, ``high``, ``hazard_ratio``, ``p`` (two-sided, Wald)."""
        std_err = np.sqrt(np.diag(self.covariance))
        reach = z_score(confidence) * std_err
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * norm.sf(np.abs(self.beta / std_err))
        columns = {"coef": self.beta, "std_err": std_err, "low": self.beta - reach, "high": self.beta + reach}
        return pd.DataFrame(
            columns | {"hazard_ratio": np.exp(self.beta), "p": p}, index=pd.Index(self.sets.names, name="covariate")
        )

    def unpaid(
        self, x: Sequence[float], *, days: Sequence[float], stratum: str = "all", confidence: float = 0.95
    ) -> pd.DataFrame:
        """Share still unpaid of invoices with covariates ``x`` after each of ``days``, with its band.

        ``exp(-exp(beta' x) * cumulative baseline hazard)``; band symmetric for its logarithm, its error that of the
        baseline and of the coefficients (naive). Index ``day``; columns ``unpaid``, ``std_err``, ``low``, ``high``.

        Source: Therneau and Grambsch, Modeling Survival Data (2000), section 10.2.
        """
        if stratum not in self.sets.strata:
            raise ValueError(f"stratum {stratum!r} is none of {', '.join(self.sets.strata)}")
        away = np.asarray(x, dtype=float) - self.sets.centre
        cells = np.flatnonzero(self.sets.stratum == self.sets.strata.index(stratum))
        place = np.searchsorted(self.sets.day[cells], np.asarray(days, dtype=float), side="right")
        hazard, own = self.at_fit.hazard[cells], self.at_fit.hazard_variance[cells]
        drift = hazard[:, None] * away - self.at_fit.mean_hazard[cells]
        summed = np.concatenate([np.zeros((1, 2 + len(away))), np.column_stack([hazard, own, drift]).cumsum(axis=0)])
        risk = math.exp(float(away @ self.beta))
        cumulative, variance, drift = summed[place, 0] * risk, summed[place, 1], summed[place, 2:]
        error = risk * np.sqrt(variance + np.einsum("ij,jk,ik->i", drift, self.naive_covariance, drift))
        unpaid, reach = np.exp(-cumulative), z_score(confidence) * error
        high = np.minimum(1.0, np.exp(-cumulative + reach))
        return pd.DataFrame(
            {"unpaid": unpaid, "std_err": unpaid * error, "low": np.exp(-cumulative - reach), "high": high},
            index=pd.Index(list(days), name="day"),
        )


def cox(
    rows: pd.DataFrame,
    *,
    covariates: Sequence[str],
    duration: str = "days",
    event: str = "paid",
    entered: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    ties: Ties = "efron",
    ridge: float = 0.0,
) -> CoxModel:
    """Cox model of rows with numeric covariates; rows and columns as :func:`analysis.models.risk_sets.risk_sets`.

    A row that ends otherwise than by ``event`` is censored then: with credit notes and write-offs the
    coefficients are those of the cause-specific hazard of payment. ``cluster`` names whose rows are alike (the
    customer's). ``ridge`` takes ``ridge / 2 * sum (sd_j * beta_j) ** 2`` off the log-likelihood.

    Source: Cox, JRSS B 34 (1972) 187-220; robust error: Lin and Wei, JASA 84 (1989) 1074-1078.
    """
    sets = risk_sets(rows, covariates=covariates, duration=duration, event=event, entered=entered, strata=strata)
    if not sets.paid.any():
        raise ValueError(f"{event}: none of {len(rows)} rows is an event")
    penalty = np.diag(ridge * sets.x.var(axis=0))
    start = np.zeros(sets.x.shape[1])
    beta, converged = _newton(sets, start, ties=ties, penalty=penalty)
    null, score, information = _likelihood(sets, start, ties=ties)
    fitted, _, at_beta = _likelihood(sets, beta, ties=ties)
    naive = _inverse(at_beta + penalty)
    at_fit = moments(sets, beta, ties="breslow" if ties == "exact" else ties)
    covariance, clusters = naive, None
    if cluster is not None:
        clusters = pd.factorize(rows[cluster], sort=True)[0].astype(np.int64)
        shift = summed_by_cluster(score_residuals(sets, at_fit, beta), clusters) @ naive
        covariance = shift.T @ shift
    wald = float(beta @ _inverse(covariance) @ beta)
    at_null = float(score @ _inverse(information) @ score)
    statistics = {"likelihood ratio": 2 * (fitted - null), "Wald": wald, "score": at_null}
    tests = pd.DataFrame({"statistic": statistics, "df": len(beta)})
    return CoxModel(
        sets=sets,
        ties=ties,
        beta=beta,
        covariance=covariance,
        naive_covariance=naive,
        log_likelihood=(null, fitted),
        tests=tests.assign(p=chi2.sf(tests["statistic"], tests["df"])),
        concordance=risk_concordance(sets, sets.x @ beta),
        converged=converged,
        ridge=ridge,
        at_fit=at_fit,
        clusters=clusters,
    )


def _likelihood(sets: RiskSets, beta: Floats, *, ties: Ties) -> tuple[float, Floats, Floats]:
    if ties == "exact":
        return exact_likelihood(sets, beta)
    at = moments(sets, beta, ties=ties)
    return at.log_likelihood, at.score.sum(axis=0), at.information.sum(axis=0)


def _newton(sets: RiskSets, beta: Floats, *, ties: Ties, penalty: Floats) -> tuple[Floats, bool]:
    """The maximum of the (penalised) partial likelihood, and whether it was reached."""

    def at(point: Floats) -> tuple[float, Floats, Floats]:
        value, score, information = _likelihood(sets, point, ties=ties)
        return value - float(point @ penalty @ point) / 2, score - penalty @ point, information + penalty

    value, score, information = at(beta)
    for _ in range(_STEPS_MAX):
        step = _inverse(information) @ score
        # The decrement says how far below its maximum the likelihood can still be. Where there is none, it rises ever
        # less while the coefficients walk on.
        still = abs(float(score @ step)) <= _CONVERGED * max(abs(value), 1.0)
        done = still and np.abs(sets.x @ step).max(initial=0.0) <= _STANDSTILL
        for _ in range(_HALVINGS_MAX):
            if np.abs(sets.x @ (beta + step)).max(initial=0.0) <= _LOG_RISK_MAX:
                tried = at(beta + step)
                if tried[0] >= value - _CONVERGED * abs(value):
                    break
            step = step / 2
        else:
            return beta, False
        beta = beta + step
        value, score, information = tried
        if done:
            return beta, True
    return beta, False


def _inverse(matrix: Floats) -> Floats:
    """Inverse of a symmetric matrix, zero where it is flat: a covariate that tells nothing keeps the coefficient 0."""
    return np.linalg.pinv(matrix, hermitian=True).astype(float)
