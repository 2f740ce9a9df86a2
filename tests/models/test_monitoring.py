"""Forecasts held against what came: limits by hand, shocks of a known world, and nothing of a later day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.simulate import Parameters, simulate
from analysis.measures.history import history_of
from analysis.measures.positions import complete_months
from analysis.models.backtest import backtest
from analysis.models.ladder import RUNGS, Rung
from analysis.models.monitoring import controlled, demoted, monitor

END = date(2026, 10, 31)
QUIET_MONTHS = 24


def month_ends(history, months):
    return [end.date() for end in complete_months(history.last, months + 1)[:-1]]


def monitored(history, *, months):
    """The customers' own curves, held against what came in so many months."""
    rungs = [RUNGS[id] for id in ("customer_curve", "curve_since_due")]
    tested = backtest(history, origins=[], followed=month_ends(history, months + 2), rungs=rungs)
    return monitor(tested, "customer_curve", baseline="curve_since_due", customers_min=10)


def frame(ratios, *, invoices=100, customers=50):
    index = pd.date_range("2024-01-31", periods=len(ratios), freq="ME")
    return pd.DataFrame(
        {"invoices": invoices, "customers": customers, "observed": np.array(ratios) * 1000.0, "expected": 1000.0},
        index=index,
    )


def test_limits_by_hand():
    held = controlled(frame([1.0] * 6 + [1.06, 1.07, 1.07, 1.0, 1.0]), customers_min=10)
    assert held["low"].isna().tolist() == [True] * 6 + [False] * 5
    # six months that do not vary and six stated ones of 3%: spread 0.03 / sqrt(2); Student's t with 6 + 3 degrees of
    # freedom leaves a hundredth above 2.821 (printed tables)
    half = 2.821 * 0.03 / np.sqrt(2)
    assert held["level"].iloc[6] == 1.0
    assert np.log(held["high"].iloc[6]) == pytest.approx(half, abs=2e-5)
    assert np.log(held["low"].iloc[6]) == pytest.approx(-half, abs=2e-5)
    # limits exp(-+0.0598) = 0.942 and 1.062; then the median deviation of 0, ..., 0, 0.058 is still 0, on 6.5 and 7
    assert held["is_outside"].tolist() == [False] * 7 + [True, True, False, False]
    assert held["is_demoted"].tolist() == [False] * 8 + [True, True, False]


def test_a_standing_bias_is_allowed_for_up_to_a_twentieth():
    slightly = controlled(frame([1.03] * 14), customers_min=10)
    # twelve months at log 1.03, drawn to zero by two: 12 / 14 of it
    assert np.log(slightly["level"].iloc[-1]) == pytest.approx(12 / 14 * np.log(1.03))
    assert not slightly["is_outside"].any()
    far = controlled(frame([1.2] * 14), customers_min=10)
    assert far["level"].iloc[-1] == pytest.approx(np.exp(0.05))
    assert far["is_outside"].iloc[6:].all()
    assert far["is_demoted"].iloc[7:].all()


def test_one_bad_quarter_neither_moves_nor_widens_the_limits():
    rng = np.random.default_rng(4)
    quiet = np.exp(0.03 * rng.standard_normal(13))
    shocked = quiet.copy()
    shocked[8:11] *= 1.2
    calm, after = (controlled(frame(list(r)), customers_min=10).iloc[-1] for r in (quiet, shocked))
    width = np.log(calm["high"] / calm["low"])
    # a mean and a standard deviation would move by 0.05 and widen to 2.3 times
    assert abs(np.log(after["level"] / calm["level"])) < 0.02
    assert np.log(after["high"] / after["low"]) < 1.7 * width


def test_months_of_few_are_not_judged_and_change_nothing():
    months = frame([1.0] * 8 + [1.3, 1.3, 1.3])
    few = months.assign(customers=[50] * 8 + [50, 9, 50])
    held = controlled(few, customers_min=10)
    assert np.isnan(held["ratio"].iloc[9])
    assert held["is_outside"].tolist() == [False] * 8 + [True, False, True]
    assert held["is_demoted"].tolist() == [False] * 10 + [True]
    assert controlled(months.assign(invoices=29), customers_min=10)["ratio"].isna().all()


def test_two_months_running_demote_and_two_within_restore():
    outside = np.array([1, 0, 1, 1, 1, 0, 1, 0, 0, 1], dtype=bool)
    judged = np.ones(10, dtype=bool)
    assert demoted(outside, judged=judged).tolist() == [False] * 3 + [True] * 5 + [False, False]


def test_days_waited_by_hand():
    ledger = Ledger()
    ledger.invoice("A", "K", "2024-01-10", "2024-02-09", "100").entry("payment", "100", "2024-02-20", "A")
    ledger.invoice("B", "L", "2024-02-05", "2024-03-06", "100")
    # open on no month end: no forecast was frozen
    ledger.invoice("C", "L", "2024-03-02", "2024-03-10", "100").entry("payment", "100", "2024-03-20", "C")
    # credited is never paid
    ledger.invoice("D", "M", "2024-03-31", "2024-04-30", "100").entry("credit_note", "100", "2024-04-05", "D")
    history = history_of(ledger.as_of("2024-07-31"))

    def quarter(known, book, *, days):
        return np.full((len(book), days), 0.25)

    rung = Rung(id="quarter", name="a quarter", forecast=quarter)
    tested = backtest(history, origins=[], followed=month_ends(history, 6), rungs=[rung])
    # days that are followed alone are not scored
    assert tested.origins == ()
    found = tested.waited.of("quarter")
    assert [str(end.date()) for end in found.index] == ["2024-04-30", "2024-05-31", "2024-06-30", "2024-07-31"]
    # April: A was paid before it and B waited all its 30 days; D, forecast on 31 March, is never paid: 30 + 30
    assert found["observed"].tolist() == [60.0, 62.0, 30.0, 0.0]
    # May: B and D, frozen on 29 February and 31 March, 31 days each; June: B's three months are over
    # A and B are at a quarter; of D the first day after the forecast begins unpaid: 1 + 29 / 4
    assert found["expected"].tolist() == [30 / 4 + 30 / 4 + 1 + 29 / 4, 31 / 2, 30 / 4, 0.0]
    assert found["customers"].tolist() == [3.0, 2.0, 1.0, 0.0]


@pytest.fixture(scope="module")
def shocked():
    return simulate(n_invoices=12_000, seed=2)


def test_the_shock_is_found_and_the_forecaster_demoted_within_two_months(shocked):
    found = monitored(simulated_history(shocked, END), months=QUIET_MONTHS + 12)
    begins = pd.Timestamp(shocked.truth["shock_due_dates"][0]) + pd.offsets.MonthEnd(0)
    ends = pd.Timestamp(shocked.truth["shock_due_dates"][1])
    during = found.months.loc[begins:].iloc[:2]
    assert (during["ratio"] > during["high"]).all()
    assert during["is_demoted"].tolist() == [False, True]
    assert not found.months.loc[: begins - pd.Timedelta(days=1), "is_demoted"].any()
    # and it stands again a while after the shock
    assert not found.months.loc[ends + pd.DateOffset(months=4) :, "is_demoted"].any()
    assert not found.is_demoted
    assert found.in_use == found.name


def test_a_quiet_ledger_demotes_at_most_once_in_two_years():
    world = simulate(n_invoices=6_000, seed=3, parameters=Parameters(shock_days=0.0))
    months = monitored(simulated_history(world, END), months=QUIET_MONTHS + 12).months.tail(QUIET_MONTHS)
    assert len(months) == QUIET_MONTHS
    assert months["low"].notna().all()
    began = months["is_demoted"] & ~months["is_demoted"].shift(fill_value=False)
    assert began.sum() <= 1
    # 98% between the limits: half a month outside is expected, five have a chance of one in ten thousand
    assert months["is_outside"].sum() < 5


def test_what_came_later_changes_no_earlier_month():
    world, cut = simulate(n_invoices=2_000, seed=7), date(2026, 4, 30)
    then = monitored(simulated_history(world, cut), months=8)
    now = monitored(simulated_history(world, END), months=14)
    assert len(then.months) == 8
    pd.testing.assert_frame_equal(
        now.months.loc[then.months.index, ["observed", "expected"]], then.months[["observed", "expected"]]
    )


def test_books_that_cannot_be_judged_give_no_limits():
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-02-09", "100")
    for on in ("2024-01-20", "2024-03-31", "2024-12-31"):
        found = monitored(history_of(ledger.as_of(on)), months=12)
        assert not found.is_judged
        assert not found.is_demoted
        assert found.side is None
