"""Outcome counts against a count by hand of the same invoices, and groups from which nobody can be told."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from small_books import Ledger, items_of

from analysis.ledger.company import Policy
from analysis.measures.outcomes import OTHERS, curve_counts, folded, outcome_counts, segment_dimension, shown_groups

AS_OF = date(2024, 3, 15)
OUTCOMES = ("paid", "credited", "written_off", "open")


def random_ledger(seed: int) -> Ledger:
    """120 invoices of sixteen months in three channels; most are paid, some credited, written off or open."""
    rng = np.random.default_rng(seed)
    ledger = Ledger()
    for number in range(120):
        issued = date(2022, 12, 1) + timedelta(days=int(rng.integers(0, 470)))
        channel = str(rng.choice(["edi", "paper", "portal"]))
        due = str(issued + timedelta(days=30))
        ledger.invoice(f"{number:03}", f"K{number % 17}", str(issued), due, "100", channel=channel)
        kind = rng.choice(["payment", "payment", "payment", "credit_note", "write_off", ""])
        after = issued + timedelta(days=int(rng.integers(0, 90)))
        if kind:
            ledger.entry(kind, "100", str(after), f"{number:03}")
    return ledger


def month_end(day: date) -> date:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return min(following - timedelta(days=1), AS_OF)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("by", [None, "channel"])
def test_counts_are_those_of_the_invoices_one_by_one(seed, by):
    snapshot = random_ledger(seed).as_of(AS_OF)
    slow: Counter = Counter()
    for row in items_of(snapshot).values():
        days = ((row["settled_on"] or AS_OF) - row["issued_on"]).days
        slow[row[by] if by else "all", month_end(row["issued_on"]), days, row["outcome"]] += 1
    fast: Counter = Counter()
    for row in outcome_counts(snapshot, by=by).to_dict("records"):
        for outcome in OUTCOMES:
            if row[outcome]:
                fast[row["group"], row["issue_month"].date(), row["day"], outcome] += row[outcome]
    assert fast == slow
    assert {outcome for _, _, _, outcome in slow} == set(OUTCOMES)


def test_counts_for_curves_take_what_left_as_events_and_keep_to_their_months():
    snapshot = random_ledger(1).as_of(AS_OF)
    counts = curve_counts(
        outcome_counts(snapshot), issued_after=pd.Timestamp("2023-02-28"), issued_until=pd.Timestamp("2023-08-31")
    )
    slow: Counter = Counter()
    for row in items_of(snapshot).values():
        if date(2023, 3, 1) <= row["issued_on"] <= date(2023, 8, 31):
            days = ((row["settled_on"] or AS_OF) - row["issued_on"]).days
            slow[days, "censored" if row["outcome"] == "open" else "events"] += 1
    fast = {(row["day"], what): row[what] for row in counts.to_dict("records") for what in ("events", "censored")}
    assert {key: number for key, number in fast.items() if number} == slow


def test_folding_keeps_every_sum():
    outcomes = outcome_counts(random_ledger(2).as_of(AS_OF), by="channel")
    together = folded(outcomes, {"edi": "electronic", "portal": "electronic"})
    assert set(together["group"]) == {"electronic", OTHERS}
    keys = ["issue_month", "day"]
    pd.testing.assert_frame_equal(
        together.groupby(keys)[list(OUTCOMES)].sum(), outcomes.groupby(keys)[list(OUTCOMES)].sum()
    )
    paper = outcomes[outcomes["group"] == "paper"]
    assert together.loc[together["group"] == OTHERS, "paid"].sum() == paper["paid"].sum() > 0


def test_an_empty_ledger_has_no_counts():
    outcomes = outcome_counts(Ledger().as_of(AS_OF))
    assert len(outcomes) == 0
    assert len(curve_counts(outcomes, issued_after=pd.Timestamp("2023-02-28"))) == 0


def sold_by(channels: dict[str, tuple[int, int, int]], **policy: object) -> Ledger:
    """Channels with (first customer, customers, invoices); the customers of a channel are numbered from the first."""
    ledger = Ledger(policy=Policy(**({"group_minimum": 3} | policy)))
    for channel, (first, customers, invoices) in channels.items():
        for number in range(invoices):
            who = f"K{first + number % customers}"
            ledger.invoice(f"{channel}{number}", who, "2024-01-10", "2024-02-09", "10", channel=channel)
    return ledger


@pytest.mark.parametrize(
    ("channels", "shown"),
    [
        # C has two customers: alone in the rest it could be told as whole less A less B, so B goes with it
        ({"A": (0, 4, 40), "B": (10, 3, 35), "C": (20, 2, 31)}, ["A"]),
        # the rest is two channels of the same two customers: two customers, not four
        ({"A": (0, 4, 40), "B": (10, 3, 35), "C": (20, 2, 9), "D": (20, 2, 8)}, ["A"]),
        # the rest has three customers of its own: nobody is told from it
        ({"A": (0, 4, 40), "B": (10, 3, 35), "C": (20, 2, 9), "D": (22, 1, 8)}, ["A", "B"]),
        # there is no rest
        ({"A": (0, 4, 40), "B": (10, 3, 35)}, ["A", "B"]),
        # many customers and 29 invoices are too few to show
        ({"A": (0, 4, 40), "B": (10, 20, 29)}, ["A"]),
        # five at most, the largest first; the sixth has three customers and hides nobody
        ({c: (10 * n, 3, 50 - n) for n, c in enumerate("ABCDEF")}, list("ABCDE")),
        # the only large group goes with the small one
        ({"A": (0, 4, 40), "C": (20, 2, 31)}, []),
    ],
)
def test_groups_are_shown_where_the_rest_gives_nobody_away(channels, shown):
    found = shown_groups(sold_by(channels).as_of(AS_OF), by="channel")
    assert list(found) == list(found.values()) == shown


@pytest.mark.parametrize("seed", range(4))
def test_the_rest_never_gives_a_small_group_away(seed):
    rng = np.random.default_rng(seed)
    channels = {
        f"C{n}": (int(rng.integers(0, 12)), int(rng.integers(1, 6)), int(rng.integers(5, 60))) for n in range(7)
    }
    snapshot = sold_by(channels).as_of(AS_OF)
    shown = shown_groups(snapshot, by="channel")
    who: dict[str, set[str]] = {}
    for row in items_of(snapshot).values():
        who.setdefault(row["channel"], set()).add(row["customer_id"])
    assert all(len(who[channel]) >= 3 for channel in shown)
    rest = [customers for channel, customers in who.items() if channel not in shown]
    assert not rest or len(set().union(*rest)) >= 3 or not shown


def test_without_dimensions_there_are_no_segments():
    ledger = Ledger()
    for number in range(80):
        ledger.invoice(str(number), f"K{number % 20}", "2024-01-10", "2024-02-09", "10")
    assert segment_dimension(ledger.as_of(AS_OF)) is None
    assert segment_dimension(Ledger().as_of(AS_OF)) is None


def test_the_policy_names_the_dimension_and_the_first_that_can_be_shown_stands_in():
    ledger = sold_by({"A": (0, 4, 40), "B": (10, 3, 35)})
    for number in range(20):
        ledger.row("customers", customer_id=f"K{number}", size="small" if number < 10 else "large")
    assert segment_dimension(ledger.as_of(AS_OF)) == "channel"  # before size in the order, and no segment is stated
    ledger.policy = Policy(group_minimum=3, segment_by="size")
    assert segment_dimension(ledger.as_of(AS_OF)) == "size"
    ledger.policy = Policy(group_minimum=5)  # neither channel is large enough, nor is either size
    assert segment_dimension(ledger.as_of(AS_OF)) is None
