"""The rules that every row of the books is checked against, as data.

A rule names the rows that break it; what then happens is its disposition: ``reject`` the table,
``quarantine`` the row (kept out, listed with its reason) or ``warn`` (used and counted).
"""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir

from analysis.ledger.company import EXCEL_SERIAL, Company
from analysis.ledger.contract import TABLES, Column, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.reading import fits_other_pattern
from analysis.ledger.text_rules import text_rules
from analysis.ledger.trade_rules import Rule, trade_rules

# Invoices may lack both: they are shown under (unknown) and as having no due date.
_MAY_BE_BLANK = (("invoices", "customer_id"), ("invoices", "due_on"))
# Days that were not in any books yet, and such as 9999-12-31 that stand for "never".
_FIRST_DAY, _LAST_DAY = dt.date(1950, 1, 1), dt.date(2100, 12, 31)
# What has happened cannot be after the export; a promise or a term can.
_HAPPENED = frozenset(
    (
        *("issued_on", "delivered_on", "recorded_on", "paid_on"),
        *("booked_on", "opened_on", "closed_on", "made_on"),
        *("ordered_on", "rated_on", "reviewed_on"),
    )
)
_TOTALS = r"^(grand |sub)?-?(total|totals|sum|summe|gesamt|gesamtsumme|totaal|somme|suma|totale)\b"


def rules_for(
    name: str, company: Company, *, mapped: tuple[str, ...], typed: frozenset[str] = frozenset()
) -> list[Rule]:
    """Rules for the rows of one table, in the order in which they are told.

    ``mapped`` are the columns that the export has, ``typed`` those that it holds as dates or numbers.
    """
    columns = [TABLES[name].column(column) for column in TABLES[name].names if column in mapped]
    rules = [*_shape(name, mapped), *_copies(name)]
    for column in columns:
        rules += _cells(name, column, company)
        match column.kind:
            case Kind.TEXT:
                rules += text_rules(column)
            case Kind.DATE:
                rules += _dates(name, column, company, typed=column.name in typed)
            case Kind.MONEY:
                rules += _amounts(name, column, company, typed=column.name in typed)
    if "currency" in mapped:
        rules.append(_unknown_currency(name))
    return [*rules, *(rule for rule in trade_rules(name, company) if _applies(rule, name, mapped))]


def _applies(rule: Rule, name: str, mapped: tuple[str, ...]) -> bool:
    """A trade rule looks at a column that the export has, or that it ought to have."""
    return rule.column in mapped or rule.column in TABLES[name].mandatory or rule.id == "belongs_to_nobody"


def _shape(name: str, mapped: tuple[str, ...]) -> list[Rule]:
    return [
        Rule(
            id="short_row",
            disposition="quarantine",
            message="the row has fewer fields than the header",
            remedy="export again, or quote line feeds and delimiters inside text",
            broken=lambda t: t["_short"],
        ),
        Rule(
            id="undeclared_totals",
            disposition="reject",
            message="looks like a totals row: its sum would be counted twice",
            remedy=f'declare it as tables.{name}.totals_row = {{column = "...", value = "..."}}, or export without',
            broken=lambda t: _looks_like_totals(t, name, mapped),
        ),
        Rule(
            id="repeated_header",
            disposition="reject",
            message="repeats the header; the export is paged",
            remedy="export without page breaks",
            broken=lambda t: t["_is_header"],
        ),
    ]


def _copies(name: str) -> list[Rule]:
    key = TABLES[name].unique[0]
    return [
        Rule(
            id="differing_copies",
            disposition="quarantine",
            column=key,
            message=f"the same {' and '.join(TABLES[name].unique)} on rows that differ; all of them are kept out",
            remedy="find out which is right and export that one; nothing is guessed",
            broken=lambda t: t["_differs"],
        ),
        Rule(
            id="identical_copy",
            disposition="warn",
            column=key,
            message="an identical copy of an earlier row; left out",
            remedy="none needed",
            broken=lambda t: t["_copy"],
        ),
    ]


def _looks_like_totals(t: ibis.Table, name: str, mapped: tuple[str, ...]) -> ir.BooleanValue:
    """A cell says total and another that every row must have is blank; a customer may well be called Total."""
    words, blanks = ibis.literal(False), ibis.literal(False)
    for column in (TABLES[name].column(c) for c in mapped):
        if column.kind in (Kind.TEXT, Kind.DATE):
            words = words | t[f"_text_{column.name}"].lower().re_search(_TOTALS).fill_null(False)
        if column.mandatory:
            blanks = blanks | t[f"_text_{column.name}"].isnull()
    return ibis.ifelse(blanks, words, False)


def _cells(name: str, column: Column, company: Company) -> list[Rule]:
    notation = company.format_of(name)
    grouping = f" and grouping {notation.grouping!r}" if notation.grouping else " and no grouping"
    wanted = {
        Kind.TEXT: f"one of {', '.join(column.choices)}",
        Kind.DATE: f"a date as {notation.date}",
        Kind.TIMESTAMP: f"a time as {notation.timestamp}",
        Kind.MONEY: f"an amount with decimal {notation.decimal!r}{grouping}",
        Kind.NUMBER: f"a number with decimal {notation.decimal!r}{grouping}",
        Kind.INTEGER: "a whole number",
        Kind.FLAG: "yes or no",
    }[column.kind]
    rules: list[Rule] = []
    if column.kind is not Kind.TEXT or column.choices:
        rules.append(
            Rule(
                id=f"unreadable_{column.name}",
                disposition="quarantine",
                column=column.name,
                message=f"is not {wanted}",
                remedy=f"correct the cell, tables.{name}.format, or tables.{name}.labels.{column.name}",
                broken=lambda t: t[f"_bad_{column.name}"],
            )
        )
    if column.mandatory and (name, column.name) not in _MAY_BE_BLANK:
        rules.append(
            Rule(
                id=f"missing_{column.name}",
                disposition="quarantine",
                column=column.name,
                message="is blank",
                remedy="complete the row in the source",
                broken=lambda t: t[f"_text_{column.name}"].isnull(),
            )
        )
    return rules


def _dates(name: str, column: Column, company: Company, *, typed: bool) -> list[Rule]:
    pattern, extracted_on = company.format_of(name).date, company.tables[name].extracted_on
    rules = [
        Rule(
            id=f"implausible_{column.name}",
            disposition="quarantine",
            column=column.name,
            message=f"is before {_FIRST_DAY} or after {_LAST_DAY}",
            remedy=f'correct it; where it stands for no date, set tables.{name}.labels.{column.name} to ""',
            broken=lambda t: (t[column.name] < _FIRST_DAY) | (t[column.name] > _LAST_DAY),
        )
    ]
    if not typed and pattern != EXCEL_SERIAL:
        rules.append(
            Rule(
                id=f"mixed_{column.name}",
                disposition="reject",
                column=column.name,
                message=f"dates are not all {pattern}: here day and month stand the other way round",
                remedy="export dates in one form (best 2026-10-31), or correct format.date",
                broken=lambda t: ibis.ifelse(
                    t[f"_bad_{column.name}"], fits_other_pattern(t[f"_text_{column.name}"], pattern), False
                ),
            )
        )
    if extracted_on is not None and column.name in _HAPPENED:
        rules.append(
            Rule(
                id=f"after_extract_{column.name}",
                disposition="quarantine",
                column=column.name,
                message=f"is after the export of {extracted_on}",
                remedy=f"correct the date, or tables.{name}.extracted_on",
                broken=lambda t: t[column.name] > extracted_on,
            )
        )
    return rules


def _unknown_currency(name: str) -> Rule:
    return Rule(
        id="unknown_currency",
        disposition="quarantine",
        column="currency",
        message="is no ISO 4217 code",
        remedy=f"correct it, or map it in tables.{name}.labels.currency",
        broken=lambda t: t["currency"].notnull() & ~t["currency"].isin(tuple(MINOR_UNITS)),
    )


def _amounts(name: str, column: Column, company: Company, *, typed: bool) -> list[Rule]:
    mark = "." if typed else company.format_of(name).decimal
    return [
        Rule(
            id=f"implausible_{column.name}",
            disposition="quarantine",
            column=column.name,
            message=f"is above {company.policy.amount_max:,.0f}, the largest plausible amount",
            remedy="correct it, or raise policy.amount_max",
            broken=lambda t: t[column.name].abs() > company.policy.amount_max,
        ),
        Rule(
            id=f"too_precise_{column.name}",
            disposition="quarantine",
            column=column.name,
            message="has more decimals than its currency",
            remedy="export amounts in whole minor units (cents)",
            broken=lambda t: _too_precise(t, column.name, company, mark=mark),
        ),
    ]


def _too_precise(t: ibis.Table, column: str, company: Company, *, mark: str) -> ir.BooleanValue:
    fraction = t[f"_raw_{column}"].re_extract(rf"\{mark}(\d*?)0*[)\-\s]*$", 1).length().fill_null(0)
    none = [code for code, units in MINOR_UNITS.items() if units == 0]
    three = [code for code, units in MINOR_UNITS.items() if units == 3]
    code = currency_of(t, company)
    allowed = ibis.cases((code.isin(none), 0), (code.isin(three), 3), else_=2)
    return t[column].notnull() & (fraction > allowed)


def currency_of(t: ibis.Table, company: Company) -> ir.StringValue:
    """Currency of a row: its own, else that of the invoice it names, else the company's."""
    own = [t[c] for c in ("currency", "_invoice_currency") if c in t.columns]
    return ibis.coalesce(*own, ibis.literal(company.currency))
