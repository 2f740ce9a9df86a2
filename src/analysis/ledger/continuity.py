"""The export held against the one that the last report was made from: repeated, or shrunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from analysis.faults import DataFault
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.facts import Fact, told
from analysis.ledger.policy import Policy

ALARMS = ("export_repeats", "fewer_rows", "less_amount", "not_fresh")
"""Rules of which somebody must hear, and not only the reader of the page of the books."""
# Copies and totals rows are no part of the books; whether a row was used or kept out is another matter.
_COUNTED = ("accepted", "quarantined")
_WITH_AMOUNTS = ("invoices", "entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierExport:
    """What the last report before this one was made from.

    ``files`` names the SHA-256 of the files of each table, ``control`` rows and amounts as in
    :class:`analysis.ledger.books.Books`, as records.
    """

    as_of: date
    files: Mapping[str, frozenset[str]]
    control: tuple[Mapping[str, Any], ...]


def against_earlier(
    earlier: EarlierExport, *, files: pd.DataFrame, control: pd.DataFrame, last: date | None, policy: Policy
) -> list[Fact]:
    """What became of the export since the last report; empty where nothing is odd.

    ``files`` (table, name, sha256) and ``control`` (table, fate, currency, rows, amount) are those of the export at
    hand, ``last`` is its last booking up to the as-of date. An export that is told to cover later days too may be
    read for many reports: it repeats only where it holds no booking after the last report's date. Raises DataFault
    where the policy refuses what was found.
    """
    facts = [*_repeated(earlier, files, last, policy), *_shrunk(earlier, control, policy)]
    refused = [fact for fact in facts if fact.disposition == "reject"]
    if refused:
        raise DataFault("\n".join(told(fact) for fact in refused))
    return facts


def _repeated(earlier: EarlierExport, files: pd.DataFrame, last: date | None, policy: Policy) -> Iterator[Fact]:
    invoices = files[files["table"] == "invoices"]
    if frozenset(invoices["sha256"]) != earlier.files.get("invoices") or (last is not None and last > earlier.as_of):
        return
    yield Fact(
        table="invoices",
        disposition=policy.export_repeats,
        rule="export_repeats",
        message=f"is the very file of the report of {earlier.as_of}, with no booking since",
        remedy='export again, or state policy.export_repeats = "warn" where nothing was booked',
        file=str(invoices["name"].iloc[0]),
    )


def _shrunk(earlier: EarlierExport, control: pd.DataFrame, policy: Policy) -> Iterator[Fact]:
    before, now = _sums(earlier.control), _sums(control.to_dict("records"))
    for (table, currency), (rows, amount) in sorted(before.items()):
        rows_now, amount_now = now.get((table, currency), (0, Decimal(0)))
        if not currency and _gone(rows, rows_now) > Decimal(str(policy.export_drop_max)):
            yield Fact(
                table=table,
                disposition=policy.export_shrinks,
                rule="fewer_rows",
                message=f"holds {rows_now:,} rows, {rows:,} at the report of {earlier.as_of}",
                remedy="look whether the export was cut off, or raise policy.export_drop_max",
                rows=rows - rows_now,
            )
        elif currency and _gone(amount, amount_now) > Decimal(str(policy.export_drop_max)):
            yield Fact(
                table=table,
                disposition=policy.export_shrinks,
                rule="less_amount",
                message=f"sums to {_money(amount_now, currency)} {currency}, {_money(amount, currency)}"
                f" at the report of {earlier.as_of}",
                remedy="look whether the export was cut off, or raise policy.export_drop_max",
                amount=float(amount - amount_now),
            )


def _sums(control: Any) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Rows of each table (under no currency), and amounts of invoices and entries in each currency."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for row in control:
        if row["fate"] not in _COUNTED:
            continue
        table, currency = str(row["table"]), str(row["currency"])
        rows, _ = sums.get((table, ""), (0, Decimal(0)))
        sums[table, ""] = rows + int(row["rows"]), Decimal(0)
        if table in _WITH_AMOUNTS and currency and str(row["amount"]) not in ("None", "nan", "NaN"):
            _, amount = sums.get((table, currency), (0, Decimal(0)))
            sums[table, currency] = 0, amount + Decimal(str(row["amount"]))
    return sums


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{MINOR_UNITS.get(currency, 2)}f}"


def _gone(before: int | Decimal, now: int | Decimal) -> Decimal:
    """Share of what was there before that is gone; 0 where nothing was, or it is a debt to the customers."""
    return 1 - Decimal(now) / Decimal(before) if before > 0 else Decimal(0)
