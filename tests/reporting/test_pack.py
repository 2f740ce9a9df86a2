"""The printed pack against its findings: each card's number, each title, and never a word of code for nothing."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from small_books import Ledger, day

from analysis.ledger.company import About, Company, Policy, Source
from analysis.ledger.opening import opened
from analysis.ledger.targets import Targets
from analysis.measures.ageing import ageing
from analysis.measures.concentration import concentration
from analysis.measures.exposure import exposures
from analysis.measures.headline_intervals import headline_intervals
from analysis.measures.headline_sums import headline_sums
from analysis.measures.history import history_of
from analysis.measures.months import ageing_series, ledger_months, month_table
from analysis.measures.outcomes import segment_dimension
from analysis.measures.pattern import payment_pattern, roll_rates
from analysis.measures.roll_forward import exact_roll_forward, reconcile, roll_forward
from analysis.measures.scorecard import scorecard
from analysis.measures.settlement import payment_days
from analysis.models.cash_forecasters import rung_forecaster
from analysis.models.cash_outlook import cash_outlook
from analysis.models.endings import endings
from analysis.models.median_interval import median_interval, settled_by_customer
from analysis.models.payment_effects import payment_effects
from analysis.models.payment_times import paid_only_mean, payment_times, year_counts
from analysis.reporting.findings import Collected, Findings, gather
from analysis.reporting.pack import pack
from analysis.reporting.pdf import typeset
from analysis.reporting.sections import ageing as ageing_told
from analysis.reporting.sections import cash, ledger, receivables, summary, time_to_payment

AS_OF = "2026-10-31"


def hand_over_all(books: Ledger, folder: Path) -> Collected:
    """What the notebooks hand over, in their order, of books written down in a test."""
    found = opened(books.books(), day(AS_OF), known_by=day(AS_OF))
    snapshot, months = found.snapshot, ledger_months(found.snapshot)
    last = months.shown

    def collector(name: str) -> Findings:
        return Findings(name, output_dir=folder, run_id="r1")

    findings = collector("1_ledger")
    ledger.hand_over(
        findings,
        found,
        table=month_table(months, last=last),
        roll=roll_forward(months, last=last),
        exact=exact_roll_forward(months),
        reconciliation=reconcile(ledger_months(snapshot, by=["entity"])),
    )
    findings.close()

    exposed, dimension = exposures(snapshot), segment_dimension(snapshot)
    findings = collector("2_receivables")
    measured = receivables.Receivables(
        opened=found,
        scores=scorecard(months, last=last),
        by_due=ageing_series(months, last=last),
        by_issue=ageing_series(months, clock="issue", last=last),
        ageing=ageing(snapshot),
        segments=None if dimension is None else ageing_told.ageing_of_segments(found, by=dimension),
        rolls=roll_rates(snapshot),
        debtors=exposed,
        concentration=concentration(exposed["open_balance"], n=10),
        intervals=headline_intervals(headline_sums(snapshot), draws=99),
    )
    receivables.hand_over(findings, measured)
    findings.close()

    outcomes, issued_after = year_counts(snapshot)
    findings = collector("3_time_to_payment")
    time_to_payment.hand_over(
        findings,
        found,
        times=payment_times(snapshot),
        ends=endings(snapshot, outcomes, issued_after=issued_after),
        effects=payment_effects(snapshot),
        pattern=payment_pattern(months, last=last),
        paid_only=paid_only_mean(outcomes, issued_after=issued_after),
        paid=payment_days(snapshot),
        median_within=median_interval(settled_by_customer(snapshot), draws=99),
    )
    findings.close()

    findings = collector("6_cash")
    # a rung of the ladder in place of the model, which costs minutes to fit for a year of record
    outlook = None
    if not cash.why_not(found):
        outlook = cash_outlook(history_of(snapshot), rung_forecaster("customer_curve"), judged_months=6)
    cash.hand_over(findings, found, outlook, None)
    findings.close()

    findings = collector("9_monthly_report")
    summary.hand_over(findings, gather(folder), found)
    findings.close()
    return gather(folder)


def printed(collected: Collected, books: Ledger, folder: Path) -> tuple[dict[str, Any], PdfReader]:
    on = date.fromisoformat(AS_OF)
    content = pack(collected, company=books.company, as_of=on, known_by=on, report_id=collected.run_id)
    typeset(content, figures=folder / "figures", out=folder / "report.pdf", as_of=on)
    return content, PdfReader(folder / "report.pdf")


def text_of(reader: PdfReader, *, page: int | None = None) -> str:
    """Words with single spaces, signs as on a keyboard, and no soft places to break."""
    pages = reader.pages if page is None else [reader.pages[page]]
    text = " ".join(part.extract_text() for part in pages)
    text = re.sub(r"[\u200b\u00ad]", "", text).replace("\u2212", "-")
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


def joined(text: str) -> str:
    return re.sub(r"[\s\u00a0\u200b]+", "", text).replace("\u2212", "-")


def outline(reader: PdfReader) -> list[str]:
    return [joined(entry.title) for entry in reader.outline if not isinstance(entry, list)]


def three_figures(value: float, unit: str) -> str:
    """A card's value written once more after the rules of notation, without the code of the project."""
    if unit == "days":
        if isinstance(value, int):
            return f"{value} days"
        return f"{value:.0f} days" if value >= 99.95 else f"{value:.1f} days"
    if unit == "share":
        part = value * 100
        if 0 < part < 0.01:
            return "<0.01%"
        decimals = 0 if part >= 99.5 or part == 0 else 1 if part >= 9.995 else 2
        return f"{part:.{decimals}f}%"
    scale, name = next((s, n) for s, n in ((1e9, " bn"), (1e6, " m"), (1e3, " k"), (1, "")) if abs(value) >= s * 0.9995)
    scaled = value / scale
    decimals = 2 if abs(scaled) < 9.995 or (not name and abs(scaled) < 100) else 1 if abs(scaled) < 99.95 else 0
    return f"{unit} {scaled:.{decimals}f}{name}"


def trade(*, seed: int = 3) -> Ledger:
    """Thirty-two customers of two sizes over two years: a third pay late, a few never; some credit and write-off."""
    rng = np.random.default_rng(seed)
    books = Ledger(policy=Policy(segment_by="size"), targets=Targets(dso_countback=45.0, overdue_share=0.25))
    for number in range(640):
        issued = date(2024, 11, 1) + timedelta(days=number * 729 // 640)
        customer = int(rng.integers(0, 32))
        amount = f"{rng.uniform(200, 9_000):.2f}"
        books.invoice(f"{number:03}", f"K{customer:02}", str(issued), str(issued + timedelta(days=30)), amount)
        paid = issued + timedelta(days=int(rng.gamma(4, 8)) + (25 if customer % 3 == 0 else 0))
        kind = str(rng.choice(["payment"] * 20 + ["credit_note", "write_off", ""]))
        if kind and paid <= day(AS_OF):
            books.entry(kind, amount, str(paid), f"{number:03}")
    books.entry("payment", "77.70", "2026-10-20", customer_id="K01")
    for customer in range(32):
        name = f"Customer *{customer}* #[x] & Co"
        books.row("customers", customer_id=f"K{customer:02}", name=name, size="small" if customer % 2 else "large")
    return books


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> tuple[Collected, dict[str, Any], PdfReader]:
    folder, books = tmp_path_factory.mktemp("real"), trade()
    collected = hand_over_all(books, folder)
    return collected, *printed(collected, books, folder)


def test_every_card_prints_its_finding_after_rounding(real):
    collected, _, reader = real
    front = text_of(reader, page=0)
    for id in summary.CARDS:
        number = collected.numbers[id]
        assert number["value"] is not None, id
        said = three_figures(number["value"], number["unit"])
        assert re.search(rf"(?<![\d.]){re.escape(said)}(?![\d.]*\d)", front), (id, said)


def test_the_cards_compare_with_months_that_were(real):
    collected, content, reader = real
    front = text_of(reader, page=0)
    dso = collected.numbers["dso_countback"]
    moved = dso["value"] - dso["last_month"]
    low, high = dso["month_change"]
    arrow = "→" if low <= 0 <= high else "↑" if moved > 0 else "↓"
    assert f"Sep 2026 {arrow} {'+' if moved > 0 else '-'}{abs(moved):.1f} days" in front
    assert "counted, no interval" in front
    for id in summary.CARDS[1:]:
        number = collected.numbers[id]
        if number["low"] is None:
            assert number["no_interval"] in front, id
        else:
            assert number["low"] <= number["value"] <= number["high"], id
            low = three_figures(number["low"], number["unit"]).removesuffix(" days")
            assert f"95%: {low} to {three_figures(number['high'], number['unit'])}" in front, id
    assert "target 45" in front
    cards = content["pages"][0]["blocks"][1]["cards"]
    assert [card["label"] for card in cards] == [collected.numbers[id]["label"] for id in summary.CARDS]


def test_the_bookmarks_are_the_titles(real):
    _, content, reader = real
    # what no notebook of this run handed over is a line, without a bookmark
    missing = [page["kicker"] for page in content["pages"] if page.get("unavailable")]
    assert missing == ["Exposure", "Watch list", "Risk", "Segments", "Expected loss"]
    titles = [joined(page["title"]) for page in content["pages"] if not page.get("unavailable")]
    assert outline(reader) == titles
    shown = [page["kicker"] for page in content["pages"] if not page.get("unavailable")]
    questions = ["Summary", "The books", "Receivables", "Time to payment", "Cash", "How far to trust this"]
    more = [f"Appendix: {name}" for name in ("the books", "receivables", "time to payment")]
    assert shown == [*questions, *more, "Appendix: names", "Appendix: checks", "Appendix: definitions"]
    assert not re.search(r"(nan|inf|None)\b", " ".join(titles))


def test_every_sentence_and_invariant_of_the_run(real):
    collected, _, reader = real
    whole = joined(text_of(reader))
    assert collected.broken == ()
    # of the roll-forward and of the ageing the sentence is the title, without its full stop
    for id, found in collected.sentences.items():
        assert joined(found["text"]).removesuffix(".") in whole, id


def test_names_that_are_markup_stand_as_written(real):
    collected, _, reader = real
    names = [row[1] for row in collected.tables["top_exposures"]["rows"]]
    assert all(joined(name) in joined(text_of(reader)) for name in names[:5])


def without_words_for_nothing(reader: PdfReader) -> None:
    assert not re.search(r"\b(nan|NaN|None|NaT|inf|null)\b", text_of(reader))


def test_no_code_for_nothing_is_printed(real):
    without_words_for_nothing(real[2])


ONE = Ledger().invoice("1", "A", "2026-09-01", "2026-10-01", "1000")
ONE_PART_PAID = ONE.copy().entry("payment", "400", "2026-10-05", "1")
SOLITARY = {
    "nothing": (Ledger(), "Receivables stand at EUR 0"),
    "one open invoice": (ONE, "Receivables stand at EUR 1.00 k, with 100% of open invoices past due"),
    "one invoice paid in part": (
        ONE_PART_PAID,
        "Receivables fell to EUR 600, while the overdue share rose by 100.0 pp to 100%",
    ),
    "one invoice paid": (ONE_PART_PAID.copy().entry("payment", "600", "2026-10-06", "1"), "Receivables stand at EUR 0"),
    "one invoice paid twice": (
        ONE_PART_PAID.copy().entry("payment", "1000", "2026-10-06", "1"),
        "Customers' credits exceed open invoices by EUR 400",
    ),
    "cash alone": (
        Ledger().entry("payment", "50", "2026-10-06", customer_id="A"),
        "Customers' credits exceed open invoices by EUR 50.00",
    ),
    "no due date": (
        Ledger().invoice("1", "A", "2026-09-01", None, "1000").entry("payment", "400", "2026-10-05", "1"),
        "Receivables fell to EUR 600; the overdue share stayed at 0%",
    ),
}


@pytest.mark.parametrize("name", SOLITARY)
def test_a_company_of_one_customer_or_none(name, tmp_path):
    books, title = SOLITARY[name]
    collected = hand_over_all(books, tmp_path)
    content, reader = printed(collected, books, tmp_path)
    assert collected.broken == ()
    assert content["pages"][0]["title"].replace("\u00a0", " ") == title
    set_pages = [page for page in content["pages"] if page.get("blocks")]
    assert outline(reader) == [joined(page["title"]) for page in set_pages]
    without_words_for_nothing(reader)
    front = text_of(reader, page=0)
    for id in summary.CARDS:
        number = collected.numbers[id]
        if number["value"] is None:
            undefined = "not reached" if number.get("not_reached") else "not defined"
            said = undefined if number.get("undefined") or number.get("not_reached") else "not available"
            assert said in front, id
        elif number["value"]:
            assert three_figures(number["value"], number["unit"]) in front, id


def test_nothing_is_said_to_be_not_available_and_not_to_be_zero(tmp_path):
    collected = hand_over_all(Ledger(), tmp_path)
    _, reader = printed(collected, Ledger(), tmp_path)
    text = text_of(reader)
    assert text_of(reader, page=0).count("not available") >= 6  # all cards but the balance and the shares of it
    assert text_of(reader, page=0).count("not defined") >= 2
    assert "Largest debtors: not available (nobody owes anything)" in text
    assert "month_closing" not in collected.numbers
    assert set(collected.unavailable) >= {"roll_forward", "top_exposures", "top_overdue", "time_to_payment"}


def test_an_extract_of_open_items_says_no_figure_of_flows(tmp_path):
    numbers = hand_over_all(ONE, tmp_path).numbers
    flows = ("dso_countback", "dso_simple", "dso_rolling", "best_possible_dso", "days_delinquent", "effectiveness")
    for id in (*flows, "turnover", "bad_debt_to_sales", "median_days"):
        assert numbers[id]["value"] is None, id
        assert "undefined" not in numbers[id], id
    assert numbers["overdue_share"]["value"] == 1.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("one invoice paid twice", "the balance was below zero within the month; the table has its lines"),
        ("cash alone", "the balance was below zero within the month; the table has its lines"),
        ("nothing", "the books hold open items only, so they say nothing about the past"),
    ],
)
def test_a_waterfall_that_cannot_be_drawn_says_why(name, reason, tmp_path):
    collected = hand_over_all(SOLITARY[name][0], tmp_path)
    assert "roll_forward" not in collected.figures
    assert collected.unavailable["roll_forward"]["reason"] == reason


def test_a_month_of_nothing_has_no_waterfall(tmp_path):
    books = Ledger().invoice("1", "A", "2026-08-01", "2026-09-01", "10").entry("payment", "10", "2026-09-01", "1")
    reason = hand_over_all(books, tmp_path).unavailable["roll_forward"]["reason"]
    assert reason == "nothing was owed and nothing moved this month"


def test_ageing_is_told_by_both_clocks(tmp_path):
    # on 31 October: due 1 October is 30 days past due, issued 1 September is 60 days ago; 600 of 800 each
    books = ONE_PART_PAID.copy().invoice("2", "B", "2026-10-31", "2026-11-30", "200")
    tables = hand_over_all(books, tmp_path).tables
    assert tables["ageing_by_due"]["columns"] == ["days past due", "open", "share"]
    assert tables["ageing_by_due"]["rows"][:3] == [["not due", 200.0, 0.25], ["1-30", 600.0, 0.75], ["31-60", 0.0, 0.0]]
    assert tables["ageing_by_issue"]["columns"] == ["days since invoice", "open", "share"]
    assert tables["ageing_by_issue"]["rows"][:2] == [["0-30", 200.0, 0.25], ["31-60", 600.0, 0.75]]


def test_segments_add_up_to_their_total(real):
    table = real[0].tables["ageing_by_segment"]
    *groups, total = table["rows"]
    assert (sorted(row[0] for row in groups), total[0]) == (["large", "small"], "total")
    for place in range(1, len(table["columns"])):
        assert sum(row[place] for row in groups) == pytest.approx(total[place])


# --- made-up findings: what is printed is what was handed over, rounded by hand

MADE_UP = {
    "receivables": (6_153_412.55, "EUR", "EUR 6.15 m"),
    "overdue_share": (0.12374, "share", "12.4%"),
    "over_90_share": (0.00004, "share", "<0.01%"),
    "median_days": (42, "days", "42 days"),
    "dso_countback": (166.31, "days", "166 days"),
    "days_delinquent": (7.249, "days", "7.2 days"),
    "effectiveness": (1.0, "share", "100%"),
    "bad_debt_to_sales": (math.nan, "share", "not defined"),
}
TOLD = {
    "headline": "Receivables stand at EUR 6.15 m",
    "roll_forward_told": "The balance stayed at EUR 6.15 m: nothing was invoiced and nothing was paid.",
    "ageing_told": "EUR 761 k is past due, 12.4% of open invoices.",
    "median_told": "Of the invoices of the last twelve months, half are settled by day 42.",
    "age_told": "The figures rest on 2 invoices.",
    "checks_told": "All 2 rows of the books were used.",
}


def made_up(folder: Path) -> Collected:
    findings = Findings("9_made_up", output_dir=folder, run_id="r2")
    for id, (value, unit, _) in MADE_UP.items():
        findings.number(id, value, unit=unit, label=id.replace("_", " "), definition=id, last_month=value)
    for id, text in TOLD.items():
        findings.sentence(id, text)
    for id in ("decisions", "facts"):
        findings.table(id, pd.DataFrame(columns=["a"]), caption=id)
    findings.close()
    return gather(folder)


def test_made_up_findings_are_printed_as_rounded_by_hand(tmp_path):
    collected = made_up(tmp_path)
    company = Company(company=About(name="Made & Up", currency="EUR"), tables={"invoices": Source(file="x.csv")})
    on = date(2026, 10, 31)
    content = pack(collected, company=company, as_of=on, known_by=date(2026, 11, 3), report_id="r2")
    typeset(content, figures=tmp_path / "figures", out=tmp_path / "report.pdf", as_of=on)
    reader = PdfReader(tmp_path / "report.pdf")
    front = text_of(reader, page=0)
    for id, (_, _, said) in MADE_UP.items():
        assert said in front, id
    assert front.count("no change") == 7  # all but the one that is not defined
    assert "As of 31 October 2026, known by 3 November 2026" in front
    # a page that these findings cannot fill is one line and no bookmark
    assert outline(reader) == [joined(page["title"]) for page in content["pages"] if not page.get("unavailable")]
    assert content["metadata"]["company"] == "Made & Up"
    whole = text_of(reader)
    assert "Roll forward: not available (it was not handed over)" in whole
    without_words_for_nothing(reader)
