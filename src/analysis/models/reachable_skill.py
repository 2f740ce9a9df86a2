"""How much of the skill that can be had a forecast attains: from a rule of thumb to the truth of a simulated world."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.ledger.world.truth import TrueOutlook
from analysis.models.landmarks import OpenBook
from analysis.models.scores import Matrix

TRUTH = "truth"
# The mean of twenty payments of the widest habit of the simulated world (standard deviation 11 days) is known to 2.5.
PAID_MIN = 20


def true_losses(outlook: TrueOutlook, book: OpenBook, forecasts: Mapping[str, Matrix]) -> pd.DataFrame:
    """Squared error of each forecast of each open invoice, mean over the days, beside that of the true chances.

    ``forecasts`` hold the chance to be unpaid by invoice of ``book`` and day; ``outlook`` is of the same day.
    Scored are the invoices that both hold (the books miss what was recorded later), by what truly became of them.
    Columns: ``invoice_id``, ``customer_id``, ``payer``, ``fails``, ``paid_before``, ``rel`` (all as in the outlook),
    :data:`TRUTH` and the ids of ``forecasts``. The mean of a column is its integrated Brier score.
    """
    days = outlook.unpaid.shape[1]
    known = outlook.invoices[outlook.invoices["draws"] > 0]
    in_book = book.items[["invoice_id"]].assign(place=np.arange(len(book)))
    both = known.assign(row=known.index).merge(in_book, on="invoice_id", how="inner")
    row, place = both["row"].to_numpy(), both["place"].to_numpy()
    happened = both["paid_after"].to_numpy()[:, None] > np.arange(1, days + 1)
    losses = both[["invoice_id", "customer_id", "payer", "fails", "paid_before", "rel"]]
    unpaid = {TRUTH: outlook.unpaid[row]} | {id: forecast[place, :days] for id, forecast in forecasts.items()}
    return losses.assign(**{id: ((happened - chance) ** 2).mean(axis=1) for id, chance in unpaid.items()})


def learnable(losses: pd.DataFrame) -> pd.DataFrame:
    """The rows of which a model can know what the truth knows.

    The truth has the habits of every customer and the day on which one fails. Of a customer with fewer than
    :data:`PAID_MIN` paid invoices, or one that fails or takes goods it never means to pay, nobody else can.
    """
    kept = (losses["paid_before"] >= PAID_MIN) & ~losses["payer"].isin(["failing", "bust_out"])
    return losses[kept]


def reachable_share(losses: pd.DataFrame, *, of: str, above: str = "customer_delay") -> float:
    """Share of the way from a rule to the truth that a forecast goes: 0 is no better than the rule, 1 is the truth.

    ``(IBS of the rule - IBS of the forecast) / (IBS of the rule - IBS of the truth)``, columns of
    :func:`true_losses`. NaN where the rule is as good as the truth.

    >>> losses = pd.DataFrame({"customer_delay": [0.2, 0.1], "model": [0.1, 0.08], "truth": [0.05, 0.05]})
    >>> round(reachable_share(losses, of="model"), 3)
    0.6
    """
    rule, forecast, truth = (float(losses[column].mean()) for column in (above, of, TRUTH))
    return (rule - forecast) / (rule - truth) if rule > truth else float("nan")
