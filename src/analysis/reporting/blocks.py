"""Findings as blocks of a page: numbers become cards and lines, tables get their units, nothing is calculated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from analysis.reporting import words
from analysis.reporting.gathering import Collected

Block = dict[str, Any]
# What sections call the row of all the others together.
_TOTALS = ("total", "All")
# What is missing is named as a reader would, where its id does not.
_NAMES = {
    "forecast_control": "Forecasts held against what came",
    "payer_curves": "Payment curves of the segments",
    "payer_numbers": "Foresight and stability by number of segments",
    "riskiest": "Customers of high risk",
    "single_names": "What if a top name fails",
}


def lead(collected: Collected, *ids: str) -> Block:
    """The sentences of those ids that the notebooks handed over."""
    told = [collected.sentences[id]["text"] for id in ids if id in collected.sentences]
    return {"kind": "lead", "sentences": told}


def figure(collected: Collected, id: str, *, note: str = "") -> Block:
    """A chart, or the line that says why there is none."""
    if id not in collected.figures:
        return unavailable(collected, id)
    found = collected.figures[id]
    return {
        "kind": "figure",
        "file": found["file"].removeprefix("figures/"),
        "caption": found["caption"],
        "alt": found["alt"],
        "note": note,
    }


def unavailable(collected: Collected, id: str) -> Block:
    """The line that says what these books cannot answer."""
    reason = collected.unavailable.get(id, {}).get("reason", "it was not handed over")
    return {"kind": "unavailable", "name": _NAMES.get(id, id.replace("_", " ").capitalize()), "reason": reason}


def if_any(block: Block) -> list[Block]:
    """The block; nothing where it is missing and a sentence of the page already says why."""
    return [] if block["kind"] == "unavailable" else [block]


def whole(value: float) -> float:
    """A whole number as such: words give it no decimals then."""
    return int(value) if float(value).is_integer() else value


def interval(number: Mapping[str, Any]) -> str:
    """The interval of a number in words, or why it has none; blank for one of which neither is known."""
    if number["low"] is None or number["high"] is None:
        value = number["value"]
        return "" if value is None or not math.isfinite(value) else str(number.get("no_interval") or "")
    return f"95%: {words.interval(number['low'], number['high'], unit=number['unit'])}"


def value_of(number: Mapping[str, Any]) -> float | None:
    """The value as it was measured: infinity where it was not reached, NaN where it is not defined."""
    if number.get("not_reached"):
        return math.inf
    return math.nan if number.get("undefined") else number["value"]


def table(
    collected: Collected,
    id: str,
    *,
    total: bool = False,
    heat: Sequence[str] = (),
    wide: int = 0,
    note: str = "",
    rows: int | None = None,
    left: Iterable[str] = (),
    cents: bool = False,
) -> Block:
    """A table of findings with one scale for all amounts and the units in its heading.

    ``total`` sets the last row apart; ``heat`` names columns of shares to be shaded; ``rows`` shows only so
    many (the total stays); ``left`` names columns of text beside the first; ``cents`` shows amounts in full, where
    a difference of one counts.
    """
    if id not in collected.tables:
        return unavailable(collected, id)
    found = collected.tables[id]
    columns, units, body = list(found["columns"]), found["units"], list(found["rows"])
    last = body.pop() if total and body else None
    cut = body if rows is None else body[:rows]
    shown = [*cut, last] if last is not None else cut
    scales = _scales(shown, columns, units, cents=cents)
    texts = [
        tuple(_cell(cell, units.get(c, ""), scales) for cell, c in zip(row, columns, strict=True)) for row in shown
    ]
    aligned = {columns[0], *left}
    units_shown = tuple(_unit(units.get(c, ""), scales) for c in columns)
    return {
        "kind": "table",
        "caption": found["caption"],
        "header": tuple(heading(c) for c in columns),
        "units": units_shown if any(units_shown) else None,
        "rows": tuple(texts[: len(cut)]),
        "total": texts[-1] if last is not None else None,
        "align": tuple("left" if c in aligned else "right" for c in columns),
        "shade": _shades(cut, columns, heat) if heat else None,
        "wide": wide,
        "note": note,
    }


def ends_in_total(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the last row is that of all the others together, as its first cell says.

    >>> ends_in_total([["small", 1.0], ["large", 2.0], ["total", 3.0]])
    True
    """
    return len(rows) > 1 and bool(rows[-1]) and rows[-1][0] in _TOTALS


def _scales(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], units: Mapping[str, str], *, cents: bool
) -> dict[str, words.Scale]:
    """One scale for each currency among the units: the largest amount has at least four figures."""
    amounts: dict[str, list[float]] = {}
    for row in rows:
        for cell, column in zip(row, columns, strict=True):
            unit = units.get(column, "")
            if is_currency(unit) and isinstance(cell, int | float):
                amounts.setdefault(unit, []).append(float(cell))
    if cents:
        return {currency: words.Scale(divisor=1, unit=currency, decimals=2) for currency in amounts}
    return {currency: _scale(max(map(abs, values)), currency=currency) for currency, values in amounts.items()}


def _scale(largest: float, *, currency: str) -> words.Scale:
    """Whole units of a scale in which the largest amount has four to six figures; cents for small amounts."""
    # Half a unit of the sixth figure more, because 999,999.6 is shown as 1,000,000.
    scale = words.scale_of([largest * (1 + 0.5e-6) / 1000], currency=currency)
    return replace(scale, decimals=2 if scale.divisor == 1 and largest < 1000 else 0)


def _cell(cell: Any, unit: str, scales: Mapping[str, words.Scale]) -> str:
    if cell is None:
        return words.DASH
    if isinstance(cell, str):
        return _day(cell) if unit == "date" else words.printable(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if unit in scales:
        return scales[unit].text(cell)
    if unit == "share":
        return words.share(cell).removesuffix("%")
    if unit == "days":
        return words.days(whole(cell)).removesuffix("days").removesuffix("day").strip()
    if unit in ("ratio", "points"):
        return words.quantity(cell, unit=unit)
    return words.count(cell) if unit == "count" or isinstance(cell, int) else words.significant(cell)


def _unit(unit: str, scales: Mapping[str, words.Scale]) -> str:
    if unit in scales:
        return scales[unit].unit
    return {"share": "%", "days": "days"}.get(unit, "")


def heading(column: str) -> str:
    """A column's name as the heading of a table."""
    text = column.replace("_", " ")
    return text[:1].upper() + text[1:]


def _day(text: str) -> str:
    try:
        return words.day(datetime.fromisoformat(text).date(), short=True)
    except ValueError:
        return text


def _shades(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], heat: Sequence[str]
) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(
            min(max(float(cell), 0.0), 1.0) if column in heat and isinstance(cell, int | float) else None
            for cell, column in zip(row, columns, strict=True)
        )
        for row in rows
    )


def is_currency(unit: str) -> bool:
    """Whether a unit is a currency, by its three capital letters."""
    return len(unit) == 3 and unit.isalpha() and unit.isupper()
