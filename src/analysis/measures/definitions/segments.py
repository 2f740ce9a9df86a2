"""Customers who pay alike: segments, whether they hold, and who moves."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

SEGMENTS: tuple[Definition, ...] = (
    Definition(
        id="payer_segment",
        name="Segments of payers",
        formula="number of parts of a mixture of normal distributions over mean days late (sign(d) x log(1 + |d| / "
        "10)), share late, share of payments on the usual weekday or at month end, square root of the share "
        "91 or more days late (weight 0.5) and log of sales of twelve months (weight 0.3), each drawn in to "
        "its 2nd and 98th percentile, less its median, over its spread; the smallest number that falls "
        "short of the best foretold share by no more than one standard error, of those with a stability of "
        "at least 0.80 and no segment below the policy's minimum",
        unit="count",
        reading="So many kinds of payers can be told apart with good reason. Each customer with at least six "
        "invoices in twelve months and half a year of business is in the one to which it most probably "
        "belongs.",
        trap="A segment is a summary, no verdict on one customer. Who has little history is in a segment of his "
        "own, whatever he will turn out to be.",
        source="Fraley and Raftery, Journal of the American Statistical Association 97 (2002) 611-631; one "
        "standard error: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984), "
        "section 3.4.3.",
    ),
    Definition(
        id="segment_stability",
        name="Stability of segments",
        formula="mean over 20 redraws of the customers, with replacement, of the adjusted Rand index between the "
        "segments learned from all and those learned from the redrawn, both over all customers",
        unit="ratio",
        reading="1 where the same customers stay together whoever happens to be in the books, 0 where that is "
        "chance. Below 0.75 segments are a sketch.",
        trap="Two segments are nearly always stable; stability alone says nothing about use.",
        source="Hubert and Arabie, Journal of Classification 2 (1985) 193-218; redraws: Hennig, Computational "
        "Statistics and Data Analysis 52 (2007) 258-271.",
        better="higher",
    ),
    Definition(
        id="segment_gain",
        name="Differences between customers foretold by segments",
        formula="1 - mean squared miss / variance between customers, the mean of two outcomes of the year after: "
        "mean days late (on the scale of the segments) and share late; segments and their outcomes learned "
        "as of a year ago from four fifths of the customers, asked about the other fifth",
        unit="share",
        reading="How much of what sets customers apart in the following year their segment of a year ago said before.",
        trap="It is 0 for one segment by construction and never far above what each customer's own past foretells.",
        source="This project; the share is the coefficient of determination, out of sample.",
        better="higher",
    ),
    Definition(
        id="segment_agreement",
        name="Agreement with last month's segments",
        formula="adjusted Rand index, over the customers of a month ago, between the present segments and as many "
        "segments learned from what was known then",
        unit="ratio",
        reading="Near 1 the division is that of last month, so who changed segment changed his behaviour.",
        trap="Below 0.90 the division itself has moved; moves between segments then say little.",
        source="Hubert and Arabie, Journal of Classification 2 (1985) 193-218.",
        better="higher",
    ),
    Definition(
        id="segment_moves",
        name="Customers who changed segment",
        formula="customers in another segment than on the earlier day / customers with history enough on both days, "
        "both by the present division",
        unit="share",
        reading="How many pay in another way than they did. The matrix shows from where to where.",
        trap="Who left for want of invoices is not counted as moved; the matrix shows him.",
        source="This project.",
    ),
    Definition(
        id="segment_days_late",
        name="Mean days late of a segment",
        formula="mean over its customers of their mean days late of invoices due in twelve months, open ones "
        "counted; interval mean +/- t(n - 1) x s / sqrt(n) over customers",
        unit="days",
        reading="How late a customer of this segment pays on average, each customer counting alike.",
        trap="Large customers weigh no more than small ones; money waits as the curve of the segment says.",
        source="Student, Biometrika 6 (1908) 1-25.",
        better="lower",
    ),
    Definition(
        id="segment_loss_rate",
        name="Loss rate of a segment",
        formula="written off in twelve months / (open balance a year ago + sales since), of the customers who were "
        "in the segment a year ago; interval of Clopper and Pearson for p (1 - p) / var(p) customers",
        unit="share",
        reading="What a unit of business with such customers has cost in lost debts within a year.",
        trap="Few customers fail, so the interval is wide. Where nobody did, its upper end is the share of "
        "customers that may fail unseen times what a failed customer has cost elsewhere.",
        source="Korn and Graubard, Survey Methodology 24 (1998) 193-201.",
        better="lower",
    ),
    Definition(
        id="days_late_change",
        name="Change of days late around a date",
        formula="mean over customers of (mean days late of invoices due in the 91 days after the date - of those "
        "due in the 274 days to it), days late counted up to 90 on both sides; interval by Student's t over "
        "customers",
        unit="days",
        reading="How much later the same customers pay than before the date. Above zero they pay later.",
        trap="Whatever else changed at that time is in it: season, market, terms. It says when, not why.",
        source="This project.",
        better="lower",
    ),
)
