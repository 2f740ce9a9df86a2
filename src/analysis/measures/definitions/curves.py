"""When customers pay, with open invoices taken into account."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

_KAPLAN_MEIER = "Kaplan and Meier, Journal of the American Statistical Association 53 (1958) 457-481"

CURVES: tuple[Definition, ...] = (
    Definition(
        id="unpaid_after",
        name="Share still open after d days",
        formula="S(d) = product over days u <= d of (1 - settled on day u / open and observed at the start of day u); "
        "settled is paid, credited or written off",
        unit="share",
        reading="Of a hundred invoices, how many are open d days after issue. The band holds the true share in 95 of "
        "100 such reports.",
        trap="Settled is not paid: where credit notes and write-offs are more than some 2% of what is settled, the "
        "curve makes customers look better payers than they are. Batches of payments make the band too narrow.",
        source=f"{_KAPLAN_MEIER}; error: Greenwood (1926); log-log band: Kalbfleisch and Prentice (1980), section 1.3.",
        better="lower",
    ),
    Definition(
        id="median_days_to_pay",
        name="Median days to pay",
        formula="first day d with S(d) <= 1/2; interval: the days on which 1/2 lies in the band; on page 1 that of "
        "redrawn customers",
        unit="days",
        reading="Half of the invoices are settled by this day, open ones taken into account.",
        trap="It is not reached where more than half is still open, and says nothing of the slow half. R prints the "
        "middle of the stretch where the curve is exactly one half; this is the first day of it.",
        source=f"{_KAPLAN_MEIER}; interval: Brookmeyer and Crowley, Biometrics 38 (1982) 29-41.",
        better="lower",
    ),
    Definition(
        id="quantile_days_to_pay",
        name="Day by which a share is settled",
        formula="first day d with S(d) <= 1 - p; the middle of the stretch where S is exactly 1 - p",
        unit="days",
        reading='With p = 0.9: "one in ten is still open at day d". The tail that decides the overdraft.',
        trap="High shares rest on the few invoices observed that long; mind the interval. It may not be reached.",
        source="R, package survival, quantile of a survfit; interval: Brookmeyer and Crowley, Biometrics 38 (1982) "
        "29-41.",
        better="lower",
    ),
    Definition(
        id="restricted_mean_days",
        name="Mean days open within a horizon",
        formula="sum over days below the horizon of S(day): the area under the curve; what is open at the horizon "
        "counts with the horizon",
        unit="days",
        reading="How long money is out on average in its first, say, 90 days; days x daily sales is the money tied up.",
        trap="Figures of different horizons do not compare. Not defined where the books do not reach back that far.",
        source="Klein and Moeschberger, Survival Analysis (2nd ed., 2003), section 4.5.",
        better="lower",
    ),
    Definition(
        id="incidence_by_cause",
        name="Share ended by a cause after d days",
        formula="F_k(d) = sum over days u <= d of S(u - 1) x ended by cause k on day u / open and observed at the start"
        " of day u; over all causes, F_k(d) and S(d) add up to 1",
        unit="share",
        reading="Of a hundred invoices, how many have been paid (or credited, or written off) d days after issue, or "
        "after the due date where it says so.",
        trap="It is a share of all invoices, so more credit notes mean less paid even where nobody pays more slowly. "
        "Shares of causes taken from curves that treat the other causes as open add up to more than 1.",
        source="Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150.",
    ),
    Definition(
        id="quantile_days_paid",
        name="Day by which a share is paid in cash",
        formula="first day d with F_paid(d) >= p; interval: the days on which p lies in the band of F_paid",
        unit="days",
        reading="With p = 1/2: half of all invoices are paid in cash by this day; credit notes and write-offs do not "
        "count as paid.",
        trap="It may never be reached, where the other causes take too much. It is no earlier than the median day of "
        "settlement, which counts every way to leave the books.",
        source="Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150; interval: as Brookmeyer and "
        "Crowley, Biometrics 38 (1982) 29-41.",
        better="lower",
    ),
    Definition(
        id="paid_only_gap",
        name="Days hidden by paid invoices alone",
        formula="day by which half of all invoices of a month of issue are paid - day by which half of those already "
        "paid had been paid",
        unit="days",
        reading="What a table of paid invoices leaves out: the slow ones of recent months are not in it yet.",
        trap="Near zero for months that are settled; it grows towards the present and is not known where half are not "
        "paid yet. It says nothing about customers, only about the usual figure.",
        source="Requirement of this project: with a true median of 45 days, closed invoices alone showed 39.",
    ),
    Definition(
        id="difference_in_mean_days",
        name="Days longer open than all other invoices",
        formula="mean days open within the horizon of the group - that of all other invoices together; interval: "
        "difference -/+ sqrt of the sum of the squared distances to the limits of the two",
        unit="days",
        reading="How much longer the money of this group is out, per invoice. An interval without zero is a "
        "difference.",
        trap="One group in twenty shows a difference by chance. Customers who pay many invoices alike make the "
        "interval too narrow.",
        source="Royston and Parmar, BMC Medical Research Methodology 13 (2013) 152; interval: Zou and Donner, "
        "Statistics in Medicine 27 (2008) 1693-1702.",
        better="lower",
    ),
    Definition(
        id="log_rank_p",
        name="Chance of such a difference between curves",
        formula="upper tail of chi-square at (O - E)' V^-1 (O - E), with observed and expected payments of each group "
        "and hypergeometric variance, one degree of freedom less than groups",
        unit="share",
        reading="How often groups that pay alike would differ as much by chance. Below 0.05 counts as a difference.",
        trap="A large ledger makes a difference of half a day certain and not important; curves that cross can hide a "
        "difference. Batches make it too sure.",
        source="Mantel, Cancer Chemotherapy Reports 50 (1966) 163-170.",
    ),
    Definition(
        id="gray_p",
        name="Chance of such a difference in what is paid",
        formula="upper tail of chi-square at z' V^-1 z, z = payments of each group less those expected when the shares "
        "paid by each day are equal; those whom another cause took keep their place among who could still pay",
        unit="share",
        reading="How often groups with equal shares paid would differ as much by chance. It sees what log-rank does "
        "not: invoices that are credited instead of paid.",
        trap="As log-rank: a large ledger makes small differences certain, and batches make it too sure.",
        source="Gray, Annals of Statistics 16 (1988) 1141-1154; as cuminc of the R package cmprsk.",
    ),
    Definition(
        id="invoices_in_curve",
        name="Invoices in the curve",
        formula="settled + still open at the as-of date",
        unit="count",
        reading="How much the curve rests on. Below 10 it is not shown, below 30 it is marked.",
        trap="Invoices of one customer are not independent; ten customers with one invoice each say more than ten "
        "invoices of one.",
        source="Requirement of this project: a nominal 95% band covered 71% with 5 invoices, 89% with 10, 97% with 20.",
    ),
)
