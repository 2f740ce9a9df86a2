"""The watch list and its record: who comes and goes, by hand; what followed, by hand; bands of lateness."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger

from analysis.measures.history import day_number, history_of
from analysis.models.alert_record import alert_record, is_in_trouble, share_of
from analysis.models.lateness_migration import bands, lateness_migration
from analysis.models.watch_list import WATCH_RULES, buying_ratios, watch_list

FACTS = (
    *("open_balance", "overdue", "overdue_91", "oldest_days", "limit_use", "promises_broken_12m"),
    *("disputed_open", "disputes_12m", "rating_score", "written_off"),
)


def views(**customers):
    """Customer views of marks 0, 1, ...: per customer a list per fact; what is not named is zero, or NaN where known
    of nobody."""
    rows = []
    for customer, facts in customers.items():
        n = max(len(values) for values in facts.values())
        for mark in range(n):
            row = dict.fromkeys(FACTS, 0.0) | {"open_balance": 100.0, "limit_use": np.nan, "rating_score": np.nan}
            row |= {name: float(values[mark]) for name, values in facts.items()}
            rows.append({"mark": mark, "customer_id": customer, "name": f"{customer} Ltd", "segment": "all", **row})
    return pd.DataFrame(rows).set_index(["mark", "customer_id"]).sort_index()


def of(watched, customer, column):
    return watched.states.xs(customer, level="customer_id")[column].tolist()


def test_a_customer_enters_at_one_threshold_and_leaves_at_another():
    # an item of 75 days is too young to enter, one of 46 old enough to stay
    watched = watch_list(views(A={"oldest_days": [10, 75, 76, 50, 46, 45, 75]}))
    assert of(watched, "A", "reason_oldest_item") == [False, False, True, True, True, False, False]
    assert of(watched, "A", "status") == ["", "", "in", "stayed", "stayed", "out", ""]
    since = of(watched, "A", "since")
    assert since[2:5] == [2, 2, 2]
    assert np.isnan([*since[:2], *since[5:]]).all()
    assert watched.counts().to_numpy().tolist() == [
        *([0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]),
    ]


def test_the_first_list_has_no_entries_and_who_owes_nothing_is_off_it():
    watched = watch_list(views(A={"oldest_days": [90, 90, 90]}, B={"limit_use": [2, 2, 2], "open_balance": [9, 0, 9]}))
    assert of(watched, "A", "status") == ["stayed"] * 3
    assert of(watched, "A", "since") == [0, 0, 0]
    assert of(watched, "B", "status") == ["stayed", "out", "in"]
    # the reason outlives the balance, the place on the list does not
    assert of(watched, "B", "reason_limit_use") == [True] * 3


def test_each_reason_is_given_for_its_own_fact():
    several = {f"R{k}": {"rating_score": [50 + k, 50 + k]} for k in range(10)}
    found = views(
        A={"promises_broken_12m": [0, 3]},
        B={"limit_use": [1.0, 1.5]},
        C={"rating_score": [80, 40]},
        D={"disputed_open": [0, 50], "disputes_12m": [0, 2]},
        E={"disputed_open": [0, 100], "disputes_12m": [0, 1]},
        F={"oldest_days": [0, 76]},
        **several,
    )
    drift = pd.DataFrame({"shift_days": [9.0, 9.0, 3.0], "is_drifting": [True, False, True]})
    drift.index = pd.MultiIndex.from_tuples([(1, "G"), (1, "H"), (1, "I")], names=["mark", "customer_id"])
    for customer in "GHIJK":
        found = pd.concat([found, views(**{customer: {"overdue": [0, 0]}})])
    buying = pd.Series({(1, "J"): 5.0, (1, "K"): 4.9}).rename_axis(["mark", "customer_id"])
    risk = pd.Series({(1, "A"): 3.0, (1, "K"): 4.0}).rename_axis(["mark", "customer_id"])
    watched = watch_list(found.sort_index(), drift=drift, buying=buying, risk_class=risk)
    last = watched.on(1)
    why = {customer: [rule.id for rule in watched.reasons(row)] for customer, row in last.iterrows()}
    assert why == {
        "A": ["broken_promises"],
        "B": ["limit_use"],
        "C": ["rating_fall"],
        "D": ["disputes"],
        "F": ["oldest_item"],
        "G": ["drift"],
        "J": ["unusual_buying"],
        "K": ["high_risk"],
    }
    assert watched.unavailable == ()


def test_customers_come_and_go_by_their_class():
    found = views(A={"overdue": [0] * 5}, B={"overdue": [0] * 5})
    classes = {"A": [3, 4, 3, 2, 3], "B": [5, 5, 5, 5, 5]}
    risk = pd.Series({(mark, who): float(of[mark]) for who, of in classes.items() for mark in range(5)})
    watched = watch_list(found, risk_class=risk.rename_axis(["mark", "customer_id"]))
    assert of(watched, "A", "status") == ["", "in", "stayed", "out", ""]
    # who was of high risk all along has not come this month
    assert of(watched, "B", "status") == ["stayed"] * 5


def test_reasons_that_books_cannot_give_are_named():
    bare = views(A={"oldest_days": [1, 1]}).assign(
        promises_broken_12m=np.nan, disputed_open=np.nan, disputes_12m=np.nan
    )
    watched = watch_list(bare)
    named = {rule.id: rule.name for rule in WATCH_RULES}
    assert set(watched.unavailable) == set(named.values()) - {named["oldest_item"]}


def test_drift_stands_over_months_without_a_payment():
    found = views(A={"overdue": [0] * 4})
    drift = pd.DataFrame({"shift_days": [9.0, 0.0], "is_drifting": [True, False]})
    drift.index = pd.MultiIndex.from_tuples([(1, "A"), (3, "A")], names=["mark", "customer_id"])
    assert of(watch_list(found, drift=drift), "A", "status") == ["", "in", "stayed", "out"]


def test_neither_order_of_rows_nor_later_marks_change_a_list():
    rng = np.random.default_rng(2)
    drawn = {f"C{k:02}": {"oldest_days": rng.integers(0, 130, 8), "limit_use": rng.random(8) * 2} for k in range(30)}
    whole = views(**drawn)
    watched = watch_list(whole)
    shuffled = watch_list(whole.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled.states.sort_index(), watched.states)
    pd.testing.assert_frame_equal(watch_list(whole.loc[:5]).states, watched.states.loc[:5])


def test_buying_against_the_usual_by_hand():
    ledger = Ledger()
    for nth, (on, amount) in enumerate([("02-01", 30), ("03-01", 30), ("04-10", 30), ("05-20", 100), ("06-20", 50)]):
        ledger.invoice(f"A{nth}", "A", f"2024-{on}", None, str(amount))
    for nth, on in enumerate(["05-02", "05-10", "06-20"]):
        ledger.invoice(f"B{nth}", "B", f"2024-{on}", None, "10")
    found = buying_ratios(history_of(ledger.as_of("2024-06-30")), [date(2024, 6, 30)])
    mark = day_number(date(2024, 6, 30))
    # the last 60 days begin on 2 May; from 1 February to 1 May A bought 90 in 91 days
    assert found[mark, "A"] == pytest.approx(150 / (90 / 91 * 60))
    assert np.isnan(found[mark, "B"])


def test_alerts_of_one_customer_are_not_independent():
    names = np.array([f"K{k}" for k in range(20)], dtype=object)
    once = share_of(names, np.arange(20) < 5)
    # one alert each: log-odds of a quarter -1.0986, standard error sqrt(1 / (19 x 0.25 x 0.75)) = 0.5298, and
    # Student's t of 19 degrees 2.093 (printed tables): -2.2075 to 0.0103
    assert (once.count, once.of, once.customers, once.value) == (5, 20, 20, 0.25)
    assert (once.low, once.high) == pytest.approx((0.0991, 0.5026), abs=1e-4)
    # each alert ten times over tells no more, where alerts taken for independent would narrow by the root of ten
    often = share_of(np.repeat(names, 10), np.repeat(np.arange(20) < 5, 10))
    assert (often.of, often.customers, often.value) == (200, 20, 0.25)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    nothing = share_of(names[:0], np.zeros(0, dtype=bool))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_trouble_is_a_tenth_ninety_one_days_late_or_a_write_off():
    found = views(A={"overdue_91": [9.99, 10.0, 0]}, B={"written_off": [5, 5, 6]}, C={"open_balance": [0, 0, 0]})
    trouble = is_in_trouble(found).unstack("mark").astype(int)
    assert trouble.to_numpy().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_alerts_judged_by_hand():
    old, young = 80, 10
    found = views(
        # comes on the list at 1; trouble begins at 3, two months later
        A={"oldest_days": [young, old, old, old, old, old, old], "overdue_91": [0, 0, 0, 50, 50, 50, 50]},
        # a false alarm at 1
        B={"oldest_days": [young, old, young, young, young, young, young]},
        # in trouble without a word
        C={"oldest_days": [young] * 7, "overdue_91": [0, 0, 50, 0, 0, 0, 0]},
        # an alert at 5 that is too young to be judged, and came all the same
        D={"oldest_days": [young] * 5 + [old, old], "overdue_91": [0] * 6 + [50]},
        # on the first list, in trouble at 2
        E={"oldest_days": [old] * 3 + [young] * 4, "overdue_91": [0, 0, 50, 0, 0, 0, 0]},
        # comes on the list when it is in trouble already: no alert
        F={"oldest_days": [young, old, old, old, old, old, old], "overdue_91": [0, 50, 50, 50, 50, 50, 50]},
    )
    watched = watch_list(found)
    record = alert_record(watched, is_in_trouble(found), horizon=2)
    told = record.alerts.set_index("customer_id")
    assert told["mark"].to_dict() == {"A": 1, "B": 1, "D": 5}
    assert told["came"].to_dict() == {"A": True, "B": False, "D": True}
    assert told["months"].to_dict() == pytest.approx({"A": 2.0, "B": np.nan, "D": 1.0}, nan_ok=True)
    assert (record.precision.count, record.precision.of, record.pending) == (1, 2, 1)
    onsets = record.onsets.set_index("customer_id")
    assert onsets["foreseen"].to_dict() == {"A": True, "C": False, "D": True, "E": True, "F": False}
    assert onsets["lead_months"].to_dict() == pytest.approx(
        {"A": 2.0, "C": np.nan, "D": 1.0, "E": 2.0, "F": np.nan}, nan_ok=True
    )
    assert onsets["lead_is_longer"].sum() == 1
    assert (record.recall.count, record.recall.of) == (3, 5)
    assert record.median_lead_months == 2.0
    # off the list and well at marks 0 to 4: A once (0), B 0, 2, 3, 4, C 0, 1, 3, 4, D five times, E 3, 4, F 0; within
    # two months trouble began for C (0, 1), D (4) and F (0)
    assert (record.others.count, record.others.of, record.others.customers) == (4, 17, 6)
    assert record.by_reason(watched)[["alerts", "customers", "came"]].to_numpy().tolist() == [[2, 2, 1]]


def test_moves_between_bands_by_hand():
    assert bands((30, 60, 90, 120))[1:5] == ("1-30", "31-60", "61-90", "91-120")
    found = views(
        A={"oldest_days": [30, 31], "open_balance": [10, 20]},
        B={"oldest_days": [0, 121], "open_balance": [10, 40]},
        C={"oldest_days": [70, 5], "open_balance": [10, 7]},
        D={"oldest_days": [70, 0], "open_balance": [10, 0]},
    )
    moved = lateness_migration(found, before=0, after=1, ageing_days=(30, 60, 90, 120))
    assert moved.customers.loc["1-30", "31-60"] == 1
    assert moved.amounts.loc["1-30", "31-60"] == 20
    assert moved.amounts.loc["not late", "over 120"] == 40
    assert moved.customers.loc["61-90"].to_dict() == {
        **dict.fromkeys(moved.customers.columns, 0),
        "1-30": 1,
        "owes nothing": 1,
    }
    assert (moved.n_worse, moved.n_better) == (2, 1)
    assert moved.customers.to_numpy().sum() == 4
    assert moved.amounts.to_numpy().sum() == 67
