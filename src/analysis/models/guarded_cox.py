"""A Cox model that a report may print: checked against what makes its numbers worthless, held or refused."""

from __future__ import annotations

import numpy as np

from analysis.models.cox import CoxModel, cox
from analysis.models.regression_columns import Design, NotEstimable

# Gates of the project's requirements on reliability, "Statistics".
COEFFICIENT_MAX = 10.0
STD_ERR_MAX = 10.0
# Correlation of coefficients beyond which their split is a matter of rounding (Belsley, Kuh and Welsch 1980 call a
# condition index of 30 strong; its square is the ratio of the eigenvalues, here with ample room).
_CONDITION_MAX = 1e8
# One standard deviation of a covariate is then as likely as not to change the log hazard by 0.67 or less.
_RIDGE = 1.0


def guarded_cox(design: Design, *, strata: str | None = None, cluster: str | None = None) -> tuple[CoxModel, list[str]]:
    """The model of a design (rows with ``entered``, ``days``, ``paid``), and notes on what was done to it.

    Where the likelihood has no maximum, a coefficient or an error exceeds 10, the coefficients cannot be told apart or
    the order of payment is foretold without fault, a ridge holds the coefficients and a note says so.
    Raises NotEstimable where that does not help either.
    """

    def fitted(ridge: float) -> CoxModel:
        return cox(design.rows, covariates=design.names, entered="entered", strata=strata, cluster=cluster, ridge=ridge)

    model = fitted(0.0)
    fault = _fault(model)
    if fault is None:
        return model, []
    held = fitted(_RIDGE)
    # a perfect order stays perfect under a ridge; it is the size of the numbers that the ridge mends
    if _fault(held) is not None and held.concordance < 1:
        raise NotEstimable(f"{fault}, and a penalty does not mend it")
    if held.concordance >= 1:
        raise NotEstimable(f"{fault}: the columns foretell the order of payment without fault, which no model should")
    return held, [f"a penalty holds the effects down, because {fault}"]


def _fault(model: CoxModel) -> str | None:
    """What makes the numbers of a model worthless, in words; None where nothing does."""
    table = model.coefficients()
    naive = np.sqrt(np.diag(model.naive_covariance))
    largest = np.maximum(table["std_err"].to_numpy(), naive)
    if not model.converged:
        return "the fit found no best value"
    if not np.isfinite(largest).all() or (table["coef"].abs() > COEFFICIENT_MAX).any() or (largest > STD_ERR_MAX).any():
        worst = table.index[int(np.nanargmax(np.maximum(table["coef"].abs() / COEFFICIENT_MAX, largest / STD_ERR_MAX)))]
        return f"the effect of {worst} is beyond measure"
    if model.concordance >= 1:
        return "every pair of invoices is in order"
    if np.linalg.cond(model.naive_covariance / np.outer(naive, naive)) > _CONDITION_MAX:
        return "two of the effects cannot be told apart"
    return None
