"""What goes with slow payment, in words and on the page."""

from __future__ import annotations

import pandas as pd

from analysis.models.payment_effects import PaymentEffects
from analysis.reporting import charts_comparison
from analysis.reporting.findings import Findings, gather
from analysis.reporting.sections import payment_effects as told


def _effects(rows, *, notes=(), unavailable=None):
    columns = ["covariate", "more_days", "low", "high", "constant_p"]
    index = pd.Index([row[0] for row in rows], name="effect")
    return PaymentEffects(
        table=pd.DataFrame([row[1:] for row in rows], index=index, columns=columns),
        notes=tuple(notes),
        unavailable=unavailable,
        n_invoices=1234,
        n_paid=1000,
        n_customers=56,
        model=None,
    )


FOUR = [
    ("Disputed from day 12 on", "disputed", 9.94, 7.0, 12.0, 0.0001),
    ("EDI, against e-mail", "channel", -6.0, -8.0, -4.0, 0.5),
    ("Friday, against Monday", "weekday", 5.0, 4.0, 6.0, 0.5),
    ("Twice the amount", "doublings", 1.0, -1.0, 3.0, 0.5),
]


def test_the_longest_waits_are_told_and_nothing_that_may_be_chance():
    sentence = told.effects_sentence(_effects(FOUR)).replace("\N{NO-BREAK SPACE}", " ")
    assert sentence == (
        "Among invoices otherwise alike, the longest waits go with: disputed from day 12 on (9.9 days longer; 7.0 to "
        "12.0 days)."
    )
    none = told.effects_sentence(_effects(FOUR[1:2]))
    assert none == "Nothing that the books tell of an invoice goes with slower payment beyond chance."


def test_the_ground_names_numbers_changes_and_notes():
    text = told.ground_sentence(_effects(FOUR, notes=["terms left out"])).replace("\N{NO-BREAK SPACE}", " ")
    assert "1,234 invoices of 56 customers" in text
    assert "1 of 3 effects change with the age of an invoice" in text
    assert text.endswith("Terms left out.")


def test_findings_and_blocks(tmp_path):
    findings = Findings("3", output_dir=tmp_path, run_id="r")
    told.hand_over(findings, _effects(FOUR))
    findings.close()
    collected = gather(tmp_path)
    assert collected.numbers["longest_effect_days"]["definition"] == "effect_in_days"
    assert collected.numbers["longest_effect_days"]["value"] == 9.94
    # slowest first; a weekday is kept in the table and not shown
    assert list(told.effects_shown(_effects(FOUR))["label"]) == [FOUR[0][0], FOUR[3][0], FOUR[1][0]]
    assert len(collected.tables["effects"]["rows"]) == 4
    kinds = [block["kind"] for block in told.section(collected)]
    assert kinds == ["section", "lead", "figure"]


def test_books_without_a_regression_say_why(tmp_path):
    findings = Findings("3", output_dir=tmp_path, run_id="r")
    told.hand_over(findings, _effects([], unavailable="a regression needs 30 invoices and there are 4"))
    findings.close()
    collected = gather(tmp_path)
    assert collected.unavailable["payment_effects"]["reason"] == "a regression needs 30 invoices and there are 4"
    assert told.section(collected)[-1]["kind"] == "unavailable"
    assert "cannot be said: a regression needs 30" in collected.sentences["effects_told"]["text"]


def test_forecasts_of_single_invoices_in_words():
    class One:
        customer, invoice_id, days_past_due = "C1", "I1", -4
        unpaid = pd.DataFrame({"Cox": [1.0] * 30 + [0.25] * 61, "trees": [1.0] * 91}, index=range(91))

    assert charts_comparison.invoice_forecasts_alt([One()]).replace("\N{NO-BREAK SPACE}", " ") == (
        "C1, due in 4 days, unpaid after 30 days: Cox 25.0%, trees 100%."
    )
    figure = charts_comparison.invoice_forecasts([One()])
    assert [text.get_text() for text in figure.axes[0].texts] == ["Cox", "trees"]
    assert charts_comparison.invoice_forecasts_alt([]) == "No open invoice."
