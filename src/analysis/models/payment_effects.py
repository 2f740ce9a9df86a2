"""What goes with slow payment: effects of terms, amount, channel, segment, habit and disputes, in days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.history import history_of
from analysis.measures.outcomes import segment_dimension
from analysis.models.cox import CoxModel
from analysis.models.effects import Contrast, effects_in_days
from analysis.models.guarded_cox import guarded_cox
from analysis.models.payment_times import months_before
from analysis.models.proportionality import proportionality_tests
from analysis.models.regression_columns import OTHER, Column, Design, NotEstimable, design
from analysis.models.regression_rows import disputed_stretches, regression_rows

HORIZON_DAYS = 180
_MONTHS = 24
_TEN_DAYS = 10.0
# From the most to the least important: where payments are few, the last are left out first.
COVARIATES = {
    "days_late_before": "usual lateness of the customer",
    "disputed": "dispute",
    "doublings": "amount",
    "terms_days": "terms",
    "no_payment_yet": "no payment yet",
    "segment": "segment",
    "channel": "channel",
    "month_end": "issued at month end",
    "weekday": "weekday of issue",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentEffects:
    """Effects on the days until payment in cash, from a Cox model of invoices issued in the last two years.

    ``table``: index effect in words; columns of :func:`analysis.models.effects.effects_in_days`, with ``covariate``
    and ``constant_p`` (chance of such a change with the age of the invoice, were the effect the same at all
    ages), the longest first. Empty, with the reason in ``unavailable``, where the books cannot carry a regression.
    ``notes`` say what was put together, left out or held down.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    unavailable: str | None
    n_invoices: int
    n_paid: int
    n_customers: int
    model: CoxModel | None
    horizon: int = HORIZON_DAYS


def payment_effects(snapshot: Snapshot, *, rows_max: int = 20_000) -> PaymentEffects:
    """Fit the regression and say its effects in days.

    The clock runs from issue; invoices of alike terms (two weeks, a month, six weeks, two months) have a baseline of
    their own, so that what is compared has the same terms. Credit notes and write-offs end the watch of an
    invoice without payment. Errors are robust to the likeness of a customer's invoices.
    """
    start = months_before(pd.Timestamp(snapshot.as_of), _MONTHS) + pd.Timedelta(days=1)
    known = history_of(snapshot).known(snapshot.as_of)
    rows = regression_rows(known, issued_from=start.date(), rows_max=rows_max)
    stretches = disputed_stretches(known, rows)
    counts = {
        "n_invoices": len(rows),
        "n_paid": int(rows["paid"].sum()),
        "n_customers": int(rows["customer_id"].nunique()),
    }
    # a company may show its segments by channel, country or size
    dimension = segment_dimension(snapshot)
    covariates = {**COVARIATES, "segment": (dimension or "segment").replace("_", " ")}
    if dimension == "channel":
        del covariates["segment"]
    try:
        made = design(stretches, covariates=covariates, strata="terms")
        model, notes = guarded_cox(made, strata="terms", cluster="customer_id")
    except NotEstimable as reason:
        return PaymentEffects(table=_table([]), notes=(), unavailable=str(reason), model=None, **counts)
    named = _contrasts(made, covariates, disputed_from=_usual_opening(stretches))
    table = effects_in_days(model, [contrast for _, contrast in named], horizon=HORIZON_DAYS)
    constant = proportionality_tests(model)["p"]
    table.insert(0, "covariate", [column.covariate for column, _ in named])
    table["constant_p"] = [float(constant[column.name]) for column, _ in named]
    order = table["more_days"].abs().sort_values(ascending=False, kind="stable").index
    notes = [*made.notes, *notes]
    return PaymentEffects(table=table.loc[order], notes=tuple(notes), unavailable=None, model=model, **counts)


def coefficients_checked(effects: PaymentEffects) -> pd.DataFrame:
    """Coefficients of the regression with the test that each is the same at all ages; empty without a regression."""
    if effects.model is None:
        return pd.DataFrame(columns=["coef", "std_err", "low", "high", "hazard_ratio", "p", "constant_p"])
    table = effects.model.coefficients()
    return table.assign(constant_p=proportionality_tests(effects.model)["p"])


def _contrasts(made: Design, covariates: Mapping[str, str], *, disputed_from: float) -> list[tuple[Column, Contrast]]:
    """The comparison that each column of a design answers, in words."""
    return [
        (column, _contrast(column, made.columns, said=covariates[column.covariate], disputed_from=disputed_from))
        for column in made.columns
    ]


def _contrast(column: Column, columns: Sequence[Column], *, said: str, disputed_from: float) -> Contrast:
    name = column.name
    if column.level:
        levels = {other.name: 0.0 for other in columns if other.covariate == column.covariate}
        # a level of "other" is nothing without the name of its factor
        label = f"{said} {column.level}" if column.level == OTHER else column.level
        label = f"{label[:1].upper()}{label[1:]}, against {column.reference}"
        return Contrast(label=label, added={name: 1.0}, fixed=levels)
    if name == "disputed":
        label = f"Disputed from day {disputed_from:.0f} on"
        return Contrast(label=label, added={name: 1.0}, fixed={name: 0.0}, from_day=disputed_from)
    steps = {
        "days_late_before": ("Customer usually 10 days later", _TEN_DAYS),
        "terms_days": ("Terms 10 days longer", _TEN_DAYS),
        "doublings": ("Twice the amount", 1.0),
    }
    if name in steps:
        label, step = steps[name]
        return Contrast(label=label, added={name: step})
    labels = {"no_payment_yet": "Customer has paid nothing yet", "month_end": "Issued at the end of a month"}
    return Contrast(label=labels[name], added={name: 1.0}, fixed={name: 0.0})


def _usual_opening(stretches: pd.DataFrame) -> float:
    """Median day after issue on which a dispute is opened; 0 without one."""
    opened = stretches.loc[stretches["disputed"] == 1, "entered"]
    return float(opened.median()) if len(opened) else 0.0


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = ["covariate", "more_days", "low", "high", "std_err", "hazard_ratio", "median_without", "median_with"]
    return pd.DataFrame(rows, columns=[*columns, "constant_p"]).rename_axis("effect")
