"""What was lost, and what is expected to be: ratios that share a name elsewhere."""

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
)
