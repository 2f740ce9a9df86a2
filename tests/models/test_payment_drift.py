"""The detector of drift: false alarms counted by hand and drawn, days late by hand, its power on a known world."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.simulate import Parameters, as_world, draw_world
from analysis.measures.history import day_number, history_of
from analysis.models.payment_drift import less_common, monthly_days_late, payment_drift
from analysis.models.rank_detector import FALSE_ALARMS_PER_YEAR, alarm_chances, detect, threshold_for

END = date(2026, 10, 31)


def test_chances_of_an_alarm_by_hand():
    # Normal scores of ranks 7 and 6 among 7: 1.4652 and 0.7916 over their standard deviation 0.9115 are 1.61 and
    # 0.87; of 8 and 7 among 8: 1.5341 and 0.8871 over 0.9225 are 1.66 and 0.96. Less 0.5, a threshold of 1 is reached
    # by the highest of seven alone; a month later by the highest of eight alone, for 0.37 + 0.46 is too little.
    chances = alarm_chances(8, threshold=1.0)
    assert chances[:6].tolist() == [0.0] * 6
    assert chances[6] == pytest.approx(1 / 7)
    assert chances[7] == pytest.approx(6 / 7 * 1 / 8)


@pytest.mark.parametrize("name", ["normal", "long tail", "two habits"])
def test_false_alarms_are_as_many_as_stated_for_any_payer(name):
    rng, customers = np.random.default_rng(8), 20_000
    drawn = {
        "normal": lambda: rng.standard_normal((customers, 36)),
        "long tail": lambda: rng.lognormal(0, 2.0, (customers, 36)),
        "two habits": lambda: 30.0 * (rng.random((customers, 36)) < 0.3) + rng.standard_normal((customers, 36)),
    }[name]()
    found = detect(drawn, threshold=threshold_for()).is_alarm[:, 12:].sum(axis=1) / 2
    error = found.std() / np.sqrt(customers)
    assert error < 0.002
    assert abs(found.mean() - FALSE_ALARMS_PER_YEAR) < 3.5 * error


def test_ties_and_gaps_raise_no_more_alarms():
    rng, customers = np.random.default_rng(9), 10_000
    tied = rng.integers(0, 3, (customers, 36)).astype(float)
    gaps = np.where(rng.random((customers, 36)) < 0.3, np.nan, rng.random((customers, 36)))
    for values in (tied, gaps):
        found = detect(values, threshold=threshold_for()).is_alarm[:, 12:].sum(axis=1) / 2
        assert found.mean() < FALSE_ALARMS_PER_YEAR
    constant = detect(np.full((1, 36), 4.0), threshold=threshold_for())
    assert not constant.is_alarm.any()
    assert (constant.sums == 0).all()


def test_a_lasting_rise_is_found_in_its_third_month_and_cleared_after():
    falling = -np.arange(13.0)
    values = np.concatenate([falling, [50.0, 51.0, 52.0], np.full(6, -100.0) - np.arange(6)])[None, :]
    found = detect(values, threshold=threshold_for())
    # each month the highest of 14 and more scores between 1.8 and 2.0, less 0.5; the threshold is 3.6
    assert 3.5 < threshold_for() < 3.7
    assert np.flatnonzero(found.is_alarm[0]).tolist() == [15]
    # the lowest score is as far below: one month takes 2.4 of 3.6
    assert np.flatnonzero(found.is_drifting[0]).tolist() == [15]


def test_days_late_of_a_month_by_hand():
    ledger = Ledger()
    for nth, (due, paid) in enumerate([("01-10", "01-15"), ("02-10", "02-14"), ("03-10", "03-16")]):
        ledger.invoice(f"H{nth}", "K", f"2024-{due[:2]}-01", f"2024-{due}", "10")
        ledger.entry("payment", "10", f"2024-{paid}", f"H{nth}")
    # the mean of 5, 4 and 6 days late draws the line of what falls due from April on at 35 days
    ledger.invoice("A", "K", "2024-03-20", "2024-04-10", "10").entry("payment", "10", "2024-04-20", "A")
    ledger.invoice("B", "K", "2024-03-20", "2024-04-15", "10").entry("payment", "10", "2024-07-20", "B")
    ledger.invoice("C", "K", "2024-03-20", "2024-04-20", "10").entry("credit_note", "10", "2024-04-25", "C")
    # three months early
    ledger.invoice("D", "K", "2024-03-20", "2024-06-30", "10").entry("payment", "10", "2024-04-01", "D")
    ledger.invoice("E", "K", "2024-04-20", "2024-05-25", "10").entry("write_off", "10", "2024-05-28", "E")
    # L has paid nothing that a usual day could be told from
    ledger.invoice("L1", "L", "2024-03-20", "2024-04-15", "10")
    found = monthly_days_late(history_of(ledger.as_of("2024-08-15")))
    assert found["customer_id"].unique().tolist() == ["K"]
    by_month = found.set_index("mark")
    april, may = day_number(date(2024, 4, 30)), day_number(date(2024, 5, 31))
    assert by_month["n"].to_dict() == {april: 2, may: 2}
    # A ten days late, D ninety early
    assert by_month.loc[april, "days_late"] == pytest.approx((10 - 90) / 2)
    # B passed its line on 20 May, to be paid in July, which changes nothing. E fell due when the mean of 5, 4, 6, 10
    # and -90 was known, so that its line is thirty days; it was given up before and stands there.
    assert by_month.loc[may, "days_late"] == pytest.approx((35 + 30) / 2)


def test_an_early_payment_is_judged_by_what_was_known_when_it_came():
    ledger = Ledger()
    for nth, month in enumerate(["01", "02", "03"]):
        ledger.invoice(f"H{nth}", "K", f"2024-{month}-01", f"2024-{month}-10", "10")
        ledger.entry("payment", "10", f"2024-{month}-12", f"H{nth}")
    # paid in March, when two payments were known, though three are before it falls due in May
    ledger.invoice("A", "K", "2024-03-01", "2024-05-20", "10").entry("payment", "10", "2024-03-05", "A")
    ledger.invoice("B", "K", "2024-04-01", "2024-05-01", "10").entry("payment", "10", "2024-05-03", "B")
    for on in ("2024-05-31", "2024-06-30"):
        found = monthly_days_late(history_of(ledger.as_of(on)))
        assert found[["mark", "days_late"]].to_numpy().tolist() == [[day_number(date(2024, 5, 31)), 2.0]]
    assert not len(monthly_days_late(history_of(ledger.as_of("2024-04-30"))))


def test_what_most_customers_do_is_no_drift_of_one():
    rng = np.random.default_rng(1)
    days = rng.normal(5, 1, (12, 9))
    days[:, 8] = np.median(days[:, :8], axis=1) + 8.0
    days[0, 8] = np.median(days[0, :8])
    days[1, 8] += 10.0
    values, common = less_common(days)
    assert common[:6].tolist() == [0.0] * 6
    assert common[8] == pytest.approx(8.0)
    # who follows is back where he was; who does not follow is left alone, who goes further keeps the rest
    middles = np.median(days[:, :8], axis=1)
    assert values[2:, 8] == pytest.approx(middles[2:])
    assert values[0, 8] == pytest.approx(middles[0])
    assert values[1, 8] == pytest.approx(middles[1] + 10.0)
    few, none = less_common(days[:9])
    assert (none == 0).all()
    assert (few == days[:9]).all()


@pytest.fixture(scope="module")
def world():
    return draw_world(n_invoices=12_000, seed=5, end=END)


@pytest.fixture(scope="module")
def found(world):
    return payment_drift(simulated_history(as_world(world), END))


def test_the_watch_raises_what_chance_allows_on_steady_payers_and_finds_the_failing(world, found):
    payer = world.block.customers["payer"].to_numpy(dtype=object)
    fails_on = world.block.customers["fails_on"].to_numpy()
    states = found.states.reset_index()
    nth = states["customer_id"].str.removeprefix("C").astype(int).to_numpy() - 1
    steady = np.isin(payer[nth], ["prompt", "late", "run_before_due", "run_after_due"])
    # a world with a shock of all: its months are no drift of single customers, or a hundred would alarm
    n_steady = states.loc[steady, "customer_id"].nunique()
    assert n_steady > 100
    years = steady.sum() / 12
    assert states.loc[steady, "is_alarm"].sum() < 2.5 * FALSE_ALARMS_PER_YEAR * years
    failing = (payer[nth] == "failing") & (states["mark"].to_numpy() <= fails_on[nth])
    watched = states[failing].groupby("customer_id")["is_alarm"].agg(["any", "size"])
    watched = watched[watched["size"] >= 12]
    assert len(watched) >= 5
    assert watched["any"].mean() >= 0.4


def test_alarms_by_chance_add_up_over_customers(found):
    lengths = found.states.groupby(level="customer_id").size()
    chances = np.cumsum(alarm_chances(int(lengths.max()), threshold=found.threshold))
    raised, expected = found.alarms_since(0)
    assert raised == found.states["is_alarm"].sum()
    assert expected == pytest.approx(sum(chances[n - 1] for n in lengths))
    last = int(found.states.index.get_level_values("mark").max())
    assert found.alarms_since(last + 1) == (0, 0.0)
    assert found.standing(last)["is_drifting"].all()


def test_what_came_later_changes_no_earlier_state(world, found):
    cut = date(2025, 12, 31)
    then = payment_drift(simulated_history(as_world(world), cut)).states
    pd.testing.assert_frame_equal(found.states.loc[: day_number(cut)], then)


def test_a_shock_raises_fewer_alarms_than_it_would_without_the_common_part(world):
    quiet = draw_world(n_invoices=12_000, seed=5, end=END, parameters=Parameters(shock_days=0.0))
    calm, _ = payment_drift(simulated_history(as_world(quiet), END)).alarms_since(0)
    shaken, _ = payment_drift(simulated_history(as_world(world), END)).alarms_since(0)
    assert shaken < 2 * calm


def test_books_without_payments_have_no_drift():
    ledger = Ledger().invoice("A", "K", "2024-01-10", "2024-02-09", "100")
    for on in ("2024-01-20", "2024-12-31"):
        drift = payment_drift(history_of(ledger.as_of(on)))
        assert not len(drift.states)
        assert drift.alarms_since(0) == (0, 0.0)
