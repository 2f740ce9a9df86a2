"""Customers from a file that repeats them on every row: one row each, with the commonest value of each column."""

from __future__ import annotations

import ibis

from analysis.ledger.contract import TABLES
from analysis.ledger.facts import Fact
from analysis.ledger.sources import RawTable


def spellings(rows: ibis.Table, raw: RawTable) -> list[Fact]:
    """Customers whose name or other attribute is not written alike on all their rows."""
    columns = [c for c in raw.mapped if c != "customer_id"]
    if not columns:
        return []
    ways = rows.group_by("customer_id").aggregate(**{c: rows[c].nunique() for c in columns})
    measures = {f"{c}|n": (ways[c] > 1).sum() for c in columns} | {f"{c}|most": ways[c].max() for c in columns}
    found = ways.aggregate(**measures).execute().iloc[0]
    return [
        Fact(
            table=raw.name,
            disposition="warn",
            rule=f"spellings_{column}",
            message=f"{found[f'{column}|n']:,} customer(s) have up to {found[f'{column}|most']} spellings; "
            "the commonest is shown",
            remedy="none needed; customers are told apart by their number",
            file=raw.files[0].name,
            column=raw.headers[column],
            rows=int(found[f"{column}|n"]),
        )
        for column in columns
        if found[f"{column}|n"] > 0
    ]


def commonest(rows: ibis.Table, mapped: tuple[str, ...]) -> ibis.Table:
    """One row per customer with the commonest value of each attribute, the first in order among equals.

    A row without a customer number is of no customer and gives none.
    """
    rows = rows.filter(rows["customer_id"].notnull())
    one = rows.group_by("customer_id").aggregate(_file=rows["_file"].min(), _row=rows["_row"].min())
    for column in (c for c in mapped if c != "customer_id"):
        counted = rows.filter(rows[column].notnull()).group_by("customer_id", column).aggregate(_n=lambda t: t.count())
        place = ibis.row_number().over(
            ibis.window(group_by="customer_id", order_by=[ibis.desc("_n"), ibis.asc(column)])
        )
        first = counted.mutate(_place=place).filter(lambda t: t["_place"] == 0)
        first = first.select(_of=first["customer_id"], _value=first[column])
        one = one.left_join(first, one["customer_id"] == first["_of"]).drop("_of").rename({column: "_value"})
    # what the export does not have is the same on every row
    absent = [c for c in TABLES["customers"].names if c != "customer_id" and c not in mapped]
    if absent:
        same = rows.group_by("customer_id").aggregate(**{c: rows[c].arbitrary() for c in absent})
        same = same.rename(_of="customer_id")
        one = one.left_join(same, one["customer_id"] == same["_of"]).drop("_of")
    return one.select(*TABLES["customers"].names, "_file", "_row")
