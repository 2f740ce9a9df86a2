"""What findings become on a page: scales, units, cells, comparisons; expectations are set by hand."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from analysis.reporting import blocks, cards, pages
from analysis.reporting.findings import Collected, Findings, gather


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def collected_table(tmp_path, frame: pd.DataFrame, **units: str) -> Collected:
    findings = Findings("1_demo", output_dir=tmp_path, run_id="r")
    findings.table("t", frame, caption="Table", units=units)
    findings.close()
    return gather(tmp_path)


def column(tmp_path, cells: list, unit: str = "", **options) -> dict:
    """The second column of a table with one named row per cell."""
    frame = pd.DataFrame({"name": [f"row {n}" for n in range(len(cells))], "x": cells})
    return blocks.table(collected_table(tmp_path, frame, **({"x": unit} if unit else {})), "t", **options)


def texts(block: dict) -> list[str]:
    return [spaced(row[1]) for row in block["rows"]]


@pytest.mark.parametrize(
    ("cells", "unit", "said"),
    [
        ([6_153_412.55, 21_050.0, -990.0], "EUR k", ["6,153", "21", "-1"]),
        ([999_999.0, 1.4], "EUR", ["999,999", "1"]),
        ([999_999.6, 1.4], "EUR k", ["1,000", "0"]),  # rounded it would have seven figures
        ([1_000_000.0], "EUR k", ["1,000"]),
        ([999_999_999.0], "EUR m", ["1,000"]),
        ([1_234_567_890.0, 5e5], "EUR m", ["1,235", "1"]),
        ([1_000.0, 0.004], "EUR", ["1,000", "0"]),
        ([999.99, 5.5, 0.0], "EUR", ["999.99", "5.50", "0.00"]),
        ([0.0, 0.0], "EUR", ["0.00", "0.00"]),
        ([-2_500_000.0, 12.0], "EUR k", ["-2,500", "0"]),  # the largest by size, whatever its sign
        ([math.nan, 2_000.0], "EUR", ["–", "2,000"]),
    ],
)
def test_amounts_have_one_scale_with_four_to_six_figures(tmp_path, cells, unit, said):
    block = column(tmp_path, cells, "EUR")
    assert [spaced(text) for text in block["units"]] == ["", unit]
    assert texts(block) == said


def test_each_currency_has_its_own_scale_and_all_columns_of_one_share_it(tmp_path):
    frame = pd.DataFrame({"who": ["A"], "open": [6_153_412.0], "late": [12_000.0], "in_pounds": [900.0]})
    block = blocks.table(collected_table(tmp_path, frame, open="EUR", late="EUR", in_pounds="GBP"), "t")
    assert [spaced(text) for text in block["units"]] == ["", "EUR k", "EUR k", "GBP"]
    assert [spaced(text) for text in block["rows"][0]] == ["A", "6,153", "12", "900.00"]
    assert block["header"] == ("Who", "Open", "Late", "In pounds")


def test_where_a_cent_counts_it_is_shown(tmp_path):
    block = column(tmp_path, [6_153_412.55, -0.01], "EUR", cents=True)
    assert texts(block) == ["6,153,412.55", "-0.01"]
    assert block["units"] == ("", "EUR")


@pytest.mark.parametrize(
    ("cells", "unit", "heading", "said"),
    [
        ([0.1237, 0.00001, 1.0, 0.0, math.nan], "share", "%", ["12.4", "<0.01", "100", "0", "–"]),
        ([42.345, 26.0, 1.0, 0.0, 166.3, None], "days", "days", ["42.3", "26", "1", "0", "166", "–"]),
        ([1930, 7], "count", "", ["1,930", "7"]),
        ([0.0153, 68.14], "ratio", "", ["0.0153", "68.1"]),
        ([12345, 2], "", "", ["12,345", "2"]),  # whole numbers stay whole without a unit, too
        ([12345.6], "", "", ["12,300"]),
        (["2026-10-31", "2026-02-01", "soon"], "date", "", ["31 Oct 2026", "1 Feb 2026", "soon"]),
        ([True, False], "", "", ["yes", "no"]),
        ([None, "x"], "EUR", "", ["–", "x"]),
    ],
)
def test_cells_by_their_unit(tmp_path, cells, unit, heading, said):
    block = column(tmp_path, cells, unit)
    assert texts(block) == said
    assert block["units"] == (("", heading) if heading else None)


def test_dates_of_an_index_are_read_as_dates(tmp_path):
    frame = pd.DataFrame({"n": [1]}, index=pd.Index([pd.Timestamp("2024-02-29")], name="month end"))
    block = blocks.table(collected_table(tmp_path, frame, **{"month end": "date", "n": "count"}), "t")
    assert spaced(block["rows"][0][0]) == "29 Feb 2024"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('*bold* _it_ #sys.inputs $x^2$ "q" ]', '*bold* _it_ #sys.inputs $x^2$ "q" ]'),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("A\u202eBC\u200b\x00 Ltd\nX", "ABC Ltd X"),
        ("2026-10-31", "2026-10-31"),  # a name that looks like a date is a name
        ("nan", "nan"),
        ("", ""),
    ],
)
def test_names_stay_text(tmp_path, name, shown):
    frame = pd.DataFrame({"customer": [name], "open": [1.0]})
    block = blocks.table(collected_table(tmp_path, frame, open="EUR"), "t")
    assert block["rows"] == ((shown, "1.00"),)
    assert block["align"] == ("left", "right")


def test_the_total_stands_apart_and_stays_when_rows_are_cut(tmp_path):
    cells = [10.0, 20.0, 30.0, 60.0]
    whole = column(tmp_path, cells, "EUR", total=True)
    assert (texts(whole), whole["total"]) == (["10.00", "20.00", "30.00"], ("row 3", "60.00"))
    cut = column(tmp_path, cells, "EUR", total=True, rows=1)
    assert (texts(cut), cut["total"]) == (["10.00"], ("row 3", "60.00"))
    without = column(tmp_path, cells, "EUR", rows=2)
    assert (texts(without), without["total"]) == (["10.00", "20.00"], None)
    pages.Table.model_validate(cut)


def test_the_total_counts_for_the_scale_and_rows_that_are_cut_do_not(tmp_path):
    assert column(tmp_path, [400_000.0, 700_000.0, 1_100_000.0], "EUR", total=True)["units"] == ("", "EUR\u00a0k")
    assert column(tmp_path, [500.0, 7_000_000.0], "EUR", rows=1)["units"] == ("", "EUR")


def test_heat_shades_shares_within_their_limits(tmp_path):
    frame = pd.DataFrame({"row": ["a", "b"], "one": [0.25, math.nan], "two": [1.2, -0.1], "n": [5, 6]})
    found = collected_table(tmp_path, frame, one="share", two="share")
    assert blocks.table(found, "t", heat=["one", "two"])["shade"] == ((None, 0.25, 1.0, None), (None, None, 0.0, None))
    assert blocks.table(found, "t")["shade"] is None


def test_what_is_absent_says_so(tmp_path):
    findings = Findings("1_demo", output_dir=tmp_path, run_id="r")
    findings.unavailable("roll_rates", "nothing was followed")
    findings.close()
    found = gather(tmp_path)
    said = {"kind": "unavailable", "name": "Roll rates", "reason": "nothing was followed"}
    assert blocks.table(found, "roll_rates") == blocks.figure(found, "roll_rates") == said
    assert blocks.figure(found, "other")["reason"] == "it was not handed over"
    assert blocks.lead(found, "absent") == {"kind": "lead", "sentences": []}


def carded(tmp_path, value, *, as_of: date = date(2026, 10, 31), unit: str = "days", **more) -> dict:
    findings = Findings("1_demo", output_dir=tmp_path, run_id="r")
    findings.number("n", value, unit=unit, label="Figure", definition="dso", **more)
    findings.close()
    card = cards.card(gather(tmp_path), "n", as_of=as_of)
    pages.Card.model_validate(card)
    return card


@pytest.mark.parametrize(
    ("as_of", "month", "year"),
    [
        (date(2026, 10, 31), "Sep 2026", "Oct 2025"),
        (date(2026, 1, 31), "Dec 2025", "Jan 2025"),
        (date(2024, 2, 29), "Jan 2024", "Feb 2023"),
        (date(2025, 2, 28), "Jan 2025", "Feb 2024"),
        (date(2026, 3, 1), "Feb 2026", "Mar 2025"),
        (date(2026, 10, 15), "Sep 2026", "Oct 2025"),
    ],
)
def test_a_card_is_compared_with_the_month_and_the_year_before(tmp_path, as_of, month, year):
    card = carded(tmp_path, 42.3, as_of=as_of, last_month=43.5, last_year=40.3, better="lower")
    said = [(spaced(one["label"]), spaced(one["text"]), one["verdict"]) for one in card["against"]]
    assert said == [(month, "↓ -1.2 days", "good"), (year, "↑ +2.0 days", "bad")]


@pytest.mark.parametrize(
    ("value", "unit", "target", "label", "text", "verdict"),
    [
        (42.3, "days", 45.0, "target 45", "↓ -2.7 days", "good"),
        (42.3, "days", 40.5, "target 40.5", "↑ +1.8 days", "bad"),
        (0.124, "share", 0.1, "target 10.0%", "↑ +2.4 pp", "bad"),
        (6.0e6, "EUR", 5.0e6, "target 5.00 m", "↑ +1.00 m", "bad"),
        (45.0, "days", 45.0, "target 45", "met", "good"),
        (math.nan, "days", 45.0, "target 45", "not defined", "neutral"),
    ],
)
def test_a_card_names_its_target(tmp_path, value, unit, target, label, text, verdict):
    (against,) = carded(tmp_path, value, unit=unit, target=target, better="lower")["against"]
    assert (spaced(against["label"]), spaced(against["text"]), against["verdict"]) == (label, text, verdict)


def test_a_balance_is_wanted_at_most_and_is_otherwise_neither_good_nor_bad(tmp_path):
    card = carded(tmp_path, 6.0e6, unit="EUR", last_month=5.0e6, target=5.5e6, better="neither")
    assert [one["verdict"] for one in card["against"]] == ["neutral", "bad"]


@pytest.mark.parametrize(
    ("limits", "text", "verdict"),
    [
        (None, "↓ -1.2 days", "good"),
        ((-2.0, -0.4), "↓ -1.2 days", "good"),
        ((-2.0, 0.0), "→ -1.2 days", "neutral"),
        ((-2.4, 0.4), "→ -1.2 days", "neutral"),
    ],
)
def test_a_change_whose_interval_spans_zero_points_nowhere(tmp_path, limits, text, verdict):
    card = carded(tmp_path, 42.3, last_month=43.5, last_year=43.5, month_change=limits, better="lower")
    month, year = card["against"]
    assert (spaced(month["text"]), month["verdict"]) == (text, verdict)
    assert (spaced(year["text"]), year["verdict"]) == ("↓ -1.2 days", "good")


def test_a_card_without_an_interval_says_why(tmp_path):
    assert carded(tmp_path, 6.0e6, unit="EUR", no_interval="counted, no interval")["interval"] == "counted, no interval"
    # a figure that is not there needs no reason for an interval that is not
    assert carded(tmp_path, math.nan, unit="share", no_interval="rests on too few customers")["interval"] == ""
    assert carded(tmp_path, None, unit="days", no_interval="rests on too few customers")["interval"] == ""


@pytest.mark.parametrize(
    ("value", "said", "against"),
    [
        (math.nan, "not defined", "not defined"),
        (math.inf, "not reached", "not defined"),
        (None, "not available", "not available"),
        (26, "26 days", "↑ +2 days"),
    ],
)
def test_a_card_without_a_value_says_which_kind_of_nothing(tmp_path, value, said, against):
    card = carded(tmp_path, value, last_month=24)
    assert spaced(card["value"]) == said
    assert [spaced(one["text"]) for one in card["against"]] == [against]


def test_a_card_compares_with_what_is_known_only(tmp_path):
    assert carded(tmp_path, 42.3, last_month=math.nan)["against"] == []
    assert carded(tmp_path, 42.3)["interval"] == ""
    assert spaced(carded(tmp_path, 26, low=25, high=27)["interval"]) == "95%: 25 to 27 days"
    assert carded(tmp_path, 26, low=25, high=None)["interval"] == ""
