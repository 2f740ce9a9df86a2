"""Ledgers that hypothesis draws: all kinds of entries, two currencies and entities, late recording, ties on purpose."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from small_books import Ledger

from analysis.ledger.company import Policy, Rate

FIRST = date(2024, 1, 1)
# few different amounts, so that exact matches and ties are common
AMOUNTS = ("10", "20", "30", "50", "100", "33.33", "0.03", "250")
_KINDS = ("payment", "payment", "payment", "credit_note", "write_off", "discount", "reversal", "recovery")
RATES = (
    Rate(currency="USD", on=date(2024, 1, 1), rate=0.9, source="made up"),
    Rate(currency="USD", on=date(2024, 3, 15), rate=0.95, source="made up"),
)


@st.composite
def ledgers(draw: st.DrawFn, *, nameless: bool = True, rich: bool = True, late: bool = True) -> Ledger:
    """A ledger of up to 14 invoices and 24 entries of five customers within five months.

    ``nameless`` draws cash that names no invoice; ``rich`` kinds other than payments, negative invoices,
    currencies and entities; ``late`` days of recording after the fact.
    """
    policy = Policy(unapplied_cash=draw(st.sampled_from(["exact_then_oldest", "exact_then_oldest", "leave"])))
    ledger = Ledger(policy=policy, rates=RATES)
    for number in range(5):
        cells: dict[str, Any] = {"segment": ("small", "large", None)[number % 3], "country": ("DE", "FR")[number % 2]}
        ledger.row("customers", customer_id=f"K{number}", name=f"Customer {number}", **cells)
    ledger.tables["customers"][1]["parent_id"] = "K0"
    small = st.integers(0, 9)
    lag = st.sampled_from([0, 0, 0, 3, 20]) if late else st.just(0)
    shapes = st.tuples(st.integers(0, 120), st.sampled_from([None, 0, 14, 30, 60]), st.sampled_from(AMOUNTS))
    for place, ((issued, terms, amount), who, mark, after) in enumerate(
        draw(st.lists(st.tuples(shapes, small, small, lag), min_size=1, max_size=14))
    ):
        on = FIRST + timedelta(days=issued)
        ledger.tables["invoices"].append(
            {
                "invoice_id": f"I{place:02}",
                "customer_id": f"K{who % 5}",
                "issued_on": on,
                "amount": Decimal(amount) * (-1 if rich and mark == 9 else 0 if rich and mark == 8 else 1),
                "currency": "USD" if rich and mark in (2, 3) else "EUR",
                "channel": ("e-mail", "paper", None)[mark % 3],
                "recorded_on": on + timedelta(days=after),
            }
            | ({"due_on": on + timedelta(days=terms)} if terms is not None else {})
            | ({"entity": f"E{who % 2}"} if rich else {})
            | ({"disputed": mark % 2 == 0} if mark < 6 else {})
        )
    of = st.integers(-4 if nameless else 0, len(ledger.tables["invoices"]) - 1)
    kinds = st.sampled_from(_KINDS if rich else ("payment",))
    amounts = st.sampled_from(("whole", "half", *AMOUNTS))
    shapes_of_entries = st.tuples(of, kinds, amounts, st.integers(-10, 60), small, lag)
    for place, drawn in enumerate(draw(st.lists(shapes_of_entries, max_size=24))):
        ledger.tables["entries"].append(_entry(ledger, place, *drawn, rich=rich))
    return ledger


def _entry(
    ledger: Ledger, place: int, of: int, kind: str, amount: str, wait: int, mark: int, after: int, *, rich: bool
) -> dict[str, Any]:
    invoices = ledger.tables["invoices"]
    near = invoices[of] if of >= 0 else invoices[mark % len(invoices)]
    value = {"whole": abs(near["amount"]), "half": abs(near["amount"]) / 2}.get(amount)
    value = Decimal(amount) if value is None else value.quantize(Decimal("0.01"))
    booked = near["issued_on"] + timedelta(days=wait)
    row = {
        "entry_id": f"P{place:02}",
        "booked_on": booked,
        "amount": -value if kind == "reversal" else value,
        "kind": kind,
        "customer_id": near["customer_id"],
        # now and then not the currency or entity of the invoice
        "currency": "USD" if rich and mark == 0 else near["currency"],
        "recorded_on": booked + timedelta(days=after),
    }
    if of >= 0:
        row["invoice_id"] = near["invoice_id"]
    if near.get("entity"):
        row["entity"] = "E0" if mark == 1 else near["entity"]
    return row


def dates() -> st.SearchStrategy[tuple[date, date]]:
    """An as-of date and the day by which it was known: the same, later, or a little earlier."""
    on = st.integers(20, 190) | st.sampled_from([30, 59, 90, 120, 151])
    return st.tuples(on, st.sampled_from([0, 0, 0, 5, 30, -3])).map(
        lambda d: (FIRST + timedelta(days=d[0]), FIRST + timedelta(days=d[0] + d[1]))
    )
