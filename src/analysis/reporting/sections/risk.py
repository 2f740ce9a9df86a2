"""Who may become severely delinquent within twelve months: classes, the riskiest customers, and the record."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.history import history_of
from analysis.models.risk import RiskAssessment, assess_risk
from analysis.models.risk_classes import HIGH_RISK
from analysis.models.survival import Estimate
from analysis.reporting import blocks
from analysis.reporting.charts_risk import risk_calibration_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import risk_shown, risk_words
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

CLASS_NOTE = (
    "Stated and observed: of customers that stood in the class on past days, the mean chance stated then and the share "
    "that became severely delinquent within twelve months, with its 95% interval over customers; a dash where fewer "
    "customers than the policy's group minimum stood in it."
)
RECORD_NOTE = "Each day was assessed from what was known then. Skill: share of the other's squared error avoided."


def why_not(opened: Opened) -> str:
    """Why these books allow no assessment; blank where they do."""
    return OPEN_ITEMS_ONLY if opened.snapshot.open_items_only else ""


def risk_of(opened: Opened, *, seed: int = 0) -> RiskAssessment | None:
    """Each customer with business assessed as of the snapshot's day; None where :func:`why_not` says why not."""
    return None if why_not(opened) else assess_risk(history_of(opened.snapshot), seed=seed)


def classes_by_customer(found: RiskAssessment | None) -> pd.Series | None:
    """Risk class of each customer with business, by ``customer_id``; None where nobody was assessed."""
    return None if found is None or found.customers.empty else found.customers["risk_class"]


def classes_by_mark(found: RiskAssessment | None) -> pd.Series[float] | None:
    """Risk classes of the month ends of the watch, by ``mark`` and ``customer_id``; None where nobody was assessed."""
    return None if found is None or found.classes_by_mark.empty else found.classes_by_mark


def chances_by_customer(found: RiskAssessment | None) -> pd.Series[float] | None:
    """Chance of severe delinquency by ``customer_id``; None where nobody was assessed."""
    return None if found is None or found.customers.empty else found.customers["chance"]


def hand_over(findings: Findings, opened: Opened, found: RiskAssessment | None) -> None:
    """Findings of severe delinquency: sentences, numbers, classes, the riskiest customers, and the record."""
    currency = opened.company.currency
    assessed = found is not None and len(found.customers) > 0
    for id, text in told(opened, found).items():
        findings.sentence(id, text, uses=_USES.get(id, ()) if assessed else ())
    if found is None or not assessed:
        findings.unavailable("risk_classes", why_not(opened) if found is None else _reason(found.verdict))
        return
    _numbers(findings, found)
    findings.table(
        "risk_classes", risk_shown.classes_table(found), caption="Risk classes", units=_CLASS_UNITS | {"open": currency}
    )
    riskiest = risk_shown.riskiest_table(found)
    if riskiest.empty:
        findings.unavailable("riskiest", "no customer in risk classes 4 and 5 owes anything")
    else:
        units = {"open": currency}
        findings.table("riskiest", riskiest, caption="Highest risk times balance", units=units, names=["customer"])
    record = risk_shown.record_table(found)
    if record.empty:
        findings.unavailable("risk_record", risk_words.NO_RECORD)
        findings.unavailable("risk_calibration", risk_words.NO_RECORD)
        return
    findings.table("risk_record", record, caption="Record of the chances stated on past days", units=_RECORD_UNITS)
    drawn = risk_shown.calibration(found)
    if drawn is None:
        findings.unavailable("risk_calibration", "too few customers stood in any class on past days")
        return
    findings.figure(
        "risk_calibration",
        drawn,
        caption="Stated and observed severe delinquency",
        alt=risk_calibration_alt(found.classes),
    )


def told(opened: Opened, found: RiskAssessment | None) -> dict[str, str]:
    """The sentences by id; where nothing can be said, only why."""
    if found is None:
        return {"risk_told": "Who may become severely delinquent cannot be said: " + why_not(opened) + "."}
    currency = opened.company.currency
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


def page(collected: Collected) -> dict[str, Any]:
    """Who may become severely delinquent; how well that was foretold stands on the page of trust."""
    kicker, title = "Risk", "Who may become severely delinquent?"
    if "risk_classes" not in collected.tables:
        reason = blocks.unavailable(collected, "risk_classes")["reason"]
        return {"kicker": kicker, "title": title, "unavailable": reason}
    title = collected.sentences["risk_title"]["text"].removesuffix(".")
    return {"kicker": kicker, "title": title, "blocks": watched(collected)[1:]}


def watched(collected: Collected) -> list[dict[str, Any]]:
    """Blocks for the page of the watch list: classes beside the riskiest customers; nothing where not handed over."""
    if "risk_told" not in collected.sentences:
        return []
    return [
        {"kind": "section", "title": "Who may become severely delinquent within twelve months"},
        blocks.lead(collected, "risk_told", "risk_event_told"),
        *blocks.if_any(blocks.table(collected, "risk_classes", left=["chance"], note=CLASS_NOTE)),
        *blocks.if_any(blocks.table(collected, "riskiest", wide=4, left=["what multiplies the odds"])),
    ]


def trusted(collected: Collected) -> list[dict[str, Any]]:
    """Blocks of the appendix: the record of the chances, and the ratings' value; their calibration is on page 12."""
    if "risk_record_told" not in collected.sentences:
        return []
    return [
        {"kind": "section", "title": "How well severe delinquency was foretold"},
        blocks.lead(collected, "risk_forecaster_told", "risk_record_told", "risk_rating_told"),
        *blocks.if_any(blocks.table(collected, "risk_record", note=RECORD_NOTE)),
    ]


_USES = {
    "risk_title": ["high_risk_customers"],
    "risk_told": ["severe_expected"],
    "risk_forecaster_told": ["severe_over_expected"],
    "risk_record_told": ["risk_calibration_slope", "risk_skill_base", "risk_skill_own_rate"],
    "risk_rating_told": ["rating_value"],
}
_CLASS_UNITS = {"expected": "ratio", "stated": "share", "observed": "share", "from": "share", "to": "share"}
_RECORD_UNITS = {"day": "date", "error": "ratio"}


def _numbers(findings: Findings, found: RiskAssessment) -> None:
    """Key figures, each under its definition."""
    customers, record, id = found.customers, found.judged, found.forecaster
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
        unit="ratio",
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
    last = None if found.control is None or found.control.empty else found.control.iloc[-1]
    findings.number(
        "severe_over_expected",
        math.nan if last is None else float(last["ratio"]),
        unit="ratio",
        label="Severely delinquent over those expected",
        definition="severe_over_expected",
        inputs={}
        if last is None
        else {
            name: float(last[name]) for name in ("observed", "expected", "low", "high") if not math.isnan(last[name])
        },
        count=None if last is None else int(last["customers"]),
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
