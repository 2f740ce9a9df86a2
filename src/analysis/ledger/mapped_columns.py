"""Which column of an export is which of the contract, as the company declares it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from analysis.faults import DataFault
from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, Kind

_SHOWN = 12


def mapped_columns(headers: Sequence[str], *, table: str, company: Company, file: str) -> dict[str, str]:
    """Contract column -> header, in the contract's order, for the columns that an export has.

    A header that is a name of the contract needs no mapping. Raises DataFault, with the nearest header,
    where a declared or a mandatory column is missing.
    """
    source = company.tables[table]
    for column, header in source.columns.items():
        if header not in headers:
            raise DataFault(
                f"{file}: there is no column {header!r} (tables.{table}.columns.{column}){_hint(header, headers)}"
            )
    taken = set(source.columns.values())
    own = {c: c for c in TABLES[table].names if c in headers and c not in source.columns and c not in taken}
    found = {**source.columns, **own}
    for column in TABLES[table].mandatory:
        given = column in found or column in source.constants
        if not given and not (column == "due_on" and company.policy.terms_days is not None):
            terms = ", or state policy.terms_days" if column == "due_on" else ""
            raise DataFault(
                f"{file}: nothing is mapped to {column}; set tables.{table}.columns.{column}{terms}"
                f"{_hint(column, headers)}"
            )
    return {column: found[column] for column in TABLES[table].names if column in found}


def kinds(headers: Sequence[str], mapped: dict[str, str], *, table: str) -> list[Kind | None]:
    """What the contract says of each header's cells; None for a column that is not used."""
    by_header = {header: TABLES[table].column(column).kind for column, header in mapped.items()}
    return [by_header.get(header) for header in headers]


def _hint(wanted: str, headers: Sequence[str]) -> str:
    near = difflib.get_close_matches(wanted, headers, n=1, cutoff=0.4)
    if near:
        return f"; is it {near[0]!r}?"
    shown = ", ".join(map(repr, headers[:_SHOWN])) + (", ..." if len(headers) > _SHOWN else "")
    return f"; the header has {shown}: is there a title above it, or another delimiter?"
