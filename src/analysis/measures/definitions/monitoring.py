"""Who is watched and why, how alerts turned out, and whether yesterday's forecasts are still a guide."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_OVER_CUSTOMERS = (
    "interval over customers, whose alerts are alike: ratio of cluster samples, Cochran, Sampling Techniques (3rd ed., "
    "1977), on log-odds as Korn and Graubard, Survey Methodology 24 (1998) 193-201"
)

MONITORING: tuple[Definition, ...] = (
    Definition(
        id="watch_list_customers",
        name="Customers on the watch list",
        formula="customers that owe anything and for whom at least one reason holds; a reason holds from the month end "
        "on which its figure reaches the upper threshold until it falls below the lower one",
        unit="count",
        reading="Each stands there with its reasons and the day since when. Reasons, with the thresholds of entering "
        "and staying: pays later than it used to (5 and 2 days, while the detector of drift stands), broken promises "
        "in a year (3 and 2), limit use (150% and 120%), fall of the rating from its best of six months (0.75 and 0.4 "
        "of the spread of all scores), oldest open item (76 and 46 days late), risk class (4 and 3; on each month end "
        "from what was known of the customer then, by the forecaster in use now as it was learned by the last end of a "
        "calendar quarter, on the as-of date as it is learned today), disputes, from "
        "two in a year on (50% and 25% of what is owed), purchases of 60 days over the usual of the 180 before (5 "
        "and 2.5 times).",
        trap="A list that grows may mean worse customers or better data: a reason that the books cannot give is named "
        "beside it.",
        source="Practice of credit management; two thresholds (hysteresis) so that nobody comes and goes by chance.",
        better="lower",
    ),
    Definition(
        id="watch_list_exposure",
        name="Owed by customers on the watch list",
        formula="sum of open balances of customers on the watch list, in company currency at the rate of the day",
        unit="currency",
        reading="What is at stake with those that are watched.",
        trap="Not an expected loss: most of it is paid.",
        source="Practice of credit management.",
        better="lower",
    ),
    Definition(
        id="alert_precision",
        name="Alerts that came true",
        formula="entries to the list of customers not in trouble, after which trouble began within six months / such "
        "entries whose six months have passed; trouble: a tenth of the open balance 91 days late or more, or a "
        "write-off in the month",
        unit="share",
        reading="How often an alert is right. Compare it with the share of customers off the list for whom trouble "
        "began, which stands beside it.",
        trap="An alert that is acted upon prevents what it warns of and then counts as false.",
        source=f"Trouble as severe delinquency of Dun & Bradstreet, on open balances; {_OVER_CUSTOMERS}.",
        better="higher",
    ),
    Definition(
        id="alert_recall",
        name="Trouble foreseen",
        formula="beginnings of trouble of customers on the list on the month end before / all beginnings of trouble",
        unit="share",
        reading="How much of the trouble the list knew of before it began.",
        trap="A list of everybody foresees everything: read it beside the share of alerts that came true.",
        source=f"Information retrieval; {_OVER_CUSTOMERS}.",
        better="higher",
    ),
    Definition(
        id="alert_lead",
        name="Months of warning",
        formula="median over foreseen beginnings of trouble of the months since the customer came on the list",
        unit="ratio",
        reading="How long there was time to act.",
        trap="Who stood on the first list kept counts from that list, so the figure is at least what it says.",
        source="Practice of early-warning systems.",
        better="higher",
    ),
    Definition(
        id="drifting_customers",
        name="Customers that pay later than they used to",
        formula="customers for whom S = min(max(S + z - 0.5, 0), h), summed from zero over months, has reached h and "
        "not fallen to h / 2 since; z: normal score of the rank of the month's days late among the customer's months "
        "so far, of standard deviation one; days late of a month: mean over invoices paid in it or grown 30 days "
        "later than usual in it, less what most customers moved by",
        unit="count",
        reading="A lasting change of one customer, not of all: what most do is taken off. The first six months of a "
        "customer serve as its history.",
        trap="It compares a customer with itself: who has always been late does not drift.",
        source="McDonald, Naval Research Logistics 37 (1990) 627-646 (cumulative sums of sequential ranks).",
        better="lower",
    ),
    Definition(
        id="drift_alarms",
        name="Alarms of drift in twelve months",
        formula="customers and months in which S reached h; h is the lowest hundredth at which a customer that does "
        "not change raises 0.05 alarms a year in its second and third year, by exact recursion over equally likely "
        "ranks",
        unit="count",
        reading="Beside it stands how many alarms chance alone would raise in the same months, whatever the "
        "distribution of days late.",
        trap="Stated for months that are independent: a customer whose months go together raises more.",
        source="Page, Biometrika 41 (1954) 100-115; McDonald (1990), as above.",
    ),
    Definition(
        id="waited_over_expected",
        name="Days waited over days expected",
        formula="days of the month on which invoices were unpaid / sum of their chances to be unpaid on these days, "
        "forecast once, on the first month end on which each was open, and followed for three months",
        unit="ratio",
        reading="Above one, customers pay later than forecast. Outside its limits, which 98 of 100 months keep where "
        "nothing changes, forecasts are in doubt; the second month running puts the naive rule that a model had to "
        "beat in its place until two months running are within.",
        trap="A forecast made anew each month would be told of a delay by the invoices that wait, and hide it.",
        source="Montgomery, Introduction to Statistical Quality Control (7th ed., 2013), section 6.4; robust spread: "
        "Rousseeuw and Croux, Journal of the American Statistical Association 88 (1993) 1273-1283.",
    ),
)
