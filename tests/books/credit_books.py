"""Small ledgers with credit limits, orders and invoices issued against policy, worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from small_books import Ledger, day

from analysis.ledger.company import Policy, Rate


def credit_books(**policy: object) -> Ledger:
    """Five customers: over, near and within their limits, one whose limit is 0 and one without any."""
    ledger = Ledger(
        policy=Policy(**policy),  # type: ignore[arg-type]
        rates=(
            Rate(currency="USD", on=date(2024, 1, 1), rate=0.9, source="made up"),
            Rate(currency="USD", on=date(2024, 3, 31), rate=0.8, source="made up"),
        ),
    )
    for customer, since, limit in (
        ("K1", "2024-01-01", "1000"),
        ("K1", "2024-03-01", "500"),  # cut
        ("K1", "2024-04-01", "9000"),  # raised after the date
        ("K2", "2024-01-01", "100"),
        ("K3", "2024-02-15", "1000"),
        ("K4", "2024-01-01", "0"),
        ("K6", "2024-01-01", "77"),  # never invoiced
    ):
        ledger.row("limits", customer_id=customer, valid_from=day(since), credit_limit=D(limit))
    ledger.invoice("A1", "K1", "2024-01-10", "2024-02-09", "400")
    ledger.invoice("A2", "K1", "2024-02-15", "2024-03-16", "300")
    ledger.entry("payment", "100", "2024-03-20", "A1")  # 400 + 300 - 100 = 600 of 500
    ledger.invoice("B1", "K2", "2024-03-01", "2024-03-31", "120", currency="USD")  # 96 of 100 at 0.80, 108 at 0.90
    ledger.invoice("C1", "K3", "2024-02-20", "2024-04-20", "700").invoice("C2", "K3", "2024-03-05", "2024-04-20", "200")
    ledger.entry("payment", "700", "2024-03-10", "C1")
    ledger.invoice("D1", "K4", "2024-03-01", "2024-03-20", "10")
    ledger.invoice("E1", "K5", "2024-03-30", "2024-04-20", "5")
    ledger.row("customers", customer_id="K1", name="Adler Ltd")
    for order, customer, on, invoice, amount in (
        ("o1", "K3", "2024-03-25", None, "750"),  # 200 + 750 of 1000
        ("o2", "K3", "2024-03-01", "C2", "200"),  # billed on 5 March
        ("o3", "K2", "2024-03-20", "B9", "50"),  # billed after the date: 40 at 0.80
        ("o4", "K1", "2022-12-01", None, "999"),  # lapsed
        ("o5", "K5", "2024-04-01", None, "999"),  # placed after the date
    ):
        ledger.row("orders", order_id=order, customer_id=customer, ordered_on=on, invoice_id=invoice, amount=D(amount))
    return ledger.invoice("B9", "K2", "2024-04-05", "2024-05-05", "50", currency="USD")


def exception_books() -> Ledger:
    """One limit of 100, a hold from 10 days past due; each invoice says how it stood to the policy."""
    ledger = Ledger(policy=Policy(credit_hold_days=10))
    ledger.row("limits", customer_id="K", valid_from=day("2024-01-01"), credit_limit=D("100"))
    ledger.row("limits", customer_id="K", valid_from=day("2024-03-01"), credit_limit=D("200"))
    ledger.invoice("I1", "K", "2024-01-05", "2024-01-15", "60")  # within
    ledger.invoice("I2", "K", "2024-01-10", "2024-02-10", "50")  # 110 of 100: over limit
    ledger.invoice("I3", "K", "2024-01-24", "2024-02-24", "5")  # I1 is 9 days late: over limit only
    ledger.invoice("I4", "K", "2024-01-25", "2024-02-25", "5")  # I1 is 10 days late: both
    ledger.entry("payment", "60", "2024-01-26", "I1")
    ledger.invoice("I5", "K", "2024-01-26", "2024-02-26", "30")  # I1 was paid that day: 90 of 100, within
    ledger.entry("payment", "50", "2024-05-12", "I2")  # 92 days late
    ledger.entry("payment", "5", "2024-05-24", "I3")  # 90 days late
    ledger.entry("write_off", "5", "2024-03-01", "I4")
    ledger.entry("credit_note", "30", "2024-03-01", "I5")
    ledger.invoice("I6", "K", "2024-03-02", "2024-04-01", "100")  # 155 of 200, I2 is late: overdue
    ledger.invoice("I7", "L", "2024-03-02", "2024-04-01", "7")  # no limit
    ledger.invoice("I8", "L", "2024-04-20", "2024-08-20", "9")  # no limit, overdue
    return ledger
