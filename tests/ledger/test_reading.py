"""Text read as what it means, against a slow reading by other means."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.ledger.company import Format
from analysis.ledger.contract import TABLES
from analysis.ledger.reading import _number, _read, cleaned, fits_other_pattern

_CON = ibis.duckdb.connect()


def evaluated(texts: list[str], what) -> list[object]:  # type: ignore[no-untyped-def]
    frame = pd.DataFrame({"place": range(len(texts)), "text": pd.Series(texts, dtype=object)})
    table = ibis.memtable(frame, schema={"place": "int64", "text": "string"})
    values = _CON.execute(table.select("place", value=what(table["text"])).order_by("place"))["value"]
    return [None if pd.isna(value) else value for value in values]


def by_hand(text: str, *, decimal: str, grouping: str) -> Decimal | None:
    """A number read sign by sign: outer signs, then groups of three, then decimals."""
    negative, digits = False, text
    if digits.startswith("(") and digits.endswith(")"):
        negative, digits = True, digits[1:-1]
    elif digits.startswith("-"):
        negative, digits = True, digits[1:]
    elif digits.startswith("+"):
        digits = digits[1:]
    elif digits.endswith("-"):
        negative, digits = True, digits[:-1]
    whole, mark, fraction = digits.partition(decimal)
    if mark and not fraction:
        return None
    groups = re.split("[ \u00a0\u202f]", whole) if grouping == " " else whole.split(grouping) if grouping else [whole]
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        return None
    plain = "".join(groups)
    if not all(sign in "0123456789" for sign in plain + fraction) or not plain + fraction:
        return None
    value = Decimal(f"{plain or '0'}.{fraction or '0'}")
    return -value if negative else value


@settings(max_examples=30)
@given(
    texts=st.lists(st.text(alphabet="0123456789.,-+() '\u00a0e", min_size=1, max_size=12), min_size=20, max_size=60),
    notation=st.sampled_from([(".", ""), (".", ","), (",", "."), (",", " "), (".", "'"), (",", "")]),
)
def test_numbers_are_read_like_by_hand_or_not_at_all(texts: list[str], notation: tuple[str, str]) -> None:
    decimal, grouping = notation
    form = Format(decimal=decimal, grouping=grouping)  # type: ignore[arg-type]
    read = evaluated(texts, lambda text: _number(text, form))
    assert [None if value is None else Decimal(str(value)) for value in read] == [
        by_hand(text, decimal=decimal, grouping=grouping) for text in texts
    ]


@settings(max_examples=30)
@given(texts=st.lists(st.text(st.characters(max_codepoint=0x2FFF), max_size=6), min_size=20, max_size=60))
def test_clean_text_has_composed_form_and_no_unseen_signs(texts: list[str]) -> None:
    control = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
    unseen = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
    composed = [unicodedata.normalize("NFC", control.sub("", text)) for text in texts]
    blanks = " \t\n\r\u00a0\u2007\u202f"
    assert evaluated(texts, cleaned) == [unseen.sub("", text).strip(blanks) or None for text in composed]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d.%m.%Y", "05.01.2026"),
        ("%Y-%B-%d", "2026-January-05"),
        ("%d-%b-%y", "05-Jan-26"),
        ("%m/%d/%Y", "1/5/2026"),
        ("%Y%m%d", "20260105"),
    ],
)
def test_dates_are_read_as_python_reads_them(pattern: str, text: str) -> None:
    column = TABLES["invoices"].column("issued_on")
    read = evaluated([text], lambda cell: _read(cell, column, Format(date=pattern)))
    assert pd.Timestamp(read[0]) == datetime.strptime(text, pattern) == datetime.fromisoformat("2026-01-05")  # noqa: DTZ007


def test_flags_and_whole_numbers() -> None:
    flag, whole = TABLES["invoices"].column("disputed"), TABLES["limits"].column("terms_days")
    assert evaluated(["Yes", "J", "0", "-", "maybe"], lambda t: _read(t, flag, Format())) == [
        True,
        True,
        False,
        False,
        None,
    ]
    assert evaluated(["30", "-5", "30.0", "3 0", "9" * 20], lambda t: _read(t, whole, Format())) == [
        30,
        -5,
        None,
        None,
        None,
    ]


def test_the_other_order_of_day_and_month() -> None:
    texts = ["13/01/2026", "01/13/2026", "01/02/2026", "x"]
    # only a date that the declared order cannot read and the other can
    assert evaluated(texts, lambda t: fits_other_pattern(t, "%d/%m/%Y")) == [False, True, False, False]
    assert evaluated(texts, lambda t: fits_other_pattern(t, "%Y-%B-%d")) == [False] * 4
