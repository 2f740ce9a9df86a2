"""For whoever checks: the largest names, what the checks found, and every definition with this month's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.measures.definitions import DEFINITIONS
from analysis.reporting import blocks, words
from analysis.reporting.gathering import Collected

_FACTS_SHOWN = 25
# A page shows the first seven exceptions of a list; the appendix as many as a page holds.
_ON_PAGE, _LISTED = 7, 25


def pages(collected: Collected) -> list[dict[str, object]]:
    """The pages of the appendix."""
    return [
        {
            "kicker": "Appendix: names",
            "title": "Who owes most, and who is most overdue",
            "blocks": [
                blocks.table(collected, "top_exposures", rows=20, wide=1, left=["name"]),
                blocks.table(collected, "top_overdue", rows=20, wide=1, left=["name"]),
            ],
        },
        *_lists(collected),
        {"kicker": "Appendix: checks", "title": "What the checks of the books found", "blocks": _checks(collected)},
        {
            "kicker": "Appendix: definitions",
            "title": "How each number is made",
            "blocks": [{"kind": "definitions", "items": _definitions(collected)}],
        },
    ]


def _lists(collected: Collected) -> list[dict[str, object]]:
    """Exceptions of which a page shows only the first; no page where all stand there."""
    content = []
    for id, left, wide in (("breaches", ["customer"], 0), ("watch_all", ["name", "status", "since", "reason"], 5)):
        rows = len(collected.tables.get(id, {}).get("rows", ()))
        if rows > _ON_PAGE:
            rest = f"The first {_LISTED} of {words.count(rows)}; all are in tables/{id}.csv." if rows > _LISTED else ""
            content.append(blocks.table(collected, id, rows=_LISTED, wide=wide, left=left, note=rest))
    if not content:
        return []
    return [{"kicker": "Appendix: lists", "title": "Who is over a limit, and who is watched", "blocks": content}]


def _checks(collected: Collected) -> list[blocks.Block]:
    content = [blocks.lead(collected, "checks_told"), blocks.table(collected, "rows_by_fate")]
    if collected.tables["facts"]["rows"]:
        left = ["where", "what and remedy"]
        content.append(blocks.table(collected, "facts", rows=_FACTS_SHOWN, wide=2, left=left))
    return content


def _definitions(collected: Collected) -> list[dict[str, Any]]:
    """Every definition that a number of this report names, with the inputs of that number."""
    items = []
    for id, definition in DEFINITIONS.items():
        numbers = [n for n in collected.numbers.values() if n["definition"] == id and _is_known(n)]
        if not numbers:
            continue
        inputs = [part for number in numbers for part in _inputs(number)]
        items.append(
            {"name": definition.name, "formula": definition.formula, "inputs": inputs, "source": definition.source}
        )
    return items


def _is_known(number: Mapping[str, Any]) -> bool:
    """Whether there is something to explain: a value, or why it is not defined."""
    return number["value"] is not None or number.get("undefined") or number.get("not_reached") or False


def _inputs(number: Mapping[str, Any]) -> list[dict[str, str]]:
    """The number itself and what went into it; inputs are in the number's currency where they are money."""
    said = [{"name": number["label"], "value": words.quantity(blocks.value_of(number), unit=number["unit"])}]
    for name, amount in number["inputs"].items():
        text = words.NOT_DEFINED if amount is None else _input(amount)
        said.append({"name": name.replace("_", " "), "value": text})
    return said


def _input(amount: float) -> str:
    """An input as it was used: whole numbers as such, others to the cent or, where small, to three figures."""
    if float(amount).is_integer():
        return words.count(int(amount))
    return words.fixed(amount, 2) if abs(amount) >= 1 else words.significant(amount)
