"""How invoices end, told and drawn: sentences written by hand, charts that show their numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_books import Ledger
from test_sections import spaced, times, well_said

from analysis.models.cohorts import cohort_curves
from analysis.models.counts import cause_table
from analysis.models.differences import against_the_rest
from analysis.models.endings import endings
from analysis.models.gray import gray_test
from analysis.models.incidence import cumulative_incidence
from analysis.models.payment_times import payment_times, year_counts
from analysis.models.survival import count_table, payment_curve
from analysis.reporting import charts, style
from analysis.reporting.sections import ending_words
from analysis.reporting.sections.endings import differences_shown

CAUSES = ("paid", "credited", "written_off")
NAN, INF = math.nan, math.inf


def ended(*seen: tuple[float, str, int]):
    days = [day for day, _, number in seen for _ in range(number)]
    return cumulative_incidence(
        cause_table(days, [by for _, by, number in seen for _ in range(number)], causes=CAUSES), causes=CAUSES
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        # of a hundred, half are paid by day 42; ten are open at day 75, three of them beyond day 90
        (
            ended((42, "paid", 50), (60, "credited", 1), (75, "paid", 39), (80, "paid", 7), (120, "", 3)),
            "Half are paid in cash by day 42 and one in ten is still open at day 75; by day 90, 96.0% are paid, 1.00% "
            "credited and 3.00% open.",
        ),
        # all leave on one day: it would be wrong to say that one in ten is open on it
        (
            ended((30, "paid", 12)),
            "Half are paid in cash by day 30 and nine in ten are settled by day 30; by day 90, 100% are paid.",
        ),
        (
            ended((20, "paid", 4), (30, "credited", 6), (30, "written_off", 10)),
            "Half are not paid in cash yet, but nine in ten are settled by day 30; by day 90, 20.0% are paid, 30.0% "
            "credited and 50.0% written off.",
        ),
        (ended((20, "paid", 4), (50, "", 16)), "Half are not paid in cash yet."),
        (ended((20, "paid", 15), (50, "", 5)), "Half are paid in cash by day 20."),
        (ended((20, "paid", 9)), "There are too few invoices to say how they end."),
        (ended(), "There are too few invoices to say how they end."),
    ],
)
def test_how_invoices_end(found, said):
    assert spaced(ending_words.ended_sentence(found, day=90)) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ended((12, "paid", 50), (61, "paid", 41), (99, "", 9)),
            "Of those still open after their due date, half are paid within 12 days and one in ten is still open 61 "
            "days late.",
        ),
        (ended((1, "paid", 20)), "Of those still open after their due date, half are paid within 1 day and nine in ten "
         "are settled within 1 day."),
        (ended((12, "paid", 5), (61, "", 20)), "Of those still open after their due date, half are not paid yet."),
        (ended((1, "paid", 9)), "Too few invoices were still open after their due date to say how long the late ones "
         "take."),
    ],
)  # fmt: skip
def test_how_long_late_invoices_take(found, said):
    assert spaced(ending_words.late_sentence(found)) == said


def months(*rows: tuple[float, float]) -> pd.DataFrame:
    ends = pd.date_range("2026-06-30", periods=len(rows), freq="ME")
    frame = pd.DataFrame(rows, columns=["paid_only", "half_paid"], index=ends)
    return frame.assign(low=frame["half_paid"] - 2, high=frame["half_paid"] + 3, seen=30.0)


@pytest.mark.parametrize(
    ("by_month", "said"),
    [
        (
            months((30, 30), (26, 37), (10, INF)),
            "Of Jul 2026, half of the invoices already paid were paid by day 26; with the open ones counted, half are "
            "paid by day 37, 11 days later. Of Aug 2026, half are not paid yet.",
        ),
        (months((30, 31)), "Of Jun 2026, half of the invoices already paid were paid by day 30; with the open ones "
         "counted, half are paid by day 31, 1 day later."),
        (months((30, 30)), "Of Jun 2026, paid invoices alone say the same as all: half are paid by day 30."),
        (months((9, INF), (8, INF), (7, INF)), "Of Jul 2026 and Aug 2026, half are not paid yet."),
        (months((NAN, NAN)), "In no month were at least ten invoices issued of which one is paid."),
        (months(), "In no month were at least ten invoices issued of which one is paid."),
    ],
)  # fmt: skip
def test_what_the_latest_months_hide(by_month, said):
    assert spaced(ending_words.hidden_months_sentence(by_month)) == said


def segments(*rows: tuple[str, float, float, float]):
    nothing = against_the_rest(pd.DataFrame({"group": []}), by="group", groups=[])
    apart = pd.DataFrame(rows, columns=["group", "mean", "mean_from", "mean_to"]).reindex(columns=nothing.columns)
    found = times(payment_curve(count_table([10] * 12, [True] * 12)), dimension="channel")
    return type(found)(**{name: getattr(found, name) for name in found.__slots__} | {"against_rest": apart})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            segments(("edi", 5.9, 3.1, 8.8), ("portal", 4.9, 2.5, 7.4), ("paper", -2.8, -4.5, -1.2)),
            "Within 120 days, against all other invoices, those of edi are open 5.9 days longer (3.1 to 8.8 days) and "
            "those of paper are open 2.8 days less (1.2 to 4.5 days).",
        ),
        (
            segments(("all others", 5.9, 3.1, 8.8), ("edi", -1, -3, 1)),
            "Within 120 days, against all other invoices, those of the smaller groups together are open 5.9 days "
            "longer (3.1 to 8.8 days).",
        ),
        (
            segments(("edi", 1, -1, 3), ("paper", -1, -3, 1)),
            "Within 120 days, no channel is open clearly longer or shorter than all other invoices.",
        ),
        (segments(("edi", NAN, NAN, NAN)), "There are no segments to set against each other."),
        (segments(), "There are no segments to set against each other."),
    ],
)
def test_which_segments_are_slower(found, said):
    assert re_decimal(spaced(ending_words.apart_sentence(found, horizon=120))) == said


def re_decimal(text: str) -> str:
    """Three figures are shown (5.90): here the last nought does not matter."""
    return text.replace(".90", ".9").replace(".80", ".8").replace(".10", ".1").replace(".20", ".2").replace(".50", ".5")


def test_what_gray_s_test_says():
    counts = pd.concat([
        cause_table([1] * 9 + [2], ["paid"] * 9 + ["credited"], causes=CAUSES).assign(group="a"),
        cause_table([1] + [2] * 9, ["paid"] + ["credited"] * 9, causes=CAUSES).assign(group="b"),
    ])  # fmt: skip
    test = gray_test(counts, by="group", cause="paid", causes=CAUSES)
    found = segments()
    apart = type(found)(**{name: getattr(found, name) for name in found.__slots__} | {"paid_differ": test})
    assert spaced(ending_words.paid_differ_sentence(apart)) == (
        "The share paid in cash by each day differs more than chance would between them (Gray's test, p below 0.001)."
    )
    assert ending_words.paid_differ_sentence(found) == ""


def test_cohorts_in_words():
    then, now = (
        payment_curve(count_table([day] * 20, [True] * 20), label=name)
        for day, name in ((40, "2025Q3"), (34, "2026Q3"))
    )
    young = payment_curve(count_table([10] * 20, [False] * 20), label="2026Q4")
    assert spaced(ending_words.cohorts_sentence([then, now, young])) == (
        "Of the invoices of 2026Q3, half are settled by day 34; of those of 2025Q3, by day 40."
    )
    assert ending_words.cohorts_sentence([young]) == "Of no cohort half are settled yet."
    assert ending_words.cohorts_sentence([]) == "Of no cohort half are settled yet."


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["", *CAUSES])), max_size=40))
def test_any_ending_is_well_said(seen):
    found = ended(*((day, by, 1) for day, by in seen))
    well_said(ending_words.ended_sentence(found, day=90))
    well_said(ending_words.late_sentence(found))


@given(
    st.lists(st.tuples(st.integers(0, 99) | st.just(NAN), st.integers(0, 99) | st.sampled_from([NAN, INF])), max_size=4)
)
def test_any_months_are_well_said(rows):
    well_said(ending_words.hidden_months_sentence(months(*rows)))


# --- charts


def test_the_area_names_each_way_with_its_share():
    found = ended((10, "paid", 6), (20, "credited", 1), (30, "written_off", 1), (200, "", 2))
    ax = charts.endings_area(found.table)
    shown = {text.get_text().replace("\u00a0", " ") for text in ax.texts}
    assert shown == {"paid 60.0%", "credited 10.0%", "written off 10.0%", "open 20.0%"}
    tops = [collection.get_paths()[0].vertices[:, 1].max() for collection in ax.collections]
    assert tops == pytest.approx([0.6, 0.7, 0.8, 1.0])
    assert charts.endings_area_alt(found.table, days=(10, 30)).replace("\u00a0", " ") == (
        "By day 10: 60.0% paid, 0% credited, 0% written off and 40.0% open. "
        "By day 30: 60.0% paid, 10.0% credited, 10.0% written off and 20.0% open."
    )
    assert charts.endings_area_alt(found.table.iloc[:0]) == "No invoices."


def test_the_gap_joins_the_two_medians_and_points_up_where_half_are_not_paid():
    ax = charts.paid_only_gap(months((30, 30), (26, 37), (10, INF), (NAN, NAN)))
    bands, gaps = ax.collections
    # intervals of the two known months, two days below and three above
    assert [segment[:, 1].tolist() for segment in bands.get_segments()] == [[28, 33], [35, 40]]
    drawn = [segment[:, 1].tolist() for segment in gaps.get_segments() if segment.ndim == 2]
    assert drawn[:3] == [[30, 30], [26, 37], [10, 30]]
    points = {line.get_marker(): line.get_ydata().tolist() for line in ax.lines}
    assert points["^"] == [30]  # the age of the oldest invoice
    assert np.nan_to_num(ax.lines[0].get_ydata()).tolist() == [30, 26, 10, 0]
    said = charts.paid_only_gap_alt(months((30, 30), (26, 37), (10, INF), (NAN, NAN))).replace("\u00a0", " ")
    assert said == (
        "Jun 2026: half of the paid by day 30, half of all by day 30; Jul 2026: half of the paid by day 26, half of "
        "all by day 37; Aug 2026: half of the paid by day 10, half of all not paid yet."
    )
    assert charts.paid_only_gap_alt(months()) == "In no month at least ten invoices of which one is paid."


@pytest.mark.parametrize("paid_on", ["", "2026-10-31"])
@pytest.mark.parametrize("number", [0, 1, 12])
def test_small_books_have_small_pictures_and_whole_sentences(number, paid_on):
    ledger = Ledger()
    for name in map(str, range(number)):
        ledger.invoice(name, "K", "2026-10-31", None, "10")
        if paid_on:
            ledger.entry("payment", "10", paid_on, name)
    snapshot = ledger.as_of("2026-10-31")
    apart = payment_times(snapshot)
    outcomes, issued_after = year_counts(snapshot)
    found = endings(snapshot, outcomes, issued_after=issued_after)
    for drawn in (
        charts.endings_area(found.since_issue.table, width="full"),
        charts.paid_only_gap(found.by_month, width="full"),
        charts.interval_dots(differences_shown(apart.against_rest), unit="days", reference=0.0),
    ):
        assert style.picture(drawn).startswith(b"<?xml")
    well_said(charts.endings_area_alt(found.since_issue.table))
    well_said(charts.paid_only_gap_alt(found.by_month))
    well_said(ending_words.apart_sentence(apart, horizon=120))
    well_said(ending_words.hidden_months_sentence(found.by_month))
    well_said(ending_words.cohorts_sentence(cohort_curves(outcomes, every="quarter")))
    if number == 12 and paid_on:
        assert charts.endings_area_alt(found.since_issue.table).startswith("By day 0: 100% paid")


def test_differences_are_shown_slowest_first():
    shown = differences_shown(segments(("b", -1, -2, 0), ("a", 3, 1, 5), ("c", NAN, NAN, NAN)).against_rest)
    assert shown["label"].tolist() == ["a", "b"]
    assert shown.iloc[0].tolist() == ["a", 3, 1, 5]
