"""Which open invoices a forecast can speak for, and which none can."""

from __future__ import annotations

import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.measures.history import Known, day_number

FORECASTABLE = "forecastable"
# In the order in which they are looked for: an invoice has the first that fits.
DISPUTED, WRITTEN_OFF, TOO_LATE, NEVER_PAID = (
    "in dispute",
    "customer written off, no payment since",
    "later than any payment seen",
    "overdue, customer never seen paying",
)
REASONS = (DISPUTED, WRITTEN_OFF, TOO_LATE, NEVER_PAID)


def forecastable(items: pd.DataFrame, known: Known) -> pd.Series[str]:
    """For each open invoice why it cannot be forecast, or :data:`FORECASTABLE`.

    ``items`` as an open book has them: ``customer_id``, ``rel`` (days since due) and ``disputed_since`` (null unless
    a dispute is open). An invoice cannot be forecast while it is disputed, where its customer had one written off in
    the year before and has paid nothing since, where it is later than any invoice that was ever paid, or where it is
    overdue and its customer was never seen paying. Payments of a kind never seen have no past to learn from, so the
    curve of such an invoice says little.
    """
    lives = known.lives
    lost = (lives["cause"] == Outcome.WRITTEN_OFF) & ~lives["is_open"] & (lives["left"] > day_number(known.on) - 365)
    paid = (lives["cause"] == Outcome.PAID) & ~lives["is_open"]
    lasts = lives.group_by("customer_id").aggregate(
        lost=lives["left"].max(where=lost), paid=lives["left"].max(where=paid)
    )
    seen = lasts.filter(lasts["lost"].notnull()).execute()
    losing = set(seen.loc[~(seen["paid"] > seen["lost"]), "customer_id"])
    counts = known.counts(clock="due")
    paid_days = counts.loc[counts["paid"] > 0, "day"]
    latest = int(paid_days.max()) if len(paid_days) else 0
    paying = set(known.delays()["customer_id"])
    rel, customer = items["rel"], items["customer_id"]
    found = pd.Series(FORECASTABLE, index=items.index, dtype=object)
    # the last assignment wins, so the first reason comes last
    found[(rel > 0) & ~customer.isin(paying)] = NEVER_PAID
    found[rel > latest] = TOO_LATE
    found[customer.isin(losing)] = WRITTEN_OFF
    found[items["disputed_since"].notna()] = DISPUTED
    return found
