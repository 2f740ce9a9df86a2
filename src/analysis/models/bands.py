"""Greenwood's error of a payment curve, and the band around it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Band = Literal["log-log", "log", "plain"]


def greenwood_terms(n: NDArray[np.float64], d: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each day adds to the relative variance of the share unpaid: ``d / (n * (n - d))``.

    ``n`` at risk, ``d`` settled; zero without events, infinite where all at risk are settled.

    Source: Greenwood, Reports on Public Health and Medical Subjects 33 (1926).
    """
    with np.errstate(divide="ignore"):
        return np.divide(d, n * (n - d), out=np.zeros_like(d), where=d > 0)


def limits(
    unpaid: NDArray[np.float64], relative: NDArray[np.float64], *, confidence: float, band: Band
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper limit of the share unpaid from its relative standard error, within 0 and 1.

    Symmetric for ``log(-log(unpaid))``, for ``log(unpaid)`` or for ``unpaid`` itself. The point 1 where
    all is unpaid, NaN where nothing is: the error is zero or undefined there, as in R.

    Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (1980), section 1.3.
    """
    z = z_score(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        if band == "plain":
            low, high = unpaid - z * unpaid * relative, unpaid + z * unpaid * relative
        elif band == "log":
            low, high = unpaid * np.exp(-z * relative), unpaid * np.exp(z * relative)
        elif band == "log-log":
            spread = np.exp(z * relative / np.abs(np.log(unpaid)))
            low, high = unpaid**spread, unpaid ** (1 / spread)
        else:
            raise ValueError(f"band must be 'log-log', 'log' or 'plain', got {band!r}")
    low, high = np.where(unpaid == 1, 1.0, low), np.where(unpaid == 1, 1.0, high)
    gone = unpaid == 0
    return np.where(gone, math.nan, np.maximum(low, 0)), np.where(gone, math.nan, np.minimum(high, 1))


def z_score(confidence: float) -> float:
    """Standard normal quantile that leaves half of ``1 - confidence`` above it.

    >>> round(z_score(0.95), 3)
    1.96
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    return float(norm.ppf((1 + confidence) / 2))
