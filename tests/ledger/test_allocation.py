"""Cash that names no invoice: each expected application was worked out by hand."""

from __future__ import annotations

import random

import pytest

from analysis.ledger.allocation import Event, Step, exact_then_oldest


def issued(invoice: str, day: int, amount: str, account: str = "K") -> Event:
    return Event((account,), day, Step.ISSUED, invoice, int(amount))


def named(invoice: str, day: int, amount: str) -> Event:
    return Event(("K",), day, Step.NAMED, invoice, int(amount))


def cash(entry: str, day: int, amount: str, account: str = "K") -> Event:
    return Event((account,), day, Step.UNNAMED, entry, int(amount))


def applied(*events: Event) -> list[tuple[str, str, str, int]]:
    found = exact_then_oldest(sorted(events))
    return [(a.entry_id, a.invoice_id, str(a.amount), a.day) for a in found]


def test_the_exact_amount_goes_before_the_oldest_invoice() -> None:
    books = issued("A", 1, "70"), issued("B", 2, "50"), issued("C", 3, "50")
    # of two invoices of that amount the older one
    assert applied(*books, cash("p", 9, "50")) == [("p", "B", "50", 9)]
    assert applied(*books, cash("p", 9, "90")) == [("p", "A", "70", 9), ("p", "B", "20", 9)]


def test_a_part_paid_invoice_is_found_by_what_is_left_of_it() -> None:
    books = issued("A", 1, "70"), issued("B", 2, "50"), named("B", 3, "20")
    assert applied(*books, cash("p", 9, "30")) == [("p", "B", "30", 9)]


def test_what_is_left_over_waits_for_the_next_invoice() -> None:
    books = issued("A", 1, "70"), cash("p", 5, "100"), issued("B", 8, "45"), issued("C", 8, "20")
    assert applied(*books) == [("p", "A", "70", 5), ("p", "B", "30", 8)]
    # waiting cash of the very amount goes before cash that has waited longer
    waiting = cash("p", 1, "30"), cash("q", 2, "45"), issued("A", 8, "45")
    assert applied(*waiting) == [("q", "A", "45", 8)]


def test_what_is_booked_on_a_day_counts_before_cash_of_that_day_and_before_waiting_cash() -> None:
    # the named payment settles A on the day of its invoice, so waiting cash must not pay it as well
    assert applied(cash("p", 1, "100"), issued("A", 5, "100"), named("A", 5, "100")) == []
    # of two payments of a day the exact one is found, whatever its number
    books = issued("A", 1, "100"), cash("p", 5, "60"), cash("q", 5, "100")
    assert applied(*books) == [("q", "A", "100", 5)]


def test_a_reversal_reopens_an_invoice_with_its_old_age() -> None:
    books = issued("A", 1, "70"), named("A", 3, "70"), issued("B", 5, "40"), named("A", 10, "-70")
    assert applied(*books, cash("p", 12, "90")) == [("p", "A", "70", 12), ("p", "B", "20", 12)]
    # also after cash has passed it by while it was settled
    books = issued("Z", 1, "70"), named("Z", 3, "70"), issued("B", 5, "40"), cash("p", 6, "10"), named("Z", 10, "-70")
    assert applied(*books, cash("q", 12, "90"))[1:] == [("q", "Z", "70", 12), ("q", "B", "20", 12)]
    # cash that waits pays what a reversal re-opened, on that day
    waiting = issued("A", 1, "70"), named("A", 3, "70"), cash("p", 5, "25"), named("A", 10, "-70")
    assert applied(*waiting) == [("p", "A", "25", 10)]


def test_a_returned_payment_takes_back_what_it_had_paid() -> None:
    books = issued("A", 1, "70"), issued("B", 2, "50"), cash("p", 5, "100"), cash("r", 9, "-100")
    assert applied(*books) == [
        ("p", "A", "70", 5),
        ("p", "B", "30", 5),
        ("r", "A", "-70", 9),
        ("r", "B", "-30", 9),
    ]
    # the repayment finds both open again
    again = applied(*books, cash("s", 12, "100"))[4:]
    assert again == [("s", "A", "70", 12), ("s", "B", "30", 12)]
    # a return of another amount is left for a person to judge
    assert applied(*books[:3], cash("r", 9, "-99")) == [("p", "A", "70", 5), ("p", "B", "30", 5)]
    # what the returned payment had left over pays nothing any more
    left = issued("A", 1, "70"), cash("p", 5, "100"), cash("r", 9, "-100"), issued("B", 12, "30")
    assert applied(*left) == [("p", "A", "70", 5), ("r", "A", "-70", 9)]


def test_of_several_equal_payments_the_latest_is_the_returned_one() -> None:
    books = issued("A", 1, "50"), cash("p", 3, "50"), issued("B", 5, "50"), cash("q", 7, "50"), cash("r", 9, "-50")
    assert applied(*books)[-1] == ("r", "B", "-50", 9)
    assert applied(*books, cash("s", 11, "-50"))[-1] == ("s", "A", "-50", 11)


def test_cash_stays_within_its_account() -> None:
    assert applied(issued("A", 1, "50", "K1"), cash("p", 5, "50", "K2")) == []


def test_an_overpaid_invoice_takes_no_cash_and_gives_none() -> None:
    books = issued("A", 1, "50"), named("A", 2, "80"), issued("B", 3, "30"), cash("p", 5, "10")
    assert applied(*books) == [("p", "B", "10", 5)]


@pytest.mark.parametrize("seed", range(5))
def test_later_events_change_nothing(seed: int) -> None:
    dice = random.Random(seed)
    events = [issued(f"I{n}", dice.randint(1, 28), str(dice.choice([10, 20, 30])), f"K{n % 2}") for n in range(30)]
    amounts = [10, 20, 30, 45, -20, -45]
    events += [cash(f"p{n}", dice.randint(1, 28), str(dice.choice(amounts)), f"K{n % 2}") for n in range(30)]
    whole = list(exact_then_oldest(sorted(events)))
    until = list(exact_then_oldest(sorted(e for e in events if e.day <= 14)))
    assert until == [a for a in whole if a.day <= 14]
    assert until


def test_events_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not in order: account \('K',\) on day 2 follows \('K',\) on 3"):
        list(exact_then_oldest([cash("p", 3, "50"), issued("A", 2, "50")]))
