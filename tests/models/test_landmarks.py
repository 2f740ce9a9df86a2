"""Open invoices as they stood on past days: against a loop over rows, and against books cut off on the day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_books
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import day_number, history_of
from analysis.models.customer_sums import PHASE_COLUMNS
from analysis.models.followed import followed, ordinary_days
from analysis.models.habits import habits
from analysis.models.known_spells import REL_MIN
from analysis.models.landmarks import landmarks, open_book, open_books
from analysis.models.paydays import month_places
from analysis.models.person_days import DAY_FEATURES, FEATURES, day_matrix
from analysis.models.row_features import described

LAST, PAST = date(2026, 10, 31), date(2026, 6, 17)


@pytest.fixture(scope="module")
def books():
    return simulated_books(simulate(n_invoices=1_500, seed=7))


@pytest.fixture(scope="module")
def history(books):
    return history_of(as_of(books, LAST))


@pytest.fixture(scope="module")
def spells(history):
    frame = history.lives.execute()
    return frame.astype({"amount": float, "ended": float, "ended_known": float})


def test_the_book_of_a_past_day_holds_what_a_loop_over_the_spells_finds(history, spells):
    day = day_number(PAST)
    is_open = (spells["begun_known"] <= day) & ~(spells["ended_known"] <= day)
    book = open_book(history, PAST)
    assert sorted(book.items["invoice_id"]) == sorted(spells.loc[is_open, "invoice_id"])
    assert (book.items["rel"] == day - book.items["due"]).all()
    assert book.on == PAST


def test_balances_disputes_and_contacts_are_those_of_the_day():
    ledger = (
        Ledger()
        .invoice("1", "A", "2026-01-01", "2026-01-31", "100.00")
        .entry("payment", "40.00", "2026-02-10", "1")
        .entry("payment", "60.00", "2026-03-20", "1")
        .row("disputes", dispute_id="D", invoice_id="1", opened_on="2026-02-05", closed_on="2026-02-20", reason="price")
        .row("contacts", contact_id="K1", customer_id="A", invoice_id="1", made_on="2026-02-08", kind="reminder")
        .row(
            "contacts",
            contact_id="K2",
            customer_id="A",
            invoice_id="1",
            made_on="2026-02-11",
            kind="promise",
            promised_on="2026-02-25",
        )
    )
    history = history_of(ledger.as_of("2026-03-31"))
    seen = pd.concat([open_book(history, date(2026, 2, day)).items for day in (7, 12, 27)]).set_index("mark")
    seen.index = [7, 12, 27]
    assert seen["balance"].tolist() == [100.0, 60.0, 60.0]
    assert seen["contacts"].tolist() == [0, 2, 2]
    assert seen["promises_broken"].tolist() == [0, 0, 1]
    assert seen["disputes"].tolist() == [1, 1, 1]
    assert seen["disputed_since"].notna().tolist() == [True, True, False]
    assert open_book(history, date(2026, 2, 7)).outcome(date(2026, 3, 31)).paid_after.tolist() == [41.0]
    assert open_book(history, date(2026, 2, 7)).outcome(date(2026, 3, 19)).paid_after.tolist() == [np.inf]


def test_a_sample_stands_for_the_whole(history):
    marks = [LAST - timedelta(days=15 * k) for k in range(1, 40)]
    whole, drawn = landmarks(history, marks, rows_max=None), landmarks(history, marks, rows_max=25)
    n, kept = (book.items.groupby("mark").size() for book in (whole, drawn))
    share = np.minimum(1.0, 25 / n)
    # each day a binomial draw of its share: within four standard deviations, and over all days within two
    spread = np.sqrt(n * share * (1 - share))
    assert (abs(kept - n * share) <= 4 * spread + 1e-9).all()
    assert abs(kept.sum() - (n * share).sum()) < 2 * np.sqrt((spread**2).sum())
    assert (drawn.items["weight"] == 1 / share.loc[drawn.items["mark"]].to_numpy()).all()
    assert (share < 0.9).sum() > 30


def test_the_sample_of_a_day_does_not_depend_on_days_that_come_later(history):
    marks = [LAST - timedelta(days=15 * k) for k in range(10, 20)]
    early = landmarks(history, marks, rows_max=20)
    both = landmarks(history, [*marks, LAST - timedelta(days=20), LAST], rows_max=20)
    then = both.items[both.items["mark"] <= day_number(max(marks))].reset_index(drop=True)
    pd.testing.assert_frame_equal(early.items, then, check_dtype=False)
    once, again = (described(book, habits(history, book.items)) for book in (early, both))
    assert (once.fixed == again.fixed[: len(once)]).all()
    assert (once.habits.hazard[once.curve] == again.habits.hazard[again.curve[: len(once)]]).all()


def test_habits_are_those_of_a_loop_over_the_spells(history, spells):
    book = open_book(history, PAST)
    found = habits(history, book.items)
    day = day_number(PAST)
    seen = spells[(spells["begun_known"] <= day) & (spells["begun"] > day - 730)]
    for (_, customer), row in found.customers.iterrows():
        own = seen[seen["customer_id"] == customer]
        paid = own[(own["ended_known"] <= day) & (own["cause"] == "paid")]
        late = paid["ended"] - paid["due"]
        assert (row["paid"], row["late"], row["paid_late"]) == (len(paid), late.sum(), (late > 0).sum())
        assert row["open"] == len(own) - (own["ended_known"] <= day).sum()
        phases = ((paid["ended"] + 3) % 14).value_counts()
        assert [row[column] for column in PHASE_COLUMNS] == [phases.get(float(k), 0) for k in range(14)]
        # the hazard of one day by hand, drawn to what the customer without invoices of its own is given
        rel = int(late.min()) if len(late) else 0
        at_risk = (
            (own["begun"] - own["due"] <= rel)
            & (own["ended"].where(own["ended_known"] <= day, day) - own["due"] >= rel)
        ).sum()
        n_paid = (late == rel).sum()
        hazard = found.hazard[int(row["curve"]), rel - REL_MIN]
        assert n_paid / (at_risk + 5) - 1e-6 <= hazard <= (n_paid + 5) / (at_risk + 5) + 1e-6


def test_followed_days_end_with_the_payment_or_with_what_was_known(history, spells):
    marks = [PAST - timedelta(days=11 * k) for k in range(1, 10)]
    book = landmarks(history, marks, rows_max=None)
    days = followed(described(book, habits(history, book.items)), known_until=PAST)
    last, n_days, n_paid = day_number(PAST), 0, 0
    for row in book.items.itertuples():
        known = row.ended_known <= last
        left = max(row.ended - row.mark, 1) if known else np.inf
        until = min(left, last - row.mark, 91)
        n_days += until
        n_paid += known and row.cause == "paid" and left == until
    assert (len(days.paid), int(days.paid.sum())) == (n_days, n_paid)
    few = followed(described(book, habits(history, book.items)), known_until=PAST, most=2_000)
    assert len(few.paid) < 2_300 < n_days
    # weights make up for what was not drawn: the share of days with a payment stays
    assert few.weight[few.paid].sum() / few.weight.sum() == pytest.approx(n_paid / n_days, rel=0.1)


def test_a_holiday_and_the_day_that_catches_up_are_not_ordinary():
    # Ten weeks from Monday 2 November 2026 (day 20,759): eight are paid on each working day, none on Saturdays and
    # Sundays. Nothing comes on Friday 25 December, all of it on the Monday after.
    paid = np.tile([8, 8, 9, 9, 10, 0, 0], 10)
    friday = (date(2026, 12, 25) - date(2026, 11, 2)).days
    paid[friday], paid[friday + 3] = 0, 18
    found = ordinary_days(paid, first=day_number(date(2026, 11, 2)))
    assert np.flatnonzero(~found).tolist() == [friday, friday + 3]
    # Where seven are usual an empty day may be chance, and one that is last has no day after it.
    assert ordinary_days(np.where(paid == 8, 7, np.where(paid > 0, 7, 0)), first=day_number(date(2026, 11, 2))).all()
    paid = np.tile([8, 9], 70)
    paid[-1] = 0
    assert np.flatnonzero(~ordinary_days(paid, first=day_number(PAST))).tolist() == [139]


def test_days_that_are_not_ordinary_are_not_learned_from():
    """Twelve customers pay on the due date, one on each working day, but on 26 December what is due on the 25th."""
    ledger = Ledger()
    for due in pd.bdate_range("2025-11-03", "2026-01-23").date:
        paid = date(2025, 12, 26) if due == date(2025, 12, 25) else due
        for k in range(12):
            ledger.invoice(f"{due}-{k}", f"K{k}", str(due - timedelta(days=30)), str(due), "10")
            ledger.entry("payment", "10", str(paid), f"{due}-{k}")
    history = history_of(ledger.as_of("2026-01-31"))
    book = landmarks(history, [date(2025, 12, 20)], rows_max=None)
    days = followed(described(book, habits(history, book.items)), known_until=date(2026, 1, 31))
    # issued by 20 December and due from the 22nd on, until 19 January: four weeks and a Monday
    assert len(book.items) == 12 * 21
    assert days.n_paid_invoices == 12 * (21 - 2)


def test_what_a_day_knew_does_not_change_with_what_came_later(books, history):
    """The features of a past day from the whole books are those from books cut off on the day."""
    cut = history_of(as_of(books, PAST))
    matrices = []
    for seen in (history, cut):
        book = open_book(seen, PAST)
        rows = described(book, habits(seen, book.items))
        row, ahead = np.repeat(np.arange(len(rows)), 91), np.tile(np.arange(1, 92), len(rows))
        matrices.append(pd.DataFrame(day_matrix(rows, row, ahead), columns=list(FEATURES)))
        assert len(rows) > 50
    pd.testing.assert_frame_equal(*matrices, check_exact=True)


def test_the_calendar_of_a_row_is_that_of_its_days(history):
    book = open_book(history, PAST)  # a Wednesday
    rows = described(book, habits(history, book.items))
    matrix = day_matrix(rows, np.zeros(20, dtype=np.int64), np.arange(1, 21))
    shown = pd.DataFrame(matrix[:, : len(DAY_FEATURES)], columns=list(DAY_FEATURES))
    days = pd.date_range("2026-06-18", periods=20)
    assert shown["weekday"].tolist() == list(days.dayofweek)
    assert shown["closed"].tolist() == [float(day.dayofweek > 4) for day in days]
    # 30 June 2026 is a Tuesday: open days left in June after Thursday 25th are Fri, Mon and Tue
    assert shown["to_month_end"][days == "2026-06-25"].tolist() == [3]
    assert shown["to_month_end"][days == "2026-06-30"].tolist() == [0]
    assert shown["from_month_start"][days == "2026-07-01"].tolist() == [1]
    # by fifths of the month, then the first and the last open days
    assert shown["month_place"][days == "2026-06-18"].tolist() == [7 + 3]
    assert shown["month_place"][days == "2026-07-02"].tolist() == [4]
    assert shown["month_place"][days == "2026-06-29"].tolist() == [1]


def test_the_middle_of_the_month_is_the_15th_or_the_next_open_day():
    days = pd.to_datetime(["2026-06-15", "2026-08-15", "2026-08-17", "2026-08-18", "2026-11-16", "2026-11-15"])
    numbers = (days - pd.Timestamp("1970-01-01")).days.to_numpy()
    # 15 August 2026 is a Saturday, 15 November a Sunday
    assert (month_places(numbers) == 6).tolist() == [True, False, True, False, True, False]


def test_books_of_several_days_are_those_of_each_day_alone(history):
    days = [date(2020, 1, 1), *(LAST - timedelta(days=29 * back) for back in range(8, 0, -1))]
    several = list(open_books(history, days, rows_max=60))
    assert [day for day, _ in several] == days
    assert not len(several[0][1])
    for day, book in several[1:]:
        assert book.on == day
        alone = landmarks(history, [day], rows_max=60)
        pd.testing.assert_frame_equal(book.items, alone.items, check_exact=True, check_dtype=False)
    assert list(open_books(history, [], rows_max=None)) == []


def test_a_customer_of_several_segments_belongs_to_the_one_with_most_of_its_rows():
    """30 of 30 prompt invoices are paid on the due date, none of 30 slow ones."""
    ledger = Ledger()
    for k in range(30):
        for name, segment, paid in (("P", "prompt", "2026-01-31"), ("S", "slow", "2026-02-20")):
            ledger.row("customers", customer_id=f"{name}{k}", segment=segment)
            ledger.invoice(f"I{name}{k}", f"{name}{k}", "2026-01-01", "2026-01-31", "10")
            ledger.entry("payment", "10", paid, f"I{name}{k}")
    ledger.row("customers", customer_id="N", segment="slow")
    for k in range(4):
        ledger.invoice(f"N{k}", "N", "2026-03-01", "2026-04-30", "10")
    history = history_of(ledger.as_of("2026-03-31"))
    items = open_book(history, date(2026, 3, 31)).items
    # nothing of its own is known of the due date: the hazard of the segment, (paid + 50 x that of all) / (30 + 50)
    of_all = 30 / (60 + 1)
    prompt, slow = (30 + 50 * of_all) / 80, (0 + 50 * of_all) / 80
    for segments in (["slow", "prompt", "prompt"], ["prompt", "slow", "prompt", "slow"]):
        for order in (segments, segments[::-1]):
            rows = items.head(len(order)).assign(segment=order)
            assert habits(history, rows).hazard[0, 0 - REL_MIN] == pytest.approx(prompt)
    rows = items.assign(segment=["prompt", "slow", "slow", "slow"])
    assert habits(history, rows).hazard[0, 0 - REL_MIN] == pytest.approx(slow)
