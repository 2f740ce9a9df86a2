"""What was written, read as what it means: text, dates, money, numbers and flags, strictly as declared."""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from analysis.ledger.company import Company, Format
from analysis.ledger.contract import TABLES, Column, Kind
from analysis.ledger.sources import RawTable

MONEY = dt.Decimal(18, 3)  # three decimals, because dinars have three
# Bidirectional overrides, zero-width signs and byte-order marks change how a text looks, not what it says.
_INVISIBLE = "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_BLANKS = "[\\s\u00a0\u2007\u202f]+"
_YES = ("yes", "y", "true", "t", "1", "x", "ja", "j", "oui", "si", "wahr", "vrai")
_NO = ("no", "n", "false", "f", "0", "", "nein", "non", "falsch", "faux", "-")
SQL_TYPES = {
    Kind.TEXT: dt.string,
    Kind.DATE: dt.date,
    Kind.TIMESTAMP: dt.timestamp,
    Kind.MONEY: MONEY,
    Kind.NUMBER: dt.float64,
    Kind.INTEGER: dt.int64,
    Kind.FLAG: dt.boolean,
}


@ibis.udf.scalar.builtin
def try_strptime(text: str, pattern: str) -> dt.timestamp:  # type: ignore[valid-type]
    """DuckDB's strptime that gives null where the text does not fit."""


@ibis.udf.scalar.builtin
def nfc_normalize(text: str) -> str:  # type: ignore[empty-body]
    """Unicode's composed form, so that one name has one spelling."""


@ibis.udf.scalar.builtin
def timezone(zone: str, moment: dt.timestamp) -> dt.timestamp:  # type: ignore[valid-type]
    """DuckDB's clock of a zone for a moment in time."""


def as_read(raw: RawTable, company: Company) -> ibis.Table:
    """All columns of the contract as they are read, each mapped one with its text as written beside it.

    ``_raw_<column>`` is the text, ``_bad_<column>`` says that it is there and cannot be read. Columns
    that the export does not have are null. Blank text is null.
    """
    notation, source, table = company.format_of(raw.name), company.tables[raw.name], raw.table
    columns: dict[str, ir.Value] = {}
    for column in TABLES[raw.name].columns:
        if column.name in raw.mapped:
            cell = table[column.name]
            exact = cell.round(3) if cell.type().is_floating() and column.kind is Kind.MONEY else cell
            written = exact.cast("string")
            read = _labelled(cell, source.labels.get(column.name, {}), column, notation)
            columns[column.name] = read
            columns[f"_raw_{column.name}"] = written
            columns[f"_bad_{column.name}"] = read.isnull() & _is_there(written)
        elif column.name in source.constants:
            constant = ibis.literal(source.constants[column.name], dt.string)
            columns[column.name] = _read(constant, column, notation)
        else:
            columns[column.name] = ibis.null(SQL_TYPES[column.kind])
    technical = {name: table[name] for name in ("_file", "_row", "_order", "_whole", "_short")}
    return table.select(**columns, **technical)


def cleaned(text: ir.StringValue) -> ir.StringValue:
    """Text in composed form without control and invisible signs and outer blanks; null where nothing is left."""
    bare = nfc_normalize(text).re_replace(_CONTROL, "").re_replace(_INVISIBLE, "")
    return bare.re_replace(f"^{_BLANKS}|{_BLANKS}$", "").nullif("")


def holds_control_signs(text: ir.StringValue) -> ir.BooleanValue:
    """Whether a text holds a NUL or another control sign (a line feed or tab is none)."""
    return text.re_search(_CONTROL).fill_null(False)


def _is_there(written: ir.StringValue) -> ir.BooleanValue:
    return (cleaned(written).notnull()).fill_null(False)


def _labelled(cell: ir.Value, labels: dict[str, str], column: Column, notation: Format) -> ir.Value:
    if not labels:
        return _read(cell, column, notation)
    text = cleaned(cell.cast("string"))
    known = text.cases(*[(old.strip(), new) for old, new in labels.items()], else_=text)
    return _read(known, column, notation)


def _read(cell: ir.Value, column: Column, notation: Format) -> ir.Value:
    if not cell.type().is_string():
        return _typed(cell, column.kind)
    text = cleaned(cell)
    match column.kind:
        case Kind.TEXT:
            return text if not column.choices else ibis.ifelse(text.isin(column.choices), text, ibis.null("string"))
        case Kind.DATE:
            return _moment(text, notation.date, notation).date()
        case Kind.TIMESTAMP:
            return ibis.coalesce(_moment(text, notation.timestamp, notation), _moment(text, notation.date, notation))
        case Kind.MONEY:
            return _number(text, notation).try_cast(MONEY)
        case Kind.NUMBER:
            return _number(text, notation).try_cast(dt.float64)
        case Kind.INTEGER:
            return ibis.ifelse(text.re_search(r"^-?\d{1,15}$"), text, ibis.null("string")).try_cast(dt.int64)
        case Kind.FLAG:
            low = text.lower()
            return ibis.cases((low.isin(_YES), True), (low.isin(_NO), False), else_=ibis.null("boolean"))


def _typed(cell: ir.Value, kind: Kind) -> ir.Value:
    """A cell that the source already holds as a date or number; an id that is a whole number has no decimals."""
    if kind is Kind.TEXT:
        return cleaned(cell.cast("string"))
    if kind is Kind.DATE and cell.type().is_timestamp():
        return cell.date()
    return cell.try_cast(SQL_TYPES[kind])


def _moment(text: ir.StringValue, pattern: str, notation: Format) -> ir.TimestampValue:
    stamp = try_strptime(text, pattern)
    if "%z" not in pattern:
        return stamp
    return timezone(notation.timezone, stamp)


def _number(text: ir.StringValue, notation: Format) -> ir.StringValue:
    """The declared notation, strictly: grouping in threes only; minus before, behind, or brackets.

    Whatever else stands there (a currency sign, ``CR``, an exponent) gives null, never another number.
    """
    mark, group = re.escape(notation.decimal), notation.grouping
    separator = "[ \u00a0\u202f]" if group == " " else re.escape(group)
    whole = rf"(?:\d+|\d{{1,3}}(?:{separator}\d{{3}})+)" if group else r"\d+"
    unsigned = rf"(?:{whole}(?:{mark}\d+)?|{mark}\d+)"
    valid = text.re_search(rf"^(?:-?{unsigned}|\+{unsigned}|{unsigned}-|\({unsigned}\))$")
    negative = text.re_search(r"^[-(]|-$")
    digits = text.re_replace(rf"[^\d{mark}]", "")
    plain = digits.replace(notation.decimal, ".") if notation.decimal != "." else digits
    return ibis.ifelse(valid, ibis.ifelse(negative, "-", "") + plain, ibis.null("string"))


def fits_other_pattern(text: ir.StringValue, pattern: str) -> ir.BooleanValue:
    """Whether a date that the declared pattern cannot read is one with day and month exchanged."""
    swapped = pattern.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    if swapped == pattern or "%m" not in pattern:
        return ibis.literal(False)
    return (try_strptime(text, pattern).isnull() & try_strptime(text, swapped).notnull()).fill_null(False)
