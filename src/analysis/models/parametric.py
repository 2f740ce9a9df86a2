"""Parametric payment curves: four shapes, with or without covariates, and how well each fits.

lifelines has three of the shapes and is the second library of the tests; its fits stop up to 1e-3 short of R's figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, log_ndtr, ndtri

from analysis.models.risk_sets import Floats
from analysis.models.survival import payment_curve

Family = Literal["exponential", "weibull", "log-normal", "log-logistic"]
FAMILIES: tuple[Family, ...] = get_args(Family)
# A continuous shape has no chance of day 0. What leaves on the day of issue has left within it: half a day on average.
_DAY_ZERO = 0.5
_LOG_SCALE_MAX = 5.0
_EVENTS_MIN = 10
_FAR = 300.0
_LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParametricCurve:
    """Days until payment as ``log(days) = beta' x + scale * error`` with an error of known shape.

    The error is extreme value (``exponential``, with scale 1, and ``weibull``), normal or logistic. ``covariance`` is
    that of ``beta`` and, but for the exponential, ``log(scale)``. ``aic`` is ``2 * parameters - 2 *
    log_likelihood``: the lower, the better the shape of two.
    """

    family: Family
    names: tuple[str, ...]
    beta: Floats
    scale: float
    log_likelihood: float
    covariance: Floats
    n_paid: int

    @property
    def aic(self) -> float:
        return 2 * (len(self.beta) + (self.family != "exponential")) - 2 * self.log_likelihood

    def unpaid(self, days: Sequence[float], x: Sequence[float] = ()) -> Floats:
        """Share still unpaid after each of ``days`` (half a day stands for day 0): (days,)."""
        z = (np.log(np.maximum(np.asarray(days, dtype=float), _DAY_ZERO)) - self._location(x)) / self.scale
        return np.exp(_log_unpaid(z, self.family)).astype(float)

    def unpaid_given_open(self, x: Floats, ages: Floats, *, days: int) -> Floats:
        """Share still unpaid 1 to ``days`` days on of invoices that are open at their age: (invoices, days)."""
        location = np.column_stack([np.ones(len(x)), x]) @ self.beta
        reached = ages[:, None] + np.arange(days + 1)
        z = (np.log(np.maximum(reached, _DAY_ZERO)) - location[:, None]) / self.scale
        share = _log_unpaid(z, self.family)
        return np.exp(share[:, 1:] - share[:, :1]).astype(float)

    def quantile(self, p: float, x: Sequence[float] = ()) -> float:
        """Day by which the share ``p`` is paid."""
        if not 0 < p < 1:
            raise ValueError(f"p must lie between 0 and 1, got {p}")
        shapes = {"log-normal": float(ndtri(p)), "log-logistic": math.log(p / (1 - p))}
        return math.exp(self._location(x) + self.scale * shapes.get(self.family, math.log(-math.log1p(-p))))

    def _location(self, x: Sequence[float]) -> float:
        return float(self.beta @ np.append(1.0, np.asarray(x, dtype=float)))


def parametric_curve(
    rows: pd.DataFrame,
    *,
    family: Family,
    covariates: Sequence[str] = (),
    duration: str = "days",
    event: str = "paid",
    weight: str | None = None,
    entered: str | None = None,
) -> ParametricCurve:
    """Maximum likelihood fit of one shape to days that end in payment or are censored.

    ``weight`` counts how many invoices a row stands for, ``entered`` is the day after which it was watched. A row of 0
    days counts as half a day. Names of coefficients: ``intercept`` and the covariates.

    ValueError below ten payments, where all were paid on the same day (every shape shrinks to that day), or where
    the fit finds no maximum.

    Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2nd ed., 2002), chapter 3; the
    parameters are those of R's ``survreg``.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {family!r}")
    paid = rows[event].to_numpy(dtype=bool)
    weights = np.ones(len(rows)) if weight is None else rows[weight].to_numpy(dtype=float)
    n_paid = round(float(weights[paid].sum()))
    if n_paid < _EVENTS_MIN:
        raise ValueError(f"{event}: a parametric curve needs {_EVENTS_MIN} payments and there are {n_paid}")
    if rows.loc[paid & (weights > 0), duration].nunique() < 2 and not covariates:
        raise ValueError(f"{duration}: all {n_paid} payments took equally long, which no shape describes")
    log_days = np.log(rows[duration].to_numpy(dtype=float).clip(min=_DAY_ZERO))
    since = np.zeros(len(rows)) if entered is None else rows[entered].to_numpy(dtype=float)
    late = since > 0
    log_since = np.log(np.where(late, since, 1.0))
    raw = rows[list(covariates)].to_numpy(dtype=float)
    centre, spread = raw.mean(axis=0), np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1.0)
    x = np.column_stack([np.ones(len(rows)), (raw - centre) / spread])
    free, total = family != "exponential", float(weights.sum())

    def negative(theta: Floats) -> tuple[float, Floats]:
        beta, log_scale = theta[: x.shape[1]], theta[-1] if free else 0.0
        scale, location = math.exp(log_scale), x @ beta
        # a trial step of the search may lie anywhere; beyond this the likelihood is nought either way
        z, entry = (np.clip((log_of - location) / scale, -_FAR, _FAR) for log_of in (log_days, log_since))
        value, slope = _contributions(z, paid, family)
        value = value - np.where(paid, log_scale + log_days, 0.0)
        value = value - np.where(late, _log_unpaid(entry, family), 0.0)
        slope_entry = np.where(late, -_hazard(entry, family), 0.0)
        by_location = -(slope - slope_entry) / scale
        by_scale = -(slope * z - slope_entry * entry) - paid
        gradient = np.append(x.T @ (weights * by_location), [weights @ by_scale] if free else [])
        return -float(weights @ value) / total, -gradient / total

    start = np.zeros(x.shape[1] + free)
    start[0] = np.average(log_days, weights=weights)
    theta, hessian = _maximum(negative, start)
    if free and abs(theta[-1]) > _LOG_SCALE_MAX:
        raise ValueError(f"{duration}: the {family} fit has no maximum")
    # back from standardised covariates
    back = np.eye(len(theta))
    for j in range(len(centre)):
        back[1 + j, 1 + j] = 1 / spread[j]
        back[0, 1 + j] = -centre[j] / spread[j]
    plain = back @ theta
    return ParametricCurve(
        family=family,
        names=("intercept", *covariates),
        beta=plain[: x.shape[1]],
        scale=math.exp(theta[-1]) if free else 1.0,
        log_likelihood=-negative(theta)[0] * total,
        covariance=back @ np.linalg.pinv(hessian * total, hermitian=True) @ back.T,
        n_paid=n_paid,
    )


def shapes_compared(counts: pd.DataFrame, *, families: Sequence[Family] = FAMILIES) -> pd.DataFrame:
    """The shapes fitted to counts per day (``day``, ``events``, ``censored``), the best first, beside Kaplan-Meier.

    Index family; columns ``aic``, ``median_days``, ``median_kaplan_meier``, ``largest_gap`` (largest distance of the
    share unpaid from Kaplan-Meier's over the days with payments, the middle of each step) and ``line`` (correlation
    of the transformed shares of the two, whose plot is a straight line where the shape is right).
    Customers pay around due dates and in batches, which no shape of four knows: the gap says how much is lost.
    """
    curve = payment_curve(counts)
    rows = pd.concat(
        [
            counts[["day"]].assign(n=counts["events"], paid=True),
            counts[["day"]].assign(n=counts["censored"], paid=False),
        ],
        ignore_index=True,
    )
    rows = rows[rows["n"] > 0]
    table = curve.table[curve.table["events"] > 0]
    after = table["unpaid"].to_numpy()
    middle = (after + np.append(1.0, after[:-1])) / 2
    found = {}
    for family in families:
        fitted = parametric_curve(rows, family=family, duration="day", weight="n")
        unpaid = fitted.unpaid(list(table.index.astype(float)))
        shown = _straightened(middle, family)
        found[family] = {
            "aic": fitted.aic,
            "median_days": fitted.quantile(0.5),
            "median_kaplan_meier": curve.median_days,
            "largest_gap": float(np.abs(unpaid - middle).max()),
            "line": float(np.corrcoef(np.log(np.maximum(table.index, _DAY_ZERO)), shown)[0, 1]),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("family").sort_values("aic", kind="stable")


def _maximum(negative: Callable[[Floats], tuple[float, Floats]], start: Floats) -> tuple[Floats, Floats]:
    """Where a negative log-likelihood is least, and its second derivative there (from the exact gradient)."""
    theta = np.asarray(minimize(negative, start, jac=True, method="BFGS").x)
    for _ in range(4):
        # BFGS stops where rounding blurs the value; a step of Newton's on the gradient takes the digits that are left
        hessian = _second_derivative(negative, theta)
        theta = theta - np.linalg.pinv(hessian, hermitian=True) @ negative(theta)[1]
    return theta, _second_derivative(negative, theta)


def _second_derivative(negative: Callable[[Floats], tuple[float, Floats]], theta: Floats) -> Floats:
    step = 1e-5
    sides = [
        (negative(theta + step * unit)[1] - negative(theta - step * unit)[1]) / (2 * step)
        for unit in np.eye(len(theta))
    ]
    matrix = np.array(sides)
    return (matrix + matrix.T) / 2


def _contributions(z: Floats, paid: np.ndarray, family: Family) -> tuple[Floats, Floats]:
    """Logarithm of density (paid) or of the share unpaid (censored) of the error, and its slope in ``z``."""
    hazard = _hazard(z, family)
    if family == "log-normal":
        density, slope = -(z**2) / 2 - _LOG_ROOT_TWO_PI, -z
    elif family == "log-logistic":
        density, slope = _log_unpaid(z, family) + _log_paid_share(z), 1 - 2 * expit(z)
    else:
        density, slope = z - np.exp(z), 1 - np.exp(z)
    return np.where(paid, density, _log_unpaid(z, family)), np.where(paid, slope, -hazard)


def _log_paid_share(z: Floats) -> Floats:
    return -np.logaddexp(0, -z)


def _log_unpaid(z: Floats, family: Family) -> Floats:
    if family == "log-normal":
        return np.asarray(log_ndtr(-z))
    return np.asarray(-np.logaddexp(0, z) if family == "log-logistic" else -np.exp(z))


def _hazard(z: Floats, family: Family) -> Floats:
    """Density over share unpaid of the error."""
    if family == "log-normal":
        return np.exp(-(z**2) / 2 - _LOG_ROOT_TWO_PI - log_ndtr(-z))
    return np.asarray(expit(z) if family == "log-logistic" else np.exp(z))


def _straightened(unpaid: Floats, family: Family) -> Floats:
    """What is a straight line against log(days) where the shape is right."""
    if family == "log-normal":
        return np.asarray(-ndtri(unpaid))
    return np.log((1 - unpaid) / unpaid) if family == "log-logistic" else np.log(-np.log(unpaid))
