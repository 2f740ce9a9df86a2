"""What is said and shown of payer segments."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.opening import Opened
from analysis.ledger.simulate import simulate
from analysis.measures.definitions import DEFINITIONS
from analysis.measures.history import history_of
from analysis.models.before_after import BeforeAfter
from analysis.models.migration import migration
from analysis.models.segment_names import NEW, Condition, Rule
from analysis.models.segments import around, day_around, payer_segments
from analysis.reporting.charts_segments import migration_heat, migration_heat_alt, segment_numbers, segment_numbers_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import segment_words, segments, segments_shown

AS_OF = date(2026, 10, 31)


def _opened(snapshot):
    nothing = pd.DataFrame()
    return Opened(snapshot=snapshot, facts=nothing, control=nothing, files=nothing)


@pytest.fixture(scope="module")
def told():
    history = simulated_history(simulate(n_invoices=5_000, seed=4, end=AS_OF, n_customers=100), AS_OF)
    found = payer_segments(history)
    return history, found, around(history, found, on=day_around(AS_OF))


def test_a_page_of_what_was_handed_over(told, tmp_path):
    history, found, change = told
    findings = Findings("4_segments", output_dir=tmp_path, run_id="r")
    segments.hand_over(findings, _opened(history.snapshot), found, change=change)
    findings.close()
    collected = gather(tmp_path)
    page = Page.model_validate(segments.page(collected))
    share = found.profile.drop(index=NEW)["exposure"].max()
    assert f"{share * 100:.1f}%" in page.title
    assert {number["definition"] for number in collected.numbers.values()} <= DEFINITIONS.keys()
    frozen = pd.read_parquet(tmp_path / "segments.parquet")
    assert frozen.columns.tolist() == ["customer_id", "segment", "name", "probability"]
    assert len(frozen) == len(found.customers)
    # The matrix of the report foots to all customers.
    table = collected.tables["payer_year_counts"]
    assert table["rows"][-1][-1] == len(found.customers)
    assert [sum(row[1:-1]) for row in table["rows"]] == [row[-1] for row in table["rows"]]


def test_nobody_to_judge_is_a_line_and_no_page(tmp_path):
    ledger = Ledger().invoice("i", "A", "2025-01-01", "2025-02-01", "100").entry("payment", "40", "2025-02-03", "i")
    history = history_of(ledger.as_of("2025-03-01"))
    found = payer_segments(history)
    findings = Findings("4_segments", output_dir=tmp_path, run_id="r")
    segments.hand_over(findings, _opened(history.snapshot), found, change=None)
    findings.close()
    page = Page.model_validate(segments.page(gather(tmp_path)))
    assert "6 invoices in twelve months" in page.unavailable
    assert segments_shown.numbers_chart(found) is None
    assert segments_shown.curves_chart(found) is None
    assert segments_shown.moves_table(found.year).empty


def test_moves_in_words_by_hand():
    names = {1: "Early payers", 2: "Late payers", 0: NEW}
    before, now = pd.Series({"A": 1, "B": 1, "C": 2, "D": 0}), pd.Series({"A": 1, "B": 2, "C": 1, "D": 1})
    money = pd.Series({"A": 10_000.0, "B": 20_000.0, "C": 30_000.0, "D": 40_000.0})
    moves = migration(before, now, amounts=money, names=names, days=(date(2026, 9, 30), AS_OF))
    text = segment_words.moves_sentence(moves, currency="EUR").replace("\N{NO-BREAK SPACE}", " ")
    assert text == (
        "Since 30 September 2026, 2 of 3 customers (66.7%) changed segment; they owe EUR 20.0 k in a segment that pays "
        "later than the one they left, and EUR 30.0 k in one that pays sooner."
    )
    stayed = migration(before, before, amounts=money, names=names, days=(date(2026, 9, 30), AS_OF))
    unmoved = segment_words.moves_sentence(stayed, currency="EUR").replace("\N{NO-BREAK SPACE}", " ")
    assert unmoved == "Of 3 customers, nobody changed segment since 30 September 2026."
    assert segment_words.moves_sentence(None, currency="EUR") == ""
    alt = migration_heat_alt(moves.counts, before="then", now="now").replace("\N{NO-BREAK SPACE}", " ")
    assert "1 customer in the same segment" in alt


def test_a_change_changes_its_words_with_its_sign(told):
    _, _, change = told

    def said(value, low, high):
        table = pd.DataFrame({"customers": 40, "change": value, "low": low, "high": high, "moved": 0.1}, index=["All"])
        found: BeforeAfter = replace(change, table=table)
        return segment_words.change_sentence(found)

    assert "later than" in said(5.0, 3.0, 7.0)
    assert "sooner than" in said(-5.0, -7.0, -3.0)
    assert "no clear change" in said(1.0, -1.0, 3.0)
    assert "Too few customers" in said(math.nan, math.nan, math.nan)
    assert "do not follow" in segment_words.change_sentence(None)


def test_a_rule_in_words():
    rule = Rule(
        conditions=(
            Condition(feature="days_late", above=True, threshold=39.0),
            Condition(feature="share_late", above=False, threshold=0.46),
            Condition(feature="sales_12m", above=True, threshold=1_500.0),
        ),
        caught=1.0,
        right=0.9,
    )
    text = segment_words.rule_in_words(rule, currency="EUR").replace("\N{NO-BREAK SPACE}", " ")
    assert text == (
        "mean days late above 39 and share paid late or overdue at most 46.0% and sales of twelve months above "
        "EUR 1.50 k"
    )


def test_an_unstable_division_is_called_a_sketch(told):
    _, found, _ = told
    shaky = found.number.table.assign(stability=0.6)
    text = segment_words.stability_sentence(
        replace(found, number=replace(found.number, table=shaky), refit_agreement=0.7)
    )
    assert "0.60" in text
    assert "sketch" in text
    assert "read moves with care" in text


def test_charts_show_every_number_and_every_move(told):
    _, found, _ = told
    number = found.number
    figure = segment_numbers(number.table, number.references, chosen=number.chosen, needed=0.8)
    foretold, stable = figure.axes
    assert np.isclose(foretold.lines[0].get_ydata(), number.table["gain"]).all()
    assert np.isclose(stable.lines[0].get_ydata(), number.table["stability"]).all()
    assert f"Chosen: {number.chosen}" in segment_numbers_alt(number.table, number.references, chosen=number.chosen)
    ax = migration_heat(found.year.counts, before="then", now="now")
    drawn = [text.get_text() for text in ax.texts]
    cells = found.year.counts.to_numpy()
    assert len(drawn) == (cells > 0).sum() + sum(cells.shape) + 1
    assert str(cells.sum()) in drawn
