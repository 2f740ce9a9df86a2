"""How much of what could be collected was collected."""

from __future__ import annotations

from analysis.measures.ratio import Figure, ratio


def collection_effectiveness(
    opening: Figure, credit_sales: Figure, closing: Figure, closing_not_due: Figure, *, months: int = 1
) -> Figure:
    """Share of what was collectable in a period that was collected (collection effectiveness index).

    ``(opening + sales - closing) / (opening + sales - closing_not_due)`` with
    ``sales = credit_sales / months``; receivables at the beginning and end of the period, and the part
    of the closing ones that is not yet due. 1 means that nothing overdue is left. It exceeds 1 where
    credits exceed what is overdue. NaN where nothing was collectable.

    ``months=1``, the default, takes the sales as they are: the monthly form, or a longer period as a
    whole. Some publish a longer period with the average month's sales instead; ``months`` says over how
    many. The two differ widely (79.6% and 55.9% on the same quarter), so state which.

    Source: Credit Research Foundation, collection effectiveness index.

    >>> collection_effectiveness(100_000, 1_000_000, 120_000, 100_000)
    0.98
    """
    if months < 1:
        raise ValueError(f"months must be at least 1, got {months}")
    sales = credit_sales / months
    return ratio(opening + sales - closing, opening + sales - closing_not_due)
