"""A quarter of a small company, worked out by hand: two entities, two currencies, each kind of entry.

Balances in document currency, and in euros at the rate of the month end (USD 0.90, 0.95, 0.80)::

    invoice                      31 Jan        29 Feb             31 Mar
    A1  1000 EUR  due  9 Feb     1000 not due   600  20 days late    0  paid 5 Mar, 55 days after issue
    A2   500 EUR  due 16 Mar        -           500  not due       500  15 days late
    A3   300 EUR  due 19 Feb      300 not due   300  10 days late    0  written off 20 Mar; 120 recovered
    A4    60 EUR  due 24 Apr        -             -                  0  paid 20 Feb, before its issue on 25 Mar
    B1   200 USD  due  1 Mar      200 not due   150  not due       150  30 days late; 50 credited 10 Feb
    B2   100 USD  due  9 Apr        -             -                -30  130 paid 15 Mar
    B3    80 EUR  no due date       -             0                 80  paid 25 Feb, bounced 4 Mar
    on account (K4: 70, A4: 60)     0           130                 70
    receivables in euros         1480          1412.50             606
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from small_books import Ledger

from analysis.ledger.company import Policy, Rate
from analysis.ledger.snapshot import Snapshot

AS_OF = "2024-03-31"
RATES = tuple(
    Rate(currency="USD", on=date.fromisoformat(on), rate=rate, source="made up")
    for on, rate in (("2024-01-31", 0.90), ("2024-02-29", 0.95), ("2024-03-31", 0.80))
)


def worked(**policy: object) -> Ledger:
    ledger = Ledger(policy=Policy(**({"settled_tolerance": Decimal("0.05")} | policy)), rates=RATES)
    north, south, usd = {"entity": "N", "channel": "paper"}, {"entity": "S", "channel": "portal"}, {"currency": "USD"}
    ledger.invoice("A1", "K1", "2024-01-10", "2024-02-09", "1000", **north)
    ledger.entry("payment", "400", "2024-02-20", "A1").entry("payment", "600", "2024-03-05", "A1")
    ledger.invoice("A2", "K1", "2024-02-15", "2024-03-16", "500", **north)
    ledger.invoice("A3", "K2", "2024-01-20", "2024-02-19", "300", **north)
    ledger.entry("write_off", "300", "2024-03-20", "A3").entry("recovery", "120", "2024-03-28", "A3")
    ledger.invoice("A4", "K2", "2024-03-25", "2024-04-24", "60", **north)
    ledger.entry("payment", "60", "2024-02-20", "A4")
    ledger.invoice("B1", "K3", "2024-01-31", "2024-03-01", "200", **south, **usd)
    ledger.entry("credit_note", "50", "2024-02-10", "B1")
    ledger.invoice("B2", "K3", "2024-03-10", "2024-04-09", "100", **south, **usd)
    ledger.entry("payment", "130", "2024-03-15", "B2")
    ledger.invoice("B3", "K2", "2024-02-05", None, "80", **south)
    ledger.entry("payment", "80", "2024-02-25", "B3").entry("reversal", "-80", "2024-03-04", "B3")
    ledger.entry("payment", "70", "2024-02-28", customer_id="K4", entity="N")
    ledger.row("customers", customer_id="K1", name="Adler Ltd", parent_id="G", segment="large")
    ledger.row("customers", customer_id="K2", name="Brook Ltd", parent_id="G", segment="small")
    ledger.row("customers", customer_id="G", name="The Group")
    ledger.row("control", entity="N", on=AS_OF, balance="430.00")
    ledger.row("control", entity="S", on=AS_OF, balance="176.00")
    return ledger


@cache
def worked_snapshot() -> Snapshot:
    """The quarter as of its last day; computed once, because nobody can change it."""
    return worked().as_of(AS_OF)


@cache
def empty_snapshot() -> Snapshot:
    """Books in which nothing was ever written."""
    return Ledger().as_of(AS_OF)
