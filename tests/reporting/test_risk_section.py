"""Severe delinquency as the report tells it: reasons in words that add up, and why nothing is said where it is so."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.definitions import DEFINITIONS
from analysis.models.risk import RiskAssessment
from analysis.models.risk_record import MODEL, UNRATED, RiskRecord
from analysis.models.risk_terms import ALLOWED
from analysis.reporting.charts_risk import risk_calibration, risk_calibration_alt
from analysis.reporting.findings import Findings, gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import risk, risk_shown, risk_words
from analysis.reporting.words import GAP

BOUNDS = (0.02, 0.05, 0.15, 0.40)
# The log odds of a fifth are those of 1 to 4; times 3 and 2 they are 6 to 4, a chance of 0.6.
REASONS = pd.DataFrame(
    {
        "customer_id": ["A"] * 3 + ["B"] * 2,
        "reason": ["start", "days_late", "promises_broken_12m", "start", "own_record"],
        "value": [0.2, 62.4, 3.0, 0.2, 25.0],
        "unit": ["share", "days", "count", "share", "count"],
        "log_odds": [math.log(1 / 4), math.log(3), math.log(2), math.log(1 / 4), math.log(1 / 12)],
    }
)


def _record(*, shift: float) -> RiskRecord:
    """Two origins and 24 customers, of whom every third became severe; ``shift`` is what ratings miss by."""
    index = pd.MultiIndex.from_product([[20_000, 20_060], [f"C{k:02}" for k in range(24)]])
    severe = np.tile([1.0, 0.0, 0.0], 16)
    model = np.where(severe == 1, 0.7, 0.1)
    forecasts = pd.DataFrame(
        {"severe": severe, "base": 1 / 3, "segment": 1 / 3, "own_rate": 0.3, "own_share": 0.3}, index=index
    )
    forecasts = forecasts.assign(**{MODEL: model + shift, UNRATED: model}).rename_axis(["origin", "customer_id"])
    rng = np.random.default_rng(1)
    times = np.array([np.bincount(rng.integers(0, 24, 24), minlength=24) for _ in range(200)], dtype=float)
    return RiskRecord(forecasts=forecasts, times=times)


def _assessment(**changed: object) -> RiskAssessment:
    customers = pd.DataFrame(
        {
            "name": ["Arden BV", "Belmar SL"],
            "segment": "direct",
            "open_balance": [1_200.0, 300.0],
            "evidence_invoices": [10.0, 25.0],
            "severe_now": [1.0, 0.0],
            "chance": [0.6, 1 / 49],
            "low": [0.2, 0.01],
            "high": [0.9, 0.45],
            "risk_class": [5, 2],
            "class_low": [4, 1],
            "class_high": [5, 5],
        },
        index=pd.Index(["A", "B"], name="customer_id"),
    )
    found = {
        "on": pd.Timestamp("2026-10-31").date(),
        "customers": customers,
        "reasons": REASONS,
        "forecaster": UNRATED,
        "reason": "promoted",
        "verdict": "The additive model without ratings is used.",
        "model": None,
        "record": _record(shift=0.05),
        "control": None,
        "classes_by_mark": pd.Series(dtype=float),
        "bounds": BOUNDS,
        "group_minimum": 5,
    }
    return RiskAssessment(**(found | changed))  # type: ignore[arg-type]


@pytest.fixture
def opened():
    snapshot = Ledger().invoice("1", "A", "2026-01-01", "2026-02-01", "10.00").as_of("2026-10-31")
    paid = SimpleNamespace(company=snapshot.company, open_items_only=False)
    return SimpleNamespace(company=snapshot.company, snapshot=paid)


def _handed(tmp_path, opened, found):
    findings = Findings("5_credit_risk", output_dir=tmp_path, run_id="r")
    risk.hand_over(findings, opened, found)
    findings.close()
    return gather(tmp_path)


def test_reasons_in_words_multiply_to_the_chance():
    told = risk_words.all_reasons(REASONS[REASONS["customer_id"] == "A"])
    assert told["reason"].tolist() == [
        "its segment's rate of 20.0%",
        f"pays 62{GAP}days after due on average",
        f"3{GAP}promises broken in twelve months",
    ]
    assert told["odds"].tolist() == ["0.25", f"×{GAP}3.0", f"×{GAP}2.0"]
    assert told["chance so far"].tolist() == pytest.approx([0.2, 3 / 7, 0.6])


@pytest.mark.parametrize("reason", [*ALLOWED, "start", "own_record", "own_rate", "segment"])
def test_every_reason_has_words(reason):
    told = risk_words.reason_words(reason, 1.0, math.log(2))
    assert told[0].isalpha() or told[0].isdigit()
    assert "nan" not in risk_words.reason_words(reason if reason != "start" else "days_late", math.nan, -0.5).lower()


def test_a_customer_whom_nothing_raises_is_told_what_lowers_it():
    assert risk_words.reasons_told(REASONS[REASONS["customer_id"] == "B"]) == (
        f"known by 25{GAP}invoices paid or past due ÷{GAP}12"
    )
    only = REASONS[(REASONS["customer_id"] == "B") & (REASONS["reason"] == "start")]
    assert risk_words.reasons_told(only) == "its segment's rate of 20.0%"


def test_all_that_is_handed_over_is_defined_and_makes_two_parts_of_pages(tmp_path, opened):
    collected = _handed(tmp_path, opened, _assessment())
    assert {number["definition"] for number in collected.numbers.values()} <= DEFINITIONS.keys()
    assert collected.numbers["severe_expected"]["value"] == pytest.approx(0.6 + 1 / 49)
    assert collected.numbers["high_risk_customers"]["value"] == 1
    # 1 - error of the model / that of always saying a third: (0.3^2 + 2 x 0.1^2) / (2 x 1/3)
    assert collected.numbers["risk_skill_base"]["value"] == pytest.approx(1 - (0.09 + 0.02) / (2 / 3))
    assert collected.sentences["risk_title"]["text"] == (
        f"1 of 2{GAP}customers is in risk classes 4 and 5 and owes EUR{GAP}1.20{GAP}k of EUR{GAP}1.50{GAP}k"
    )
    for parts in (risk.watched(collected), risk.trusted(collected)):
        assert not [part for part in parts if part["kind"] == "unavailable"]
        Page.model_validate({"kicker": "Risk", "title": "t", "blocks": parts})
    riskiest = collected.tables["riskiest"]["rows"]
    # Belmar is in class 2, so it is not among the riskiest
    assert [row[0] for row in riskiest] == ["Arden BV"]
    assert "pays 62" in riskiest[0][-1]


@pytest.mark.parametrize(
    ("of_severe", "of_others", "said"),
    [
        (0.6, 0.2, "make the chances worse: with them the error is 118% larger"),
        (0.75, 0.15, "make no clear difference"),
        (0.9, 0.05, "help beside what the ledger tells: with them the error is 86.4% smaller"),
    ],
)
def test_what_ratings_are_worth_changes_with_the_interval(of_severe, of_others, said):
    # Without ratings 0.7 and 0.1, so an error of 0.3^2 + 2 x 0.1^2 = 0.11 over three customers; with them
    # 0.4^2 + 2 x 0.2^2 = 0.24, 0.25^2 + 2 x 0.15^2 = 0.1075, and 0.1^2 + 2 x 0.05^2 = 0.015.
    record = _record(shift=0.0)
    rated = record.forecasts.assign(**{MODEL: np.where(record.forecasts["severe"] == 1, of_severe, of_others)})
    found = _assessment(record=RiskRecord(forecasts=rated, times=record.times))
    assert said in risk_words.rating_sentence(found)


def test_without_ratings_in_the_record_their_worth_cannot_be_said():
    record = _record(shift=0.0)
    unrated = RiskRecord(forecasts=record.forecasts.drop(columns=MODEL), times=record.times)
    # without a model that saw ratings, and where no rating was known so that both models are one
    for same in (unrated, record):
        found = _assessment(record=same)
        assert math.isnan(found.rating_value.value)
        assert "cannot be said" in risk_words.rating_sentence(found)


def test_without_a_record_the_pages_say_so(tmp_path, opened):
    collected = _handed(tmp_path, opened, _assessment(record=None, forecaster="own_rate", reason="no record"))
    assert "cannot be said" in collected.sentences["risk_record_told"]["text"]
    # the sentence says it once; no line for each chart and table that is missing repeats it
    assert [part["kind"] for part in risk.trusted(collected)] == ["section", "lead"]
    Page.model_validate({"kicker": "Risk", "title": "t", "blocks": risk.trusted(collected)})


def test_where_nobody_can_be_assessed_the_reason_stands_in_one_line(tmp_path, opened):
    empty = _assessment(
        customers=_assessment().customers.iloc[:0],
        reasons=REASONS.iloc[:0],
        record=None,
        verdict="Only 1 customer can be followed over twelve months; rates are shown from 10 on.",
    )
    collected = _handed(tmp_path, opened, empty)
    assert collected.sentences["risk_told"]["text"] == empty.verdict
    assert not collected.numbers
    page = Page.model_validate(risk.page(collected))
    assert page.unavailable == "only 1 customer can be followed over twelve months; rates are shown from 10 on"
    assert risk.trusted(collected) == []


def test_exports_of_open_items_only_are_not_assessed(tmp_path):
    snapshot = Ledger().invoice("1", "A", "2026-01-01", "2026-02-01", "10.00").as_of("2026-10-31")
    opened = SimpleNamespace(company=snapshot.company, snapshot=snapshot)
    assert risk.risk_of(opened) is None
    assert risk.classes_by_customer(None) is None
    collected = _handed(tmp_path, opened, None)
    assert "cannot be said" in collected.sentences["risk_told"]["text"]
    assert risk_shown.classes_table(None).empty
    assert risk_shown.riskiest_table(None).empty
    assert risk_shown.record_table(None).empty
    assert risk_shown.calibration(None) is None


def test_the_chart_names_each_class_with_a_record_and_leaves_out_the_rest():
    classes = _assessment().classes
    assert classes["observed"].notna().tolist() == [False, False, True, False, True]
    said = risk_calibration_alt(classes)
    assert "class 3: 10.0% stated, 0% became" in said
    assert "class 5: 70.0% stated, 100% became" in said
    labels = [label.get_text() for label in risk_calibration(classes).get_yticklabels()]
    assert labels == ["class 3", "class 5"]
    assert risk_calibration_alt(classes.iloc[:0]) == "No class has a record."
    # of none of sixteen customers: 1 - 0.025^(1/16), as Clopper and Pearson have it
    assert classes.loc[3, "high"] == pytest.approx(0.2059, abs=5e-5)
