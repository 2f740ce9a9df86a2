"""Who forecasts: the ladder as a table, the verdict, and the forecast that is frozen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.history import history_of
from analysis.models.forecast import payment_forecast
from analysis.models.ladder import LADDER
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import gather
from analysis.reporting.sections import forecasters


def _ledger(months: int) -> Ledger:
    """Two invoices a month of each of twelve customers, paid on the due date plus the number of the customer."""
    ledger = Ledger()
    for month in range(months):
        for customer in range(12):
            issued = pd.Timestamp("2025-01-05") + pd.DateOffset(months=month)
            due = issued + pd.Timedelta(days=30)
            name = f"{month:02d}-{customer:02d}"
            ledger.invoice(name, f"C{customer:02d}", f"{issued:%Y-%m-%d}", f"{due:%Y-%m-%d}", "100.00")
            ledger.entry("payment", "100.00", f"{due + pd.Timedelta(days=customer):%Y-%m-%d}", name)
    return ledger


@pytest.fixture(scope="module")
def made():
    return payment_forecast(history_of(_ledger(14).as_of("2026-02-20")))


def test_the_ladder_names_every_rung_and_marks_the_one_in_use(made):
    table = forecasters.ladder_table(made)
    names = [name.removesuffix(" (in use)") for name in table["forecaster"]]
    assert names[: len(LADDER)] == [rung.name for rung in LADDER]
    assert sum(name.endswith(" (in use)") for name in table["forecaster"]) == 1
    # every customer pays after the same number of days, so that its own average is never wrong
    assert table.set_index("forecaster").filter(like="customer's average", axis=0)["days off"].tolist() == [0.0]


def test_with_too_few_paid_invoices_for_a_model_a_rule_is_used_and_named(made):
    assert made.forecaster.model is None
    assert made.forecaster.chosen.id in {rung.id for rung in LADDER}
    assert "is used" in forecasters.verdict(made)
    # issued on 5 February 2026, due on 7 March, fifteen days after the day of the books; then the customer's own number
    frame = made.frame().set_index("invoice_id")
    assert frame.loc["13-04", "median_day"] == 15 + 4


def test_what_is_frozen_is_what_was_forecast(made, tmp_path):
    findings = Findings("6_cash", output_dir=tmp_path, run_id="r")
    forecasters.hand_over(findings, made)
    findings.close()
    kept = pd.read_parquet(tmp_path / "forecast.parquet")
    assert len(kept) == len(made.book)
    assert np.allclose(kept["unpaid_30"], made.outlook.unpaid[:, 29], atol=1e-6)
    section = forecasters.section(gather(tmp_path))
    assert [block["kind"] for block in section] == ["section", "lead", "table"]


def test_books_without_a_past_say_so(tmp_path):
    made = payment_forecast(history_of(_ledger(1).as_of("2025-02-05")))
    assert len(forecasters.ladder_table(made)) == 0
    findings = Findings("6_cash", output_dir=tmp_path, run_id="r")
    forecasters.hand_over(findings, made)
    findings.close()
    assert gather(tmp_path).unavailable["forecasters"]["reason"] == forecasters.NO_RECORD
    assert forecasters.section(gather(tmp_path))[-1]["kind"] == "unavailable"


def test_without_forecast_nothing_is_claimed(tmp_path):
    assert forecasters.verdict(None) == ""
    assert forecasters.late_sentence(None) == ""
    assert len(forecasters.ladder_table(None)) == 0
