"""How far a headline figure may be off, and when it changed."""

from __future__ import annotations

from analysis.measures.definitions.entry import Definition

HEADLINE: tuple[Definition, ...] = (
    Definition(
        id="headline_interval",
        name="Interval of a headline figure",
        formula="g +/- c x e on the scale g of the figure (log odds of a share, logarithm of days and of bad debt, "
        "collection effectiveness as it is), where e = root of the sum of squares of what each customer moves it by, "
        "and c = the value that abs(g* - g) / e* stays below in 95% of 999 redraws of the customers",
        unit="ratio",
        reading="Within which limits the figure would lie if the company had very many customers of the same kind, "
        "under the same market. A customer is redrawn with all its invoices. Where the error hangs on fewer than six "
        "customers, c is at least that of Student's t. Fewer than ten customers have no interval.",
        trap="A balance is counted and has no interval. It says nothing of months to come, in which the market moves "
        "as well. Bad debt hangs on so few customers that nine intervals in ten hold it where nineteen in twenty "
        "should.",
        source="Hall, On symmetric bootstrap confidence intervals, JRSS B 50 (1988) 35-45; coverage measured by "
        "benchmarks/headline_intervals.py.",
    ),
    Definition(
        id="headline_change",
        name="Clear change of a headline figure",
        formula="the interval of the figure now less the figure before, the same customers redrawn in both, leaves out "
        "zero; of receivables: of their growth, times the earlier balance",
        unit="ratio",
        reading="An arrow up or down, and a title that says rose or fell, stand for a clear change. A level arrow "
        "stands for one that customers of the same kind might as well have made in the other direction.",
        trap="The change itself is counted: a balance that is higher is higher. Not clear means that few customers "
        "made it, and not that nothing happened.",
        source="Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 14.",
    ),
    Definition(
        id="median_interval",
        name="Interval of the median days to settle",
        formula="the middle 95% of the medians of 999 payment curves, each of the invoices of redrawn customers; "
        "redraws that fall on a limit count half",
        unit="days",
        reading="Within which days half of the invoices would be settled with very many customers of the same kind. It "
        "is wider than the band of the curve, because a customer pays many invoices alike.",
        trap="Medians are whole days, so the interval moves in steps of a day.",
        source="Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.",
    ),
)
