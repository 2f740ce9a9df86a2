"""How much hangs on how few debtors."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

CONCENTRATION: tuple[Definition, ...] = (
    Definition(
        id="debtors",
        name="Debtors",
        formula="number of customers whose balance is above zero",
        unit="count",
        reading="How many owe something. Customers in credit are not debtors; their balances are shown apart.",
        trap="Companies of one group fail together; count groups where the groups are known.",
        source="Common practice of credit management.",
    ),
    Definition(
        id="top_share",
        name="Share of the n largest debtors",
        formula="exposure of the n largest debtors / exposure of all debtors",
        unit="share",
        reading="How much would be at stake if the largest names got into trouble together.",
        trap="The number n is arbitrary: ten of twenty debtors and ten of two thousand are different things.",
        source="Open Risk Manual, concentration ratio.",
    ),
    Definition(
        id="herfindahl",
        name="Concentration (Herfindahl-Hirschman index)",
        formula="sum over debtors of (exposure / exposure of all) squared",
        unit="ratio",
        reading="1 / number of debtors where all owe the same, 1 where one owes everything. Squares give weight to "
        "the largest.",
        trap="Competition authorities print it with shares in per cent: their 1,800 is 0.18 here.",
        source="Hirschman, American Economic Review 54 (1964) 761-762; Bank of England PRA, concentration risk in "
        "Pillar 2.",
        better="lower",
    ),
    Definition(
        id="effective_number",
        name="Effective number of debtors",
        formula="1 / Herfindahl-Hirschman index",
        unit="ratio",
        reading="The book is as concentrated as one of so many equal debtors. The plain way to say the index.",
        trap="It can be small while hundreds of small debtors are added.",
        source="Adelman, Review of Economics and Statistics 51 (1969) 99-101.",
        better="higher",
    ),
    Definition(
        id="gini",
        name="Inequality of debtors (Gini coefficient)",
        formula="sum over debtors, smallest first, of (2 i - N - 1) x exposure i / (N x exposure of all): twice the "
        "area between the Lorenz curve and the diagonal",
        unit="ratio",
        reading="0 where all owe the same, near 1 where very few owe nearly everything.",
        trap="It does not see how many debtors there are: two equal ones give 0 and are a great risk. Adding tiny "
        "debtors raises it.",
        source="Open Risk Manual, Gini index; Lorenz (1905).",
    ),
)
