"""The naive ladder by hand, against lifelines and statsmodels, and against a rewrite invoice by invoice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from small_books import Ledger
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.measures.history import history_of
from analysis.models.ladder import LADDER, RUNGS, strongest_carried
from analysis.models.landmarks import open_book
from analysis.models.shrunk_curves import pooled_hazards, shrunk_unpaid, unpaid_given_open

FIRST = date(2024, 1, 1)
ON = date(2024, 8, 31)


def _ledger(seed: int, *, n: int = 160, days: int = 300) -> Ledger:
    """Invoices of eight customers over ten months: most are paid, some credited, some written off, some stay."""
    rng, ledger = np.random.default_rng(seed), Ledger()
    for customer in range(8):
        ledger.row("customers", customer_id=f"K{customer}", segment="large" if customer < 3 else "small")
    for number in range(n):
        customer, issued = int(rng.integers(8)), FIRST + timedelta(days=int(rng.integers(days)))
        due = issued + timedelta(days=int(rng.choice([14, 30])))
        left = max(issued, due + timedelta(days=int(rng.normal(4 * customer - 6, 9))))
        kind = rng.choice(["payment", "payment", "payment", "payment", "credit_note", "write_off", ""])
        ledger.invoice(f"R{number:03}", f"K{customer}", str(issued), str(due), "100.00")
        if kind:
            ledger.entry(str(kind), "100.00", str(left), f"R{number:03}")
    return ledger


def _lives(ledger: Ledger, on: date) -> pd.DataFrame:
    """What is known on a day, invoice by invoice: day numbers relative to it."""
    ended = {row["invoice_id"]: (row["booked_on"], row["kind"]) for row in ledger.tables["entries"]}
    segment = {row["customer_id"]: row["segment"] for row in ledger.tables["customers"]}
    rows = []
    for row in ledger.tables["invoices"]:
        if row["issued_on"] > on:
            continue
        until, kind = ended.get(row["invoice_id"], (None, ""))
        is_open = until is None or until > on
        left = on if is_open else until
        rows.append(
            {
                "invoice_id": row["invoice_id"],
                "customer_id": row["customer_id"],
                "segment": segment[row["customer_id"]],
                "since_issue": (left - row["issued_on"]).days,
                "since_due": (left - row["due_on"]).days,
                "terms": (row["due_on"] - row["issued_on"]).days,
                "kind": "" if is_open else kind,
            }
        )
    return pd.DataFrame(rows)


def _counts(day, kind, *, entered=0, group=None) -> pd.DataFrame:
    """Counts in the shape of ``Known.counts`` from one value per invoice."""
    frame = pd.DataFrame({"day": day, "kind": kind, "entered_on": entered})
    frame["group"] = "all" if group is None else group
    leaves = frame.assign(
        entered=0,
        paid=frame["kind"] == "payment",
        other=~frame["kind"].isin(["payment", ""]),
        censored=frame["kind"] == "",
    )
    enters = frame.assign(day=frame["entered_on"], entered=1, paid=0, other=0, censored=0)
    columns = ["entered", "paid", "other", "censored"]
    return (
        pd.concat([leaves, enters])
        .groupby(["group", "day"], as_index=False)[columns]
        .sum()
        .astype(dict.fromkeys(columns, int))
    )


def _outlook(lives: pd.DataFrame, clock: str, now: int, *, own: pd.Series | None = None, days: int = 90) -> list[float]:
    """Chance to be unpaid on each coming day, worked out one day after the other from the invoices themselves."""

    def rates(rows: pd.DataFrame, day: int) -> tuple[float, float, float]:
        entered = -rows["terms"] if clock == "since_due" else 0
        at_risk = ((entered <= day) & (rows[clock] >= day)).sum()
        here = rows[rows[clock] == day]
        paid = (here["kind"] == "payment").sum()
        return at_risk, paid, (here["kind"] != "").sum() - paid

    span = range(int(min((-lives["terms"]).min(), lives[clock].min())), int(lives[clock].max()) + 1)
    pooled = {day: rates(lives, day) for day in span}
    last = max(day for day in span if pooled[day][0] >= 10)
    tail = np.sum([pooled[day] for day in range(max(last - 29, span[0]), last + 1)], axis=0)
    unpaid, still_open, result = 1.0, 1.0, []
    for day in range(now + 1, now + days + 1):
        at_risk, paid, other = tail if day > last else pooled.get(day, (0, 0, 0))
        hazard = np.array([paid, other]) / max(at_risk, 1)
        if own is not None and day <= last:
            n, d, e = rates(lives[own], day)
            hazard = (np.array([d, e]) + 5 * hazard) / (n + 5)
        unpaid -= still_open * hazard[0]
        still_open *= 1 - hazard.sum()
        result.append(unpaid)
    return result


@pytest.fixture(scope="module")
def made():
    ledger = _ledger(1)
    history = history_of(ledger.as_of("2024-12-31"))
    return ledger, history


@pytest.fixture(scope="module")
def cut_off(made):
    """The books as they were on the day, with everything later cut off."""
    return history_of(made[0].as_of(str(ON)))


@pytest.fixture(scope="module")
def unpaid_books():
    ledger = Ledger().invoice("R1", "K", "2024-01-01", "2024-01-31", "100.00")
    return history_of(ledger.as_of("2024-01-21"))


def test_curves_are_those_worked_out_by_invoice(made):
    ledger, history = made
    lives, book, known = _lives(ledger, ON), open_book(history, ON), history.known(ON)
    now = lives.set_index("invoice_id")
    assert sorted(book.items["invoice_id"]) == sorted(lives.loc[lives["kind"] == "", "invoice_id"])
    found = {id: RUNGS[id].forecast(known, book) for id in RUNGS}
    for place, invoice in enumerate(book.items["invoice_id"][:12]):
        mine = now.loc[invoice]
        age, rel = int(mine["since_issue"]), int(mine["since_due"])
        wanted = {
            "curve_since_issue": _outlook(lives, "since_issue", age),
            "curve_since_due": _outlook(lives, "since_due", rel),
            "segment_curve": _outlook(lives, "since_due", rel, own=lives["segment"] == mine["segment"]),
            "customer_curve": _outlook(lives, "since_due", rel, own=lives["customer_id"] == mine["customer_id"]),
        }
        for id, curve in wanted.items():
            assert found[id][place] == pytest.approx(np.clip(curve, 0, 1), abs=1e-9), (invoice, id)


def test_days_are_those_worked_out_by_invoice(made):
    ledger, history = made
    lives, book, known = _lives(ledger, ON), open_book(history, ON), history.known(ON)
    paid = lives[lives["kind"] == "payment"]
    late = paid[paid["since_due"] > 0]
    rel = lives.set_index("invoice_id")["since_due"]
    found = {id: RUNGS[id].forecast(known, book) for id in list(RUNGS)[:4]}
    for place, (invoice, customer) in enumerate(zip(book.items["invoice_id"], book.items["customer_id"], strict=True)):
        usual = paid.loc[paid["customer_id"] == customer, "since_due"].mean()
        usual_late = late.loc[late["customer_id"] == customer, "since_due"].mean()
        company = paid["since_due"].mean(), late["since_due"].mean()
        usual, usual_late = (b if np.isnan(a) else a for a, b in zip((usual, usual_late), company, strict=True))
        wanted = {
            "due_date": -rel[invoice],
            "company_delay": company[0] - rel[invoice],
            "customer_delay": usual - rel[invoice],
            "usual_lateness": (usual_late if rel[invoice] > 0 else usual) - rel[invoice],
        }
        for id, left in wanted.items():
            first_paid = int((found[id][place] > 0).sum()) + 1
            assert first_paid == max(1, int(np.floor(left + 0.5))), (invoice, id)


def test_pooled_curve_is_that_of_lifelines_with_late_entry():
    rng = np.random.default_rng(3)
    terms = rng.choice([7, 14, 30], 300)
    left = np.maximum(rng.normal(5, 12, 300).astype(int), -terms)
    seen = rng.random(300) < 0.7
    counts = _counts(left, np.where(seen, "payment", ""), entered=-terms)
    found = unpaid_given_open(pooled_hazards(counts), [-30, -3, 10], days=12)
    # lifelines takes those as at risk that entered before a day; its days must be positive
    curve = KaplanMeierFitter().fit(left + 100, seen, entry=-terms + 99.5).survival_function_at_times
    for row, now in enumerate((-30, -3, 10)):
        wanted = curve(np.arange(now + 1, now + 13) + 100).to_numpy() / curve(now + 100).iloc[0]
        assert found[row] == pytest.approx(wanted, abs=1e-12)


def test_credit_notes_compete_as_in_statsmodels():
    rng = np.random.default_rng(5)
    day, status = rng.integers(0, 40, 400), rng.choice([0, 1, 1, 2], 400)
    counts = _counts(day, np.array(["", "payment", "credit_note"])[status])
    found = unpaid_given_open(pooled_hazards(counts), [-1], days=39)[0]
    incidence = CumIncidenceRight(day + 1, status)
    wanted = dict(zip(incidence.times, incidence.cinc[0], strict=True))
    assert found == pytest.approx([1 - wanted[k] for k in range(1, 40)], abs=1e-12)


def test_shrinking_by_hand():
    # All: 20 on day 0, 10 paid on day 2, 10 open on day 3. Of them customer A: four, one paid on day 2.
    day, kind = [2] * 10 + [3] * 10, ["payment"] * 10 + [""] * 10
    group = ["A"] + ["B"] * 9 + ["A"] * 3 + ["B"] * 7
    pooled = pooled_hazards(_counts(day, kind))
    counts = _counts(day, kind, group=group)
    whose = pd.Series(["A", "C", "B"])
    found = shrunk_unpaid(counts, pooled, whose, [0, 0, 0], days=3)
    # day 1 nobody; day 2 (1 + 5/2) / (4 + 5) and (9 + 5/2) / (16 + 5); C is unknown; day 3 nobody paid
    assert found[:, 1] == pytest.approx([1 - 3.5 / 9, 0.5, 1 - 11.5 / 21])
    assert found[:, 0].tolist() == [1, 1, 1]
    assert found[:, 2] == pytest.approx(found[:, 1])
    own = shrunk_unpaid(counts, pooled, whose[:1], [0], days=3, pseudo_invoices=1e-12)
    assert own[0] == pytest.approx([1, 0.75, 0.75])
    drowned = shrunk_unpaid(counts, pooled, whose[:1], [0], days=3, pseudo_invoices=1e12)
    assert drowned[0] == pytest.approx([1, 0.5, 0.5])


def test_the_pace_of_the_last_thirty_days_goes_on():
    # Twelve at risk up to day 50, of whom two were paid on day 40; one is open on day 70, far beyond.
    counts = _counts([40, 40] + [50] * 9 + [70], ["payment"] * 2 + [""] * 10)
    found = unpaid_given_open(pooled_hazards(counts), [70], days=2)[0]
    # at risk on days 21 to 40 twelve, on days 41 to 50 ten
    pace = 2 / (20 * 12 + 10 * 10)
    assert found == pytest.approx([1 - pace, (1 - pace) ** 2])
    # never ten at risk: the whole time counts
    few = _counts([4, 9], ["payment", ""])
    assert unpaid_given_open(pooled_hazards(few), [20], days=1)[0, 0] == pytest.approx(1 - 1 / (5 * 2 + 5))


def test_nothing_known_is_never_paid():
    assert unpaid_given_open(pooled_hazards(_counts([], [])), [5, -5], days=4).tolist() == [[1] * 4] * 2


@pytest.mark.parametrize("rung", LADDER, ids=lambda rung: rung.id)
def test_what_comes_after_the_day_changes_nothing(made, cut_off, rung):
    history, then = made[1], cut_off
    book = open_book(history, ON)
    found = pd.DataFrame(rung.forecast(history.known(ON), book), index=book.items["invoice_id"]).sort_index()
    early = open_book(then, ON)
    wanted = pd.DataFrame(rung.forecast(then.known(ON), early), index=early.items["invoice_id"]).sort_index()
    pd.testing.assert_frame_equal(found, wanted, rtol=0, atol=0)
    # and the rows themselves carry what became of them, which nobody may read
    poisoned = book.items.assign(ended=book.items["mark"] + 1, ended_known=book.items["mark"] + 1, cause="paid")
    again = rung.forecast(history.known(ON), replace(book, items=poisoned.iloc[::-1].reset_index(drop=True)))
    assert (again[::-1] == found.loc[book.items["invoice_id"]].to_numpy()).all()


@pytest.mark.parametrize("rung", LADDER, ids=lambda rung: rung.id)
def test_chances_only_fall_and_stay_chances(made, rung):
    _, history = made
    unpaid = rung.forecast(history.known(ON), open_book(history, ON), days=120)
    assert unpaid.shape[1] == 120
    assert ((unpaid >= 0) & (unpaid <= 1)).all()
    assert (np.diff(unpaid, axis=1) <= 1e-12).all()


@pytest.mark.parametrize(("n_paid", "wanted"), [(0, "due_date"), (1, "company_delay"), (10, "customer_curve")])
def test_books_too_small_for_a_curve(n_paid, wanted):
    ledger = Ledger()
    for number in range(11):
        ledger.invoice(f"R{number}", "K", "2024-01-01", "2024-01-31", "100.00")
    for number in range(n_paid):
        ledger.entry("payment", "100.00", "2024-02-10", f"R{number}")
    known = history_of(ledger.as_of("2024-03-31")).known(date(2024, 3, 31))
    assert strongest_carried(known).id == wanted


@pytest.mark.parametrize("rung", LADDER, ids=lambda rung: rung.id)
def test_books_without_a_payment(unpaid_books, rung):
    on = unpaid_books.last
    unpaid = rung.forecast(unpaid_books.known(on), open_book(unpaid_books, on))[0]
    # due in ten days, or no curve
    wanted = [1.0] * 9 + [0.0] * 81 if rung.id in list(RUNGS)[:4] else [1.0] * 90
    assert unpaid.tolist() == wanted
