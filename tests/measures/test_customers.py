"""The customer view: by hand, against other measures, and against books that were cut off on the day."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from drawn_books import FIRST, ledgers
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulated_books import simulated_books
from small_books import Ledger, day

from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.customers import COLUMNS, TEXTS, customer_view, customer_views
from analysis.measures.exposure import exposures
from analysis.measures.history import day_number, history_of

LAST, PAST, EARLY = date(2026, 10, 31), date(2026, 6, 17), date(2025, 2, 10)
D = Decimal


@pytest.fixture(scope="module")
def books():
    return simulated_books(simulate(n_invoices=1_500, seed=11))


@pytest.fixture(scope="module")
def history(books):
    return history_of(as_of(books, LAST))


def _payer() -> Ledger:
    """One customer whose year can be told on paper, another in its group, and a third from long ago."""
    ledger = (
        Ledger()
        .row("customers", customer_id="K", name="Kay Ltd", parent_id="G", segment="direct", country="NL")
        .row("customers", customer_id="L", parent_id="G")
        .invoice("0", "M", "2020-01-01", "2020-01-31", "70")
        .entry("write_off", "70", "2020-12-01", "0")
        .invoice("1", "K", "2025-01-02", "2025-02-01", "100", entity="N")  # due before the year to 30 June 2026
        .entry("payment", "100", "2025-07-01", "1")
        .invoice("2", "K", "2025-10-01", "2025-10-31", "100", entity="N")
        .entry("payment", "60", "2025-11-05", "2")  # in parts, ten days late: a Wednesday and a Monday
        .entry("payment", "40", "2025-11-10", "2")
        .invoice("3", "K", "2025-12-01", "2025-12-31", "300", entity="N")
        .entry("payment", "300", "2025-12-30", "3")  # a day early, on the last business day but one
        .invoice("4", "K", "2026-01-10", "2026-02-09", "50", entity="S")
        .entry("credit_note", "50", "2026-03-01", "4")
        .invoice("5", "K", "2026-04-01", "2026-05-01", "200", entity="S")  # open, 60 days late
        .invoice("6", "K", "2026-06-10", "2026-07-10", "400", entity="N")
        .invoice("7", "L", "2026-05-01", "2026-05-31", "500")
        .entry("payment", "500", "2026-06-27", "7")  # 27 days late
        .row("disputes", dispute_id="D1", invoice_id="5", opened_on="2026-05-03")
        .row("disputes", dispute_id="D2", invoice_id="1", opened_on="2025-03-01", closed_on="2025-06-01")
        .row(
            "contacts", contact_id="C1", customer_id="K", invoice_id="5", made_on="2026-05-20", promised_on="2026-06-01"
        )
        .row(
            "contacts", contact_id="C2", customer_id="K", invoice_id="2", made_on="2025-11-04", promised_on="2025-11-10"
        )
        .row(
            "contacts", contact_id="C3", customer_id="K", invoice_id="1", made_on="2025-05-01", promised_on="2025-05-10"
        )
        .row("limits", customer_id="K", valid_from=day("2025-01-01"), credit_limit=D(500))
        .row("limits", customer_id="K", valid_from=day("2026-01-01"), credit_limit=D(800))
        .row("ratings", customer_id="K", provider="P", rated_on="2026-05-31", score=40.0, grade="D")
    )
    return ledger


def test_a_customer_by_hand() -> None:
    found = customer_view(history_of(_payer().as_of("2026-06-30")), date(2026, 6, 30))
    assert found.index.tolist() == ["K", "L", "M"]
    told = found.loc["K"].to_dict()
    # invoice 5 is 60 days late and open; nobody of the year was seen later, so it counts 60
    days = [10, -1, 60]
    mean = sum(days) / 3
    assert told == pytest.approx(
        {
            **{"name": "Kay Ltd", "parent_id": "G", "segment": "direct", "country": "NL", "industry": NOT_STATED},
            **{"entity": "N", "invoices": 6, "invoices_12m": 5, "sales_12m": 1050, "recency_days": 20},
            **{"tenure_days": 544, "open_balance": 600, "overdue": 200, "overdue_91": 0, "oldest_days": 60},
            **{"open_invoices": 2, "overdue_invoices": 1, "paid_12m": 3},
            "days_late": mean,
            "days_late_weighted": (100 * 10 - 300 + 200 * 60) / 600,
            "days_late_trend": 60 - 4.5,
            "days_late_spread": math.sqrt(sum((x - mean) ** 2 for x in days) / 2),
            **{"share_late": 2 / 3, "share_late_91": 0, "pay_days_6m": 0, "weekday_share": 2 / 4},
            **{"month_end_share": 1 / 4, "part_paid_share": 1 / 3, "disputes_12m": 1, "dispute_share": 1 / 5},
            **{"disputed_open": 200, "contacts_12m": 2, "promises_12m": 2, "promises_broken_12m": 1},
            **{"limit": 800, "limit_use": 600 / 800, "rating_score": 40, "rating_grade": "D", "rating_age_days": 30},
            **{"written_off": 0, "group_open_balance": 600},
        }
    )
    assert found.loc["L", ["name", "group_open_balance", "days_late", "pay_days_6m"]].tolist() == ["L", 600, 27, 1]
    assert found.loc["L", ["limit", "limit_use", "rating_score"]].isna().all()
    # all that M did was written off years ago: what it was is known, how it pays is not
    assert found.loc["M", ["written_off", "invoices", "invoices_12m", "tenure_days"]].tolist() == [70, 1, 0, 2372]
    assert found.loc["M", ["days_late", "share_late", "weekday_share", "part_paid_share"]].isna().all()


def test_columns_are_those_of_the_contract(history) -> None:
    view = customer_views(history, [PAST, LAST])
    assert tuple(view.columns) == COLUMNS
    assert view.index.names == ["mark", "customer_id"]
    assert view.index.is_monotonic_increasing
    assert view.index.is_unique
    kinds = view.dtypes.astype(str)
    assert {name for name, kind in kinds.items() if kind == "object"} == set(TEXTS)
    assert set(kinds[~kinds.index.isin(TEXTS)]) == {"float64"}


def test_balances_are_those_of_the_exposures(history) -> None:
    view, owed = customer_view(history, LAST), exposures(history.snapshot)
    columns = {"open_balance": "open_balance", "overdue": "overdue", "oldest_days": "oldest_days"}
    for ours, theirs in (columns | {"open_invoices": "invoices"}).items():
        expected = owed[theirs].reindex(view.index).fillna(0).astype(float)
        pd.testing.assert_series_equal(view[ours], expected, check_names=False)
    assert view["overdue"].sum() > 0


@pytest.mark.parametrize("mark", [PAST, EARLY])
def test_a_past_day_is_that_of_books_cut_off_on_it(books, history, mark) -> None:
    then = customer_view(history_of(as_of(books, mark)), mark)
    assert len(then) > 10
    pd.testing.assert_frame_equal(customer_views(history, [EARLY, PAST, LAST]).loc[day_number(mark)], then)


@settings(max_examples=4, phases=[Phase.generate])
@given(ledgers(nameless=False), st.integers(40, 150))
def test_a_past_day_of_any_ledger_is_that_of_books_cut_off_on_it(ledger: Ledger, days: int) -> None:
    mark, last = FIRST + timedelta(days=days), FIRST + timedelta(days=200)
    whole, cut = (history_of(ledger.as_of(on)) for on in (last, mark))
    pd.testing.assert_frame_equal(customer_view(whole, mark), customer_view(cut, mark))


def test_rows_known_or_dated_later_change_nothing() -> None:
    mark = date(2026, 6, 30)
    expected = customer_view(history_of(_payer().as_of("2026-06-30")), mark)
    absurd = "99999999"
    poisoned = (
        _payer()
        .invoice("X", "K", "2026-06-01", "2026-06-02", absurd, recorded_on="2026-07-01")
        .invoice("Y", "K", "2026-07-01", "2026-07-02", absurd)
        .entry("payment", "200", "2026-05-02", "5", recorded_on="2026-07-03")
        .entry("write_off", "400", "2026-07-05", "6")
        .entry("reversal", "-500", "2026-07-09", "7")
        .row("disputes", dispute_id="D9", invoice_id="6", opened_on="2026-07-01")
        .row("contacts", contact_id="C9", customer_id="L", invoice_id="7", made_on="2026-07-01")
        .row("limits", customer_id="K", valid_from=day("2026-07-01"), credit_limit=D(1))
        .row("ratings", customer_id="K", provider="P", rated_on="2026-06-29", recorded_on="2026-07-01", score=-9.0)
    )
    for rows in poisoned.tables.values():
        rows.reverse()
    found = customer_views(history_of(poisoned.as_of("2026-08-31")), [mark]).loc[day_number(mark)]
    pd.testing.assert_frame_equal(found, expected)


def test_what_the_books_do_not_hold_is_not_zero() -> None:
    ledger = Ledger().invoice("1", "K", "2026-01-01", None, "10").entry("payment", "10", "2026-01-05", "1")
    view = customer_view(history_of(ledger.as_of("2026-01-31")), date(2026, 1, 31))
    absent = ["disputes_12m", "dispute_share", "disputed_open", "contacts_12m", "promises_broken_12m", "limit"]
    assert view.loc["K", [*absent, "limit_use", "rating_score", "days_late"]].isna().all()
    assert view.loc["K", ["segment", "entity", "name"]].tolist() == [NOT_STATED, NOT_STATED, "K"]
    assert view.loc["K", ["open_balance", "overdue", "written_off", "pay_days_6m"]].tolist() == [0, 0, 0, 1]


def test_before_the_first_invoice_there_is_nobody() -> None:
    history = history_of(Ledger().invoice("1", "K", "2026-01-10", None, "10").as_of("2026-01-31"))
    assert len(customer_view(history, date(2026, 1, 9))) == 0
    assert len(customer_views(history, [])) == 0
    assert tuple(customer_views(history, []).columns) == COLUMNS
    with pytest.raises(ValueError, match="2026-02-01 lies after the snapshot of 2026-01-31"):
        customer_view(history, date(2026, 2, 1))
