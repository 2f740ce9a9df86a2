"""Days of sales and of waiting: published worked examples, hand calculation, laws."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.measures.days import (
    average_days_delinquent,
    average_days_late,
    best_possible_dso,
    count_back_days,
    days_by_month,
    days_sales_outstanding,
    receivables_turnover,
    weighted_days_to_pay,
)

cents = st.integers(0, 10_000_000).map(lambda c: c / 100)
history = st.lists(st.tuples(cents, st.sampled_from([28, 29, 30, 31])), min_size=1, max_size=24)


class TestPublished:
    def test_simple_dso(self):
        # trymesha.com, "The 2 DSO calculation formulas": 150,000 of 1,800,000 in a year is 30.4 days.
        assert round(days_sales_outstanding(150_000, 1_800_000, days=365), 1) == 30.4

    @pytest.mark.parametrize(
        ("total", "current", "sales", "wanted"),
        [
            # creditguru.com, average days delinquent
            (15_000, 4_000, 10_000, (45, 12, 33)),
            # quadient.com, average days delinquent
            (25_000, 6_000, 15_000, (50, 12, 38)),
        ],
    )
    def test_average_days_delinquent(self, total, current, sales, wanted):
        assert (
            days_sales_outstanding(total, sales, days=30),
            best_possible_dso(current, sales, days=30),
            average_days_delinquent(total - current, sales, days=30),
        ) == pytest.approx(wanted)

    def test_count_back_in_months_of_thirty_days(self):
        # support.benjipays.com, article 150000179580; trymesha.com prints 73.7: 30 + 30 + 32/70 x 30.
        found = count_back_days(212_000, [100_000, 80_000, 70_000], [30, 30, 30])
        assert round(found.days, 1) == 73.7
        assert (found.full_months, found.exhausted, found.skipped_months) == (2, False, 0)

    def test_count_back_in_calendar_days(self):
        # calculator7.snowdaycalculatornow.com, debtor days, count-back method: March, February, January.
        # 2,100,000 - 900,000 - 800,000 leaves 400,000 of January's 700,000: 31 + 28 + 4/7 x 31 = 76.71.
        found = count_back_days(2_100_000, [900_000, 800_000, 700_000], [31, 28, 31])
        assert found.days == pytest.approx(31 + 28 + 4 / 7 * 31)
        assert round(found.days, 4) == 76.7143

    def test_count_back_that_exhausts_the_history(self):
        # calculator7.snowdaycalculatornow.com, how to calculate debtor days: December and November make 61 days
        # and leave 210,000 of 780,000; October was not in the stored text.
        found = count_back_days(780_000, [300_000, 270_000], [31, 30])
        assert (found.days, found.full_months, found.exhausted, found.uncovered) == (61, 2, True, 210_000)

    def test_count_back_of_oracle(self):
        # Oracle Hyperion Financial Management, DSO calculation routine, data from September back to April;
        # its text prints 179.7, its own steps give 30 + 31 + 31 + 30 + 31 + 1,000/2,250 x 30 = 166.3.
        sales, days = [2_500, 1_750, 2_250, 2_500, 2_000, 2_250], [30, 31, 31, 30, 31, 30]
        assert round(count_back_days(12_000, sales, days).days, 1) == 166.3

    @pytest.mark.parametrize(
        ("amounts", "days", "wanted"),
        [
            # Microsoft Dynamics 365, idea 4191bf6f-f5ab-ea11-8b71-0003ff68c1c4
            ([10, 100], [5, 10], 9.55),
            # calculator7.snowdaycalculatornow.com, weighted average days to pay: 195,000 / 6,000
            ([1_000, 3_000, 2_000], [15, 30, 45], 32.5),
        ],
    )
    def test_weighted_days_to_pay(self, amounts, days, wanted):
        assert round(weighted_days_to_pay(amounts, days), 2) == wanted

    def test_nothing_in_the_shared_examples_is_left_out(self, shared):
        ids = {
            example["id"] for example in json.loads((shared / "oracles" / "worked_examples.json").read_text())
        }  # the others belong to provisions and interest
        here = {"dso-simple", "add-creditguru", "add-quadient", "wadtp-d365", "wadtp-calc7"}
        here |= {"dso-countback-benji", "dso-countback-calendar", "dso-countback-dec"}
        assert {i for i in ids if i.split("-")[0] in ("dso", "add", "wadtp")} == here


class TestCountBack:
    @given(history, st.data())
    def test_what_is_counted_sums_up_to_the_balance(self, months, data):
        """Known truth: the balance is whole newest months and a part of the next one."""
        sales = [sold + 0.01 for sold, _ in months]
        days = [length for _, length in months]
        full = data.draw(st.integers(0, len(months) - 1))
        part = data.draw(st.floats(0.01, 0.99))
        found = count_back_days(math.fsum([*sales[:full], part * sales[full]]), sales, days)
        assert found.days == pytest.approx(sum(days[:full]) + part * days[full], abs=1e-4)
        assert not found.exhausted

    @given(history, cents, cents)
    def test_more_owed_never_reaches_less_far_back(self, months, owed, more):
        sales, days = [sold for sold, _ in months], [length for _, length in months]
        less = count_back_days(owed, sales, days)
        assert less.days <= count_back_days(owed + more, sales, days).days + 1e-6
        assert less.days <= sum(days)
        assert less.exhausted == (owed > math.fsum(sales) * (1 + 1e-9))

    @given(history, cents)
    def test_scale_of_money_is_irrelevant(self, months, owed):
        sales, days = [sold for sold, _ in months], [length for _, length in months]
        once, tenfold = count_back_days(owed, sales, days), count_back_days(owed * 10, [s * 10 for s in sales], days)
        assert tenfold.days == pytest.approx(once.days, abs=1e-6)

    def test_a_month_without_sales_is_passed_over_and_flagged(self):
        # 150 is all of the newest month and half of the one before the gap: 30 + 31 + 1/2 x 28 days.
        for gap in (0, -40):
            found = count_back_days(150, [100, gap, 100], [30, 31, 28])
            assert (found.days, found.skipped_months, found.full_months) == (75, 1, 1)
        # continuous: one cent of sales in the gap says nearly the same
        assert count_back_days(150, [100, 0.01, 100], [30, 31, 28]).days == pytest.approx(75, abs=0.01)

    def test_a_balance_used_up_stops_before_the_gap(self):
        found = count_back_days(100, [100, 0, 100], [30, 31, 28])
        assert (found.days, found.skipped_months) == (30, 0)
        # three tenths are not 0.3 in binary
        assert count_back_days(0.3, [0.1, 0.1, 0.1], [30, 30, 30]).exhausted is False

    def test_nothing_owed_and_net_credit(self):
        assert count_back_days(0, [100], [30]).days == 0
        assert math.isnan(count_back_days(-5, [100], [30]).days)
        assert math.isnan(count_back_days(math.nan, [100], [30]).days)
        assert count_back_days(50, [], []).exhausted is True

    def test_broken_input_is_named(self):
        with pytest.raises(ValueError, match="differ in length: 2 and 1"):
            count_back_days(10, [1, 2], [30])
        with pytest.raises(ValueError, match=r"sales: 1 of 2 months .* nan, 1 month\(s\) back"):
            count_back_days(10, [1, math.nan], [30, 30])
        with pytest.raises(ValueError, match="days: 1 of 2 months"):
            count_back_days(10, [1, 2], [30, 0])


class TestDefinedOrNot:
    def test_without_sales_nothing_is_defined(self):
        for measure in (days_sales_outstanding, best_possible_dso, average_days_delinquent):
            assert math.isnan(measure(100, 0, days=30))
            assert math.isnan(measure(100, -20, days=30))
            with pytest.raises(ValueError, match="days must be positive"):
                measure(100, 10, days=0)
        assert math.isnan(receivables_turnover(100, [0, 0]))
        assert math.isnan(weighted_days_to_pay([], []))
        assert math.isnan(average_days_late([10], [0], early="left out"))

    def test_series_give_what_numbers_give(self):
        balance, sales = pd.Series([300.0, 50.0], index=["A", "B"]), pd.Series([900.0, 0.0], index=["A", "B"])
        found = days_sales_outstanding(balance, sales, days=90)
        assert found["A"] == 30
        assert math.isnan(found["B"])

    def test_amounts_that_are_no_payment_are_named(self):
        with pytest.raises(ValueError, match=r"amounts: 1 of 2 values .* -5 at position 1"):
            weighted_days_to_pay([10, -5], [1, 2])
        with pytest.raises(ValueError, match="days_late: 1 of 2 values"):
            average_days_late([10, 5], [1, math.nan])
        with pytest.raises(ValueError, match="differ in length"):
            weighted_days_to_pay([10], [1, 2])


class TestDaysLate:
    def test_by_hand(self):
        # 10 days early, on time, 20 and 40 days late; amounts 100, 200, 300, 400.
        amounts, late = [100, 200, 300, 400], [-10, 0, 20, 40]
        assert average_days_late(amounts, late) == (-1_000 + 6_000 + 16_000) / 1_000
        assert average_days_late(amounts, late, early="zero") == (6_000 + 16_000) / 1_000
        assert average_days_late(amounts, late, early="left out") == pytest.approx((6_000 + 16_000) / 700)
        with pytest.raises(ValueError, match="early must be"):
            average_days_late(amounts, late, early="no")  # type: ignore[arg-type]

    @given(st.lists(st.tuples(cents, st.integers(-60, 200), st.integers(0, 90)), min_size=1, max_size=40))
    def test_days_to_pay_are_terms_and_days_late(self, invoices):
        amounts, late, terms = (np.array(column, dtype=float) for column in zip(*invoices, strict=True))
        assume(amounts.sum() > 0)
        assert weighted_days_to_pay(amounts, terms + late) == pytest.approx(
            weighted_days_to_pay(amounts, terms) + average_days_late(amounts, late), abs=1e-6
        )


@given(st.lists(cents, min_size=2, max_size=13), cents)
def test_turnover_times_dso_on_the_mean_balance_is_the_period(balances, sales):
    assume(sum(balances) > 0 and sales > 0)
    dso = days_sales_outstanding(float(np.mean(balances)), sales, days=365)
    assert receivables_turnover(sales, balances) * dso == pytest.approx(365)


def _months(n=16, seed=2026):
    rng = np.random.default_rng(seed)
    ends = pd.date_range("2025-07-31", periods=n, freq="ME", name="month_end")
    not_due, overdue = rng.integers(40_000, 90_000, n) / 1.0, rng.integers(5_000, 40_000, n) / 1.0
    return pd.DataFrame(
        {
            "open_balance": not_due + overdue,
            "not_due": not_due,
            "overdue": overdue,
            "credit_sales": rng.integers(30_000, 80_000, n) / 1.0,
            "days": ends.days_in_month,
        },
        index=ends,
    )


class TestByMonth:
    def test_three_months_by_hand(self):
        ends = pd.to_datetime(["2026-01-31", "2026-02-28", "2026-03-31"])
        months = pd.DataFrame(
            {
                "open_balance": [700.0, 900.0, 1_500.0],
                "not_due": [500.0, 600.0, 900.0],
                "overdue": [200.0, 300.0, 600.0],
                "credit_sales": [700.0, 800.0, 900.0],
                "days": [31, 28, 31],
            },
            index=ends,
        )
        found = days_by_month(months, k=3)
        assert list(found["dso_simple"]) == pytest.approx([31, 900 / 800 * 28, 1_500 / 900 * 31])
        assert found["dso_rolling_3"].isna().tolist() == [True, True, False]
        # 2,400 of sales in 90 days
        assert found["dso_rolling_3"].iloc[2] == pytest.approx(1_500 / 2_400 * 90)
        assert found["best_possible_dso"].iloc[2] == pytest.approx(900 / 2_400 * 90)
        assert found["average_days_delinquent"].iloc[2] == pytest.approx(600 / 2_400 * 90)
        # 900: February's 800 and 100 of January's 700; 1,500: March's 900 and 600 of February's 800
        assert list(found["dso_countback"]) == pytest.approx([31, 28 + 100 / 700 * 31, 31 + 600 / 800 * 28])
        assert not found["dso_countback_exhausted"].any()

    @pytest.mark.parametrize("k", [1, 3, 12])
    def test_each_row_is_the_single_measure(self, k):
        months = _months()
        found = days_by_month(months, k=k)
        for i in range(k - 1, len(months)):
            row, last = months.iloc[i], months.iloc[i - k + 1 : i + 1]
            sales, days = last["credit_sales"].sum(), int(last["days"].sum())
            assert found[f"dso_rolling_{k}"].iloc[i] == pytest.approx(
                days_sales_outstanding(row["open_balance"], sales, days=days)
            )
            # BPDSO + ADD = DSO where everything open is either due or not
            assert found["best_possible_dso"].iloc[i] + found["average_days_delinquent"].iloc[i] == pytest.approx(
                found[f"dso_rolling_{k}"].iloc[i]
            )

    def test_later_months_change_no_earlier_figure(self):
        months = _months()
        pd.testing.assert_frame_equal(days_by_month(months.iloc[:9]), days_by_month(months).iloc[:9])

    def test_segments_are_series_of_their_own(self):
        first, second = _months(seed=1), _months(seed=2)
        both = pd.concat({"A": first, "B": second}, names=["segment"])
        found = days_by_month(both.iloc[::-1].sort_index(level=1, sort_remaining=False), k=2)
        pd.testing.assert_frame_equal(found.loc["A"], days_by_month(first, k=2))
        pd.testing.assert_frame_equal(found.loc["B"], days_by_month(second, k=2))

    def test_constant_behaviour_and_seasonal_sales(self):
        """Everybody pays after exactly two calendar months: count-back says so, the simple DSO does not."""
        ends = pd.date_range("2024-01-31", periods=30, freq="ME")
        sales = pd.Series(100 + 80 * np.sin(np.arange(30) * np.pi / 6), index=ends)
        owed = sales + sales.shift(1)
        months = pd.DataFrame(
            {"open_balance": owed, "not_due": owed, "overdue": 0.0, "credit_sales": sales, "days": ends.days_in_month}
        ).iloc[1:]
        found = days_by_month(months).iloc[12:]
        two_months = (months["days"] + months["days"].shift(1)).iloc[12:]
        assert list(found["dso_countback"]) == pytest.approx(list(two_months))
        assert found["dso_simple"].max() - found["dso_simple"].min() > 30

    def test_no_month_at_all(self):
        none = _months().iloc[:0]
        assert list(days_by_month(none).columns) == list(days_by_month(_months()).columns)
        assert days_by_month(pd.concat({"A": none}, names=["segment"])).empty

    def test_broken_months_are_named(self):
        months = _months()
        with pytest.raises(ValueError, match="no column 'overdue'"):
            days_by_month(months.drop(columns="overdue"))
        with pytest.raises(ValueError, match="2025-10 does not follow 2025-08"):
            days_by_month(months.drop(months.index[2]))
        with pytest.raises(ValueError, match=r"credit_sales is missing in 1 month\(s\), for example 2025-08"):
            days_by_month(months.assign(credit_sales=months["credit_sales"].where(months.index != "2025-08-31")))
        with pytest.raises(ValueError, match="k must be at least 1"):
            days_by_month(months, k=0)
