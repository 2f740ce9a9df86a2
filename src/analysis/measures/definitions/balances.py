"""What is owed on the as-of date, how old it is, and what stands against it."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

BALANCES: tuple[Definition, ...] = (
    Definition(
        id="receivables",
        name="Receivables",
        formula="open balance - credit balances - unapplied cash, on the as-of date",
        unit="currency",
        reading="What the ledger says customers owe in all; this figure ties to the control account of the "
        "general ledger.",
        trap="It nets one customer's credit against another's debt. Use it to tie to the books, and the open "
        "balance to judge risk.",
        source="Accounting identity of a subledger.",
    ),
    Definition(
        id="open_balance",
        name="Open balance",
        formula="sum over invoices of max(invoice amount - what was booked against it, 0), effective and known "
        "by the as-of date",
        unit="currency",
        reading="What is still to be collected on invoices. Ageing buckets, customers and segments each add up to it.",
        trap="It grows with sales. Alone it says nothing about how customers pay; read it with a DSO.",
        source="Common practice of credit management.",
    ),
    Definition(
        id="open_invoices",
        name="Open invoices",
        formula="number of invoices with an open balance above zero on the as-of date",
        unit="count",
        reading="How many items the collectors have to look after.",
        trap="Many small items and few large ones ask for different work; look at the balance beside it.",
        source="Common practice of credit management.",
    ),
    Definition(
        id="not_due",
        name="Not due",
        formula="open balance of invoices with due date >= as-of date",
        unit="currency",
        reading="What customers are entitled not to have paid yet. Due today counts as not due.",
        trap="Longer terms move debt from overdue to not due without a cent being paid sooner.",
        source="Common practice of credit management; Credit Research Foundation, per cent current.",
    ),
    Definition(
        id="overdue",
        name="Overdue",
        formula="open balance of invoices with due date < as-of date",
        unit="currency",
        reading="What should have been paid by now.",
        trap="Disputed items are in it, whether or not the dispute is justified.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="overdue_share",
        name="Overdue share",
        formula="overdue / open balance",
        unit="share",
        reading="How much of the debt is late. 0.12 means that twelve cents of each euro owed are past their due date.",
        trap="A strong month of sales lowers it, because new invoices are not due; a weak one raises it. Payment "
        "behaviour may be the same in both.",
        source="Credit Research Foundation, summary of ageing (its per cent current is 1 - this share).",
        better="lower",
    ),
    Definition(
        id="overdue_over_90_share",
        name="Share more than 90 days overdue",
        formula="open balance of invoices with as-of date - due date > 90 days / open balance",
        unit="share",
        reading="The hard core: debt this old is often lost, and IFRS 9 presumes default at 90 days unless shown "
        "otherwise.",
        trap="Writing off lowers it and improves nothing; read it with the write-offs of the period.",
        source="Credit Research Foundation, per cent over 90 days; IFRS 9 B5.5.37.",
        better="lower",
    ),
    Definition(
        id="ageing_due",
        name="Ageing by due date",
        formula="open balance by days past due = as-of date - due date: not due (<= 0), 1-30, 31-60, 61-90, "
        "91-120, over 120, no due date",
        unit="currency",
        reading="Where debt is stuck. Day 30 belongs to 1-30, day 31 to 31-60; each open invoice is in exactly "
        "one bucket and the buckets add up to the open balance.",
        trap="An instalment plan ages by its own due dates, and a changed due date makes old debt young.",
        source="Common practice of credit management.",
    ),
    Definition(
        id="ageing_issued",
        name="Ageing by invoice date",
        formula="open balance by days since issue = as-of date - invoice date: 0-30, 31-60, 61-90, 91-120, over 120",
        unit="currency",
        reading="How long the money has been out, whatever was agreed. It shows debt that long terms hide.",
        trap="It mixes terms: 45 days are early on 60 days' terms and late on 30. Compare only like terms, or "
        "with last year.",
        source="Common practice of credit management.",
    ),
    Definition(
        id="no_due_date",
        name="Without due date",
        formula="open balance of invoices whose due date is not known and follows from no agreed terms",
        unit="currency",
        reading="Debt that can be neither due nor overdue; it has a bucket of its own.",
        trap="It is missing from every measure of lateness, so a large amount makes the book look punctual.",
        source="Requirement of this project: each open invoice stands in one bucket.",
        better="lower",
    ),
    Definition(
        id="unapplied_cash",
        name="Unapplied cash",
        formula="receipts that name no invoice, less the part applied by the configured rule",
        unit="currency",
        reading="Money that is there and not yet set against an invoice. Invoices it would settle still look open.",
        trap="It makes overdue and DSO look worse than they are, and its reminders annoy customers who have paid.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="credit_balances",
        name="Credit balances",
        formula="sum over invoices of max(what was booked against it - invoice amount, 0), shown as a positive amount",
        unit="currency",
        reading="What the company owes its customers: overpayments and credit notes beyond the invoice.",
        trap="Netted against others' debt it would hide overdue amounts, so it is shown apart and never netted.",
        source="Requirement of this project: credits are shown separately.",
    ),
    Definition(
        id="quarantined_amount",
        name="Quarantined amount",
        formula="sum of the amounts of the rows kept out of the ledger, per input and currency",
        unit="currency",
        reading="What the report does not know. Accepted plus quarantined is the file, in rows and cents.",
        trap="A small amount can be many rows, and amounts of opposite sign cancel; look at the number of rows, too.",
        source="Requirement of this project (control total of the input).",
        better="lower",
    ),
    Definition(
        id="quarantined_rows",
        name="Quarantined rows",
        formula="number of rows kept out of the ledger, each with its reason in quarantine.csv",
        unit="count",
        reading="How many rows of the export could not be used.",
        trap="Rows that never were in the export are not counted; only the control account shows those.",
        source="Requirement of this project (control total of the input).",
        better="lower",
    ),
    Definition(
        id="reconciliation_difference",
        name="Difference to the general ledger",
        formula="receivables by the ledger - balance of the control account, per entity",
        unit="currency",
        reading="Zero where the ledger ties to the books; otherwise the report says so before it says anything else.",
        trap="Two errors of the same size and opposite sign tie as well.",
        source="Common practice of accounting: reconciliation of the subledger.",
    ),
)
