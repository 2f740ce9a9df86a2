"""How the allowance moved over a period: opening, charge, write-offs, recoveries and currency, exact to the coin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.ledger.contract import EntryKind
from analysis.models.allowance import Allowance
from analysis.models.loss_history import LossHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """``opening + charge - written_off + recovered + currency = closing``, in coins of the company's currency.

    ``charge`` is the cost of credit losses in the period, which is what makes the sum hold. It is after recoveries:
    what came back on debts given up before lowers it.
    """

    since: date
    until: date
    opening: int
    charge: int
    written_off: int
    recovered: int
    currency: int
    closing: int


def moved(
    opening: int, closing: int, *, written_off: int, recovered: int, currency: int, since: date, until: date
) -> Movement:
    """The movement between two allowances, the charge being what is left.

    Source: IFRS 7.35H (reconciliation of the loss allowance).

    >>> moved(1_160, 1_648, written_off=0, recovered=0, currency=0, since=date(2024, 12, 31),
    ...       until=date(2025, 12, 31)).charge
    488
    """
    return Movement(
        since=since,
        until=until,
        opening=opening,
        charge=closing - opening + written_off - recovered - currency,
        written_off=written_off,
        recovered=recovered,
        currency=currency,
        closing=closing,
    )


def movement(found: LossHistory, first: Allowance, last: Allowance) -> Movement:
    """The movement of the allowance between two marks.

    What the books showed as written off and recovered since the first stands at the rate of the mark that knew it;
    ``currency`` revalues the opening allowance of foreign debts.
    """
    places = found.place_of(first.on), found.place_of(last.on)
    if places[0] is None or places[1] is None or not places[0] < places[1]:
        raise ValueError(f"{first.on} and {last.on} are no two marks in order")
    rows = found.booked[(found.booked["place"] > places[0]) & (found.booked["place"] <= places[1])]
    booked = {str(kind): 0 for kind in (EntryKind.WRITE_OFF, EntryKind.RECOVERY)}
    for place in range(places[0] + 1, places[1] + 1):
        for kind in booked:
            of_kind = rows[(rows["place"] == place) & (rows["kind"] == kind)]
            amount = found.value(of_kind["amount"], of_kind["currency"], place=place).sum()
            booked[kind] += int(np.rint(amount * 10**last.decimals))
    snapshot, revalued = found.history.snapshot, 0.0
    for currency, coins in first.by_currency().items():
        was, now = (snapshot.rate_on(str(currency), on) for on in (first.on, last.on))
        revalued += int(coins) * (now / was - 1)
    return moved(
        first.total,
        last.total,
        written_off=booked[str(EntryKind.WRITE_OFF)],
        recovered=booked[str(EntryKind.RECOVERY)],
        currency=int(np.rint(revalued)),
        since=first.on,
        until=last.on,
    )
