"""Declared totals rows of an export, held against the rows they sum."""

from __future__ import annotations

import ibis

from analysis.ledger.company import Company
from analysis.ledger.facts import Fact
from analysis.ledger.sources import RawTable


def totals_facts(judged: ibis.Table, raw: RawTable, company: Company, *, money: str | None) -> list[Fact]:
    """A declared totals row that is not there or does not equal the rows of its file: a damaged export."""
    if company.tables[raw.name].totals_row is None:
        return []
    amount = judged[money] if money else ibis.null("decimal(18, 3)")
    is_totals = judged["_totals"]
    sums = judged.group_by(file="_file").aggregate(
        row=judged["_row"].min(where=is_totals),
        stated_rows=is_totals.sum(),
        stated=amount.sum(where=is_totals),
        summed=amount.sum(where=~is_totals).fill_null(0),
    )
    facts = []
    for one in sums.order_by("file").execute().itertuples(index=False):
        if not one.stated_rows:
            message = "the declared totals row is not there"
        elif money is None:
            continue
        elif one.stated != one.summed:
            message = f"the totals row says {_shown(one.stated)}, the rows sum to {_shown(one.summed)}"
        else:
            continue
        facts.append(
            Fact(
                table=raw.name,
                disposition="reject",
                rule="totals_row",
                message=message,
                remedy="export again; rows are missing, unreadable, or the totals row is not of these rows",
                file=one.file,
                row=int(one.row) if one.stated_rows else None,
                column=raw.headers[money] if money else "",
                rows=int(one.stated_rows),
            )
        )
    return facts


def _shown(amount: object) -> str:
    return "nothing" if amount is None or amount != amount else f"{amount:,}"
