"""Two customers in June 2024, worked by hand: one over its limit with a broken promise, and one that owes nothing."""

from __future__ import annotations

from decimal import Decimal as D

from small_books import Ledger, day

# A name that is code to a spreadsheet program, to a typesetter and in formulas.
NAME = "=cmd|' /C calc'!A0 *Adler* #sys.inputs $x$ Ltd"


def account_books() -> Ledger:
    """As of 30 June 2024, A owes 600: A1 (100, due 26 March, 96 days late), A2 (500, due 20 July, in dispute).

    A paid 80 on 1 May, ten days late, and 40 of A1 on 2 June. It promised the rest of A1 by 10 June, and 500 for A2 by
    10 July; its limit is 400. B paid its one invoice; H heads a group and was never invoiced.
    """
    ledger = Ledger()
    ledger.row("customers", customer_id="A", name=NAME, segment="direct", country="DE", parent_id="H")
    ledger.row("customers", customer_id="B", name="Bussard Ltd").row("customers", customer_id="H", name="Horst Holding")
    ledger.invoice("A1", "A", "2024-02-25", "2024-03-26", "140")
    ledger.invoice("A2", "A", "2024-06-20", "2024-07-20", "500")
    ledger.invoice("A3", "A", "2024-03-22", "2024-04-21", "80")
    ledger.entry("payment", "80", "2024-05-01", "A3").entry("payment", "40", "2024-06-02", "A1")
    ledger.invoice("B1", "B", "2024-04-01", "2024-05-01", "50").entry("payment", "50", "2024-05-01", "B1")
    ledger.row("limits", customer_id="A", valid_from=day("2024-01-01"), credit_limit=D("400"))
    ledger.row("disputes", dispute_id="d1", invoice_id="A2", opened_on=day("2024-06-25"), reason="price")
    ledger.row("disputes", dispute_id="d0", invoice_id="A1", opened_on="2024-04-01", closed_on="2024-04-09")
    for id, invoice, made, promised, amount in (
        ("c1", "A1", "2024-05-20", "2024-05-28", "140"),
        ("c2", "A1", "2024-06-03", "2024-06-10", "100"),
        ("c3", "A2", "2024-06-26", "2024-07-10", "500"),
        ("c4", "A3", "2024-04-25", "2024-04-28", "80"),
    ):
        ledger.row(
            "contacts",
            contact_id=id,
            customer_id="A",
            invoice_id=invoice,
            made_on=day(made),
            promised_on=day(promised),
            promised_amount=D(amount),
            channel="call",
            kind="promise",
            reached=True,
        )
    return ledger
