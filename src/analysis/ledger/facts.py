"""What the checks found, in the words of whoever can mend it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from analysis.ledger.trade_rules import Disposition

_EXCERPT = 40
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that the checks found, in the words of whoever can mend it.

    ``row`` is the first row concerned (the header is row 1), ``amount`` the sum of the rows concerned
    over all currencies where the table has amounts; None where it does not apply.
    """

    table: str
    disposition: Disposition
    rule: str
    message: str
    remedy: str = ""
    file: str = ""
    row: int | None = None
    column: str = ""
    excerpt: str = ""
    rows: int = 0
    amount: float | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def told(fact: Fact) -> str:
    """A fact as one line: where, what, remedy."""
    where = _plain(fact.file) or f"tables.{fact.table}"
    where += f", row {fact.row:,}" if fact.row else ""
    where += f", column {_plain(fact.column)!r}" if fact.column else ""
    shown = f" ({fact.excerpt!r})" if fact.excerpt else ""
    rows = f" [{fact.rows:,} rows]" if fact.rows > 1 else ""
    return f"{where}{shown}: {fact.message}{rows}" + (f"; {fact.remedy}" if fact.remedy else "")


def excerpt_of(cell: object) -> str:
    """A cell as it can be shown in a message: one line, short, without control signs."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    text = _plain(str(cell))
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _plain(text: str) -> str:
    """Text in which every sign that moves the cursor or turns the line is shown as such."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)
