"""Expected credit loss: published matrices, hand counts, laws for any books, simulated ledgers of known truth."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from simulated_books import simulated_books
from small_books import Ledger

from analysis.faults import UsageFault
from analysis.ledger.company import Company
from analysis.ledger.provisioning import Overlay, Scenario, SpecificAllowance
from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models.allowance import allowance
from analysis.models.allowance_movement import moved
from analysis.models.forward_view import forward_view
from analysis.models.loss_given_default import loss_given_default
from analysis.models.loss_history import loss_history
from analysis.models.loss_interval import loss_draws
from analysis.models.loss_rates import absorbed, flow_rates, leaning, loss_incidence, loss_rates, run_off_rates
from analysis.models.losses import losses, why_no_losses
from analysis.models.provision_matrix import TOTAL, in_coins, provisions
from analysis.models.provision_record import provision_record

ON = date(2026, 10, 31)


def oracle(shared, name):
    return next(e for e in json.loads((shared / "oracles" / "worked_examples.json").read_text()) if e["id"] == name)


# --- published examples


def test_ifrs_9_example_12():
    # IFRS 9 Illustrative Example 12 (IE74-IE77), Company M: 45,000 + 120,000 + 144,000 + 165,000 + 106,000 = 580,000
    found = provisions([15e6, 7.5e6, 4e6, 2.5e6, 1e6], [0.003, 0.016, 0.036, 0.066, 0.106])
    assert found.tolist() == [45_000, 120_000, 144_000, 165_000, 106_000]
    assert found.sum() == 580_000


def test_redblack_at_two_dates_and_its_movement():
    # Redblack, worked example of IFRS 9 5.5.15 and IFRS 7.35N: 1,160k, 1,648k, movement 488k
    first = provisions([30e6, 15e6, 8e6, 5e6, 2e6], [0.003, 0.016, 0.036, 0.066, 0.106])
    last = provisions([32e6, 16e6, 10e6, 7e6, 3e6], [0.005, 0.018, 0.038, 0.07, 0.11])
    assert (first / 1000).tolist() == [90, 240, 288, 330, 212]
    assert (last / 1000).tolist() == [160, 288, 380, 490, 330]
    between = moved(1_160_000, 1_648_000, written_off=0, recovered=0, currency=0, since=date(2024, 12, 31), until=ON)
    assert (first.sum(), last.sum(), between.charge) == (1_160_000, 1_648_000, 488_000)


def test_loss_rates_of_a_run_off():
    # ifrscommunity.com, loss rates from collection run-off: 2.0%, 4.0%, 8.7%, 25%, 100% and 27,567 unrounded
    rates = run_off_rates([100_000, 50_000, 23_000, 8_000, 2_000], lost=2_000)
    assert rates == pytest.approx([0.02, 0.04, 2_000 / 23_000, 0.25, 1.0])
    assert provisions([300_000, 140_000, 60_000, 23_000, 5_000], rates).sum() == pytest.approx(27_567, abs=0.5)


def test_flow_rates_of_the_same_run_off():
    # the same example as months: each bucket rolls on or is paid, and the last is written off
    buckets = ["on time", "1-30", "31-60", "61-90", "never"]
    reached = [100_000, 50_000, 23_000, 8_000, 2_000, 0]
    rows = [(b, buckets[k + 1], reached[k + 1]) for k, b in enumerate(buckets[:-1])]
    rows += [(b, "ended", reached[k] - reached[k + 1]) for k, b in enumerate(buckets[:-1])]
    rows += [("never", "written_off", 2_000)]
    found = flow_rates(pd.DataFrame(rows, columns=["bucket", "to", "amount"]), buckets)
    assert list(found.values()) == pytest.approx([0.02, 0.04, 2_000 / 23_000, 0.25, 1.0])


def test_the_published_examples_are_those_of_the_oracles(shared):
    for name, total in (("ifrs9-ie12", 580_000), ("finlearnhub-matrix", 526_500)):
        found = oracle(shared, name)
        assert provisions(found["inputs"]["gross"], found["inputs"]["rates"]).sum() == total
        assert found["expected"]["total"] == total
    run_off = oracle(shared, "finlearnhub-loss-rates")
    rates = run_off_rates(run_off["inputs"]["still_outstanding_after"], lost=run_off["inputs"]["bad_debt"])
    assert rates == pytest.approx(run_off["expected"]["loss_rates"], abs=1e-6)


# --- rates


def test_an_incidence_by_hand():
    # two books of 100; month 1: 110 of 200 leave, 20 lost; the older book's 40 leave in month 2, 20 lost: .1 + .45 x .5
    left, lost = np.array([[60.0, 40.0], [50.0, 0.0]]), np.array([[10.0, 20.0], [10.0, 0.0]])
    assert loss_incidence(np.array([100.0, 100.0]), left, lost, place=2) == pytest.approx(0.325)


def test_a_book_counts_only_for_the_months_it_was_followed():
    left, lost = np.array([[60.0, 40.0], [50.0, 50.0]]), np.array([[0.0, 20.0], [0.0, 50.0]])
    seen = loss_incidence(np.array([100.0, 100.0]), left, lost, place=2)
    assert seen == loss_incidence(np.array([100.0, 100.0]), left * [[1, 1], [1, 0]], lost * [[1, 1], [1, 0]], place=2)
    # 45% are open after the first month, and of the 40 followed further half are lost
    assert seen == pytest.approx(0.45 * 0.5)


def test_what_nothing_was_seen_to_leave_is_lost():
    assert loss_incidence(np.array([10.0]), np.zeros((1, 3)), np.zeros((1, 3)), place=1) == 1.0
    assert absorbed(np.array([[1.0]]), np.array([0.0])) == [1.0]


def test_incidence_agrees_with_counting_units_one_by_one():
    # slow rewrite: every cent a unit with its own month and cause; Aalen-Johansen by statsmodels
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(3)
    books, lags = 6, 5
    stock = np.full(books, 200.0)
    left, lost = np.zeros((books, lags)), np.zeros((books, lags))
    time, status = [], []
    for book in range(books):
        for month, cause in zip(rng.integers(1, lags + 1, 200), rng.integers(1, 3, 200), strict=True):
            if book + month <= books:
                left[book, month - 1] += 1
                lost[book, month - 1] += cause == 2
                time.append(month)
                status.append(cause)
            else:
                time.append(books - book)
                status.append(0)
    keep = np.array(time) > 0
    with np.errstate(divide="ignore", invalid="ignore"):  # its error is not defined where all have ended
        other = CumIncidenceRight(np.array(time)[keep], np.array(status)[keep])
    assert loss_incidence(stock, left, lost, place=books) == pytest.approx(other.cinc[1][-1], abs=1e-9)


def test_leaning_keeps_what_the_whole_company_lost():
    own, stock = np.array([0.01, 0.2, 0.04]), np.array([500.0, 20.0, 100.0])
    whole = float(own @ stock / stock.sum())
    found = leaning(own, whole, customers=np.array([40, 1, 10]), minimum=10, stock=stock)
    assert found @ stock == pytest.approx(whole * stock.sum())
    assert whole < found[1] < own[1] / 2  # a single customer's loss says little of its segment


# --- coins


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=40), st.integers(0, 3))
def test_coins_add_up_and_stay_beside_their_amounts(amounts, decimals):
    coins = in_coins(amounts, decimals=decimals)
    exact = np.array(amounts) * 10**decimals
    assert abs(coins.sum() - exact.sum()) <= 0.5 + 1e-5 * len(amounts)
    assert (np.abs(coins - exact) < 1 + 1e-5).all()


def test_no_coins_pass_what_is_owed():
    assert in_coins([0.006, 0.006], decimals=2, most=np.array([0, 1])).tolist() == [0, 1]


# --- allowance: scenarios, overlays, named customers


def company(**stated) -> Company:
    about = {"company": {"name": "x", "currency": "EUR"}, "tables": {"invoices": {"file": "x.csv"}}}
    return Company.model_validate(about | stated)


def scenario(name, weight, factor, **more):
    return {"name": name, "stated_on": date(2026, 9, 30), "weight": weight, "factor": factor, "source": "s"} | more


BOOK = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B", "C"],
        "segment": ["x", "x", "x", "y"],
        "bucket": ["not due", "1-30", "1-30", "not due"],
        "currency": "EUR",
        "balance": [1000.0, 100.0, 50.0, 2000.0],
        "expected": [10.0, 5.0, 50.0, 20.0],
    }
)
BUCKETS = ["not due", "1-30"]


def test_an_allowance_by_hand():
    stated = company(
        scenarios=[scenario("base", 0.75, 1.0), scenario("worse", 0.25, 2.0, factors={"1-30": 3.0})],
        overlays=[
            {
                "name": "o",
                "amount": "12.34",
                "owner": "w",
                "reason": "r",
                "stated_on": ON,
                "expires_on": date(2026, 12, 1),
            }
        ],
        specific_allowances=[
            {
                "customer_id": "C",
                "loss_rate": 0.5,
                "owner": "w",
                "reason": "r",
                "stated_on": ON,
                "expires_on": date(2026, 12, 1),
            }
        ],
    )
    made = allowance(BOOK, stated, on=ON, buckets=BUCKETS, kept=0.8)
    # factors: not due .75 + .5 = 1.25, 1-30 .75 + .75 = 1.5; A 8 x 1.25 + 4 x 1.5, B min(40 x 1.5, 50), C half of 2000
    assert made.parts() == {"history": 6800, "forward": 200 + 200 + 1000, "specific": 100_000 - 1600, "overlay": 1234}
    assert made.total == 1000 + 600 + 5000 + 100_000 + 1234
    assert made.by_customer()["expected_loss"].to_dict() == {"C": 1000.0, "B": 50.0, "A": 16.0}
    assert made.matrix().loc[(TOTAL, TOTAL), "loss"] == 1066.0
    # the day after the last day the judgements no longer hold
    later = allowance(BOOK, stated, on=date(2026, 12, 2), buckets=BUCKETS, kept=0.8)
    assert (later.overlay, later.specific, later.overlays) == (0, (), ())


def test_an_overlay_makes_the_allowance_neither_negative_nor_more_than_what_is_owed():
    for amount, total in (("-1e6", 0), ("1e6", 315_000)):
        overlay = Overlay(
            name="o", amount=Decimal(amount), owner="w", reason="r", stated_on=ON, expires_on=date(2027, 1, 1)
        )
        made = allowance(BOOK, company(overlays=[overlay.model_dump()]), on=ON, buckets=BUCKETS, kept=1.0)
        assert made.total == total


def test_the_latest_scenarios_of_the_day_count():
    old = scenario("old", 1.0, 3.0) | {"stated_on": date(2026, 1, 1)}
    stated = company(scenarios=[old, scenario("a", 0.5, 1.0), scenario("b", 0.5, 2.0)])
    for day, factor in ((date(2025, 12, 31), 1.0), (date(2026, 9, 29), 3.0), (ON, 1.5)):
        assert forward_view(stated, buckets=BUCKETS, on=day).weighted.tolist() == [factor, factor]


def test_scenarios_are_refused_that_are_no_set():
    with pytest.raises(ValidationError, match=r"add up to 0\.9"):
        company(scenarios=[scenario("a", 0.5, 1.0), scenario("b", 0.4, 2.0)])
    with pytest.raises(ValidationError, match="same name"):
        company(scenarios=[scenario("a", 0.5, 1.0), scenario("a", 0.5, 2.0)])
    with pytest.raises(UsageFault, match="names the bucket '1-60'"):
        forward_view(company(scenarios=[scenario("a", 1.0, 1.0, factors={"1-60": 2.0})]), buckets=BUCKETS, on=ON)
    twice = {"customer_id": "C", "loss_rate": 0.5, "owner": "w", "reason": "r", "stated_on": ON}
    with pytest.raises(ValidationError, match="two allowances"):
        company(
            specific_allowances=[twice | {"expires_on": date(2027, 1, 1)}, twice | {"expires_on": date(2028, 1, 1)}]
        )
    with pytest.raises(ValidationError, match="must lie after"):
        SpecificAllowance.model_validate(twice | {"expires_on": ON})
    with pytest.raises(ValidationError):
        Scenario.model_validate(scenario("a", 1.0, 0.0))


# --- books


def ledger(months: int = 15, *, customers: int = 12, lost: int = 3, currency: str = "EUR") -> Ledger:
    """An invoice of 100 a month of each customer, due in 30 days and paid 10 days late; some never pay from month 4 on.

    What is not paid is written off at the end of the month 40 days after it was due, and a tenth of it comes back.
    """
    books = Ledger()
    for month in range(months):
        for customer in range(customers):
            issued = pd.Timestamp("2025-01-05") + pd.DateOffset(months=month)
            due = issued + pd.Timedelta(days=30)
            id = f"{month:02d}-{customer:02d}"
            books.invoice(id, f"C{customer:02d}", f"{issued:%Y-%m-%d}", f"{due:%Y-%m-%d}", "100.00", currency=currency)
            if customer < lost and month % 4 == customer:
                gone = due + pd.Timedelta(days=40) + pd.offsets.MonthEnd(0)
                books.entry("write_off", "100.00", f"{gone:%Y-%m-%d}", id, currency=currency)
                back = gone + pd.Timedelta(days=50)
                books.entry("recovery", "10.00", f"{back:%Y-%m-%d}", id, currency=currency)
            else:
                books.entry("payment", "100.00", f"{due + pd.Timedelta(days=10):%Y-%m-%d}", id, currency=currency)
    return books


@pytest.fixture(scope="module")
def found():
    return losses(history_of(ledger().as_of("2026-03-31")))


def test_what_stood_and_what_became_of_it_are_those_of_the_ledger(found):
    history = found.found
    # 12 invoices a month; at the end of a month those of the month and of the month before it (due around the 5th)
    last = history.stock[history.stock["place"] == 14]
    assert last["balance"].sum() == 1000 * found.allowance.exposure
    ended = history.ends.groupby(["place", "bucket"])[["left", "lost"]].sum() / 1000
    # on 31 January 2025 the twelve of January stood not due; customer 0 never pays month 0
    assert ended.loc[(0, "not due")].tolist() == [1200, 100]


def test_rates_by_hand(found):
    # one segment: of what stands not due at a month end one in so many was never paid
    rate = loss_rates(found.found, place=14).cells["rate"]
    stock = found.found.stock.groupby(["place", "bucket"])["balance"].sum().unstack().fillna(0.0) / 1000
    lost = found.found.ends.groupby(["place", "bucket"])["lost"].sum().unstack().fillna(0.0) / 1000
    whole = lost["not due"].iloc[:10].sum() / stock["not due"].iloc[:10].sum()
    assert rate["all customers", "not due"] == pytest.approx(whole, rel=0.25)
    # what is 31 to 60 days late is only what nobody pays
    assert rate["all customers", "31-60"] == 1.0


def test_a_tenth_of_what_was_written_off_comes_back(found):
    assert found.given_default.value == pytest.approx(0.9)
    assert loss_given_default(found.found, place=3).value == 1.0  # nothing had come back by then


def test_the_matrix_foots_and_no_customer_loses_more_than_it_owes(found):
    made = found.allowance
    matrix = made.matrix()["loss"]
    inner = matrix.drop(index=TOTAL, level="segment").drop(index=TOTAL, level="bucket")
    assert round(inner.sum() * 100) == round(matrix.loc[TOTAL, TOTAL] * 100) == int(made.cells["loss"].sum())
    assert round(made.by_customer()["expected_loss"].sum() * 100) == int(made.cells["loss"].sum())
    assert ((made.cells["loss"] >= 0) & (made.cells["loss"] <= made.cells["exposure"])).all()


def test_the_movement_closes(found):
    for period in (found.month, found.year):
        if period is not None:
            sum_of = period.opening + period.charge - period.written_off + period.recovered + period.currency
            assert sum_of == period.closing == found.allowance.total
    # 31 March 2026: what was due around 4 February (issued on 5 January) is 40 days late on 16 March
    assert found.month.written_off == 10_000


def test_currency_moves_the_opening_allowance_only():
    from analysis.ledger.company import Rate

    books = ledger(currency="USD")
    books.rates = tuple(
        Rate(currency="USD", on=day, rate=rate, source="made up")
        for day, rate in ((date(2025, 1, 1), 0.5), (date(2026, 3, 1), 0.6))
    )
    there = losses(history_of(books.as_of("2026-03-31")))
    here = losses(history_of(ledger().as_of("2026-03-31")))
    assert there.allowance.exposure == pytest.approx(0.6 * here.allowance.exposure)
    # a fifth is added to the opening allowance by the rate alone
    assert there.month.currency == round(there.month.opening * 0.2)


# --- what a day knew


def test_what_came_later_and_the_order_of_rows_change_nothing():
    books = ledger(20)
    early = losses(history_of(books.as_of("2026-03-31")))
    cut = ledger(20)
    cut.tables["entries"] = [row for row in cut.tables["entries"] if row["booked_on"] <= date(2026, 3, 31)][::-1]
    cut.tables["invoices"] = [row for row in cut.tables["invoices"] if row["issued_on"] <= date(2026, 3, 31)][::-1]
    again = losses(history_of(cut.as_of("2026-03-31")))
    pd.testing.assert_frame_equal(early.allowance.cells, again.allowance.cells)
    assert early.draws.interval(0.9) == again.draws.interval(0.9)
    # and the allowance that a later run makes again for the same day is the same
    later = losses(history_of(books.as_of("2026-06-30")))
    pd.testing.assert_frame_equal(later.allowances[date(2026, 3, 31)].cells, early.allowance.cells)


def test_a_write_off_recorded_later_is_not_known_earlier():
    books = ledger()
    for row in books.tables["entries"]:
        if row["kind"] == "write_off":
            row["recorded_on"] = row["booked_on"] + pd.Timedelta(days=40).to_pytimedelta()
    history = loss_history(history_of(books.as_of("2026-03-31")))
    plain = loss_history(history_of(ledger().as_of("2026-03-31")))
    first = [frame.booked[frame.booked["kind"] == "write_off"]["place"].min() for frame in (history, plain)]
    assert first == [4, 2]  # written off on 31 March 2025, and known on 10 May


# --- degenerate books


def test_books_that_cannot_say_say_why():
    assert "these hold 3" in why_no_losses(history_of(ledger(3).as_of("2025-03-31")))
    assert why_no_losses(history_of(Ledger().as_of("2025-03-31"))) != ""
    open_only = Ledger().invoice("1", "A", "2024-01-05", "2024-02-05", "10.00")
    assert "open items only" in why_no_losses(history_of(open_only.as_of("2026-03-31")))
    with pytest.raises(ValueError, match="open items only"):
        losses(history_of(open_only.as_of("2026-03-31")))


@pytest.mark.parametrize(("customers", "lost"), [(1, 0), (1, 1), (12, 0)])
def test_small_and_sound_books_have_an_answer(customers, lost):
    made = losses(history_of(ledger(15, customers=customers, lost=lost).as_of("2026-03-31")))
    assert 0 <= made.allowance.total <= 100 * made.allowance.exposure
    assert not len(made.draws.draws)  # too few ever cost anything
    assert made.ever_written_off == bool(lost)
    # a chain without a loss at its end has no loss rate, though nothing was seen to leave its last bucket
    assert np.isnan(made.flow_loss) == (not lost)
    assert made.rates_by_bucket["flow"].isna().all() == (not lost)


def test_nothing_open_is_nothing_to_lose():
    made = losses(history_of(ledger(12, lost=0).as_of("2026-03-31")))
    assert (made.allowance.total, made.allowance.exposure) == (0, 0.0)
    assert made.allowance.matrix()["rate"].isna().all()


# --- how far it may be off, and the record


def test_draws_lie_around_what_is_expected_and_their_spread_is_that_of_independent_customers():
    # 400 customers alike: each loses all with a chance of 5%, so a book's loss has the deviation sqrt(400 x .05 x .95)
    rng = np.random.default_rng(1)
    rows = [(f"C{c:03d}", q, 1.0, 0.05, float(rng.random() < 0.05)) for c in range(400) for q in range(20)]
    past = pd.DataFrame(rows, columns=["customer_id", "place", "balance", "expected", "lost"])
    book = pd.DataFrame({"customer_id": [f"C{c:03d}" for c in range(400)], "balance": 1.0, "expected": 0.05})
    draws = loss_draws(past, book).draws
    assert draws.mean() == pytest.approx(20, rel=0.03)
    assert draws.std() == pytest.approx(np.sqrt(400 * 0.05 * 0.95), rel=0.12)


def test_draws_are_moved_to_what_is_expected_of_the_book():
    rng = np.random.default_rng(1)
    rows = [(f"C{c:03d}", 0, 10.0, 1.0, 10.0 * float(rng.random() < 0.1)) for c in range(500)]
    past = pd.DataFrame(rows, columns=["customer_id", "place", "balance", "expected", "lost"])
    book = pd.DataFrame({"customer_id": [f"C{c:03d}" for c in range(500)], "balance": 10.0, "expected": 2.0})
    draws = loss_draws(past, book).draws
    assert draws.mean() == pytest.approx(1_000, rel=0.03)
    assert draws.max() <= 5_000


def test_a_record_by_hand():
    rows = pd.DataFrame(
        [(m, c, "1-30", 100.0, 4.0, 10.0 * (c in "AB")) for m in range(4) for c in "ABCDE"],
        columns=["on", "customer_id", "bucket", "exposure", "provided", "lost"],
    )
    found = provision_record(rows, buckets=["1-30"])
    assert found.vintages["provided"].tolist() == [20.0] * 4
    assert found.covered == 4
    assert found.bias.value == 0.0  # 80 provided, 80 lost
    assert found.bias.low < 0 < found.bias.high


def test_the_interval_covers_and_the_mean_does_not_lean_on_simulated_ledgers():
    # a short version of benchmarks/losses.py, which runs 20 larger ledgers
    day, held, made, true = date(2026, 4, 30), [], [], []
    for seed in (1, 2, 3):
        world = simulate(n_invoices=5_000, seed=seed, end=date(2027, 6, 30), months=50)
        snapshot = as_of(simulated_books(world), day)
        found = losses(history_of(snapshot))
        open_on = set(
            snapshot.items.filter(snapshot.items["outcome"] == "open").select("invoice_id").execute()["invoice_id"]
        )
        later = world.entries[
            (world.entries["booked_on"] > pd.Timestamp(day)) & world.entries["invoice_id"].isin(open_on)
        ]
        amount = later["amount"].astype(float)
        lost = float(amount[later["kind"] == "write_off"].sum() - amount[later["kind"] == "recovery"].sum())
        low, high = found.draws.interval(0.99)
        held.append(low <= lost <= high)
        made.append(found.allowance.expected_loss)
        true.append(lost)
        assert 0 < found.allowance.expected_loss < 0.1 * found.allowance.exposure
    assert all(held)
    assert 0.4 < sum(made) / sum(true) < 2.5
