"""Exchange rates into the company's currency, as they were known on a date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from analysis.faults import DataFault

if TYPE_CHECKING:
    from analysis.ledger.books import Books

_COLUMNS = ["currency", "on", "rate"]


def rates_known(books: Books, invoices: ibis.Table, entries: ibis.Table, *, on: date) -> pd.DataFrame:
    """Rates up to the date; one stated in the configuration goes before the table's of that day.

    DataFault where a currency of the rows given has none.
    """
    stated = pd.DataFrame([(r.currency, r.on, r.rate) for r in books.company.rates], columns=_COLUMNS)
    listed = books.tables["fx_rates"].select(*_COLUMNS).execute()
    rates = pd.concat([f for f in (listed, stated) if len(f)] or [stated], ignore_index=True)
    rates["on"] = pd.to_datetime(rates["on"])
    rates = rates[rates["on"] <= pd.Timestamp(on)]
    rates = rates.drop_duplicates(["currency", "on"], keep="last").sort_values(["currency", "on"], ignore_index=True)
    used = ibis.union(invoices.select("currency"), entries.select("currency"), distinct=True).execute()["currency"]
    missing = sorted(set(used) - set(rates["currency"]) - {books.company.currency})
    if missing:
        raise DataFault(
            f"there is no exchange rate for {', '.join(missing)} into {books.company.currency} "
            f"on or before {on}; add tables.fx_rates, or [[rates]]"
        )
    return rates.astype({"rate": float})


def rate_on(rates: pd.DataFrame, currency: str, on: date) -> float:
    """Value of one unit: the latest rate up to the day, else the first known (months before the first rate)."""
    known = rates[rates["currency"] == currency].sort_values("on")
    up_to = known[known["on"] <= pd.Timestamp(on)]
    return float((up_to.iloc[-1] if len(up_to) else known.iloc[0])["rate"])
