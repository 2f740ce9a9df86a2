"""Days of sales and of waiting, and how much of what could be collected was."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

DAYS: tuple[Definition, ...] = (
    Definition(
        id="dso_simple",
        name="DSO, simple",
        formula="receivables / credit sales of the month x days of the month",
        unit="days",
        reading="How many days of this month's sales are not paid yet.",
        trap="A weak month of sales raises it and a strong one lowers it although everybody pays as before.",
        source="Credit Research Foundation; Chartered Institute of Credit Management; ACCA, receivables days.",
        better="lower",
    ),
    Definition(
        id="dso_rolling",
        name="DSO, rolling",
        formula="receivables / credit sales of the last k months x days of those k months",
        unit="days",
        reading="The simple DSO with sales evened out over k months; k is printed beside it.",
        trap="The longer the period, the more seasonal sales distort it: over 12 months a swing of 34 days was seen "
        "under constant payment behaviour. Compare only with the same k and the same month of last year.",
        source="Common practice of credit management; Credit Research Foundation (k = 3).",
        better="lower",
    ),
    Definition(
        id="dso_countback",
        name="DSO, count-back",
        formula="from the newest month back: where the rest of the receivables is at least the month's sales, take "
        "them off and add the month's days; else add rest / sales x days and stop",
        unit="days",
        reading="How far back the sales reach that make up the balance. The DSO to follow month by month, because "
        "seasonal sales hardly move it.",
        trap="It takes the oldest sales as paid first, so one old unpaid invoice looks like recent sales. Where the "
        "balance exceeds all known sales it is a lower bound and shown as such. A month without sales adds its "
        "days, takes nothing off and is flagged.",
        source="Oracle Hyperion Financial Management, count-back routine; profession (exhaustion method).",
        better="lower",
    ),
    Definition(
        id="best_possible_dso",
        name="Best possible DSO",
        formula="not due / credit sales x days, sales and days those of the rolling DSO",
        unit="days",
        reading="The DSO if everybody paid on the due date: the part that sales agreed to, through the terms.",
        trap="Terms and mix of customers move it; collection work cannot.",
        source="Credit Research Foundation, best possible DSO.",
        better="lower",
    ),
    Definition(
        id="average_days_delinquent",
        name="Average days delinquent (ADD)",
        formula="overdue / credit sales x days, sales and days those of the rolling DSO; = DSO - best possible DSO "
        "where every open invoice has a due date",
        unit="days",
        reading="The part of the DSO that late payment causes: the days collection can win back.",
        trap="Published medians of DSO, best possible DSO and ADD need not subtract (in Q3 2020 39.25 - 32.23 = 7.02, "
        "and a median ADD of 4.12): each is a median of its own. Nor is it the delay of an average invoice.",
        source="Credit Research Foundation, average days delinquent.",
        better="lower",
    ),
    Definition(
        id="weighted_days_to_pay",
        name="Weighted days to pay",
        formula="sum(amount x (payment date - invoice date)) / sum(amount), over invoices paid in the period",
        unit="days",
        reading="How long the money took that came in.",
        trap="It knows paid invoices only. While the slow ones of recent months are open, it looks better than the "
        "truth; the restricted mean does not.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="average_days_late",
        name="Average days late",
        formula="sum(amount x (payment date - due date)) / sum(amount), over invoices paid in the period; early "
        "payment counts negative unless stated otherwise",
        unit="days",
        reading="How far payment misses the due date, early against late. Terms are out of it.",
        trap="With early payment counted as zero, or left out, it is larger: state the variant. Paid invoices only, "
        "as weighted days to pay.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="collection_effectiveness",
        name="Collection effectiveness index (CEI)",
        formula="(opening receivables + credit sales - closing receivables) / (opening receivables + credit sales - "
        "closing receivables not due), for the month",
        unit="share",
        reading="How much of what could be collected was. 1 means that nothing overdue is left; above 1, credits "
        "exceed what is overdue.",
        trap="Over several months some divide the sales by the number of months: on one published quarter 55.9% "
        "against 79.6%. Credit notes and write-offs count as collected.",
        source="Credit Research Foundation, collection effectiveness index.",
        better="higher",
    ),
    Definition(
        id="receivables_turnover",
        name="Receivables turnover",
        formula="credit sales of the period / mean of the receivables at its month ends, opening included",
        unit="ratio",
        reading="How often the receivables were turned into cash in the period; its days divided by it are the DSO on "
        "the mean balance.",
        trap="It is per period, so a quarter's turnover is about a fourth of a year's.",
        source="ACCA and CFA textbooks on ratio analysis.",
        better="higher",
    ),
)
