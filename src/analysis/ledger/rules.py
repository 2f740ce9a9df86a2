"""The rules that every row of the books is checked against, as data.

A rule names the rows that break it; what then happens is its disposition: ``reject`` the table,
``quarantine`` the row (kept out, listed with its reason) or ``warn`` (used and counted).
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.reading import cleaned, fits_other_pattern, holds_control_signs
from analysis.ledger.trade_rules import Rule, trade_rules

_LONGEST_TEXT = 500
_TOTALS = r"^(grand |sub)?-?(total|totals|sum|summe|gesamt|gesamtsumme|totaal|somme|suma|totale)\b"


def rules_for(name: str, company: Company, *, mapped: tuple[str, ...]) -> list[Rule]:
    """Rules for the rows of one table, in the order in which they are told."""
    return [
        *_shape(name, company),
        *_cells(name, company, mapped),
        *_amounts(name, company, mapped),
        *trade_rules(name, company),
    ]


def _shape(name: str, company: Company) -> list[Rule]:
    dated = {"invoices": "issued_on", "entries": "booked_on"}.get(name)
    extracted_on = company.tables[name].extracted_on
    return [
        Rule(
            id="short_row",
            disposition="quarantine",
            message="the row has fewer fields than the header",
            remedy="export again, or quote line feeds and delimiters inside text",
            broken=lambda t: t["_short"],
        ),
        Rule(
            id="totals_row",
            disposition="reject",
            message="looks like a totals row: its sum would be counted twice",
            remedy=f'declare it as tables.{name}.totals_row = {{column = "...", value = "..."}}, or export without',
            broken=lambda t: _any(t, lambda cell: cell.lower().re_search(_TOTALS)),
        ),
        Rule(
            id="repeated_header",
            disposition="reject",
            message="repeats the header; the export is paged",
            remedy="export without page breaks",
            broken=lambda t: t["_is_header"],
        ),
        *(
            [
                Rule(
                    id="after_extract",
                    disposition="quarantine",
                    column=dated,
                    message=f"is after the export of {extracted_on}",
                    remedy="correct the date",
                    broken=lambda t: (t[dated] > extracted_on).fill_null(False),
                )
            ]
            if dated and extracted_on
            else []
        ),
    ]


def _any(t: ibis.Table, test: Callable[[ir.StringValue], ir.BooleanValue]) -> ir.BooleanValue:
    """Whether any cell of the key columns meets a test."""
    raws = [c for c in t.columns if c.startswith("_raw_") and c.endswith("_id")]
    found = ibis.literal(False)
    for raw in raws:
        found = found | test(cleaned(t[raw])).fill_null(False)
    return found


def _cells(name: str, company: Company, mapped: tuple[str, ...]) -> list[Rule]:
    rules: list[Rule] = []
    notation = company.format_of(name)
    expected = {
        Kind.DATE: f"a date as {notation.date}",
        Kind.TIMESTAMP: f"a time as {notation.timestamp}",
        Kind.MONEY: f"an amount with decimal {notation.decimal!r} and grouping {notation.grouping!r}",
        Kind.NUMBER: f"a number with decimal {notation.decimal!r}",
        Kind.INTEGER: "a whole number",
        Kind.FLAG: "yes or no",
    }
    for column in TABLES[name].columns:
        if column.name not in mapped:
            continue
        raw, bad = f"_raw_{column.name}", f"_bad_{column.name}"
        if column.kind is Kind.DATE:
            rules.append(
                Rule(
                    id=f"mixed_{column.name}",
                    disposition="reject",
                    column=column.name,
                    message=f"dates are not all {notation.date}: here day and month stand the other way round",
                    remedy="export dates in one form (best 2026-10-31), or correct format.date",
                    broken=lambda t, r=raw: fits_other_pattern(cleaned(t[r]), notation.date),
                )
            )
        wanted = f"one of {', '.join(column.choices)}" if column.choices else expected.get(column.kind, "text")
        rules.append(
            Rule(
                id=f"unreadable_{column.name}",
                disposition="quarantine",
                column=column.name,
                message=f"not {wanted}",
                remedy=f"correct the cell, format, or tables.{name}.labels.{column.name}",
                broken=lambda t, b=bad: t[b],
            )
        )
        if column.kind is Kind.TEXT:
            rules += _texts(column.name, raw)
        if column.mandatory and column.name not in ("customer_id", "due_on"):
            rules.append(
                Rule(
                    id=f"missing_{column.name}",
                    disposition="quarantine",
                    column=column.name,
                    message="is blank",
                    remedy="complete the row in the source",
                    broken=lambda t, c=column.name, b=bad: t[c].isnull() & ~t[b],
                )
            )
    return rules


def _texts(column: str, raw: str) -> list[Rule]:
    return [
        Rule(
            id=f"control_signs_{column}",
            disposition="quarantine",
            column=column,
            message="holds a NUL or another control sign",
            remedy="remove it in the source; the export may be damaged",
            broken=lambda t: holds_control_signs(t[raw]),
        ),
        Rule(
            id=f"written_otherwise_{column}",
            disposition="warn",
            column=column,
            message="outer blanks, invisible signs or decomposed accents were removed to form the key",
            remedy="none needed; the totals do not change",
            broken=lambda t: (t[column] != t[raw]).fill_null(False),
        ),
        *(
            [
                Rule(
                    id=f"spoiled_{column}",
                    disposition="warn",
                    column=column,
                    message="looks like a number that a spreadsheet rewrote (1E+05, 123.0)",
                    remedy="export ids as text",
                    broken=lambda t: t[column].re_search(r"^\d+(\.\d+)?[eE]\+?\d+$|^\d+\.0$").fill_null(False),
                )
            ]
            if column.endswith("_id")
            else []
        ),
        Rule(
            id=f"long_{column}",
            disposition="warn",
            column=column,
            message=f"is longer than {_LONGEST_TEXT} signs and will be cut where it is shown",
            remedy="look at the cell; a quotation mark may be missing",
            broken=lambda t: (t[column].length() > _LONGEST_TEXT).fill_null(False),
        ),
    ]


def _amounts(name: str, company: Company, mapped: tuple[str, ...]) -> list[Rule]:
    rules: list[Rule] = []
    table = TABLES[name]
    has_currency = "currency" in table.names
    if has_currency:
        rules.append(
            Rule(
                id="unknown_currency",
                disposition="quarantine",
                column="currency",
                message="is no ISO 4217 code",
                remedy="correct it, or map it in labels.currency",
                broken=lambda t: (t["currency"].notnull() & ~t["currency"].isin(tuple(MINOR_UNITS))).fill_null(False),
            )
        )
    for column, kind in ((c.name, c.kind) for c in table.columns if c.name in mapped):
        if kind is not Kind.MONEY:
            continue
        rules += [
            Rule(
                id=f"implausible_{column}",
                disposition="quarantine",
                column=column,
                message=f"is above {company.policy.amount_max:,.0f}, the largest plausible amount",
                remedy="correct it, or raise policy.amount_max",
                broken=lambda t, c=column: (t[c].abs() > company.policy.amount_max).fill_null(False),
            ),
            Rule(
                id=f"too_precise_{column}",
                disposition="quarantine",
                column=column,
                message="has more decimals than its currency",
                remedy="export amounts in whole minor units (cents)",
                broken=lambda t, c=column: _too_precise(
                    t, c, company, mark=company.format_of(name).decimal, has_currency=has_currency
                ),
            ),
        ]
    return rules


def _too_precise(t: ibis.Table, column: str, company: Company, *, mark: str, has_currency: bool) -> ir.BooleanValue:
    fraction = t[f"_raw_{column}"].re_extract(rf"\{mark}(\d*?)0*[)\-\s]*$", 1).length().fill_null(0)
    code = t["currency"].fill_null(company.currency) if has_currency else ibis.literal(company.currency)
    none = [c for c, units in MINOR_UNITS.items() if units == 0]
    three = [c for c, units in MINOR_UNITS.items() if units == 3]
    allowed = ibis.cases((code.isin(none), 0), (code.isin(three), 3), else_=2)
    return (t[column].notnull() & (fraction > allowed)).fill_null(False)
