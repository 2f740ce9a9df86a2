"""What moved DSO and overdue, as it is told: sentences that turn with the sign, tables that foot, small ledgers."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from small_books import Ledger
from worked_books import worked

from analysis.measures.changes import Change, Changes, changes
from analysis.measures.changes_model import FACTORS
from analysis.measures.months import ledger_months
from analysis.measures.scorecard import scorecard
from analysis.reporting import style
from analysis.reporting.charts_changes import change_waterfall, change_waterfall_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import books
from analysis.reporting.sections import changes as section
from analysis.reporting.sections.changes_words import absent_sentence, headline, moved_sentence
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

SINCE, UNTIL = pd.Timestamp("2026-09-30"), pd.Timestamp("2026-10-31")
NOTHING = pd.Series(dtype=float)


def change(before: float, *, limits: tuple[float, float] | None = None, **effects: float) -> Change:
    """A change made of its effects."""
    whole = pd.Series({factor: effects.get(factor, 0.0) for factor in FACTORS})
    low, high = limits or (None, None)
    now = before + float(whole.sum())
    return Change(before=before, now=now, effects=whole, low=low, high=high, customers=NOTHING)


def both(dso: Change | None, overdue: Change, *, told: tuple[str, ...] = FACTORS) -> Changes:
    return Changes(since=SINCE, until=UNTIL, dso=dso, overdue=overdue, told=told)


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


# --- words


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            change(50.0, limits=(-2.4, -0.2), sales=-0.9, behaviour=-1.3),
            "DSO fell by 2.2 to 47.8 days since 30 September: sales took off 0.9 days. Payment behaviour took off "
            "1.3 days (95%: -2.4 to -0.2 days).",
        ),
        (
            change(50.0, limits=(0.2, 2.4), sales=0.9, behaviour=1.3),
            "DSO rose by 2.2 to 52.2 days since 30 September: sales added 0.9 days. Payment behaviour added 1.3 days "
            "(95%: 0.2 to 2.4 days).",
        ),
        (
            change(50.0, limits=(-1.0, 3.6), terms=-0.5, behaviour=1.3),
            "DSO rose by 0.8 to 50.8 days since 30 September, although the mix of terms took off 0.5 days. Payment "
            "behaviour shows no clear change (+1.3 days; 95%: -1.0 to 3.6 days).",
        ),
        (
            change(50.0, sales=2.0, behaviour=-2.0),
            "DSO stayed at 50.0 days since 30 September: sales added 2.0 days. Payment behaviour took off "
            "2.0 days; too few customers carry it for an interval.",
        ),
        (
            change(50.0, sales=3.0, terms=-1.0, currency=-0.2),
            "DSO rose by 1.8 to 51.8 days since 30 September: sales added 3.0 days, while the mix of terms took off "
            "1.0 days. Payment behaviour made no difference.",
        ),
        (
            change(50.0, currency=-1.0),
            "DSO fell by 1.0 to 49.0 days since 30 September: exchange rates took off 1.0 days. Payment behaviour made "
            "no difference.",
        ),
        (change(50.0), "DSO stayed at 50.0 days since 30 September. Payment behaviour made no difference."),
    ],
)
def test_a_change_is_told_by_its_sign_and_by_what_is_clear(found: Change, said: str):
    assert spaced(moved_sentence("dso", found, since="30 September", unit="days")) == said


def test_the_headline_says_whether_it_was_payment():
    owed = change(1_220_000.0, limits=(-1.0, 1.0), sales=-60_000.0)
    for dso, said in (
        (
            change(52.0, limits=(-3.2, 2.1), sales=-1.3, behaviour=-0.5),
            "DSO fell by 1.8 to 50.2 days; no clear change of",
        ),
        (change(52.0, limits=(0.2, 2.1), behaviour=1.5), "DSO rose by 1.5 to 53.5 days; payment behaviour added 1.5"),
        (change(52.0, limits=(-2.2, -0.1), behaviour=-1.5), "DSO fell by 1.5 to 50.5 days; payment behaviour took off"),
        (change(52.0, sales=1.5), "DSO rose by 1.5 to 53.5 days; payment behaviour had no part in it"),
    ):
        assert spaced(headline(both(dso, owed), currency="EUR")).startswith(said)
    assert spaced(headline(both(None, owed), currency="EUR")).startswith("Overdue fell by EUR 60.0 k to EUR 1.16 m;")


def test_effects_that_cannot_be_are_named():
    owed = change(10.0)
    found = {
        1: both(change(5.0), owed, told=("sales", "behaviour")),
        12: both(change(5.0), owed, told=("sales", "terms")),
    }
    assert absent_sentence(found) == (
        "All customers are of one kind, nothing was in dispute at either month end and all invoices are in the "
        "company's currency: no effect of the mix of customers, disputes and exchange rates."
    )
    assert absent_sentence({1: both(None, owed), 12: both(None, owed)}).startswith("What moved DSO cannot be told")
    assert (
        absent_sentence({1: both(change(5.0), owed)}) == "The books do not reach back to the same month of last year."
    )
    assert absent_sentence({1: both(change(5.0), owed), 12: both(change(5.0), owed)}) == ""


# --- table and chart


def test_columns_foot_as_printed():
    found = {
        1: both(
            change(51.99, sales=-1.33, customers=-0.22, terms=-0.1, behaviour=-0.549, disputes=0.48, currency=-0.05),
            change(1_220_764.353, sales=-49_811.456, behaviour=-20_641.154),
        )
    }
    table = section.changes_table(found)
    for name, decimals in (("DSO since Sep\u00a02026", 1), ("Overdue since Sep\u00a02026", 2)):
        column = table[name]
        assert (column.round(decimals) == column).all()
        assert column.drop("Now").sum() == pytest.approx(column["Now"], abs=1e-9)
    # by hand: 51.99 - 1.33 - 0.22 - 0.1 - 0.549 + 0.48 - 0.05 = 50.221
    assert table.loc["Now"].tolist() == [50.2, 1_150_311.74]
    assert table.loc["Rounding"].iloc[1] == pytest.approx(1_150_311.74 - 1_220_764.35 + 49_811.46 + 20_641.15, abs=1e-9)


def steps(found: Change, *, unit: str = "days") -> pd.DataFrame:
    return section.change_steps(found, since=SINCE, until=UNTIL, unit=unit)


def test_steps_go_from_one_figure_to_the_other_and_judge_only_what_is_clear():
    told = steps(change(50.0, limits=(0.2, 2.4), sales=-0.9, behaviour=1.3, disputes=0.02))
    assert told["label"].tolist() == ["30\u00a0Sep\u00a02026", "Sales", "Payment behaviour", "31\u00a0Oct\u00a02026"]
    assert told["kind"].tolist() == ["total", "fall", "rise", "total"]
    assert told["verdict"].tolist() == ["", "", "bad", ""]
    assert steps(change(50.0, limits=(-2.4, -0.2), behaviour=-1.3))["verdict"].tolist() == ["", "good", ""]
    assert steps(change(50.0, limits=(-1.0, 2.4), behaviour=1.3))["verdict"].tolist() == ["", "", ""]


def test_the_chart_shows_signs_and_is_the_same_each_time():
    told = steps(change(1_220_000.0, limits=(-9_000.0, -1_000.0), sales=40_000.0, behaviour=-5_000.0), unit="EUR")
    first, second = (style.picture(change_waterfall(told, unit="EUR", width="half")) for _ in range(2))
    assert first == second
    text = spaced(first.decode())
    for shown in (
        "+40.0",
        "-5.0",
        "1,220.0",
        "1,255.0",
        "Payment behaviour",
        "EUR k; thin line: 95%",
        style.MARKS["good"],
    ):
        assert shown in text
    assert spaced(change_waterfall_alt(told, unit="EUR")) == (
        "Steps: 30 Sep 2026 EUR 1.22 m; Sales plus EUR 40.0 k; Payment behaviour minus EUR 5.00 k; 31 Oct 2026 "
        "EUR 1.26 m. The 95% interval of payment behaviour is EUR -9.00 k to -1.00 k."
    )


# --- small ledgers


def handed(ledger: Ledger, on: str, folder: Path) -> Collected:
    """What a ledger hands over, with the least that the page of the books needs beside it."""
    months = ledger_months(ledger.as_of(on))
    findings = Findings("2_receivables", output_dir=folder, run_id="r")
    found = changes(months)
    section.hand_over(findings, found, months=months, scores=scorecard(months, last=months.shown))
    findings.sentence("roll_forward_told", "The balance stayed.")
    findings.unavailable("reconciliation", "no balance of the control account was given for this date")
    findings.unavailable(
        "roll_forward", OPEN_ITEMS_ONLY if months.snapshot.open_items_only else "it is not tested here"
    )
    assert spaced(section.told(found, months=months)).endswith(".")
    findings.close()
    return gather(folder)


def said(collected: Collected) -> str:
    page = Page.model_validate(books.page(collected)).model_dump_json()
    assert not re.search(r"(?i)[\" ](nan|none|inf|nat)[\", .]", page)
    return spaced(page)


def test_a_quarter_worked_by_hand_is_told_and_its_sums_agree(tmp_path: Path):
    collected = handed(worked(), "2024-03-31", tmp_path)
    # by hand (worked_books): overdue was 600 + 300 on 29 February, and 500 + 150 x 0.80 = 620 on 31 March
    assert collected.numbers["overdue_month_sales"]["inputs"] == pytest.approx({"before": 900.0, "now": 620.0})
    assert len(collected.invariants) == 6
    assert not collected.broken
    assert "Overdue fell by EUR 280 to EUR 620 since 29 February 2024" in said(collected)
    assert "The books do not reach back to the same month of last year." in said(collected)


def test_one_customer_one_currency_one_kind_of_terms(tmp_path: Path):
    ledger = (
        Ledger()
        .invoice("I1", "A", "2024-01-10", "2024-02-09", "100")
        .invoice("I2", "A", "2024-02-10", "2024-03-11", "200")
    )
    collected = handed(ledger.entry("payment", "10", "2024-01-11", "I1"), "2024-02-29", tmp_path)
    assert "all invoices are in the company's currency: no effect of the mix of customers" in said(collected)
    assert set(collected.tables["what_moved"]["columns"]) == {
        "effect of",
        "DSO since Jan\u00a02024",
        "Overdue since Jan\u00a02024",
    }
    assert not collected.broken


@pytest.mark.parametrize(
    ("ledger", "on", "reason"),
    [
        (Ledger(), "2024-03-31", "What moved: the books hold no earlier"),
        (
            Ledger().invoice("I1", "A", "2024-03-10", "2024-04-09", "100").entry("payment", "10", "2024-03-12", "I1"),
            "2024-03-31",
            "the books hold no earlier month end to compare with",
        ),
        (Ledger().invoice("I1", "A", "2024-01-10", "2024-02-09", "100"), "2024-03-31", OPEN_ITEMS_ONLY),
    ],
)
def test_books_that_compare_nothing_say_why_once(ledger: Ledger, on: str, reason: str, tmp_path: Path):
    collected = handed(ledger, on, tmp_path)
    assert "what_moved_told" not in collected.sentences
    expected = OPEN_ITEMS_ONLY if not ledger.tables["entries"] else reason
    assert said(collected).count(expected) == 1
