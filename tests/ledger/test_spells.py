"""Spells of being open: what the books showed on any earlier day can be told from them alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analysis.ledger.books import open_books
from analysis.ledger.company import load_company
from analysis.ledger.snapshot import as_of

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "company.toml"
END = date(2026, 10, 31)


@pytest.fixture(scope="module")
def books():
    return open_books(load_company(SAMPLE))


@pytest.fixture(scope="module")
def spells(books):
    return as_of(books, END).spells.execute()


def _shown_on(spells: pd.DataFrame, on: date) -> pd.DataFrame:
    day = pd.Timestamp(on)
    begun = spells[pd.to_datetime(spells["from_known_on"]) <= day]
    return begun[~(pd.to_datetime(begun["until_known_on"]) <= day)]


@pytest.mark.parametrize("on", [date(2024, 6, 15), date(2025, 3, 31), date(2026, 2, 10), END])
def test_the_open_book_of_an_earlier_day_is_that_of_a_snapshot_made_then(books, spells, on):
    items = as_of(books, on).items
    then = items.filter(items["outcome"] == "open")["invoice_id"].execute()
    shown = _shown_on(spells, on)
    assert sorted(shown["invoice_id"]) == sorted(then)
    assert len(then) > 300


def test_a_bounced_payment_begins_a_second_spell_where_the_first_ended_or_later(spells):
    again = spells[spells["spell"] > 0]
    assert len(again) > 10
    first = spells[spells["spell"] == 0].set_index("invoice_id").loc[again["invoice_id"]]
    assert (first["until_on"].to_numpy() < again["from_on"].to_numpy()).all()
    assert first["cause"].notna().all()


def test_one_first_spell_per_invoice_and_its_last_end_is_the_settlement(books, spells):
    items = as_of(books, END).items.execute().set_index("invoice_id")
    assert sorted(spells.loc[spells["spell"] == 0, "invoice_id"]) == sorted(items.index)
    last = (
        spells.sort_values("spell").drop_duplicates("invoice_id", keep="last").set_index("invoice_id").loc[items.index]
    )
    assert (last["cause"].fillna("open") == items["outcome"]).all()
    settled = items["outcome"] != "open"
    assert (last.loc[settled, "until_on"] == items.loc[settled, "settled_on"]).all()
