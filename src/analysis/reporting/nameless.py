"""Findings and pages without the name or number of any customer.

What may name a customer is marked where it is handed over (``names``, ``nameless``). Marks can be forgotten, and
names turn up where nobody thought of them, so all that is left is searched for the names of the books as well.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.ledger.opening import Opened
from analysis.reporting import words
from analysis.reporting.gathering import Collected

WITHHELD = "withheld: it names a customer"
_ABSENT = "customers are not named in this edition"
# A shorter name, or a number that might be a year or an amount, would be found where nobody is meant.
_LEAST_NAME, _LEAST_DIGITS = 4, 6
# A long name may be printed cut off; so much of it is searched for.
_MOST_SEARCHED = 24
# What the report calls things itself; a customer may be called so too.
_OWN_WORDS = frozenset({"file", "definition", "unit", "units", "better", "columns", "made_by"})
_TEXT_OF_CHART = re.compile(r"<text[^>]*>(.*?)</text>|<title>(.*?)</title>|<desc>(.*?)</desc>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def names_of(opened: Opened) -> frozenset[str]:
    """Names and numbers of the customers of the books, and of the groups they belong to, as far as they can be told."""
    known = opened.snapshot.customers.select("customer_id", "name", "parent_id").execute()
    found = {words.printable(str(name)).strip() for column in known for name in known[column].dropna()}
    return frozenset(name[:_MOST_SEARCHED].rstrip() for name in found if _can_be_told(name))


def without_names(collected: Collected, *, names: Iterable[str], figures: Path) -> Collected:
    """The findings without what names a customer; ``figures`` is the folder of the charts.

    A sentence or table that can be said without names is said so; a table or chart that cannot is missing, with the
    reason. In what is left a text with one of ``names`` in it is replaced by one that says so.
    """
    told = {
        id: {**found, "text": found.get("nameless", found["text"]), "nameless": ""}
        for id, found in collected.sentences.items()
    }
    tables = {
        id: {**found, "rows": found.get("nameless", found["rows"]), "nameless": []}
        for id, found in collected.tables.items()
        if not found.get("names") or "nameless" in found
    }
    charts = {id: found for id, found in collected.figures.items() if not found.get("names")}
    finder = _finder(
        names, [told, tables, charts, collected.numbers, collected.unavailable, _texts_of(charts, figures)]
    )
    clean = {id: found for id, found in charts.items() if not finder(_chart_text(figures, found))}
    gone = [
        id for part, kept in ((collected.tables, tables), (collected.figures, clean)) for id in part if id not in kept
    ]
    return replace(
        collected,
        sentences=_searched(told, finder),
        tables=_searched(tables, finder),
        figures=_searched(clean, finder),
        numbers=_searched(collected.numbers, finder),
        unavailable=_searched({**collected.unavailable, **{id: {"reason": _ABSENT} for id in gone}}, finder),
    )


def _can_be_told(name: str) -> bool:
    return len(name) >= (_LEAST_DIGITS if name.isdigit() else _LEAST_NAME)


def _finder(names: Iterable[str], content: Any) -> Callable[[str], bool]:
    """Whether a text holds one of the names that occur in the content at all, as whole words."""
    whole = words.printable("\n".join(_strings(content)))
    here = sorted(name for name in names if name in whole)
    if not here:
        return lambda text: False
    ends = [re.escape(name) + ("" if len(name) >= _MOST_SEARCHED - 1 else r"(?!\w)") for name in here]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(ends)})")
    return lambda text: pattern.search(words.printable(text)) is not None


def _strings(content: Any) -> Iterable[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for part in content.values():
            yield from _strings(part)
    elif isinstance(content, list | tuple):
        for part in content:
            yield from _strings(part)


def _searched(content: Any, finder: Callable[[str], bool]) -> Any:
    """The content with every text replaced in which the finder finds a name."""
    if isinstance(content, str):
        return WITHHELD if finder(content) else content
    if isinstance(content, Mapping):
        return {key: part if key in _OWN_WORDS else _searched(part, finder) for key, part in content.items()}
    if isinstance(content, list | tuple):
        return [_searched(part, finder) for part in content]
    return content


def _texts_of(charts: Mapping[str, Mapping[str, Any]], figures: Path) -> list[str]:
    return [_chart_text(figures, found) for found in charts.values()]


def _chart_text(figures: Path, found: Mapping[str, Any]) -> str:
    """What is written in a chart."""
    svg = (figures / str(found["file"]).removeprefix("figures/")).read_text(encoding="utf-8")
    return html.unescape("\n".join(_TAG.sub("", "".join(parts)) for parts in _TEXT_OF_CHART.findall(svg)))
