"""Who may become severely delinquent within twelve months: classes, the riskiest customers, and the record."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.models.risk import RiskAssessment
from analysis.models.risk_classes import HIGH_RISK
from analysis.models.risk_record import Estimate
from analysis.reporting import blocks
from analysis.reporting.charts_risk import risk_calibration, risk_calibration_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import risk_words

# At most seven exceptions on any list (notation of the pack).
RISKIEST = 7
CLASS_NOTE = (
    "Stated and observed: of customers that stood in the class on past days, the mean chance stated then and the share "
    "that became severely delinquent within twelve months, with its 95% interval over customers; a dash where fewer "
    "customers than the policy's group minimum stood in it."
)
RECORD_NOTE = "Each day was assessed from what was known then. Skill: share of the other's squared error avoided."


def classes_table(found: RiskAssessment) -> pd.DataFrame:
    """Classes 1 to 5 with who is in them now and what came of them before; empty where nobody is assessed."""
    if found.customers.empty:
        return pd.DataFrame()
    table = found.classes
    bounds = [f"{low:.0%} to {high:.0%}" for low, high in zip(table["from"], table["to"], strict=True)]
    return pd.DataFrame(
        {
            "class": [str(label) for label in table.index],
            "chance": bounds,
            "customers": table["customers"],
            "open": table["open_balance"],
            "expected": table["expected"].round(1),
            "stated": table["forecast"],
            "observed": table["observed"],
            "from": table["low"],
            "to": table["high"],
        }
    ).reset_index(drop=True)


def riskiest_table(found: RiskAssessment, *, most: int = RISKIEST) -> pd.DataFrame:
    """The customers of classes 4 and 5 that owe most, by chance times balance, each with what raises its risk."""
    high = found.customers[found.customers["risk_class"].isin(HIGH_RISK) & (found.customers["open_balance"] > 0)]
    order = high.assign(_weight=high["chance"] * high["open_balance"], _id=high.index)
    order = order.sort_values(["_weight", "_id"], ascending=[False, True], kind="stable").head(most)
    reasons = [risk_words.reasons_told(found.reasons_of(str(customer))) for customer in order.index]
    return pd.DataFrame(
        {
            "customer": order["name"],
            "class": order["risk_class"].astype(str),
            "chance": order["chance"],
            "from": order["low"],
            "to": order["high"],
            "open": order["open_balance"],
            "what raises it": reasons,
        }
    ).reset_index(drop=True)


def record_table(found: RiskAssessment) -> pd.DataFrame:
    """The record of who is used, by past day and of all together; empty without one."""
    if found.record is None or found.forecaster not in found.record.ids:
        return pd.DataFrame()
    table = found.record.by_origin(found.forecaster)
    shown = {"origin": "day", "customers": "customers", "severe": "severe", "brier": "error"}
    for name, label in (
        ("slope", "slope"),
        ("skill_base", "over the rate of all"),
        ("skill_own_rate", "over the own rate"),
    ):
        shown |= {name: label, f"{name}_low": f"{label}, from", f"{name}_high": f"{label}, to"}
    return table[list(shown)].rename(columns=shown)


def hand_over(findings: Findings, found: RiskAssessment, *, currency: str) -> None:
    """Findings of severe delinquency: sentences, numbers, classes, the riskiest customers, and the record."""
    for id, text in told(found, currency=currency).items():
        findings.sentence(id, text, uses=_USES.get(id, ()) if len(found.customers) else ())
    if found.customers.empty:
        findings.unavailable("risk_classes", _reason(found.verdict))
        return
    _numbers(findings, found)
    findings.table(
        "risk_classes", classes_table(found), caption="Risk classes", units=_CLASS_UNITS | {"open": currency}
    )
    riskiest = riskiest_table(found)
    if riskiest.empty:
        findings.unavailable("riskiest", "no customer in risk classes 4 and 5 owes anything")
    else:
        units = {"chance": "share", "from": "share", "to": "share", "open": currency}
        findings.table("riskiest", riskiest, caption="Highest risk times balance", units=units)
    record = record_table(found)
    if record.empty:
        findings.unavailable("risk_record", risk_words.NO_RECORD)
        findings.unavailable("risk_calibration", risk_words.NO_RECORD)
        return
    findings.table("risk_record", record, caption="Record of the chances stated on past days", units=_RECORD_UNITS)
    classes = found.classes
    if classes["observed"].isna().all():
        findings.unavailable("risk_calibration", "too few customers stood in any class on past days")
        return
    findings.figure(
        "risk_calibration",
        risk_calibration(classes),
        caption="Stated and observed severe delinquency",
        alt=risk_calibration_alt(classes),
    )


def told(found: RiskAssessment, *, currency: str) -> dict[str, str]:
    """The sentences by id; where nothing can be said, only why."""
    title = {"risk_title": risk_words.title(found, currency=currency)}
    if found.customers.empty:
        return title | {"risk_told": found.verdict}
    return title | {
        "risk_told": risk_words.expected_sentence(found),
        "risk_event_told": risk_words.EVENT,
        "risk_forecaster_told": found.verdict,
        "risk_record_told": risk_words.record_sentence(found),
        "risk_rating_told": risk_words.rating_sentence(found),
    }


def watched(collected: Collected) -> list[dict[str, Any]]:
    """Blocks for the page of the watch list: classes beside the riskiest customers; nothing where not handed over."""
    if "risk_told" not in collected.sentences:
        return []
    return [
        {"kind": "section", "title": "Who may become severely delinquent within twelve months"},
        blocks.lead(collected, "risk_told", "risk_event_told"),
        blocks.table(collected, "risk_classes", left=["chance"], note=CLASS_NOTE),
        *(
            [blocks.table(collected, "riskiest", wide=6, left=["what raises it"])]
            if "risk_classes" in collected.tables
            else []
        ),
    ]


def trusted(collected: Collected) -> list[dict[str, Any]]:
    """Blocks for the page of how far to trust this: the record of the chances, calibration, and the ratings' value."""
    if "risk_record_told" not in collected.sentences:
        return []
    return [
        {"kind": "section", "title": "How well severe delinquency was foretold"},
        blocks.lead(collected, "risk_forecaster_told", "risk_record_told", "risk_rating_told"),
        blocks.figure(collected, "risk_calibration"),
        blocks.table(collected, "risk_record", note=RECORD_NOTE),
    ]


_USES = {
    "risk_title": ["high_risk_customers"],
    "risk_told": ["severe_expected"],
    "risk_record_told": ["risk_calibration_slope", "risk_skill_base", "risk_skill_own_rate"],
    "risk_rating_told": ["rating_value"],
}
_CLASS_UNITS = {"expected": "ratio", "stated": "share", "observed": "share", "from": "share", "to": "share"}
_RECORD_UNITS = {
    "error": "ratio",
    **{f"slope{end}": "ratio" for end in ("", ", from", ", to")},
    **{
        f"{name}{end}": "share"
        for name in ("over the rate of all", "over the own rate")
        for end in ("", ", from", ", to")
    },
}


def _numbers(findings: Findings, found: RiskAssessment) -> None:
    """Key figures, each under its definition."""
    customers, record, id = found.customers, found.record, found.forecaster
    findings.number(
        "high_risk_customers",
        int(customers["risk_class"].isin(HIGH_RISK).sum()),
        unit="count",
        label="Customers in risk classes 4 and 5",
        definition="high_risk_customers",
        inputs={"customers": len(customers)},
        better="lower",
    )
    findings.number(
        "severe_expected",
        math.fsum(customers["chance"]),
        unit="count",
        label="Expected to become severely delinquent",
        definition="severe_expected",
        inputs={"customers": len(customers)},
        better="lower",
    )
    nothing = Estimate(value=math.nan, low=math.nan, high=math.nan)
    known = record if record is not None and id in record.ids else None
    for name, unit, label, figure in (
        ("risk_calibration_slope", "ratio", "Calibration slope", known.calibration(id)[1] if known else nothing),
        (
            "risk_skill_base",
            "share",
            "Skill over the rate of all",
            known.skill(id, against="base") if known else nothing,
        ),
        (
            "risk_skill_own_rate",
            "share",
            "Skill over the customer's own past rate",
            known.skill(id, against="own_rate") if known else nothing,
        ),
        ("rating_value", "share", "Value of external ratings", found.rating_value),
    ):
        findings.number(
            name,
            figure.value,
            unit=unit,
            label=label,
            definition=name,
            low=None if math.isnan(figure.low) else figure.low,
            high=None if math.isnan(figure.high) else figure.high,
            count=known.customers if known else None,
        )
    findings.number(
        "risk_brier",
        known.brier(id) if known else math.nan,
        unit="ratio",
        label="Error of chances of severe delinquency",
        definition="risk_brier",
        count=known.customers if known else None,
        better="lower",
    )


def _reason(verdict: str) -> str:
    """A verdict as the reason of a line: no capital, no full stop."""
    return verdict[:1].lower() + verdict[1:].removesuffix(".")
