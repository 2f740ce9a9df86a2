"""Customers from a file that repeats them on every row: one row each, with the commonest value of each column."""

from __future__ import annotations

import ibis

from analysis.ledger.contract import TABLES
from analysis.ledger.facts import Fact
from analysis.ledger.sources import RawTable


def spellings(rows: ibis.Table, raw: RawTable) -> list[Fact]:
    """Customers whose name or other attribute is not written alike on all their rows."""
    facts = []
    for column in (c for c in raw.mapped if c != "customer_id"):
        ways = rows.group_by("customer_id").aggregate(_ways=rows[column].nunique())
        several = ways.aggregate(n=(ways["_ways"] > 1).sum(), most=ways["_ways"].max()).execute().iloc[0]
        if several["n"]:
            facts.append(
                Fact(
                    table=raw.name,
                    disposition="warn",
                    rule=f"spellings_{column}",
                    message=f"{several['n']:,} customer(s) have up to {several['most']} spellings; the commonest is shown",
                    remedy="none needed; customers are told apart by their number",
                    file=raw.files[0].name,
                    column=raw.headers[column],
                    rows=int(several["n"]),
                )
            )
    return facts


def commonest(rows: ibis.Table) -> ibis.Table:
    """One row per customer with the commonest value of each attribute, the first in order among equals."""
    one = (
        rows.filter(rows["customer_id"].notnull())
        .group_by("customer_id")
        .aggregate(_file=rows["_file"].min(), _row=rows["_row"].min())
    )
    for column in (c for c in TABLES["customers"].names if c != "customer_id"):
        counted = rows.filter(rows[column].notnull()).group_by("customer_id", column).aggregate(_n=lambda t: t.count())
        place = ibis.row_number().over(
            ibis.window(group_by="customer_id", order_by=[ibis.desc("_n"), ibis.asc(column)])
        )
        first = counted.mutate(_place=place).filter(lambda t: t["_place"] == 0)
        first = first.select(_of=first["customer_id"], _value=first[column])
        one = one.left_join(first, one["customer_id"] == first["_of"]).drop("_of").rename({column: "_value"})
    return one.select(*TABLES["customers"].names, "_file", "_row")
