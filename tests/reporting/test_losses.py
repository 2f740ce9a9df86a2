"""Page 8: sentences follow their numbers, tables foot, charts say what they show, and poor books say why not."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.company import Company
from analysis.measures.definitions import DEFINITIONS
from analysis.measures.history import history_of
from analysis.models.allowance import allowance
from analysis.models.allowance_movement import moved
from analysis.reporting import charts_losses, pages
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import gather
from analysis.reporting.sections import losses as section
from analysis.reporting.sections import losses_shown, losses_words

ON = date(2027, 6, 30)


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def ledger(months: int = 30) -> Ledger:
    """An invoice of 1,000 a month of each of 24 customers in two segments; one in each month is never paid."""
    books = Ledger()
    for customer in range(24):
        books.row(
            "customers",
            customer_id=f"C{customer:02d}",
            name=f"Name {customer}",
            segment=("large", "small")[customer % 2],
        )
    for month in range(months):
        for customer in range(24):
            issued = pd.Timestamp("2025-01-05") + pd.DateOffset(months=month)
            due = issued + pd.Timedelta(days=30)
            id = f"{month:02d}-{customer:02d}"
            books.invoice(id, f"C{customer:02d}", f"{issued:%Y-%m-%d}", f"{due:%Y-%m-%d}", "1000.00")
            if month % 24 == customer:
                gone = due + pd.Timedelta(days=60)
                books.entry("write_off", "1000.00", f"{gone:%Y-%m-%d}", id)
            else:
                books.entry("payment", "1000.00", f"{due + pd.Timedelta(days=5):%Y-%m-%d}", id)
    return books


@pytest.fixture(scope="module")
def history():
    return history_of(ledger().as_of(ON))


@pytest.fixture(scope="module")
def found(history):
    return section.losses_of(history)


@pytest.fixture(scope="module")
def collected(history, found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("findings")
    findings = Findings("5_credit_risk", output_dir=folder, run_id="r")
    section.hand_over(findings, history, found)
    findings.close()
    return gather(folder)


def test_every_invariant_holds_and_every_number_has_a_definition(collected):
    assert len(collected.invariants) >= 7
    assert all(said["holds"] for said in collected.invariants.values())
    assert {number["definition"] for number in collected.numbers.values()} <= DEFINITIONS.keys()


def test_the_page_is_a_page_and_its_title_holds_the_loss(collected, found):
    made = pages.Page.model_validate(section.page(collected))
    assert made.kicker == "Expected loss"
    # at the end of June the 24 of June stand open, and those of April and May that are never paid: one each
    assert found.allowance.exposure == 26_000
    assert spaced(made.title).startswith("Of EUR 26.0 k owed, EUR ")


def test_the_matrix_table_foots(found):
    table = losses_shown.matrix_table(found).set_index("segment")
    cents = (table * 100).round().astype(int)
    assert (cents.drop(columns="total").sum(axis=1) == cents["total"]).all()
    assert (cents.drop(index="total").sum() == cents.loc["total"]).all()


def test_the_bridge_leads_from_history_to_the_allowance(found):
    steps = losses_shown.bridge(found.allowance)
    assert steps["kind"].tolist() == ["total", "total"]
    assert steps["amount"].iloc[0] == pytest.approx(steps["amount"].iloc[-1])


def made_of(*, overlay: str = "", weight: float = 1.0, factor: float = 1.5):
    stated = {
        "company": {"name": "x", "currency": "EUR"},
        "tables": {"invoices": {"file": "x.csv"}},
        "scenarios": [
            {"name": "only", "stated_on": date(2027, 1, 31), "weight": weight, "factor": factor, "source": "s"}
        ],
    }
    if overlay:
        stated["overlays"] = [
            {
                "name": "o",
                "amount": overlay,
                "owner": "the head of credit",
                "reason": "r",
                "stated_on": date(2027, 1, 31),
                "expires_on": date(2027, 12, 31),
            }
        ]
    book = pd.DataFrame(
        [("A", "x", "1-30", "EUR", 10_000.0, 200.0)],
        columns=["customer_id", "segment", "bucket", "currency", "balance", "expected"],
    )
    return allowance(book, Company.model_validate(stated), on=ON, buckets=["1-30"], kept=1.0)


def test_the_forward_view_in_words_and_steps():
    made = made_of(overlay="-25")
    assert spaced(losses_words.forward_sentence(made, currency="EUR")) == (
        "Scenarios of 31 January 2027 (only 100%) add EUR 100. "
        "Overlays answered for by the head of credit take off EUR 25.00."
    )
    steps = losses_shown.bridge(made)
    assert list(steps.itertuples(index=False, name=None)) == [
        ("by history", 200.0, "total"),
        ("forward view", 100.0, "rise"),
        ("overlay", 25.0, "fall"),
        ("allowance", 275.0, "total"),
    ]
    assert losses_shown.assumptions_table(made)["kind"].tolist() == ["scenario", "overlay"]


def test_a_movement_in_words():
    made = made_of()
    period = moved(20_000, 30_000, written_off=5_000, recovered=1_000, currency=0, since=date(2027, 5, 31), until=ON)
    assert spaced(losses_words.movement_sentence(period, made, currency="EUR")) == (
        "Credit losses cost EUR 140 in the month: EUR 50.00 was written off, and the allowance rose by EUR 100 to "
        "EUR 300."
    )
    back = moved(30_000, 10_000, written_off=0, recovered=0, currency=0, since=date(2027, 5, 31), until=ON)
    assert spaced(losses_words.movement_sentence(back, made, currency="EUR")) == (
        "Credit losses gave back EUR 200 in the month: nothing was written off, and the allowance fell by EUR 200 to "
        "EUR 100."
    )
    assert losses_words.movement_sentence(None, made, currency="EUR") == ""


def test_the_record_in_words_and_in_the_alternative_text(found):
    vintages = pd.DataFrame(
        {"exposure": [1e5, 1e5], "provided": [1000.0, 500.0], "lost": [800.0, 900.0]},
        index=pd.to_datetime(["2026-05-31", "2026-06-30"]),
    )
    assert spaced(charts_losses.provision_record_alt(vintages, currency="EUR")) == (
        "Of 2 month ends, 1 had provided for at least what was lost of their open book within a year; together "
        "EUR 1.50 k provided, EUR 1.70 k lost."
    )
    # of the books of December 2025 to June 2026 one invoice each was lost and written off within a year
    said = losses_words.record_sentence(found, currency="EUR")
    assert spaced(said).startswith("The provisions of 7 month ends, added up, were ")


def test_flow_rates_that_are_not_defined_are_not_shown():
    rates = pd.DataFrame({"rate": [0.01, 0.5], "low": [0.0, 0.4], "high": [0.02, 0.6], "flow": [math.nan] * 2})
    rates.index = pd.Index(["not due", "1-30"], name="bucket")
    assert spaced(charts_losses.loss_rates_alt(rates)) == "Part lost by days past due: not due 1.00%; 1-30 50.0%."
    assert "flow" not in charts_losses.loss_rates(rates).get_title(loc="left")
    known = charts_losses.loss_rates_alt(rates.assign(flow=0.25))
    assert spaced(known).endswith("not due 1.00% (flow rates 25.0%); 1-30 50.0% (flow rates 25.0%).")


def test_small_books_say_why_in_one_line(tmp_path):
    history = history_of(ledger(3).as_of("2025-03-31"))
    assert section.losses_of(history) is None
    findings = Findings("5_credit_risk", output_dir=tmp_path, run_id="r")
    section.hand_over(findings, history, None)
    findings.close()
    made = pages.Page.model_validate(section.page(gather(tmp_path)))
    assert "12 months" in made.unavailable
    for empty in (losses_shown.matrix_table(None), losses_shown.rates_table(None), losses_shown.movement_table(None)):
        assert empty.empty
    assert (losses_shown.bridge_chart(None), losses_shown.record_chart(None)) == (None, None)
