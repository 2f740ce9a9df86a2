"""Limits as they held, exposures as they stood, and what became of invoices issued against policy."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from credit_books import credit_books, exception_books
from drawn_books import dates, ledgers
from hypothesis import given, settings
from hypothesis import strategies as st
from small_books import Ledger, day
from worked_books import empty_snapshot

from analysis.ledger.snapshot import Snapshot
from analysis.measures.exposure import exposures
from analysis.measures.exposure_days import exposure_days, over_since
from analysis.measures.limits import limit_months, limit_use
from analysis.measures.policy_exceptions import exceptions_by_kind, issued_against_policy
from analysis.measures.share_of_customers import share_of_customers

AS_OF = "2024-03-31"


def test_use_of_limits_by_hand() -> None:
    found = limit_use(credit_books().as_of(AS_OF))
    rows = found.table[["exposure", "limit", "excess", "standing"]].to_dict("index")
    assert list(rows) == ["K1", "K3", "K2", "K4", "K5"]
    assert rows["K1"] == {"exposure": 600, "limit": 500, "excess": 100, "standing": "over limit"}
    assert rows["K3"] == {"exposure": 200, "limit": 1000, "excess": 0, "standing": "within limit"}
    assert rows["K2"] == {"exposure": pytest.approx(96), "limit": 100, "excess": 0, "standing": "near limit"}
    assert [rows[k]["standing"] for k in ("K4", "K5")] == ["no limit", "no limit"]
    assert found.table["use"].dropna().to_dict() == pytest.approx({"K1": 1.2, "K3": 0.2, "K2": 0.96})
    assert (found.n_limits, found.granted) == (4, 1677.0)
    assert found.breaches.index.tolist() == ["K1"]
    one = found.breaches.iloc[0]
    # 700 of 1000 until February; the cut to 500 on 1 March made it a breach
    assert (one["name"], one["limit_since"], one["over_since"]) == (
        "Adler Ltd",
        pd.Timestamp("2024-03-01"),
        pd.Timestamp("2024-03-01"),
    )
    by = found.by_standing()
    assert by["customers"].to_dict() == {"over limit": 1, "near limit": 1, "within limit": 1, "no limit": 2}
    assert by.loc["no limit", "exposure"] == 15


def test_orders_count_where_the_company_says_so() -> None:
    policy = {"exposure_basis": "open_balance_and_orders"}
    found = limit_use(credit_books(**policy).as_of(AS_OF))
    assert found.table["unbilled"].to_dict() == pytest.approx({"K3": 750, "K1": 0, "K2": 40, "K4": 0, "K5": 0})
    assert found.table.loc["K3", "standing"] == "near limit"
    assert found.table.loc["K2", "standing"] == "over limit"
    # 96 + 40 of 100 at today's rate; at that of 1 March its invoice alone was 108
    assert found.table.loc["K2", "exposure"] == pytest.approx(136)
    assert found.table.loc["K2", "over_since"] == pd.Timestamp("2024-03-01")
    assert "orders not invoiced yet" in found.basis
    later = limit_use(credit_books(**policy).as_of("2024-04-06"))
    assert later.table.loc["K2", ["open_balance", "unbilled"]].tolist() == pytest.approx([136, 0])


def test_month_ends_have_the_limits_and_rates_of_their_day() -> None:
    table = limit_months(credit_books().as_of(AS_OF), months=3)
    assert table.index.strftime("%Y-%m-%d").tolist() == ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert table["exposure"].tolist() == pytest.approx([400, 1400, 600 + 96 + 200 + 10 + 5])
    assert table["limits"].tolist() == pytest.approx([1000, 2000, 1600])
    assert table["use"].tolist() == pytest.approx([0.4, 0.7, 896 / 1600])
    assert table["over"].tolist() == [0, 0, 1]
    assert table["excess"].tolist() == pytest.approx([0, 0, 100])
    assert table["without_limit"].tolist() == pytest.approx([0, 0, 15])


def test_what_comes_later_changes_nothing_and_a_past_day_is_as_it_was() -> None:
    later = credit_books()
    later.entry("payment", "600", "2024-04-02", "A2").row(
        "limits", customer_id="K2", valid_from=day("2024-04-01"), credit_limit=D("1")
    )
    later.row("orders", order_id="o9", customer_id="K1", ordered_on="2024-04-01", amount=D("99999"))
    one, other = (books.as_of(AS_OF) for books in (credit_books(), later))
    pd.testing.assert_frame_equal(limit_use(one).table, limit_use(other).table)
    pd.testing.assert_frame_equal(issued_against_policy(one), issued_against_policy(other))
    # the month end of February in the series of March is that of a report as of February
    then = limit_use(credit_books().as_of("2024-02-29"))
    at_end = limit_months(one, months=2).iloc[0]
    assert at_end["exposure"] == pytest.approx(then.table["exposure"].sum())
    assert at_end["excess"] == pytest.approx(then.table["excess"].sum())


def test_without_limits_everything_is_without_limit() -> None:
    ledger = credit_books()
    ledger.tables["limits"].clear()
    snapshot = ledger.as_of(AS_OF)
    found = limit_use(snapshot)
    assert not found.has_limits
    assert set(found.table["standing"]) == {"no limit"}
    assert found.breaches.empty
    table = limit_months(snapshot)
    assert table["use"].isna().all()
    assert table["without_limit"].tolist() == pytest.approx(table["exposure"].tolist())


def test_nobody_owes_anything() -> None:
    found = limit_use(empty_snapshot())
    assert found.table.empty
    assert found.by_standing()["customers"].sum() == 0
    assert limit_months(empty_snapshot())["exposure"].sum() == 0
    assert issued_against_policy(empty_snapshot()).empty
    assert exceptions_by_kind(issued_against_policy(empty_snapshot()), group_minimum=2).empty


def test_invoices_against_policy_and_their_fate_by_hand() -> None:
    found = issued_against_policy(exception_books().as_of("2024-06-30"))
    of_k = found.xs("K", level="customer_id")
    assert of_k["invoices"].to_dict() == {
        "over limit": 2,
        "over limit and overdue": 1,
        "overdue": 1,
        "within policy": 2,
    }
    assert found.xs("L", level="customer_id")["invoices"].to_dict() == {"no limit set": 1, "overdue": 1}
    assert of_k.loc["over limit", ["amount", "paid", "matured", "severe"]].tolist() == [55, 55, 2, 1]
    assert of_k.loc["over limit and overdue", ["written_off", "matured", "severe"]].tolist() == [5, 1, 1]
    # 90 days past due on 30 June: not matured yet
    assert of_k.loc["overdue", ["still_open", "overdue", "matured", "severe"]].tolist() == [100, 100, 0, 0]
    # the credited invoice counts for nothing
    assert of_k.loc["within policy", ["credited", "matured", "severe"]].tolist() == [30, 1, 0]
    tomorrow = issued_against_policy(exception_books().as_of("2024-07-01"))
    assert tomorrow.loc[("overdue", "K"), ["matured", "severe"]].tolist() == [1, 1]
    assert issued_against_policy(exception_books().as_of("2024-06-30"), months=3)["invoices"].sum() == 1


def test_kinds_add_up_and_small_groups_give_no_share() -> None:
    found = issued_against_policy(exception_books().as_of("2024-06-30"))
    table = exceptions_by_kind(found, group_minimum=2)
    assert table["invoices"].sum() == 8
    assert table["amount"].sum() == 60 + 50 + 5 + 5 + 30 + 100 + 7 + 9
    by_fate = table[["paid", "credited", "written_off", "still_open"]].sum(axis=1)
    assert by_fate.tolist() == pytest.approx(table["amount"].tolist())
    assert table["severe_share"].isna().all()


def test_the_interval_of_a_share_is_that_of_a_cluster_bootstrap() -> None:
    # a second way to the same: customers drawn again, 4,000 times
    rng = np.random.default_rng(7)
    totals = rng.integers(1, 30, size=150).astype(float)
    counts = rng.binomial(totals.astype(int), rng.beta(1.5, 6, size=150)).astype(float)
    share, low, high = share_of_customers(counts, totals)
    drawn = rng.integers(0, 150, size=(4_000, 150))
    again = counts[drawn].sum(axis=1) / totals[drawn].sum(axis=1)
    assert share == pytest.approx(counts.sum() / totals.sum())
    assert [low, high] == pytest.approx(np.quantile(again, [0.025, 0.975]).tolist(), abs=0.006)


def test_the_interval_covers_what_is_true() -> None:
    rng, held = np.random.default_rng(11), 0
    for _ in range(400):
        totals = rng.integers(1, 20, size=40)
        # mean of beta(1, 4) is 0.2; customers differ, their invoices are alike
        counts = rng.binomial(totals, rng.beta(1, 4, size=40))
        _, low, high = share_of_customers(counts.astype(float), totals.astype(float))
        held += low <= 0.2 <= high
    # 400 draws of 0.95 lie within 366 and 393 with all but a thousandth of chance (binomial)
    assert 366 <= held <= 393


def test_shares_of_none_and_of_all() -> None:
    nothing = share_of_customers(np.zeros(59), np.ones(59))
    # 59 without a failure: the exact one-sided bound of 95% (rule of three), 1 - 0.05 ** (1 / 59)
    assert nothing == pytest.approx((0.0, 0.0, 0.0495), abs=1e-4)
    assert share_of_customers(np.ones(59), np.ones(59)) == pytest.approx((1.0, 1 - 0.0495, 1.0), abs=1e-4)
    assert math.isnan(share_of_customers(np.ones(1), np.ones(1))[1])
    assert math.isnan(share_of_customers(np.zeros(0), np.zeros(0))[0])


def slow_path(snapshot: Snapshot, on: date) -> dict[str, Fraction]:
    """Exposure by customer at the end of a day, from the stretches of balances one by one, at booking rates."""
    owed: dict[str, Fraction] = {}
    for row in snapshot.balances.to_pyarrow().to_pylist():
        ended = row["until_on"] is not None and row["until_on"] <= on
        if row["balance"] > 0 and row["from_on"] <= on and not ended:
            rate = D(str(snapshot.rate_on(row["currency"], row["issued_on"])))
            value = (row["balance"] * rate).quantize(D("0.001"), rounding="ROUND_HALF_UP")
            owed[row["customer_id"]] = owed.get(row["customer_id"], Fraction(0)) + Fraction(value)
    return owed


@settings(max_examples=5)
@given(ledger=ledgers(), asked=dates(), limit=st.sampled_from(["15", "60", "200"]))
def test_exposure_of_every_day_is_that_of_a_slow_sum(ledger: Ledger, asked: tuple[date, date], limit: str) -> None:
    for customer in ("K0", "K1", "K3"):
        ledger.row("limits", customer_id=customer, valid_from=day("2024-02-01"), credit_limit=D(limit))
    snapshot = ledger.as_of(asked[0], known_by=asked[1])
    path = exposure_days(snapshot).to_pyarrow().to_pylist()
    for on in (asked[0], asked[0] - timedelta(days=17), asked[0] - timedelta(days=60)):
        latest: dict[str, dict[str, object]] = {}
        for row in sorted(path, key=lambda row: row["on"]):
            if row["on"] <= on:
                latest[row["customer_id"]] = row
        found = {who: Fraction(row["exposure"]) for who, row in latest.items() if row["exposure"]}  # type: ignore[arg-type]
        assert found == slow_path(snapshot, on)
    # day by day: since when is who is over now
    expected = {}
    for who in ("K0", "K1", "K3"):
        on, since = asked[0], None
        while on >= day("2024-02-01") and slow_path(snapshot, on).get(who, 0) > D(limit):
            since, on = on, on - timedelta(days=1)
        if since:
            expected[who] = since
    assert over_since(snapshot) == expected


@settings(max_examples=3)
@given(ledger=ledgers(), asked=dates())
def test_exposure_of_limits_is_the_open_balance_of_the_report(ledger: Ledger, asked: tuple[date, date]) -> None:
    snapshot = ledger.as_of(asked[0], known_by=asked[1])
    owed = exposures(snapshot)
    assert limit_use(snapshot).table["exposure"].sum() == pytest.approx(owed["open_balance"].sum())
