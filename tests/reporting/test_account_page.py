"""One customer on a page: worked by hand, without what the books do not hold, and never markup."""

from __future__ import annotations

import re
import stat
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from account_books import NAME, account_books
from pypdf import PdfReader
from small_books import Ledger

from analysis.faults import UsageFault
from analysis.ledger.opening import Opened, opened
from analysis.measures.history import history_of
from analysis.models.account_review import AccountReview, account_review
from analysis.models.expected_days import expected_by_forecast
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import account
from analysis.reporting.sections.account_asks import NOTHING_SOON
from analysis.run.account_page import read_forecast, write_account_page

ON = date(2024, 6, 30)


def _handed(review: AccountReview, folder: Path) -> Collected:
    findings = Findings("account", output_dir=folder, run_id="account")
    account.hand_over(findings, review)
    findings.close()
    return gather(folder)


@pytest.fixture(scope="module")
def books() -> Opened:
    return opened(account_books().books(), ON, known_by=ON)


@pytest.fixture(scope="module")
def review(books: Opened) -> AccountReview:
    return account.review_of(books, "A")


@pytest.fixture(scope="module")
def adler(review: AccountReview, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return _handed(review, tmp_path_factory.mktemp("adler"))


def _alone(books: Opened, customer_id: str, folder: Path) -> Collected:
    """The page without what is known of all customers together."""
    return _handed(account_review(history_of(books.snapshot), customer_id), folder)


def _said(collected: Collected) -> str:
    page = Page.model_validate(account.page(collected, as_of=ON))
    return page.model_dump_json().replace("\N{NO-BREAK SPACE}", " ")


def _rows(collected: Collected, table: str) -> list[dict[str, object]]:
    found = collected.tables[table]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def _facts(collected: Collected) -> dict[str, str]:
    return {
        row["about"]: str(row["what the books say"]).replace("\N{NO-BREAK SPACE}", " ")
        for row in _rows(collected, "account_facts")
    }


def test_the_title_and_the_figures_are_those_worked_by_hand(adler: Collected):
    title = adler.sentences["account_title"]["text"].replace("\N{NO-BREAK SPACE}", " ")
    assert title == f"{NAME} owes EUR 600, EUR 100 past due, the oldest invoice by 96 days"
    values = {id: number["value"] for id, number in adler.numbers.items()}
    assert values["account_open_balance"] == 600
    assert values["account_overdue"] == 100
    assert values["account_limit_use"] == 1.5
    # by its day with two of grace, of three in a year: 28 May and 10 June; A3 was paid on 1 May, after 28 and 30 April
    assert values["account_promises_broken"] == 3
    # a month before, 140 of A1 was open, and all of it late
    assert adler.numbers["account_open_balance"]["last_month"] == 140
    assert [row["open"] for row in _rows(adler, "account_ageing")] == [500, 0, 0, 0, 100, 0, 600]


def test_what_to_ask_for_in_the_order_of_the_call(adler: Collected):
    asked = [(row["amount"], row["owner"], row["due"]) for row in _rows(adler, "account_asks")]
    # 30 June 2024 is a Sunday: working days count from Friday the 28th
    assert asked[:4] == [
        (100.0, "Collector", "2024-07-01"),
        (100.0, "Collector", "2024-07-01"),
        (500.0, "Customer service", "2024-07-05"),
        (200.0, "Credit manager", "2024-07-02"),
    ]
    said = _said(adler)
    assert "A1, is 96 days late; none is disputed" in said
    assert "A1 over 100.00 by 10 Jun 2024" in said
    assert "A2 since 25 Jun 2024" in said


def test_each_line_of_facts_says_it_or_says_that_it_is_not_available(adler: Collected):
    facts = _facts(adler)
    assert facts["Limit"].startswith("EUR 400, 150% of it used; over it by EUR 200 since ")
    assert facts["Disputes"] == "1 open about EUR 500: A2 (price, since 25 Jun 2024); 2 raised in twelve months"
    assert facts["Contacts"].startswith("4 in twelve months, the last on 26 Jun 2024: call, promise")
    assert "broken and still open: A1 over 100.00 by 10 Jun 2024" in facts["Promises"]
    assert "may still be kept: A2 over 500.00 by 10 Jul 2024" in facts["Promises"]
    assert facts["External rating"] == "not available: the books hold no ratings"
    for line in ("Risk", "Expected loss"):
        assert facts[line].startswith("not available: "), line
    assert "On account" not in facts
    assert "It belongs to Horst Holding, whose customers owe EUR 600 together." in _said(adler)


def test_a_customer_with_nothing_open_says_so(books: Opened, tmp_path: Path):
    bussard = _alone(books, "B", tmp_path)
    assert bussard.sentences["account_title"]["text"] == "Bussard Ltd owes nothing"
    said = _said(bussard)
    assert "Nothing is to be asked for: nothing is open." in said
    assert not {"account_items", "account_ageing"} & set(bussard.tables)
    assert not re.search(r"\b(nan|None|inf|NaT)\b", said)


def test_a_customer_that_was_never_invoiced_has_a_page_of_one_line(books: Opened, tmp_path: Path):
    said = _said(_alone(books, "H", tmp_path))
    assert "Horst Holding has no invoice in the books as of 30 June 2024" in said
    assert "it was never invoiced by this date" in said


def test_books_of_invoices_alone_tell_what_they_can(tmp_path: Path):
    ledger = Ledger().invoice("I1", "A", "2024-06-01", "2024-08-30", "10")
    collected = _handed(account.review_of(opened(ledger.books(), ON, known_by=ON), "A"), tmp_path)
    facts = _facts(collected)
    assert {line for line, text in facts.items() if text.startswith("not available")} == {
        *("Risk", "Watch list", "Limit", "Disputes", "Contacts", "Promises", "External rating", "Expected loss"),
    }
    assert facts["Habits"] == "paid nothing in twelve months"
    said = _said(collected)
    assert f"Nothing is to be asked for: {NOTHING_SOON}." in said
    # a customer without a name goes by its number
    assert "A owes EUR 10.00, none of it past due" in said


def test_most_pressing_are_the_oldest_and_the_largest_that_are_late():
    items = pd.DataFrame(
        {"days_past_due": [90.0, 30.0, 20.0, 10.0, -5.0, float("nan")], "value": [1.0, 2.0, 50.0, 40.0, 900.0, 800.0]},
        index=list("abcdef"),
    )
    assert account.most_pressing(items, most=3).index.tolist() == ["a", "c", "d"]
    assert account.most_pressing(items, most=5).index.tolist() == ["a", "b", "c", "d", "e"]


def test_a_forecast_at_hand_takes_the_place_of_the_rule(tmp_path: Path):
    days = {"median_day": [3], "low_day": [1], "high_day": [9], "never": [0.25]}
    forecast = pd.DataFrame(
        {"invoice_id": ["A1"], "customer_id": ["A"], "on": [pd.Timestamp(ON)], "forecaster": ["mean"], **days}
    )
    found = expected_by_forecast(forecast, "A", on=ON)
    assert found.name == "the mean of both daily hazard models"
    assert found.table.loc["A1"].tolist() == [3, 1, 9, 0.25]
    path = tmp_path / "forecast.parquet"
    forecast.to_parquet(path)
    with pytest.raises(UsageFault, match="it was made as of 2024-06-30, not 2024-07-31"):
        read_forecast(path, "A", on=date(2024, 7, 31))
    forecast.drop(columns="never").to_parquet(path)
    with pytest.raises(UsageFault, match="it has no column never"):
        read_forecast(path, "A", on=ON)
    path.write_bytes(b"no parquet")
    with pytest.raises(UsageFault, match="cannot be used as the forecast"):
        read_forecast(path, "A", on=ON)


def test_the_file_is_for_few_eyes_and_prints_names_as_they_are(
    books: Opened, review: AccountReview, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(account, "review_of", lambda *_, **__: review)
    path = tmp_path / "page.pdf"
    path.write_text("open to all")
    path.chmod(0o666)
    title = write_account_page(books, "A", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    pdf = PdfReader(path)
    assert len(pdf.pages) <= 2
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert NAME in text
    assert NAME in title
