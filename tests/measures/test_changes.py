"""What moved DSO and overdue: worked by hand, pure changes of a simulated ledger, and laws for any two month ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drawn_books import ledgers
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_books import simulated_books
from small_books import Ledger

from analysis.ledger.company import About, Company, Rate, Source
from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.ledger.world.tables import World
from analysis.measures import changes_cells
from analysis.measures.changes import Changes, changes, comparable, compared
from analysis.measures.changes_cells import CELL, Standing, standings
from analysis.measures.changes_model import FACTORS
from analysis.measures.months import ledger_months
from analysis.measures.positions import month_ends
from analysis.measures.scorecard import scorecard

END = date(2026, 10, 31)


# --- by hand


def two_months() -> Ledger:
    """One customer on 30 days: 100 on 10 January, of which 10 came at once, and 200 on 10 February."""
    ledger = Ledger()
    ledger.invoice("I1", "A", "2024-01-10", "2024-02-09", "100").entry("payment", "10", "2024-01-11", "I1")
    return ledger.invoice("I2", "A", "2024-02-10", "2024-03-11", "200")


def test_sales_by_hand():
    """What was sold in January has fallen due in February, and nobody has paid otherwise.

    31 January: 100 sold, 90 open, due in 9 days. Overdue 0; DSO = 90 / 100 x 31 = 27.9.
    29 February: of January's 100 sold 90 are open, 20 days past due; February's 200 are open. Overdue 90; DSO: the
    29 days of February and 90 / 100 of January's 31 days, 56.9 in all.
    On 31 January nothing stood past due, so nothing is known of how much of it would be open: it is taken to be as
    now. The books simply reach back further, so all of the 90 is sales.
    """
    found = changes(ledger_months(two_months().as_of("2024-02-29")))[1]
    assert (found.overdue.before, found.overdue.now) == pytest.approx((0, 90))
    assert found.overdue.effects.to_dict() == pytest.approx({**dict.fromkeys(FACTORS, 0.0), "sales": 90.0})
    assert found.dso is not None
    assert (found.dso.before, found.dso.now) == pytest.approx((27.9, 56.9))


def test_payment_by_hand():
    """A customer buys 100 on the 10th of each month, due 30 days later; he paid in time and then stopped.

    On 31 July, June's 100 (due 10 July, 21 days past due: week 3) and May's (52 days: week 8) were paid: overdue 0. On
    31 August, July's 100 (due 9 August, 22 days past due: week 4) are open and June's are paid (52 days: week 8).
    The share open is 0 in weeks 3 and 8 in July, so it is 0 in week 4 between them. In August it is 1 in week -1 (what
    falls due on 9 September) and in week 4, so it is 1 in week 3 between them. Whichever month's sales are taken, the
    share is 0 as it was and 1 as it is: behaviour explains all 100, and sales nothing.
    """
    ledger = Ledger()
    for month, paid in ((5, "2024-06-09"), (6, "2024-07-10"), (7, None), (8, None)):
        due = {5: "2024-06-09", 6: "2024-07-10", 7: "2024-08-09", 8: "2024-09-09"}[month]
        ledger.invoice(f"I{month}", "A", f"2024-{month:02}-10", due, "100")
        if paid:
            ledger.entry("payment", "100", paid, f"I{month}")
    found = changes(ledger_months(ledger.as_of("2024-08-31")))[1]
    assert found.overdue.total == pytest.approx(100)
    assert found.overdue.effects.to_dict() == pytest.approx({**dict.fromkeys(FACTORS, 0.0), "behaviour": 100.0})
    # one customer: what he adds is all of it, and nobody can say what another would have done
    assert found.overdue.customers.to_dict() == pytest.approx({"A": 100.0})
    assert found.overdue.low is None
    assert found.told == ("sales", "behaviour")


# --- pure changes of a simulated ledger


@cache
def world() -> World:
    """A ledger in which every booking names its invoice, so that both can be changed together."""
    made = simulate(n_invoices=900, seed=5, months=14, n_customers=60)
    return dataclasses.replace(made, entries=made.entries[made.entries["invoice_id"].notna()])


def standing_of(changed: World, *, rates: tuple[Rate, ...] = (), order: int | None = None) -> Standing:
    """The ledger of a world at its end."""
    if order is not None:
        rng = np.random.default_rng(order)
        mixed = {name: t.iloc[rng.permutation(len(t))].reset_index(drop=True) for name, t in changed.tables.items()}
        changed = dataclasses.replace(changed, **mixed)
    books = simulated_books(changed)
    if rates:
        books = dataclasses.replace(books, company=books.company.model_copy(update={"rates": rates}))
    months = ledger_months(as_of(books, END))
    with pytest.MonkeyPatch.context() as patch:
        # who is large is asked of each ledger anew; two ledgers are to be of the same kinds of customers
        patch.setattr(changes_cells, "LARGE_SHARE", 2.0)
        return standings(months, [month_ends(END, 1)[-1]])[0]


@cache
def as_it_is() -> Standing:
    return standing_of(world())


def with_tables(**tables: pd.DataFrame) -> World:
    return dataclasses.replace(world(), **tables)


def scaled(chosen: Callable[[pd.DataFrame], pd.Series]) -> World:
    """The world in which chosen invoices, and all that was booked on them, are three times as large."""
    invoices, entries = world().tables["invoices"], world().tables["entries"]
    ids = set(invoices.loc[chosen(invoices), "invoice_id"])
    parts = {}
    for name, frame in (("invoices", invoices), ("entries", entries)):
        larger = frame["invoice_id"].isin(ids)
        parts[name] = frame.assign(amount=frame["amount"].where(~larger, frame["amount"] * 3))
    return with_tables(**parts)


def moved_by(found: Changes, *factors: str) -> None:
    """Only these factors, all of them, move both figures; the sums are exact."""
    assert found.dso is not None
    for change in (found.dso, found.overdue):
        assert change.effects.sum() == pytest.approx(change.total, abs=1e-9)
        for factor, effect in change.effects.items():
            if factor in factors:
                assert abs(effect) > 1e-3, (factor, effect)
            else:
                assert effect == pytest.approx(0, abs=1e-9), (factor, effect)


def test_more_sales_of_recent_months_are_sales_and_nothing_else():
    now = standing_of(scaled(lambda invoices: pd.to_datetime(invoices["issued_on"]) >= "2026-08-01"))
    moved_by(compared(as_it_is(), now), "sales")


def test_each_customer_twice_is_sales_and_nothing_else():
    """All sales doubled leave every day of sales where it is; overdue doubles."""
    twice = {}
    for name in ("invoices", "entries", "customers", "disputes"):
        frame = world().tables[name]
        own = [c for c in ("invoice_id", "customer_id", "entry_id", "dispute_id", "parent_id") if c in frame]
        copied = frame.assign(**{c: "again " + frame[c].astype("string") for c in own})
        twice[name] = pd.concat([frame, copied], ignore_index=True)
    found = compared(as_it_is(), standing_of(with_tables(**twice)))
    assert found.dso is not None
    assert found.overdue.now == pytest.approx(2 * found.overdue.before)
    assert found.overdue.effects["sales"] == pytest.approx(found.overdue.before, abs=1e-9)
    assert found.overdue.effects.drop("sales").to_numpy() == pytest.approx(0, abs=1e-9)
    # twice the debt of twice the sales
    assert found.dso.effects.to_numpy() == pytest.approx(0, abs=1e-9)


def test_more_sold_to_some_kinds_is_their_mix_and_sales():
    assert "kind direct" in set(as_it_is().cells["group"])
    segments = world().customers.set_index("customer_id")["segment"]
    now = standing_of(scaled(lambda invoices: invoices["customer_id"].map(segments) == "direct"))
    moved_by(compared(as_it_is(), now), "sales", "customers")


def test_payments_that_come_later_are_behaviour_and_nothing_else():
    entries = world().tables["entries"]
    later = entries.assign(booked_on=pd.to_datetime(entries["booked_on"]) + pd.Timedelta(days=14))
    later = later[later["booked_on"] <= pd.Timestamp(END)]
    later = later.assign(booked_on=later["booked_on"].dt.date, recorded_on=later["booked_on"].dt.date)
    found = compared(as_it_is(), standing_of(with_tables(entries=later, disputes=world().tables["disputes"].head(0))))
    # disputes are gone: what was open in dispute is open out of it, which takes from one and adds to the other
    assert found.overdue.effects["behaviour"] > 0
    for factor in ("sales", "customers", "terms", "currency", "on_account"):
        assert found.overdue.effects[factor] == pytest.approx(0, abs=1e-9), factor
    assert found.overdue.effects["disputes"] == pytest.approx(-as_it_is_disputed(), abs=1e-6)


def test_later_payment_between_two_months_is_found_as_behaviour():
    """Two real month ends share few cells; let a tenth more be open at the later one, and behaviour has that tenth."""
    ends = month_ends(END, 2)
    before, now = standings(ledger_months(as_of(simulated_books(world()), END)), list(ends))
    later = dataclasses.replace(now, cells=now.cells.assign(clean=now.cells["clean"] * 1.1))
    found, moved = compared(before, now).overdue, compared(before, later).overdue
    tenth = moved.total - found.total
    assert tenth > 0
    assert moved.effects["behaviour"] - found.effects["behaviour"] == pytest.approx(tenth, rel=0.1)


def as_it_is_disputed() -> float:
    cells = as_it_is().cells
    late = cells[cells["overdue"]]
    return float((late["disputed"] * late["currency"].map(as_it_is().rates)).sum())


def test_other_terms_kept_as_before_are_terms_and_nothing_else():
    """Each invoice of 30 days is due 30 days later and paid so many days later: nobody pays otherwise than agreed."""
    found = compared(*(terms_of(days) for days in (30, 60)))
    assert found.dso is not None
    assert found.dso.effects.drop("terms").to_numpy() == pytest.approx(0, abs=1e-9)
    # a day of sales for a day of terms: thirty days more of a hundred a day
    assert found.dso.effects["terms"] == pytest.approx(30, abs=0.01)
    # six days stand past due either way: the seventh is paid on its day
    assert found.overdue.effects.to_numpy() == pytest.approx(0, abs=1e-9)


def terms_of(days: int) -> Standing:
    """A hundred a day for half a year from one customer, due after so many days and paid a week later."""
    ledger, end = Ledger(), pd.Timestamp("2024-12-31")
    for place, issued in enumerate(pd.date_range("2024-07-01", end)):
        due = issued + pd.Timedelta(days=days)
        ledger.invoice(f"I{place:03}", "A", f"{issued:%Y-%m-%d}", f"{due:%Y-%m-%d}", "100")
        if (paid := due + pd.Timedelta(days=7)) <= end:
            ledger.entry("payment", "100", f"{paid:%Y-%m-%d}", f"I{place:03}", id=f"P{place:03}")
    return standings(ledger_months(ledger.as_of(end.date())), [end])[0]


def test_other_exchange_rates_are_currency_and_nothing_else():
    found = compared(as_it_is(), standing_of(world(), rates=weak_pound()))
    moved_by(found, "currency")


def weak_pound() -> tuple[Rate, ...]:
    """A pound a quarter weaker on the last day: the table's rate of that day is set aside."""
    known = float(as_it_is().rates["GBP"])
    return (Rate(currency="GBP", on=END, rate=known * 0.75, source="made up"),)


def test_the_order_of_rows_is_of_no_consequence():
    mixed = standing_of(world(), order=3)
    pd.testing.assert_frame_equal(mixed.cells, as_it_is().cells, check_exact=True)
    pd.testing.assert_frame_equal(mixed.customers, as_it_is().customers, check_exact=True)


def test_nobody_is_late_because_the_month_ends_on_a_weekend():
    """Weeks are counted to the last day on which anybody pays; overdue is what is past due on the day itself."""
    ledger = Ledger()
    for place, paid in enumerate(pd.bdate_range("2024-01-08", periods=100)):
        ledger.invoice(f"I{place:03}", "A", "2024-01-05", "2024-02-04", "10")
        ledger.entry("payment", "10", f"{paid:%Y-%m-%d}", f"I{place:03}", id=f"P{place:03}")
    # 30 June 2024 is a Sunday: Friday's due date is two days past and could be paid on its day, Saturday's could not
    for due in ("2024-06-27", "2024-06-28", "2024-06-29", "2024-06-30"):
        ledger.invoice(f"due {due}", "A", "2024-06-03", due, due[-2:])
    (found,) = standings(ledger_months(ledger.as_of("2024-06-30")), [pd.Timestamp("2024-06-30")])
    open_now = found.cells[found.cells["month"] == 0]
    by_hand = {(1, True): 27.0, (0, True): 28.0 + 29.0, (0, False): 30.0}
    assert open_now.set_index(["week", "overdue"])["clean"].to_dict() == by_hand


# --- any ledger, any two standings


@settings(max_examples=3)
@given(ledgers(), st.sampled_from([59, 90, 120, 151]))
def test_the_ends_are_those_of_the_scorecard_and_the_effects_add_up(ledger: Ledger, day: int):
    months = ledger_months(ledger.as_of((pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)).date()))
    table = scorecard(months, last=2)
    for back, found in changes(months).items():
        for change, column in ((found.dso, "dso_countback"), (found.overdue, "overdue")):
            if change is not None:
                assert change.effects.sum() == pytest.approx(change.total, abs=1e-9)
                assert change.now == pytest.approx(table[column].iloc[-1], abs=1e-9)
                assert change.before == pytest.approx(table[column].iloc[-1 - back], abs=1e-9)
                assert change.customers.sum() == pytest.approx(change.effects["behaviour"], abs=1e-9)


@st.composite
def made_up(draw: st.DrawFn) -> Standing:
    """Any standing: a few cells of two kinds, two currencies and three terms, with sales and what is open of them."""
    keys = st.tuples(
        st.integers(0, 3), st.sampled_from("ab"), st.sampled_from(("EUR", "USD")), st.integers(1, 3), st.integers(-3, 9)
    )
    share = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0])
    drawn = draw(st.dictionaries(keys, st.tuples(st.integers(1, 900), share, share), min_size=1, max_size=12))
    rows = [(*k, k[4] > 0, float(s), s * c, s * d * (1 - c)) for k, (s, c, d) in sorted(drawn.items())]
    cells = pd.DataFrame(rows, columns=[*CELL, "sales", "clean", "disputed"])
    rate = draw(st.sampled_from([0.8, 0.9, 1.25]))
    booked = {
        (m, c): 1.0 if c == "EUR" else draw(st.sampled_from([0.8, 1.0])) for m in range(4) for c in ("EUR", "USD")
    }
    return Standing(
        on=pd.Timestamp(END),
        cells=cells,
        customers=cells.assign(customer_id=cells["group"]),
        on_account=pd.Series({"EUR": draw(st.sampled_from([0.0, 0.0, 5.0]))}),
        rates=pd.Series({"EUR": 1.0, "USD": rate}),
        sale_rates=pd.Series(booked),
        days=pd.Series([31.0, 30.0, 31.0, 31.0]),
    )


@settings(max_examples=8)
@given(made_up(), made_up())
def test_laws_of_any_two_standings(before: Standing, now: Standing):
    there, back = compared(before, now), compared(now, before)
    for one, other in ((there.overdue, back.overdue), (there.dso, back.dso)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.effects.sum() == pytest.approx(one.now - one.before, abs=1e-9)
            # going back undoes each effect
            pd.testing.assert_series_equal(other.effects, -one.effects, check_exact=False, atol=1e-9, rtol=0)
            assert one.customers.sum() == pytest.approx(one.effects["behaviour"], abs=1e-9)
    renamed = {"a": "z", "b": "a"}
    other_names = [
        dataclasses.replace(
            side,
            cells=side.cells.assign(group=side.cells["group"].map(renamed)).sort_values(CELL, ignore_index=True),
            customers=side.customers.assign(group=side.customers["group"].map(renamed)),
        )
        for side in (before, now)
    ]
    pd.testing.assert_series_equal(
        compared(*other_names).overdue.effects, there.overdue.effects, check_exact=False, atol=1e-9, rtol=0
    )


@settings(max_examples=6)
@given(made_up(), st.sampled_from([0.5, 2.0, 3.0]))
def test_pure_changes_of_any_standing(before: Standing, by: float):
    amounts = ["sales", "clean", "disputed"]
    more = dataclasses.replace(before, cells=before.cells.assign(**before.cells[amounts] * by))
    assert (compared(before, more).overdue.effects.drop("sales").abs() < 1e-9).all()
    paid = dataclasses.replace(before, cells=before.cells.assign(clean=before.cells["clean"] / (1 + by)))
    assert (compared(before, paid).overdue.effects.drop("behaviour").abs() < 1e-9).all()
    argued = dataclasses.replace(before, cells=before.cells.assign(disputed=before.cells["disputed"] / (1 + by)))
    assert (compared(before, argued).overdue.effects.drop("disputes").abs() < 1e-9).all()
    rates = dataclasses.replace(before, rates=before.rates * pd.Series({"EUR": 1.0, "USD": by}))
    assert (compared(before, rates).overdue.effects.drop("currency").abs() < 1e-9).all()


# --- where there is little to compare


@pytest.mark.parametrize(("began", "answer"), [(None, True), (date(2025, 3, 31), True), (date(2026, 5, 31), False)])
def test_books_that_begin_with_open_items_wait_half_a_year(began: date | None, answer: bool):
    company = Company(
        company=About(name="Late", currency="EUR", observed_from=began), tables={"invoices": Source(file="none.csv")}
    )
    months = SimpleNamespace(shown=13, snapshot=SimpleNamespace(as_of=END, company=company))
    assert comparable(months, back=1) is answer  # type: ignore[arg-type]


def test_credits_above_all_invoices_leave_days_undefined():
    ledger = (
        Ledger()
        .invoice("I1", "A", "2024-01-10", "2024-01-20", "100")
        .invoice("I2", "A", "2024-02-10", "2024-02-20", "10")
    )
    ledger.entry("payment", "900", "2024-02-12", customer_id="A")
    found = changes(ledger_months(ledger.as_of("2024-02-29")))[1]
    assert found.dso is None
    assert found.overdue.effects.sum() == pytest.approx(found.overdue.total, abs=1e-9)
