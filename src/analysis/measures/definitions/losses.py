"""What was lost, and what is expected to be: ratios that share a name elsewhere, and the allowance."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

LOSSES: tuple[Definition, ...] = (
    Definition(
        id="bad_debt_to_sales",
        name="Bad debt to sales",
        formula="(write-offs - recoveries) of the period / credit sales of the period",
        unit="share",
        reading="What selling on credit costs in lost debts, per unit of sales.",
        trap="The write-offs belong mostly to older sales: while sales grow it understates, while they shrink it "
        "overstates what today's sales will lose.",
        source="National Association of Credit Management and Credit Research Foundation, bad debt to sales.",
        better="lower",
    ),
    Definition(
        id="write_offs_to_receivables",
        name="Write-offs to receivables",
        formula="write-offs of the period / open balance at its end",
        unit="share",
        reading='What was given up, against what is owed. One of two ratios called "bad debt ratio".',
        trap="A year's write-offs against one day's balance: a book that turns fast shows a high ratio.",
        source="Textbooks on ratio analysis.",
        better="lower",
    ),
    Definition(
        id="allowance_ratio",
        name="Allowance ratio",
        formula="allowance for doubtful accounts / open balance",
        unit="share",
        reading='What is expected to be lost, of what is owed. The other ratio called "bad debt ratio".',
        trap="It measures caution as much as risk: judge it by the write-offs that followed.",
        source="Textbooks on ratio analysis.",
    ),
    Definition(
        id="expected_credit_loss",
        name="Expected credit loss",
        formula="sum over segments, ages and customers of min(open balance, open balance x historic loss rate x "
        "forward factor) + what is judged by name + overlays",
        unit="currency",
        reading="What is expected to be lost for good of what is owed today, over the whole life of each debt. The "
        "interval says where the loss itself may lie, not only its mean: it draws customers of past books as"
        " they turned out.",
        trap="It is a mean of many possible years, most of which lose less and some much more. With few customers "
        "that ever failed the interval is too narrow, because the worst is not among them.",
        source="IFRS 9 5.5.15 to 5.5.20 (simplified approach), B5.5.35 (provision matrix) and Illustrative Example 12.",
        better="lower",
    ),
    Definition(
        id="historic_loss_rate",
        name="Historic loss rate, competing causes",
        formula="sum over months k of S(k - 1) x written off in month k / open at its start, of what stood open in a"
        " cell on past month ends and was followed so long; S(k) = part still open after k months; times the"
        " part of a write-off that never comes back",
        unit="share",
        reading="The part of what stands open at an age on a month end that will be lost. Payments and credit notes "
        "end a debt without a loss; what is still open counts for as long as it was seen, and as lost after "
        "two years.",
        trap="The fewer customers of a segment ever cost anything, the more its rate leans on the whole company's, so"
        " it is slow to learn what is new in a segment. Segments are those of the as-of date.",
        source="Aalen and Johansen, Scandinavian Journal of Statistics 5 (1978) 141-150, with money as the unit; "
        "from landmarks: van Houwelingen, Scandinavian Journal of Statistics 34 (2007) 70-85; IFRS 9 B5.5.35.",
        better="lower",
    ),
    Definition(
        id="flow_rate_loss",
        name="Loss by flow rates",
        formula="open balance of each bucket x (I - Q)^-1 w, with Q the parts of a month end's buckets that stand in"
        " each bucket a month later and w the parts written off; times the part that never comes back; not defined"
        " where nothing was ever written off",
        unit="currency",
        reading="The usual way to a provision matrix, shown beside the rates that are used. It follows month ends "
        "only.",
        trap="It forgets how a debt came into its bucket: one that was paid in part or has stood there for months "
        "rolls on like any other. Where write-offs come late or in bursts the two methods part.",
        source="Cyert, Davidson and Thompson, Management Science 8 (1962) 287-303.",
        better="lower",
    ),
    Definition(
        id="loss_given_default",
        name="Loss given default",
        formula="1 - sum over months k of recovered in month k after the write-off / written off at least k months ago",
        unit="share",
        reading="The part of a write-off that never comes back.",
        trap="Recoveries that name no written-off invoice are not in it, and cost of collection is not either. "
        "Nothing is discounted, because recoveries come within months.",
        source="IFRS 9 B5.5.28 (cash shortfalls); development as in chain ladder.",
        better="lower",
    ),
    Definition(
        id="forward_adjustment",
        name="Forward adjustment",
        formula="sum over cells of min(open balance, historic loss x sum over scenarios of weight x factor) - "
        "historic loss",
        unit="currency",
        reading="What the scenarios that the company stated, the latest set by the as-of date, add to history. Their"
        " weights add up to 1, and each names its source.",
        trap="Nothing tests a scenario but time: the record of past provisions shows what earlier ones were worth.",
        source="IFRS 9 5.5.17 and B5.5.52 (current and forecast conditions, probability-weighted).",
    ),
    Definition(
        id="named_loss",
        name="Losses judged by name",
        formula="open balance of each named customer x the part stated - its historic loss",
        unit="currency",
        reading="What is added because somebody knows more of a customer than its age of debt says, an insolvency "
        "say. Who and why stands beside it, and until when it holds.",
        trap="The books show no insolvency; a customer that nobody names stays in the matrix.",
        source="IFRS 9 B5.5.35 with B5.5.5 (grouping by shared risk; others apart).",
    ),
    Definition(
        id="management_overlay",
        name="Overlay",
        formula="sum of the overlays in force, at least such that the allowance is not negative, at most such that "
        "it does not pass what is owed",
        unit="currency",
        reading="What management adds to the model, with its owner, its reason and the day on which it ends.",
        trap="It belongs to no customer and no segment, so it is not in the matrix.",
        source="IFRS 7.35G (inputs, assumptions and changes in them).",
    ),
    Definition(
        id="allowance_charge",
        name="Cost of credit losses",
        formula="closing allowance - opening allowance + written off - recovered - currency effect",
        unit="currency",
        reading="What credit losses cost in the period, after what came back: opening + charge - written off + "
        "recovered + currency = closing, to the last coin.",
        trap="Opening and closing stand as each day knew them, with its own scenarios: a change of view is in the "
        "charge.",
        source="IFRS 7.35H (reconciliation of the loss allowance); IFRS 9 5.5.8.",
        better="lower",
    ),
    Definition(
        id="provision_bias",
        name="Past provisions above what was lost",
        formula="sum of the provisions of past month ends / sum of what was written off of the same debts within a "
        "year, less what comes back of it - 1; interval: 2,000 draws of customers",
        unit="share",
        reading="Zero is right on average; +10% says that a tenth too much was provided for. It says that provisions"
        " lean to one side only where the interval leaves zero out.",
        trap="Month ends share most of their debts, so a dozen of them are one story rather than twelve. Overlays "
        "are not in it.",
        source="Field and Welsh, Journal of the Royal Statistical Society B 69 (2007) 369-390 (clusters).",
    ),
    Definition(
        id="sales_to_replace_loss",
        name="Sales that make good a loss",
        formula="loss / net margin",
        unit="currency",
        reading="What has to be sold, and paid, to earn what is lost. At a margin of 5% a loss of 10,000 takes "
        "200,000.",
        trap="The net margin is the company's own statement.",
        source="Practice of credit management.",
        better="lower",
    ),
)
