"""How far credit limits are used, what is done against policy, and what hangs on single names."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

EXPOSURE: tuple[Definition, ...] = (
    Definition(
        id="limit_use",
        name="Use of credit limits",
        formula="exposure of customers with a limit / their limits, as both stood on the day; exposure is the open "
        "balance, with policy.exposure_basis open_balance_and_orders plus orders placed within 365 days and not "
        "invoiced yet",
        unit="share",
        reading="How much of what was granted to those who owe is drawn. Customers without a limit, or with one of 0, "
        "are a class of their own.",
        trap="A low use of all hides single customers far beyond their limit; limits of customers that owe nothing are "
        "not counted, so it is not the use of all that was granted.",
        source="SAP credit management and common practice, credit limit utilisation.",
    ),
    Definition(
        id="over_limit",
        name="Customers over their limit",
        formula="number of customers whose exposure is above the limit that holds on the day",
        unit="count",
        reading="Each is a decision that somebody took, or that nobody took: raise the limit, or hold deliveries.",
        trap="A limit may be outgrown by sales or broken by late payment. The column of what is past due tells which.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="limit_excess",
        name="Exposure above limits",
        formula="sum over customers over their limit of (exposure - limit)",
        unit="currency",
        reading="How much is owed beyond what was granted.",
        trap="It falls when limits are raised, without anybody paying.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="without_limit",
        name="Exposure without a limit",
        formula="exposure of customers that have no limit above 0 / exposure of all",
        unit="share",
        reading="What is owed by customers of whom nobody decided how much they may owe.",
        trap="Where limits are kept elsewhere, this says that they are not in the books, not that there are none.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="policy_exceptions",
        name="Invoices issued against policy",
        formula="amount of invoices of the last 12 months after which the customer stood above the limit of that day, "
        "or of whose customer an older invoice was policy.credit_hold_days or more past due on the day of issue / "
        "amount of all invoices of the months, each at the exchange rate of its day of issue",
        unit="share",
        reading="How often the policy is set aside, in money. Exceptions may be right; what became of them tells.",
        trap="Balances are those of the day of issue by booking date: a payment that was under way counts as not made.",
        source="Common practice of credit management, order release and credit hold.",
        better="lower",
    ),
    Definition(
        id="severe_after_issue",
        name="Invoices that became severely late",
        formula="invoices paid 91 days or more past due, open by then, or written off / invoices whose due date is 91 "
        "days or more ago and that were not credited; interval over customers, on the scale of log-odds",
        unit="share",
        reading="What became of invoices that were issued against policy, beside those issued within it.",
        trap="It compares customers, and not decisions: who is over its limit pays late for many reasons.",
        source="Presumption of default after 90 days: IFRS 9 B5.5.37. Interval: Cochran, Sampling Techniques (3rd ed., "
        "1977) on ratio estimates of cluster samples; Korn and Graubard, Survey Methodology 24 (1998) 193-201.",
        better="lower",
    ),
    Definition(
        id="high_risk_share",
        name="High-risk exposure",
        formula="open balance of customers of risk classes 4 and 5 / open balance of all customers that are classed",
        unit="share",
        reading="How much is owed by those most likely to fail in their obligations.",
        trap="It jumps when one large name crosses a boundary of classes; the expected share does not.",
        source="Common practice of credit management.",
        better="lower",
    ),
    Definition(
        id="expected_at_risk",
        name="Exposure expected at risk",
        formula="sum over customers of open balance x probability of severe delinquency within 12 months / open "
        "balance of those with a probability",
        unit="share",
        reading="The same without boundaries: each customer counts by its probability.",
        trap="Severely late is not lost: most of it is paid in the end.",
        source="Expectation of the exposure at risk; this project.",
        better="lower",
    ),
    Definition(
        id="debtors_needed",
        name="Average debtors needed",
        formula="smallest whole m with (E + m a) squared / (Q + m a squared) at or above the target of the effective "
        "number, where E is the exposure of N debtors, Q the sum of its squares and a = E / N",
        unit="count",
        reading="How many further customers of average size would spread the book as far as is wanted.",
        trap="They do not exist: the same is reached by owing less to the largest, or by insuring them.",
        source="From the definition of the effective number; this project.",
        better="lower",
    ),
    Definition(
        id="loss_if_failed",
        name="Loss if one name fails",
        formula="(open balance of the name - its cash and credits on account, at least 0) x (1 - share recovered)",
        unit="currency",
        reading="The most that one failure would cost today. A name is a group of companies where groups are known.",
        trap="Recoveries are taken as none where not stated. What is insured or secured is not in the books.",
        source="Common practice, single-name stress.",
        better="lower",
    ),
    Definition(
        id="missing_if_late",
        name="Cash missing if one name pays later",
        formula="cash expected of the name in the last 60 of the next 91 days, which would come after them if each "
        "payment came 60 days later",
        unit="currency",
        reading="What the next quarter would be short of if one name paid two months later than it is expected to.",
        trap="It moves cash and loses none; who pays so late often pays less in the end.",
        source="Common practice, single-name stress; expected cash as in the forecast of cash.",
        better="lower",
    ),
)
