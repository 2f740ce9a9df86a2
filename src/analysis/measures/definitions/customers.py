"""Who the customers are as payers: how late, how regularly, and what paying took."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_YEAR = "fell due in the 365 days before the day and were not credited"

CUSTOMERS: tuple[Definition, ...] = (
    Definition(
        id="customer_days_late",
        name="Days late of a customer",
        formula=f"mean over invoices that {_YEAR} of days late, early negative, cut at 180; an open one counts the "
        "mean of all customers' invoices that were late as long as it is already (Kaplan-Meier), a write-off 180",
        unit="days",
        reading="How long after the due date this customer pays, with what it has not paid yet counted. Over all "
        "customers it is their restricted mean.",
        trap="An open invoice is given the end that others' invoices had, so a customer who has just stopped paying "
        "still looks better than it is; the trend and the watch list tell sooner.",
        source="Redistribution to the right: Efron, Proceedings of the Fifth Berkeley Symposium 4 (1967) 831-853.",
        better="lower",
    ),
    Definition(
        id="customer_days_late_trend",
        name="Trend of a customer's days late",
        formula="days late of invoices that fell due in the last 91 days - those of the 274 days before",
        unit="days",
        reading="Above zero the customer pays later than it did.",
        trap="Few invoices make it jump, and the latest of them are largely open and so largely estimated.",
        source="Common practice of credit management; open invoices counted as in the days late of a customer.",
        better="lower",
    ),
    Definition(
        id="customer_share_late",
        name="Share paid late by a customer",
        formula=f"invoices paid after the due date, open or written off / invoices that {_YEAR}",
        unit="share",
        reading="How often the customer is late, by whatever time.",
        trap="A day counts as much as a year; read the days late beside it.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="customer_share_late_91",
        name="Share of a customer's invoices at least 91 days late",
        formula="invoices paid or open 91 days or more after the due date, or written off / invoices that fell due in "
        "the 365 days before the day, at least 91 days ago, and were not credited",
        unit="share",
        reading="How often the customer lets an invoice go as far as severe delinquency.",
        trap="It is at least three months behind: an invoice that fell due since cannot be in it.",
        source="Ninety days: IFRS 9 B5.5.37, rebuttable presumption of default.",
        better="lower",
    ),
    Definition(
        id="weekday_share",
        name="Payments on the most usual weekday",
        formula="days of the last 365 on which the customer paid anything and which were its most usual weekday / days "
        "on which it paid anything",
        unit="share",
        reading="Near one, the customer pays in a weekly run: money not there that day will not come before the next.",
        trap="By chance alone it is a fifth with many payments, and three fifths in every third customer with five.",
        source="This project.",
    ),
    Definition(
        id="month_end_share",
        name="Payments at the month's end",
        formula="days of the last 365 on which the customer paid anything and on or after which fewer than three "
        "business days of the month were left, the day itself not counted / days on which it paid anything",
        unit="share",
        reading="Near one, the customer pays in a run at the end of the month; chance alone gives about one in seven.",
        trap="Business days are Monday to Friday: holidays of the payer's country are not known.",
        source="This project.",
    ),
    Definition(
        id="part_paid_share",
        name="Invoices paid in parts",
        formula=f"invoices with a payment on a day that did not settle them / invoices that {_YEAR}",
        unit="share",
        reading="Instalments and deductions: payers short of money, or in disagreement about the amount.",
        trap="A deduction that was credited on the very day settles the invoice and is not in it.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="dispute_rate",
        name="Dispute rate",
        formula="invoices issued in the last 365 days of which a dispute was opened by the day / invoices issued in "
        "the last 365 days",
        unit="share",
        reading="How often invoices meet with a complaint.",
        trap="Invoices of the last weeks may still be disputed, so it is a little too low. Not defined while the books "
        "hold no dispute of anybody.",
        source="Common practice of dispute management.",
        better="lower",
    ),
    Definition(
        id="promises_broken",
        name="Promises broken",
        formula="promises to pay whose day plus two days lay in the last 365 days before the day, with neither the "
        "invoice settled nor the promised amount received by then",
        unit="count",
        reading="How often the customer said a day and did not keep it.",
        trap="A payment recorded late breaks the promise until it is recorded. Not defined while the books hold no "
        "contact with anybody.",
        source="Common practice of collection; grace of two days for the transfer.",
        better="lower",
    ),
    Definition(
        id="payment_index",
        name="Payment index",
        formula=f"sum of amount x points / sum of amount, over invoices that {_YEAR}; points by straight lines between "
        "100 (30 days early), 90 (20 early), 80 (on terms), 70 (15 late), 60 (22), 50 (30), 40 (60), 30 (90) and 20 "
        "(120 and later); open ones at their days so far, write-offs at 120 days",
        unit="ratio",
        reading="Eighty is payment on terms. Its interval: percentiles over 1,000 draws of customers; for one customer "
        "the error of the ratio over its invoices.",
        trap="Open invoices can only get later, so it is an upper bound; the open share of its amount says how much "
        "of one. The public index counts reports of many suppliers, this one those of one ledger: the scales are the "
        "same, the levels need not be.",
        source="Anchors of the PAYDEX score as published by Dun & Bradstreet; interval: Efron and Tibshirani, An "
        "Introduction to the Bootstrap (1993), section 13.3; Cochran, Sampling Techniques (1977), section 2.11.",
        better="higher",
    ),
)
