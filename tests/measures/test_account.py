"""One customer's account: what is its own, and nothing of anybody else."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from account_books import account_books
from credit_books import credit_books

from analysis.measures.account import (
    account_of,
    last_contact,
    last_payment,
    open_disputes,
    open_items,
    promises_given,
)
from analysis.measures.ageing import ageing
from analysis.measures.exposure import exposures

ON = "2024-06-30"


def test_accounts_add_up_to_the_ledger():
    snapshot = credit_books().as_of("2024-03-31")
    whole, owed = ageing(snapshot).loc["total"], exposures(snapshot)["open_balance"]
    accounts = {id: account_of(snapshot, id) for id in ("K1", "K2", "K3", "K4", "K5", "K6")}
    assert sum(ageing(account).loc["total"] for account in accounts.values()).to_dict() == pytest.approx(
        whole.to_dict()
    )
    for id, account in accounts.items():
        assert float(open_items(account)["value"].sum()) == pytest.approx(float(owed.get(id, 0.0)))
    assert len(open_items(account_of(snapshot, "nobody"))) == 0


def test_open_items_stand_in_order_of_their_days_late():
    items = open_items(account_of(account_books().as_of(ON), "A"))
    assert items[["days_past_due", "amount", "balance", "value"]].to_dict("index") == {
        "A1": {"days_past_due": 96, "amount": 140, "balance": 100, "value": 100},
        "A2": {"days_past_due": -20, "amount": 500, "balance": 500, "value": 500},
    }
    # the dispute about A1 was closed
    assert items["reason"].fillna("").tolist() == ["", "price"]
    assert items.loc["A2", "disputed_on"] == pd.Timestamp("2024-06-25")


def test_a_balance_in_foreign_currency_is_valued_at_the_rate_of_the_day():
    # 120 dollars at 0.80
    items = open_items(account_of(credit_books().as_of("2024-03-31"), "K2"))
    assert items[["balance", "value", "currency"]].to_dict("records") == [
        {"balance": 120.0, "value": pytest.approx(96.0), "currency": "USD"}
    ]


def test_promises_of_open_invoices_the_latest_of_each():
    account = account_of(account_books().as_of(ON), "A")
    given = promises_given(account, open_items(account))
    # A3 was paid; of the two about A1 the later counts
    told = list(zip(given["invoice_id"], given["amount"], given["is_broken"], strict=True))
    assert told == [("A1", 100, True), ("A2", 500, False)]


@pytest.mark.parametrize(("on", "broken"), [("2024-06-12", False), ("2024-06-13", True)])
def test_a_promise_is_broken_after_two_days_of_grace(on: str, broken: bool):
    account = account_of(account_books().as_of(on), "A")
    given = promises_given(account, open_items(account))
    assert given["is_broken"].tolist() == [broken]


def test_the_latest_payment_contact_and_dispute():
    account = account_of(account_books().as_of(ON), "A")
    paid, contact = last_payment(account), last_contact(account)
    assert paid is not None
    assert (paid["booked_on"].date(), paid["amount"]) == (date(2024, 6, 2), 40.0)
    assert contact is not None
    assert (contact["made_on"].date(), contact["kind"]) == (date(2024, 6, 26), "promise")
    assert open_disputes(account)["invoice_id"].tolist() == ["A2"]
    nobody = account_of(account_books().as_of(ON), "H")
    assert (last_payment(nobody), last_contact(nobody), len(open_disputes(nobody))) == (None, None, 0)
