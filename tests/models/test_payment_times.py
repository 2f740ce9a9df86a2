"""Curves of the last year against the year before: windows, medians by hand, and what paid invoices hide."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.ledger.company import Policy
from analysis.models.payment_times import (
    curves_table,
    months_before,
    paid_only_mean,
    payment_times,
    year_counts,
)
from analysis.reporting.sections.payment_words import hidden_sentence


def sold(ledger: Ledger, on: str | date, *, paid_after: int | None, until: str = "9999-12-31", **more: str) -> None:
    """One invoice, paid after so many days where that is not past ``until``."""
    issued = date.fromisoformat(str(on))
    number = f"{len(ledger.tables['invoices']):04}"
    customer = more.pop("customer", "K")
    ledger.invoice(number, customer, str(issued), str(issued + timedelta(days=30)), "100", **more)
    if paid_after is not None and str(issued + timedelta(days=paid_after)) <= until:
        ledger.entry("payment", "100", str(issued + timedelta(days=paid_after)), number)


def two_years(*, left_out: str = "", slow: int = 2) -> Ledger:
    """So many invoices a month up to October 2025, paid after 40 days; two a month since then, paid after 20."""
    ledger = Ledger()
    for first in pd.date_range("2024-11-01", "2026-10-01", freq="MS"):
        is_slow = first < pd.Timestamp("2025-11-01")
        if not str(first.date()).startswith(left_out or "never"):
            for _ in range(slow if is_slow else 2):
                sold(ledger, first.date(), paid_after=40 if is_slow else 20)
    return ledger


# With two slow ones a month, six quick months of twelve are half; with three, 8 * 2 >= 4 * 3 and 7 * 2 < 5 * 3.
@pytest.mark.parametrize(("slow", "quick_months"), [(2, 6), (3, 8)])
def test_medians_by_hand(slow, quick_months):
    times = payment_times(two_years(slow=slow).as_of("2026-10-31"))
    assert (times.whole.median_days, times.whole.n_invoices, times.whole.n_paid) == (20, 24, 24)
    assert times.whole_before is not None
    assert (times.whole_before.median_days, times.whole_before.n_invoices) == (40, 12 * slow)
    ends = pd.date_range("2025-10-31", "2026-10-31", freq="ME")
    wanted = [40.0] * quick_months + [20.0] * (13 - quick_months)
    assert times.medians.to_dict() == dict(zip(ends, wanted, strict=True))


def test_a_month_without_invoices_keeps_its_place():
    times = payment_times(two_years(left_out="2026-09").as_of("2026-10-31"))
    assert list(times.medians.index[-2:]) == [pd.Timestamp("2026-09-30"), pd.Timestamp("2026-10-31")]
    assert len(times.medians) == 13
    assert times.whole.n_invoices == 22


def test_books_that_begin_in_summer_have_no_month_before_it():
    ledger = Ledger()
    sold(ledger, "2026-08-05", paid_after=10)
    medians = payment_times(ledger.as_of("2026-10-31")).medians
    assert list(medians.index) == [pd.Timestamp(end) for end in ("2026-08-31", "2026-09-30", "2026-10-31")]


@pytest.mark.parametrize(
    ("as_of", "before", "first"),
    [
        ("2026-10-31", "2025-10-31", "2025-11-01"),
        ("2026-10-15", "2025-10-31", "2025-11-01"),  # a month cut short is the last of the twelve
        ("2026-10-01", "2025-10-31", "2025-11-01"),
        ("2024-02-29", "2023-02-28", "2023-03-01"),
        ("2024-02-28", "2023-02-28", "2023-03-01"),
        ("2025-02-28", "2024-02-29", "2024-03-01"),
        ("2026-01-31", "2025-01-31", "2025-02-01"),
    ],
)
def test_the_year_begins_with_a_month(as_of, before, first):
    ledger = Ledger()
    sold(ledger, before, paid_after=5)
    sold(ledger, first, paid_after=7)
    sold(ledger, as_of, paid_after=None)
    times = payment_times(ledger.as_of(as_of))
    assert times.whole.n_invoices == 2
    events = times.whole.table["events"]
    assert events[events > 0].to_dict() == {7: 1}
    outcomes, after = year_counts(ledger.as_of(as_of))
    assert after == pd.Timestamp(before)
    assert paid_only_mean(outcomes, issued_after=after) == 7.0


@pytest.mark.parametrize(
    ("end", "months", "said"),
    [
        ("2024-02-29", 12, "2023-02-28"),
        ("2025-02-28", 12, "2024-02-29"),
        ("2026-10-31", 24, "2024-10-31"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2026-10-15", 12, "2025-10-31"),
    ],
)
def test_so_many_months_before(end, months, said):
    assert months_before(pd.Timestamp(end), months) == pd.Timestamp(said)


@pytest.mark.parametrize(
    ("as_of", "first", "known"),
    [
        ("2026-10-31", "2025-04-30", True),
        ("2026-10-31", "2025-05-01", False),
        ("2026-02-28", "2024-08-31", True),
        ("2026-02-28", "2024-09-01", False),
        ("2024-02-29", "2022-08-31", True),
        ("2024-02-29", "2022-09-01", False),
    ],
)
def test_a_year_before_needs_half_of_it(as_of, first, known):
    ledger = Ledger()
    sold(ledger, first, paid_after=10)
    sold(ledger, months_before(pd.Timestamp(as_of), 13).date(), paid_after=10)
    sold(ledger, as_of, paid_after=None)
    assert (payment_times(ledger.as_of(as_of)).whole_before is not None) == known


def test_a_gap_of_a_year_is_nothing_to_compare_with():
    ledger = Ledger()
    sold(ledger, "2022-05-01", paid_after=10)
    sold(ledger, "2026-05-01", paid_after=10)
    assert payment_times(ledger.as_of("2026-10-31")).whole_before is None


def three_channels() -> Ledger:
    """EDI pays on day 10, portal on day 30; paper sold in the year before only, but for five invoices."""
    ledger = Ledger(policy=Policy(group_minimum=3))
    for number in range(36):
        month = f"2026-{1 + number % 9:02}-03"
        sold(ledger, month, paid_after=10, channel="edi", customer=f"E{number % 4}")
        sold(ledger, month, paid_after=30, channel="portal", customer=f"P{number % 4}")
        earlier = f"2025-{1 + number % 9:02}-03"
        sold(ledger, earlier, paid_after=50, channel="paper", customer=f"B{number % 4}")
    for _ in range(5):
        sold(ledger, "2026-04-03", paid_after=50, channel="paper", customer="B1")
    return ledger


def test_a_segment_with_too_few_invoices_this_year_is_not_shown():
    times = payment_times(three_channels().as_of("2026-10-31"))
    assert times.dimension == "channel"
    assert [(curve.label, curve.median_days) for curve in times.segments] == [("edi", 10), ("portal", 30)]
    assert [curve.label for curve in times.segments_before] == ["paper"]
    assert times.differ is not None
    assert list(times.differ.observed.index) == ["edi", "portal"]
    # half of 36 + 36 + 5 is 38.5: 36 are settled by day 10, 72 by day 30
    assert times.whole.median_days == 30
    # all of both are paid; within 120 days edi takes 10, the 36 of portal and five of paper (36 * 30 + 5 * 50) / 41
    assert times.paid_differ is not None
    assert times.paid_differ.degrees_of_freedom == 1
    assert times.paid_differ.scores["edi"] > 0 > times.paid_differ.scores["portal"]
    assert times.against_rest.set_index("group").loc["edi", "mean"] == pytest.approx(10 - 1330 / 41)
    table = curves_table(times).set_index("group")
    assert table["invoices"].to_dict() == {"All": 77, "edi": 36, "portal": 36}
    assert table["open at 30"].to_dict() == pytest.approx({"All": 5 / 77, "edi": 0.0, "portal": 0.0})
    assert table["year before"].isna().to_dict() == {"All": False, "edi": True, "portal": True}


def test_nothing_is_paid():
    ledger = Ledger()
    for day in range(1, 13):
        sold(ledger, f"2026-09-{day:02}", paid_after=None)
    times = payment_times(ledger.as_of("2026-10-31"))
    assert times.whole.median_days == math.inf
    assert times.medians.isna().all()
    assert curves_table(times)[["median", "from", "to", "year before"]].isna().all(axis=None)
    outcomes, after = year_counts(ledger.as_of("2026-10-31"))
    assert math.isnan(paid_only_mean(outcomes, issued_after=after))


def test_all_is_paid_on_the_day():
    ledger = Ledger()
    for day in range(1, 13):
        sold(ledger, f"2026-09-{day:02}", paid_after=0)
    times = payment_times(ledger.as_of("2026-10-31"))
    assert times.whole.median_days == 0
    assert curves_table(times).iloc[0][["median", "from", "open at 30"]].tolist() == [0.0, 0.0, 0.0]


def test_an_empty_ledger_has_empty_curves():
    times = payment_times(Ledger().as_of("2026-10-31"))
    assert times.whole.n_invoices == 0
    assert (times.whole_before, times.dimension, times.segments, times.differ) == (None, None, (), None)
    assert times.medians.empty


def test_paid_invoices_alone_are_known_to_be_too_quick():
    # Days to pay are floor(exponential of mean 60), so the mean within 120 days is the sum of P(days >= k) = exp(-k/60)
    # over k = 1 ... 120. Half a year of sales is seen: whoever takes long is mostly open still.
    truth = sum(math.exp(-k / 60) for k in range(1, 121))
    rng = np.random.default_rng(7)
    ledger = Ledger()
    for number in range(800):
        sold(
            ledger,
            date(2026, 5, 1) + timedelta(days=number % 184),
            paid_after=int(rng.exponential(60)),
            until="2026-10-31",
        )
    snapshot = ledger.as_of("2026-10-31")
    whole = payment_times(snapshot).whole
    paid_only = paid_only_mean(year_counts(snapshot)[0], issued_after=pd.Timestamp("2025-10-31"))
    mean = whole.restricted_mean(120)
    assert abs(mean.value - truth) < 3 * mean.std_err
    assert paid_only < truth - 10
    said = hidden_sentence(paid_only, whole, horizon=120).replace("\u00a0", " ")
    shown = [float(figure) for figure in re.findall(r"[\d.]+(?= days)", said)]
    assert said.startswith("Paid invoices alone would say ")
    assert said.endswith(" days too short.")
    assert shown[0] == pytest.approx(paid_only, abs=0.051)
    assert shown[1] == pytest.approx(truth, abs=3 * mean.std_err)
    assert shown[-1] == pytest.approx(truth - paid_only, abs=3 * mean.std_err)
