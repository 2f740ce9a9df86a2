"""Who may become severely delinquent within twelve months, and how well that was told before."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_SKILL = (
    "Brier, Monthly Weather Review 78 (1950) 1-3; customers as clusters: Field and Welsh, Journal of the Royal "
    "Statistical Society B 69 (2007) 369-390"
)

RISK: tuple[Definition, ...] = (
    Definition(
        id="severe_delinquency",
        name="Severe delinquency within twelve months",
        formula="1 where, of the amount of a customer's invoices that were open within the 365 days after the day and "
        "came 91 days past due by their end (or would have, had they stayed open), or were written off in them, at "
        "least 10% was open or paid 91 days past due or later, or written off; as the books showed it on the last of "
        "the 365 days; invoices that a credit note settled left out; not defined where nothing came that far",
        unit="share",
        reading="The event that risk is measured by. Books know no insolvencies and no firms that ceased; a write-off "
        "stands for both.",
        trap="One old item that stays open makes the event again each month. It says nothing of how much is lost: most "
        "severely delinquent customers pay in the end.",
        source="Dun & Bradstreet, severe delinquency of the Delinquency Score; IFRS 9 B5.5.37 on ninety days.",
        better="lower",
    ),
    Definition(
        id="severe_chance",
        name="Chance of severe delinquency",
        formula="logit(chance) = logit(rate of the segment) + n / (n + 5) x (own record + sum over facts of bent "
        "lines) + bent lines of limit use and rating; n invoices paid within twelve months or past due; logistic "
        "regression on month ends whose twelve months are over, a log-F(2, 2) prior on each stretch, customers "
        "weighted by the years "
        "they were seen; interval: chance -+ 1.96 standard errors on the log odds, of the coefficients by customer and "
        "of the part of the customer that its n invoices leave unknown",
        unit="share",
        reading="Of a hundred customers with a chance of 20%, some twenty become severely delinquent within the year. "
        "A customer without invoices paid or due has its segment's rate, and an interval that says how little that is.",
        trap="It holds for customers that go on buying, and as long as the future is like the months learned from.",
        source="Greenland and Mansournia, Statistics in Medicine 34 (2015) 3133-3143; Liang and Zeger, Biometrika 73 "
        "(1986) 13-22.",
        better="lower",
    ),
    Definition(
        id="severe_expected",
        name="Customers expected to become severely delinquent",
        formula="sum over customers with business of their chance of severe delinquency",
        unit="count",
        reading="How many of today's customers will be severely delinquent at some time in the next twelve months.",
        trap="Misses of single customers cancel out in it; those of a bad year do not.",
        source="Expectation of a sum.",
        better="lower",
    ),
    Definition(
        id="high_risk_customers",
        name="Customers in risk classes 4 and 5",
        formula="customers with business whose chance of severe delinquency is at least the boundary of class 4 "
        "(policy.risk_classes)",
        unit="count",
        reading="Whom to look at one by one before the next order is shipped on credit.",
        trap="A customer of whom little is known may stand in class 4 for want of evidence; its interval says so.",
        source="Classes with fixed boundaries, as rating agencies keep them.",
        better="lower",
    ),
    Definition(
        id="severe_over_expected",
        name="Severely delinquent customers over those expected",
        formula="customers that became severely delinquent within twelve months of the last day of the record / "
        "sum of the chances stated on that day; limits exp(-+ 2.33 x sqrt(2 x sum of p (1 - p) / "
        "expected^2 + 0.1^2)), p the chances; not defined with fewer than ten expected",
        unit="ratio",
        reading="Above one, more customers became severely delinquent than the chances said. Outside its limits, "
        "which 98 of 100 days keep where nothing changes, the chances are in doubt; outside on one side "
        "on the last two days of the record, two months apart, a model is demoted to the rule that it had"
        " to beat.",
        trap="What came of a day is known a year later, so it tells late. Days two months apart share ten "
        "months of what came.",
        source="Variance of a sum of unequal chances: Feller, An Introduction to Probability Theory and Its "
        "Applications I (3rd ed., 1968), section IX.5; control limits: Montgomery, Introduction to "
        "Statistical Quality Control (7th ed., 2013), section 7.3.",
    ),
    Definition(
        id="risk_brier",
        name="Error of chances of severe delinquency (Brier score)",
        formula="mean over customers and past month ends of (1 if severely delinquent within twelve months, else 0, - "
        "chance stated then)^2",
        unit="ratio",
        reading="Zero is perfect; always stating the rate p of all gets p x (1 - p).",
        trap="It depends on how common the event is: compare forecasts of the same customers only.",
        source="Brier, Monthly Weather Review 78 (1950) 1-3.",
        better="lower",
    ),
    Definition(
        id="risk_skill_base",
        name="Skill of chances of severe delinquency over the rate of all",
        formula="1 - Brier score / Brier score of the rate of all customers as known then, on the same customers; "
        "interval: percentiles over 400 draws of customers with all their month ends",
        unit="share",
        reading="The share of the error that telling customers apart avoids. Zero is none.",
        trap="The rate of all is easy to beat where many customers pay late year after year: read the skill over "
        "the customer's own past rate beside it.",
        source=f"{_SKILL}.",
        better="higher",
    ),
    Definition(
        id="risk_skill_own_rate",
        name="Skill over the customer's own past rate",
        formula="1 - Brier score / Brier score of the customer's own past rate, which is (years in which it was "
        "severely delinquent + k x rate of its segment) / (years known + k), with the k that foretold best by then",
        unit="share",
        reading="What is gained over simply saying that customers do as they did. Zero is nothing.",
        trap="With few customers the interval is too narrow.",
        source=f"{_SKILL}.",
        better="higher",
    ),
    Definition(
        id="risk_calibration_slope",
        name="Calibration slope of chances of severe delinquency",
        formula="slope b of logit P(severely delinquent) = a + b x logit(chance stated then), by logistic regression; "
        "chances cut at 0.001 and 0.999; interval as for the skill",
        unit="ratio",
        reading="One is right. Below one the chances are too sure of themselves, above one too timid.",
        trap="Not defined where all or none became severely delinquent.",
        source="Cox, Biometrika 45 (1958) 562-565; Van Calster et al., BMC Medicine 17 (2019) 230.",
    ),
    Definition(
        id="rating_value",
        name="Value of the external rating",
        formula="1 - Brier score of the model with ratings / that of the same model without, on the same customers and "
        "past month ends; interval as for the skill",
        unit="share",
        reading="The share of the error that buying ratings avoids, beside what the ledger itself tells.",
        trap="It is the value on top of the own ledger. For customers without history, and for the size of a loss, a "
        "rating may be worth more.",
        source=f"{_SKILL}.",
        better="higher",
    ),
)
