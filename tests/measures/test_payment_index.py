"""The payment index: the published anchors, ratios by hand, and intervals that hold what they promise."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from small_books import Ledger

from analysis.measures.history import history_of
from analysis.measures.payment_index import customer_index, index_counts, payment_index, points

ON = date(2026, 6, 30)


def _book() -> Ledger:
    """Twelve invoices of K by hand, two of L."""
    ledger = Ledger()
    late = [-30, -30, 0, 0, 0, 15, 15, 30, 30, 60]
    for place, days in enumerate(late):
        ledger.invoice(f"{place:02}", "K", "2026-01-01", "2026-02-01", "100")
        ledger.entry("payment", "100", str(date(2026, 2, 1) + pd.Timedelta(days=days)), f"{place:02}")
    return (
        ledger.invoice("10", "K", "2026-04-01", "2026-05-01", "300")  # open, sixty days late so far
        .invoice("11", "K", "2026-01-01", "2026-02-01", "500")
        .entry("write_off", "500", "2026-03-01", "11")
        .invoice("12", "K", "2026-01-01", "2026-02-01", "900")
        .entry("credit_note", "900", "2026-03-01", "12")
        .invoice("13", "L", "2026-01-01", "2026-02-01", "50")
        .entry("payment", "50", "2026-02-01", "13")
        .invoice("14", "L", "2026-06-20", "2026-07-20", "70")
    )


def test_points_are_those_of_the_published_scale() -> None:
    # Dun & Bradstreet, PAYDEX: 100 is 30 days sooner than terms ... 20 is 120 days beyond terms.
    published = {-30: 100, -20: 90, 0: 80, 15: 70, 22: 60, 30: 50, 60: 40, 90: 30, 120: 20}
    assert points(list(published)).tolist() == list(published.values())
    assert points([-90, 365]).tolist() == [100, 20]
    assert (np.diff(points(np.arange(-40, 140))) <= 0).all()


def test_index_by_hand() -> None:
    counts = index_counts(history_of(_book().as_of(str(ON))), [ON])
    weights = np.array([100] * 10 + [300, 500])
    scale = np.array([100, 100, 80, 80, 80, 70, 70, 50, 50, 40, 40, 20])
    index = (weights * scale).sum() / weights.sum()
    own = customer_index(counts).droplevel("mark")
    assert own.loc["K", ["index", "invoices", "amount", "open_share", "reliability"]].tolist() == [
        pytest.approx(index),
        12,
        1800,
        pytest.approx(300 / 1800),
        "flagged",
    ]
    # the error of a ratio (Cochran, section 2.11) written out over the twelve invoices
    error = np.sqrt((weights**2 * (scale - index) ** 2).sum() * 12 / 11) / weights.sum()
    reach = student.ppf(0.975, 11) * error
    assert own.loc["K", "low"] == pytest.approx(max(index - reach, 20))
    assert own.loc["K", "high"] == pytest.approx(index + reach)
    assert own.loc["L", "reliability"] == "suppressed"
    assert own.loc["L", ["index", "low", "high"]].isna().all()
    whole = payment_index(counts).droplevel("mark").loc["all"]
    assert whole["index"] == pytest.approx((index * 1800 + 80 * 50) / 1850)
    assert whole["low"] <= whole["index"] <= whole["high"]
    assert whole["customers"] == 2
    assert payment_index(counts, group_minimum=3)["index"].isna().all()
    apart = payment_index(counts, groups=pd.Series({"K": "slow"}))
    assert apart.index.get_level_values("group").tolist() == ["slow"]
    assert apart["index"].tolist() == [pytest.approx(index)]


def test_a_year_without_due_invoices_has_no_index() -> None:
    history = history_of(Ledger().invoice("1", "K", "2026-06-20", "2026-07-20", "5").as_of(str(ON)))
    counts = index_counts(history, [ON])
    assert len(payment_index(counts)) == 0
    assert len(customer_index(counts)) == 0


def test_intervals_cover_the_truth_and_do_not_depend_on_the_order() -> None:
    """Customers drawn from a known population of payers: nominal 95%, 150 books of 60 customers."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(150):
        days = np.clip(rng.normal(10, 25, 60).round(), -30, 120)
        counts = pd.DataFrame(
            {
                **{"mark": 0, "customer_id": [f"K{k:02}" for k in range(60)], "currency": "EUR", "days": days},
                **{"invoices": 5, "amount": rng.uniform(50, 150, 60), "amount_squared": 1.0, "still_open": 0.0},
            }
        )
        found = payment_index(counts, draws=200).iloc[0]
        held += found["low"] <= _TRUE_INDEX <= found["high"]
    # a binomial of 150 with 95% has a standard deviation of 1.8%; the bootstrap of 60 is a little narrow
    assert 0.90 <= held / 150 <= 0.99
    turned = payment_index(counts.sample(frac=1, random_state=2), draws=200)
    pd.testing.assert_frame_equal(turned, payment_index(counts, draws=200))


def _true_index() -> float:
    days = np.clip(np.random.default_rng(0).normal(10, 25, 2_000_000).round(), -30, 120)
    return float(points(days).mean())


_TRUE_INDEX = _true_index()
