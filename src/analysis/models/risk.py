"""Who may become severely delinquent within twelve months: chance, interval, class and reasons for each customer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

import pandas as pd

from analysis.measures.history import History, day_number
from analysis.models.champion import CUSTOMERS_MIN
from analysis.models.past_classes import past_classes
from analysis.models.risk_classes import class_table, risk_class
from analysis.models.risk_control import DAYS_RUNNING, is_demoted, risk_control
from analysis.models.risk_model import CUSTOMERS_EACH_MIN, RefusedFit, RiskModel, fit_risk_model
from analysis.models.risk_rates import RUNGS, Rung, risk_rates
from analysis.models.risk_reasons import model_reasons, rate_reasons
from analysis.models.risk_record import MODEL, NAMES, UNRATED, RiskRecord, risk_origins, risk_record
from analysis.models.risk_rows import learned_from, risk_marks, risk_rows
from analysis.models.risk_terms import RATING
from analysis.models.survival import Estimate
from analysis.models.watch import watch_marks

ORIGINS_MIN = 3
RISK_RULE = (
    "The naive rule with the smallest Brier score over all origins stands: the rate of all customers, of the segment, "
    "of the customer's own past, or of customers with as much late in the last year. The additive model, with ratings "
    "where they lower its error on the record and else without, replaces it only where the lower limit of the 95% "
    "interval of its skill over that rule, from a bootstrap over customers, lies above zero. Fewer than "
    f"{ORIGINS_MIN} origins, or fewer than {CUSTOMERS_EACH_MIN} customers that became severely delinquent and as many "
    "that did not, are no record: then the customer's own past rate is used, drawn to that of its segment. A model is "
    "demoted to the rule it had to beat where customers that became severely delinquent, over those it expected, lay "
    "outside their control limits on the last two days of its record, on one side of them."
)

Reason = Literal["promoted", "demoted", "no better", "no model", "no record", "refused", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskAssessment:
    """Chances of severe delinquency within the twelve months after ``on``.

    - ``customers``: one row per customer with business, by ``customer_id``: ``name``, ``segment``, ``open_balance``,
      ``evidence_invoices`` (paid within twelve months or past due), ``severe_now`` (whether the last twelve months
      were severe; NaN unknown), ``chance`` with its 95% interval ``low``, ``high``, and ``risk_class`` with
      ``class_low``, ``class_high`` of the limits. Chances are those of customers of whose invoices something falls
      due early enough. Empty where nothing can be said; ``reason`` is "nothing" then.
    - ``reasons``: see :func:`analysis.models.risk_reasons.told`.
    - ``forecaster``: id of who was used (:data:`analysis.models.risk_record.NAMES`), ``reason`` and ``verdict`` why;
      ``model`` where it is a model. ``record`` of all on days of the past, None where there is none.
    - ``control``: the forecaster that earned its place, demoted or not, held against what came
    (:func:`analysis.models.risk_control.risk_control`); None without enough of a record.
    - ``classes_by_mark``: classes of the month ends of the watch before ``on``, and of ``on``
    (:func:`analysis.models.past_classes.past_classes`), by ``mark`` and ``customer_id``.
    """

    on: date
    customers: pd.DataFrame
    reasons: pd.DataFrame
    forecaster: str
    reason: Reason
    verdict: str
    model: RiskModel | None
    record: RiskRecord | None
    control: pd.DataFrame | None
    classes_by_mark: pd.Series[float]
    bounds: tuple[float, ...]
    group_minimum: int

    @property
    def judged(self) -> RiskRecord | None:
        """The record, where it holds enough to judge by: three past days and ten customers of either kind."""
        return None if self.reason in ("no record", "nothing") else self.record

    @property
    def classes(self) -> pd.DataFrame:
        """Classes 1 to 5; see :func:`analysis.models.risk_classes.class_table`."""
        return class_table(
            self.customers, self.judged, forecaster=self.forecaster, bounds=self.bounds, minimum=self.group_minimum
        )

    @property
    def rating_value(self) -> Estimate:
        """Skill of the model with ratings over the same without, on the same customers.

        The share of the error without ratings that ratings take away. NaN without a record of both, and where they
        are the same because no rating was known.
        """
        nothing = Estimate(value=math.nan, low=math.nan, high=math.nan)
        record = self.judged
        if record is None or not {MODEL, UNRATED} <= set(record.ids):
            return nothing
        chances = record.forecasts
        return nothing if chances[MODEL].equals(chances[UNRATED]) else record.skill(MODEL, against=UNRATED)

    def reasons_of(self, customer_id: str) -> pd.DataFrame:
        """The reasons of one customer, the start first and then by size."""
        return self.reasons[self.reasons["customer_id"] == customer_id].reset_index(drop=True)


def assess_risk(history: History, *, seed: int = 0) -> RiskAssessment:
    """Assess each customer with business on the last day of a history, by whom :data:`RISK_RULE` chooses.

    Everything is learned from month ends whose twelve months were over by the day, from what the books showed on
    each. ``seed`` draws the customers of the bootstrap.
    """
    on, company = history.last, history.snapshot.company
    origins, before = risk_origins(on, risk_marks(history)), watch_marks(history)[:-1]
    rows = risk_rows(history, origins=origins, whole=before)
    now = rows[rows.index.get_level_values("mark") == day_number(on)]
    learned = learned_from(rows, day_number(on))
    minimum = company.policy.group_minimum
    n_learned = int(learned.index.get_level_values("customer_id").nunique())
    record = risk_record(rows, origins, seed=seed) if n_learned >= minimum else None
    if n_learned < minimum or now.empty:
        why = _nothing(n_learned, minimum, now)
        return _assessment(on, now.iloc[:0], None, "base", "nothing", why, None, record, None, rows.iloc[:0], history)
    id, reason, verdict = _chosen(record)
    control = None
    if record is not None and reason in ("promoted", "no better", "no model"):
        control = risk_control(record, id, customers_min=minimum)
        if reason == "promoted" and is_demoted(control):
            id, reason, verdict = _demoted(record, id, control)
    model: RiskModel | None = None
    if id in (MODEL, UNRATED):
        try:
            model = fit_risk_model(learned, without=() if id == MODEL else (RATING,))
        except RefusedFit as refused:
            id, reason = "own_rate", "refused"
            verdict = f"{_capital(NAMES[id])} is used, because the model was refused: {refused}."
    scored, reasons = _scored(now, learned, id, model)
    return _assessment(on, scored, reasons, id, reason, verdict, model, record, control, rows, history)


def _chosen(record: RiskRecord | None) -> tuple[str, Reason, str]:
    """Who is used, and why, by :data:`RISK_RULE`."""
    own = _capital(NAMES["own_rate"])
    if record is None:
        return "own_rate", "no record", f"{own} is used: no past day has a year after it and months before it."
    happened = record.forecasts["severe"].groupby(level="customer_id").max()
    each = int(min((happened == 1).sum(), (happened == 0).sum()))
    if len(record.origins) < ORIGINS_MIN or each < max(CUSTOMERS_EACH_MIN, CUSTOMERS_MIN):
        days, severe = len(record.origins), int((happened == 1).sum())
        found = f"{_counted(days, 'past day')} with {_counted(severe, 'customer')} that became severely delinquent"
        return "own_rate", "no record", f"{own} is used: {found} make too little of a record to judge by."
    rung = _strongest_rung(record)
    if MODEL not in record.ids or UNRATED not in record.ids:
        return rung, "no model", f"{_capital(NAMES[rung])} is used: the books are too small to learn a model from."
    id = MODEL if record.brier(MODEL) < record.brier(UNRATED) else UNRATED
    skill = record.skill(id, against=rung)
    told = f"{skill.value:.0%} of its error avoided (95% interval {skill.low:.0%} to {skill.high:.0%})"
    if not skill.surely_positive:
        return rung, "no better", f"{_capital(NAMES[rung])} is used, because no model is surely better: {told}."
    over = f"over {len(record.origins)} past days and {record.customers:,} customers"
    return id, "promoted", f"{_capital(NAMES[id])} is used: {over} it beats {NAMES[rung]}, {told}."


def _strongest_rung(record: RiskRecord) -> str:
    """The naive rule with the smallest Brier score over all origins."""
    return min(RUNGS, key=lambda id: (record.brier(id), list(RUNGS).index(id)))


def _demoted(record: RiskRecord, id: str, control: pd.DataFrame) -> tuple[str, Reason, str]:
    """The rule that a model had to beat in its place, and why."""
    rung, last = _strongest_rung(record), control.tail(DAYS_RUNNING)
    ratios = " and ".join(f"{ratio:.2f}" for ratio in last["ratio"])
    low, high = (float(last[limit].iloc[-1]) for limit in ("low", "high"))
    verdict = (
        f"{_capital(NAMES[rung])} is used in place of {NAMES[id]}, which stands demoted: on the last two days of its "
        f"record {ratios} times as many customers became severely delinquent as it expected (usual: {low:.2f} to "
        f"{high:.2f})."
    )
    return rung, "demoted", verdict


def _scored(
    now: pd.DataFrame, learned: pd.DataFrame, id: str, model: RiskModel | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Chances with their limits, and reasons."""
    if model is not None:
        low, high = model.limits(now)
        return now.assign(chance=model.chances(now), low=low, high=high), model_reasons(model, now)
    rates, rung = risk_rates(learned), cast(Rung, id)
    low, high = rates.limits(now, rung)
    return now.assign(chance=rates.chances(now, rung), low=low, high=high), rate_reasons(rates, rung, now)


def _assessment(
    on: date,
    scored: pd.DataFrame,
    reasons: pd.DataFrame | None,
    id: str,
    reason: Reason,
    verdict: str,
    model: RiskModel | None,
    record: RiskRecord | None,
    control: pd.DataFrame | None,
    rows: pd.DataFrame,
    history: History,
) -> RiskAssessment:
    """Classes beside the chances, in order of customers."""
    policy, before = history.snapshot.company.policy, watch_marks(history)[:-1]
    figures = ["name", "segment", "open_balance", "evidence_invoices", "severe_now", "chance", "low", "high"]
    customers = scored.droplevel("mark").reindex(columns=figures)
    for column, of in (("risk_class", "chance"), ("class_low", "low"), ("class_high", "high")):
        customers[column] = risk_class(customers[of].astype(float), policy.risk_classes)
    nothing = pd.DataFrame(columns=["customer_id", "reason", "value", "unit", "log_odds"])
    earlier = past_classes(rows, before, forecaster=id, bounds=policy.risk_classes, customers_min=policy.group_minimum)
    latest = customers["risk_class"].astype(float)
    latest.index = pd.MultiIndex.from_product([[day_number(on)], customers.index], names=earlier.index.names)
    return RiskAssessment(
        on=on,
        customers=customers,
        reasons=nothing if reasons is None else reasons,
        forecaster=id,
        reason=reason,
        verdict=verdict,
        model=model,
        record=record,
        control=control,
        classes_by_mark=pd.concat([part for part in (earlier, latest) if len(part)] or [earlier]),
        bounds=policy.risk_classes,
        group_minimum=policy.group_minimum,
    )


def _nothing(n_learned: int, minimum: int, now: pd.DataFrame) -> str:
    """Why no customer is assessed."""
    if now.empty:
        return "No customer was invoiced within twelve months or owes anything, so there is nobody to assess."
    if not n_learned:
        return "The books hold no month end with a whole year after it, so nothing can be said of the next one."
    return (
        f"Only {_counted(n_learned, 'customer')} can be followed over twelve months; rates are shown from {minimum} on."
    )


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
