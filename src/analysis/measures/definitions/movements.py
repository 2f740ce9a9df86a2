"""From the opening to the closing balance, and what became of each month's sales."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_IDENTITY = "opening + invoiced - paid - discounts - credited - written off +/- currency effect = closing"
_BOOKS = "Accounting identity of a subledger: opening plus movements equals closing."

MOVEMENTS: tuple[Definition, ...] = (
    Definition(
        id="roll_forward_opening",
        name="Opening balance",
        formula="receivables at the end of the day before the period",
        unit="currency",
        reading=f"Where the month starts. The lines of the roll-forward add up: {_IDENTITY}.",
        trap="It is the previous month's closing balance as known now; later bookings dated back change it.",
        source=_BOOKS,
    ),
    Definition(
        id="roll_forward_invoiced",
        name="Invoiced",
        formula="sum of the amounts of invoices issued in the period",
        unit="currency",
        reading="What was added by selling on credit.",
        trap="Unreferenced credit notes, which come as negative invoices, are in it with their sign.",
        source=_BOOKS,
    ),
    Definition(
        id="roll_forward_paid",
        name="Paid",
        formula="payments - reversals of payments + recoveries, booked in the period, applied to an invoice or not",
        unit="currency",
        reading="What was collected in cash.",
        trap="A bounced payment lowers the month in which it bounced, not the month in which it was counted.",
        source=_BOOKS,
        better="higher",
    ),
    Definition(
        id="roll_forward_discounts",
        name="Discounts",
        formula="discounts for early payment booked in the period",
        unit="currency",
        reading="What was given away to be paid early.",
        trap="Discounts taken after the discount date are in it as well; whether they were owed is another question.",
        source=_BOOKS,
    ),
    Definition(
        id="roll_forward_credited",
        name="Credited",
        formula="credit notes booked against invoices in the period",
        unit="currency",
        reading="What was invoiced and taken back: errors, returns, complaints.",
        trap="It lowers receivables without a cent coming in; a ledger that shrinks this way was not collected.",
        source=_BOOKS,
        better="lower",
    ),
    Definition(
        id="roll_forward_written_off",
        name="Written off",
        formula="write-offs - recoveries, booked in the period",
        unit="currency",
        reading="What was given up, net of what came back on debts given up before. A recovery is cash, so it "
        "raises the paid line by as much and leaves the balance alone.",
        trap="When a debt is written off is a decision; a quiet month may be a postponed one.",
        source=_BOOKS,
        better="lower",
    ),
    Definition(
        id="roll_forward_currency",
        name="Currency effect",
        formula="opening balance in foreign currency x rate at the period's end - the same x rate at its beginning",
        unit="currency",
        reading="What changed because exchange rates did; movements of the month stand at its closing rate.",
        trap="It depends on the rates stated in the configuration or the ledger, not on rates at which money was "
        "exchanged.",
        source=_BOOKS,
    ),
    Definition(
        id="roll_forward_prior_periods",
        name="Changes to prior periods",
        formula="opening balance as known now - closing balance as published for the previous month",
        unit="currency",
        reading="What was booked later with an earlier date. The published report was right by what was known then.",
        trap="Large changes make the latest figures provisional, too.",
        source="Requirement of this project (two clocks: effective and known).",
    ),
    Definition(
        id="roll_forward_closing",
        name="Closing balance",
        formula="receivables on the as-of date",
        unit="currency",
        reading=f"Where the month ends; computed from the invoices, so that the identity is a check: {_IDENTITY}.",
        trap="It is a picture of one day. A large receipt a day later changes it and no behaviour.",
        source=_BOOKS,
    ),
    Definition(
        id="credit_sales",
        name="Credit sales",
        formula="sum of the amounts of invoices issued in the period, on the same tax basis as the receivables",
        unit="currency",
        reading="The denominator of every DSO.",
        trap="Net sales of the income statement against receivables with VAT overstate every DSO by the VAT.",
        source="Common practice of credit management.",
        better="higher",
    ),
    Definition(
        id="payment_pattern",
        name="Payment pattern",
        formula="p(m, k) = what is still open at the end of month m + k of the invoices of month m / sales of month m",
        unit="share",
        reading="Share of a month's sales still open k months later. Read down a column: the same age, month after "
        "month. A rising column means slower payment, whatever sales did.",
        trap="The latest months have only their first ages; compare a column, never the averages of rows.",
        source="Lewellen and Johnson, Harvard Business Review, May-June 1972; Stone, Financial Management 5 "
        "(Autumn 1976).",
        better="lower",
    ),
    Definition(
        id="roll_rate",
        name="Roll rate",
        formula="R(b to b') = amount in bucket b' at the end of the next month of what was in bucket b / amount in "
        "bucket b; exits are paid, credited and written off",
        unit="share",
        reading="Of the debt in a bucket, how much gets older and how much leaves, and how. Each row adds up to 1.",
        trap="Rates of a few large debtors jump from month to month; rows with little in them mean little.",
        source="Common practice of bank and trade-credit risk management (migration of delinquency buckets).",
    ),
)
