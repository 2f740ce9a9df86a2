"""What was written, read as what it means: text, dates, money, numbers and flags, strictly as declared."""

from __future__ import annotations

import re
from datetime import datetime

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.faults import UsageFault
from analysis.ledger.company import EXCEL_SERIAL, Company, Format
from analysis.ledger.contract import TABLES, Column, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.sources import RawTable
from analysis.ledger.typed_files import PLAIN, timezone

MONEY = dt.Decimal(18, 3)  # three decimals, because dinars have three
# Bidirectional overrides, zero-width signs and byte-order marks change how a text looks, not what it says.
_INVISIBLE = "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_NOT_PLAIN = r"[^\x20-\x7e]|^ | $"
_BLANKS = "[\\s\u00a0\u2007\u202f]+"
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a day on the wall, in no zone
_YES = ("yes", "y", "true", "t", "1", "x", "ja", "j", "oui", "si", "wahr", "vrai")
_NO = ("no", "n", "false", "f", "0", "nein", "non", "falsch", "faux", "-")
# What marks a row beside its cells; see RawTable.
TECHNICAL = ("_file", "_row", "_order", "_whole", "_short", "_totals")
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
def try_strptime(text: str, pattern: str) -> dt.timestamp:
    """DuckDB's strptime that gives null where the text does not fit."""


@ibis.udf.scalar.builtin
def nfc_normalize(text: str) -> str:  # type: ignore[empty-body]
    """Unicode's composed form, so that one name has one spelling."""


def texts_of(raw: RawTable, company: Company) -> ibis.Table:
    """Each mapped column as ``_raw_<column>``, as written, and ``_text_<column>``: bare, and in the contract's words.

    Blank text is null, and so is a label that stands for nothing. Control signs are taken out of text
    only: a date or an amount that holds one is damaged.
    """
    labels, texts = company.tables[raw.name].labels, {}
    for column in (TABLES[raw.name].column(name) for name in raw.mapped):
        cell = raw.table[column.name]
        text = cleaned(cell) if column.kind is Kind.TEXT else _trimmed(cell)
        texts[f"_raw_{column.name}"] = cell
        texts[f"_text_{column.name}"] = _labelled(text, labels.get(column.name, {}))
    return raw.table.select(**texts, **{name: raw.table[name] for name in TECHNICAL})


def as_read(texts: ibis.Table, raw: RawTable, company: Company) -> ibis.Table:
    """``texts`` with all columns of the contract as they are read.

    ``_bad_<column>`` says that a text is there and cannot be read. Columns that the export does not
    have are null.
    """
    source = company.tables[raw.name]
    columns: dict[str, ir.Value] = {}
    for column in TABLES[raw.name].columns:
        notation = PLAIN if column.name in raw.typed else company.format_of(raw.name)
        if column.name in raw.mapped:
            text = texts[f"_text_{column.name}"]
            columns[column.name] = read = _read(text, column, notation)
            columns[f"_bad_{column.name}"] = read.isnull() & text.notnull()
        elif column.name in source.constants:
            constant = ibis.literal(source.constants[column.name], dt.string)
            columns[column.name] = _read(constant, column, notation)
        else:
            columns[column.name] = ibis.null(SQL_TYPES[column.kind])
    return texts.mutate(**columns)


def refuse_unreadable_constants(con: Backend, name: str, company: Company) -> None:
    """UsageFault for a constant of ``company.toml`` that is not what its column holds."""
    for key, value in company.tables[name].constants.items():
        column = TABLES[name].column(key)
        read = con.execute(_read(cleaned(ibis.literal(value)), column, company.format_of(name)))
        if pd.isna(read) or (key == "currency" and value not in MINOR_UNITS):
            wanted = f"one of {', '.join(column.choices)}" if column.choices else f"a {column.kind}"
            wanted = "an ISO 4217 code" if key == "currency" else wanted
            raise UsageFault(f"{company.path.name}: tables.{name}.constants.{key} = {value!r}: is not {wanted}")


def cleaned(text: ir.StringValue) -> ir.StringValue:
    """Text in composed form without control and invisible signs and outer blanks; null where nothing is left."""
    # control signs first: DuckDB's normalising ends at a NUL and would drop the rest of the text
    full = _trimmed(nfc_normalize(text.re_replace(_CONTROL, "")))
    # nearly all cells are plain, and looking once is cheaper than replacing four times
    return ibis.ifelse(text.re_search(_NOT_PLAIN), full, text).nullif("")


def holds_control_signs(text: ir.StringValue) -> ir.BooleanValue:
    """Whether a text holds a NUL or another control sign (a line feed or tab is none)."""
    return text.re_search(_CONTROL).fill_null(False)


def _trimmed(text: ir.StringValue) -> ir.StringValue:
    bare = text.re_replace(_INVISIBLE, "").re_replace(f"^{_BLANKS}|{_BLANKS}$", "")
    return ibis.ifelse(text.re_search(_NOT_PLAIN), bare, text).nullif("")


def _labelled(text: ir.StringValue, labels: dict[str, str]) -> ir.StringValue:
    """A label of the export replaced by the contract's word."""
    if not labels:
        return text
    return text.cases(*[(old.strip(), new.strip()) for old, new in labels.items()], else_=text).nullif("")


def _read(text: ir.StringValue, column: Column, notation: Format) -> ir.Value:
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


def _moment(text: ir.StringValue, pattern: str, notation: Format) -> ir.TimestampValue:
    if pattern == EXCEL_SERIAL:
        days = ibis.ifelse(text.re_search(r"^\d{1,6}(\.\d+)?$"), text, ibis.null("string")).try_cast(dt.float64)
        return ibis.literal(_SERIAL_ZERO) + (days * 86_400).round().cast("int64").as_interval("s")
    stamp = try_strptime(text, pattern)
    return timezone(notation.timezone, stamp) if "%z" in pattern else stamp


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
