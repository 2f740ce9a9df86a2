"""For whoever checks: the largest names, what the checks found, and every definition with this month's inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analysis.measures.definitions import DEFINITIONS
from analysis.reporting import blocks, words
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import (
    exposure,
    ledger,
    losses,
    receivables,
    segments,
    time_to_payment,
    trust,
    watch_list,
)

_FACTS_SHOWN = 25
# A page shows the first exceptions of a list; the appendix as many as a page holds.
_LISTED = 25


# The sections that have more to show than their page holds, in the order of the pages.
_DETAILS: tuple[tuple[str, str, Callable[[Collected], list[blocks.Block]]], ...] = (
    ("the books", "The balance month by month", ledger.detail),
    ("receivables", "Days of sales, and who owes most", receivables.detail),
    ("time to payment", "What else is known of when customers pay", time_to_payment.detail),
    ("exposure", "Invoices against policy, and concentration", exposure.detail),
    ("watch list", "Who stays on the watch list", watch_list.detail),
    ("segments", "Why so many segments, and how each pays", segments.detail),
    ("expected loss", "How the expected loss is made, and by whom", losses.detail),
    ("trust", "How each forecaster did on past days", trust.detail),
)


def pages(collected: Collected) -> list[dict[str, object]]:
    """The pages of the appendix: more of each question, the names, the checks, the definitions."""
    return [
        *_details(collected),
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


def _details(collected: Collected) -> list[dict[str, object]]:
    """What the pages have no room for; one page of the appendix for each question that has more."""
    told = [(name, title, detail(collected)) for name, title, detail in _DETAILS]
    return [
        {"kicker": f"Appendix: {name}", "title": title, "blocks": content, "follows": place > 0}
        for place, (name, title, content) in enumerate(part for part in told if part[2])
    ]


def _lists(collected: Collected) -> list[dict[str, object]]:
    """Exceptions of which a page shows only the first; no page where all stand there."""
    content = []
    for id, left, wide, on_page in (
        ("breaches", ["customer"], 0, 5),
        ("watch_all", ["name", "status", "since", "reason"], 5, 7),
    ):
        rows = len(collected.tables.get(id, {}).get("rows", ()))
        if rows > on_page:
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
