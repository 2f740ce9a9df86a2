"""What was lost: write-offs against sales, write-offs and allowance against receivables.

"Bad debt ratio" is used for all three; each has its own name here.
"""

from __future__ import annotations

from analysis.measures.ratio import Figure, ratio


def bad_debt_to_sales(written_off: Figure, recovered: Figure, credit_sales: Figure) -> Figure:
    """Share of a period's credit sales that was written off in it, net of recoveries.

    ``(written_off - recovered) / credit_sales``; negative where more came back than was written off,
    NaN without sales. The write-offs are those booked in the period, mostly on older sales: with
    growing sales the share understates what today's sales will lose.

    Source: NACM and Credit Research Foundation, bad debt to sales.

    >>> bad_debt_to_sales(14_000, 2_000, 1_000_000)
    0.012
    """
    return ratio(written_off - recovered, credit_sales)


def write_offs_to_receivables(written_off: Figure, open_balance: Figure) -> Figure:
    """Write-offs of a period as a share of the receivables, the first of two "bad debt ratios".

    ``written_off / open_balance``; say whether the balance is the closing or the average one.
    NaN without receivables.

    >>> write_offs_to_receivables(6_000, 400_000)
    0.015
    """
    return ratio(written_off, open_balance)


def allowance_ratio(allowance: Figure, open_balance: Figure) -> Figure:
    """Allowance for doubtful accounts as a share of the receivables, the second "bad debt ratio".

    ``allowance / open_balance``: what is expected to be lost, not what was. NaN without receivables.

    >>> allowance_ratio(10_000, 400_000)
    0.025
    """
    return ratio(allowance, open_balance)
