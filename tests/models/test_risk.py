"""Chances of severe delinquency on ledgers: out of time, unmoved by the future, and in words where books are small."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.measures.history import day_number, history_of
from analysis.models import risk
from analysis.models.past_classes import past_classes
from analysis.models.risk import RiskAssessment, assess_risk
from analysis.models.risk_classes import class_table, risk_class
from analysis.models.risk_control import is_demoted, risk_control
from analysis.models.risk_model import fit_risk_model
from analysis.models.risk_rates import RUNGS
from analysis.models.risk_record import MODEL, UNRATED, RiskRecord, risk_origins, risk_record
from analysis.models.risk_rows import learned_from, risk_marks, risk_rows

LAST = date(2026, 10, 31)
EARLIER = date(2026, 3, 31)
BOUNDS = (0.02, 0.05, 0.15, 0.40)


@pytest.fixture(scope="module")
def world():
    return simulate(n_invoices=6_000, seed=3)


@pytest.fixture(scope="module")
def history(world):
    return simulated_history(world, LAST)


@pytest.fixture(scope="module")
def origins(history):
    return risk_origins(history.last, risk_marks(history))


@pytest.fixture(scope="module")
def rows(history, origins):
    return risk_rows(history, origins=origins)


@pytest.fixture(scope="module")
def cut(world):
    """The rows that books of an earlier day give."""
    return risk_rows(simulated_history(world, EARLIER))


@pytest.fixture(scope="module")
def record(rows, origins) -> RiskRecord:
    found = risk_record(rows, origins)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def assessed(history) -> RiskAssessment:
    return assess_risk(history)


def test_chances_out_of_time_are_calibrated_and_beat_the_base_and_the_customers_own_rate(record):
    # The proof over 20 ledgers of two sizes is benchmarks/risk.py; this is one of 100 customers.
    assert {"base", "own_rate", MODEL} <= set(record.ids)
    assert len(record.origins) >= 3
    slope = record.calibration(MODEL)[1]
    assert slope.low <= 1.2
    assert slope.high >= 0.8
    for against in ("base", "own_rate"):
        skill = record.skill(MODEL, against=against)
        assert skill.low > 0
        assert skill.value < 1


def test_skill_and_line_of_a_record_equal_plain_arithmetic_and_statsmodels(record):
    rows = record.forecasts
    loss = {id: ((rows[id] - rows["severe"]) ** 2).mean() for id in (MODEL, "own_rate")}
    assert record.skill(MODEL, against="own_rate").value == pytest.approx(1 - loss[MODEL] / loss["own_rate"])
    chance = rows[MODEL].clip(0.001, 0.999)
    odds = np.log(chance / (1 - chance)).to_numpy()
    line = sm.GLM(rows["severe"].to_numpy(), sm.add_constant(odds), family=sm.families.Binomial()).fit()
    intercept, slope = record.calibration(MODEL)
    assert (intercept.value, slope.value) == pytest.approx(tuple(line.params), abs=1e-6)
    # the customers' bootstrap and the sandwich by customer are two ways to one error
    customer = np.unique(rows.index.get_level_values("customer_id"), return_inverse=True)[1]
    robust = sm.GLM(rows["severe"].to_numpy(), sm.add_constant(odds), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": customer}
    )
    assert (slope.high - slope.low) / (2 * 1.96) == pytest.approx(robust.bse[1], rel=0.6)


def test_what_is_learned_was_over_by_the_origin(rows, origins):
    for origin in origins:
        marks = learned_from(rows, day_number(origin)).index.get_level_values("mark")
        assert len(marks) == 0 or marks.max() + 365 <= day_number(origin)


def test_outcomes_after_an_origin_and_rows_after_it_move_no_chance_of_it(rows, origins, record):
    on = day_number(record.origins[0])
    mark = rows.index.get_level_values("mark").to_numpy()
    poisoned = rows.copy()
    # what was not known on the origin is turned round: outcomes that were not over, and all rows after it
    poisoned.loc[mark + 365 > on, "severe"] = 1 - poisoned.loc[mark + 365 > on, "severe"]
    poisoned.loc[mark > on, ["days_late", "oldest_days", "rating_score"]] = 1e6
    again = risk_record(poisoned, record.origins)
    assert again is not None
    at = record.origins[0]
    pd.testing.assert_series_equal(again._of(at)[MODEL], record._of(at)[MODEL])


def test_books_of_an_earlier_day_show_the_same_rows(cut, rows):
    # nameless cash that was recorded after its mark may stand against another invoice (customer_views)
    facts = [c for c in cut.columns if c not in ("name", "severe")]
    later = rows.loc[rows.index.get_level_values("mark") <= day_number(EARLIER)]
    pd.testing.assert_index_equal(cut.index, later.index)
    same = (cut[facts].fillna(-1) == later[facts].fillna(-1)).all(axis=1)
    assert same.mean() > 0.99
    over = cut["severe"].notna()
    assert over.any()
    assert cut.loc[over, "severe"].tolist() == later.loc[over, "severe"].tolist()
    # and where a year was not over, the earlier books say nothing of it
    open_years = cut.index.get_level_values("mark") > day_number(EARLIER) - 365
    assert cut.loc[open_years, "severe"].isna().all()


def test_shuffled_rows_give_the_same_assessment(world, assessed):
    rng = np.random.default_rng(5)
    for name, frame in world.tables.items():
        world.tables[name] = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    again = assess_risk(simulated_history(world, LAST))
    pd.testing.assert_frame_equal(again.customers, assessed.customers, check_exact=True)
    pd.testing.assert_frame_equal(again.reasons, assessed.reasons, check_exact=True)


def test_an_assessment_is_whole(assessed):
    found = assessed.customers
    assert assessed.reason == "promoted"
    assert found.index.is_unique
    assert ((found["low"] <= found["chance"]) & (found["chance"] <= found["high"])).all()
    odds = assessed.reasons.groupby("customer_id")["log_odds"].sum()[found.index]
    np.testing.assert_allclose(1 / (1 + np.exp(-odds.to_numpy())), found["chance"], rtol=1e-12)
    classes = assessed.classes
    assert classes["customers"].sum() == len(found)
    assert classes["open_balance"].sum() == pytest.approx(found["open_balance"].sum())
    # more is forecast of a worse class, and more came of the worst than of the best that is shown
    shown = classes.dropna(subset=["observed"])
    assert shown["forecast"].is_monotonic_increasing
    assert shown["observed"].iloc[-1] > shown["observed"].iloc[0]


def test_the_own_record_is_counted_in_years(rows, history):
    # by a loop: month ends up to the mark at which a share was known, a twelfth of a year each
    mark = day_number(date(2025, 10, 31))
    some = rows.xs(mark, level="mark").index[:15]
    for customer in some:
        own = rows.xs(customer, level="customer_id")
        before = own[own.index <= mark]["severe_now"].dropna()
        # the row counts month ends without business as well, so it can only have more
        assert rows.loc[(mark, customer), "own_years"] >= len(before) / 12 - 1e-9
        assert rows.loc[(mark, customer), "own_severe"] >= before.sum() / 12 - 1e-9
        assert rows.loc[(mark, customer), "own_years"] <= len(risk_marks(history)) / 12


def test_many_customers_are_sampled_whole_and_alike_in_later_books(history, rows, monkeypatch):
    origin = date(2025, 10, 31)
    monkeypatch.setattr("analysis.models.risk_rows.ROWS_MAX", 400)
    few = risk_rows(history, origins=[origin])
    past, now = few.drop(index=day_number(LAST), level="mark"), few.xs(day_number(LAST), level="mark")
    assert len(now) == len(rows.xs(day_number(LAST), level="mark"))
    kept = set(past.index.get_level_values("customer_id"))
    assert 20 < len(kept) < 70
    # who is kept is kept on all days, with the facts it had
    whole = rows[rows.index.get_level_values("customer_id").isin(kept)].drop(index=day_number(LAST), level="mark")
    # days late of open invoices lean on the curve of all customers that are followed (customer_views)
    shared = ["days_late", "days_late_trend", "days_late_spread"]
    pd.testing.assert_frame_equal(past.drop(columns=shared), whole.drop(columns=shared))
    assert 200 < len(learned_from(few, day_number(origin))) < 800


def test_classes_of_an_earlier_day_are_those_that_a_report_of_it_would_have_had(cut, rows):
    mark = day_number(EARLIER)
    asked = cut[cut.index.get_level_values("mark") == mark]
    model = fit_risk_model(learned_from(cut, mark))
    wanted = pd.Series(risk_class(model.chances(asked), BOUNDS).astype(float), index=asked.index)
    days = [date(2026, 2, 28), EARLIER, date(2026, 5, 31)]
    found = past_classes(rows, days, forecaster=MODEL, bounds=BOUNDS, customers_min=10)
    pd.testing.assert_series_equal(found.loc[[mark]], wanted, check_names=False)
    assert set(found) > {1.0, 5.0}
    # May is asked of what was learned by the end of March, February of what was learned by the end of December
    alone = past_classes(rows, days[2:], forecaster=MODEL, bounds=BOUNDS, customers_min=10)
    pd.testing.assert_series_equal(alone, found.loc[[day_number(days[2])]])
    may = rows[rows.index.get_level_values("mark") == day_number(days[2])]
    assert alone.tolist() == risk_class(model.chances(may), BOUNDS).tolist()
    # nobody is classed before a year of anybody is over
    assert past_classes(rows, [date(2024, 6, 30)], forecaster=MODEL, bounds=BOUNDS, customers_min=10).empty


def records(*shares: float, chance: float = 0.2, customers: int = 100) -> RiskRecord:
    """A chance stated of each of so many customers on several days, and the share that became severely delinquent."""
    frames = []
    for place, share in enumerate(shares):
        index = pd.MultiIndex.from_product([[20_000 + 60 * place], range(customers)], names=["origin", "customer_id"])
        severe = (np.arange(customers) < share * customers).astype(float)
        frames.append(pd.DataFrame({"severe": severe, "base": chance, MODEL: chance}, index=index))
    return RiskRecord(forecasts=pd.concat(frames), times=np.ones((1, customers)))


def test_limits_of_chances_by_hand():
    # 20 expected of 100 with a variance of 16: sqrt(2 x 16 / 400 + 0.01) = 0.3, times 2.3263 (printed tables): 0.6979
    found = risk_control(records(0.2, 0.41, 0.42), MODEL, customers_min=10)
    assert found["low"].tolist() == pytest.approx([np.exp(-0.6979)] * 3, abs=1e-4)
    assert found["high"].tolist() == pytest.approx([np.exp(0.6979)] * 3, abs=1e-3)
    assert found["ratio"].tolist() == pytest.approx([1.0, 2.05, 2.1])
    assert found["is_outside"].tolist() == [False, True, True]
    assert is_demoted(found)
    assert not is_demoted(risk_control(records(0.42, 0.2), MODEL, customers_min=10))
    # once above and once below is chance, or a year and its opposite, and no lasting fault
    assert not is_demoted(risk_control(records(0.05, 0.42), MODEL, customers_min=10))
    few = risk_control(records(0.9, 0.9, customers=40), MODEL, customers_min=10)
    assert few[["ratio", "low", "high"]].isna().all(axis=None)
    assert not is_demoted(few)
    assert not is_demoted(risk_control(records(0.9, 0.9), MODEL, customers_min=101))


def test_a_model_outside_its_limits_is_not_used_however_well_it_tells_customers_apart(
    history, rows, record, monkeypatch
):
    severe = record.forecasts["severe"] == 1
    doubled = record.forecasts.assign(**dict.fromkeys([MODEL, UNRATED], np.where(severe, 0.95, 0.3)))
    monkeypatch.setattr(risk, "risk_rows", lambda *_, **__: rows)
    monkeypatch.setattr(risk, "risk_record", lambda *_, **__: replace(record, forecasts=doubled))
    found = assess_risk(history)
    assert found.record.skill(MODEL, against="own_rate").low > 0
    assert (found.reason, found.model) == ("demoted", None)
    assert found.forecaster in RUNGS
    assert "which stands demoted: on the last two days of its record 0." in found.verdict
    assert found.control["is_outside"].tail(2).all()
    # reasons and classes are those of the rule
    assert set(found.reasons["reason"]) <= {"start", "segment", "own_rate", "late_share_91"}
    assert found.classes_by_mark.loc[day_number(LAST)].tolist() == found.customers["risk_class"].tolist()


def test_classes_by_hand():
    bounds = (0.02, 0.05, 0.15, 0.40)
    assert risk_class([0.0199, 0.02, 0.05, 0.15, 0.3999, 0.4], bounds).tolist() == [1, 2, 3, 4, 4, 5]
    customers = pd.DataFrame({"chance": [0.01, 0.5, 0.7], "open_balance": [5.0, 10.0, 20.0], "risk_class": [1, 5, 5]})
    index = pd.MultiIndex.from_product([[1, 2], ["A", "B", "C"]], names=["origin", "customer_id"])
    past = pd.DataFrame({"severe": [1.0, 0, 1, 1, 0, 0], "base": [0.6, 0.6, 0.6, 0.6, 0.01, 0.01]}, index=index)
    record = RiskRecord(forecasts=past, times=np.array([[1.0, 1, 1], [3, 0, 0], [0, 0, 3]]))
    table = class_table(customers, record, forecaster="base", bounds=bounds, minimum=3)
    assert table["customers"].tolist() == [1, 0, 0, 0, 2]
    assert table.loc[5, ["open_balance", "expected", "past", "forecast"]].tolist() == pytest.approx([30, 1.2, 4, 0.6])
    # three of four; drawn anew 3/4, 1 and 1, of which the percentiles 2.5 and 97.5 lie at 0.7625 and 1
    assert table.loc[5, ["observed", "low", "high"]].tolist() == pytest.approx([0.75, 0.7625, 1.0])
    # two customers are fewer than three
    assert np.isnan(table.loc[1, "observed"])
    assert table.loc[1, "past"] == 2


# What cannot be said


def _ledger(customers: int, *, months: int = 30, late: int = 0) -> Ledger:
    """Customers with an invoice a month, paid in time; the first ``late`` pay a hundred days after due."""
    ledger = Ledger()
    for month in range(months):
        on = pd.Timestamp("2024-01-05") + pd.DateOffset(months=month)
        for k in range(customers):
            id, due = f"{month}-{k}", on + pd.Timedelta(days=30)
            ledger.invoice(id, f"K{k:02}", str(on.date()), str(due.date()), "100.00")
            paid = due + pd.Timedelta(days=100 if k < late else 0)
            ledger.entry("payment", "100.00", str(paid.date()), id)
    return ledger


def _assessed(ledger: Ledger, on: str = "2026-06-30") -> RiskAssessment:
    return assess_risk(history_of(ledger.as_of(on)))


def test_one_customer_is_not_assessed():
    found = _assessed(_ledger(1))
    assert found.reason == "nothing"
    assert found.customers.empty
    assert "Only 1 customer can be followed" in found.verdict
    assert found.classes["customers"].sum() == 0
    assert np.isnan(found.rating_value.value)


def test_books_without_a_year_after_any_month_end_say_so():
    found = _assessed(_ledger(12, months=9), on="2024-09-30")
    assert found.reason == "nothing"
    assert "whole year" in found.verdict
    assert "nobody" in _assessed(Ledger().invoice("1", "A", "2024-01-01", "2024-02-01", "0.00")).verdict


def test_all_paid_in_time_leaves_the_own_rate_and_small_chances():
    found = _assessed(_ledger(12))
    assert found.reason == "no record"
    assert found.forecaster == "own_rate"
    # nobody was ever late: half a customer of thirteen is the base, which counts one year beside the own record of at
    # least one and at most two and a half
    assert found.customers["chance"].between(0.5 / 13 / 3.6, 0.5 / 13 / 2).all()
    assert found.judged is None
    assert found.customers["low"].between(0, 0.01).all()
    assert not found.customers["severe_now"].any()


def test_customers_that_always_pay_late_are_told_from_those_that_never_do():
    found = _assessed(_ledger(24, late=12))
    late = found.customers.index < "K12"
    assert found.customers.loc[late, "chance"].min() > 0.8
    assert found.customers.loc[~late, "chance"].max() < 0.2
    assert (found.customers.loc[late, "risk_class"] == 5).all()
