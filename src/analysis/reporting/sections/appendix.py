"""For whoever checks: the largest names, what the checks found, and every definition with this month's inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.reporting import blocks, words
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import (
    books,
    exposure,
    losses,
    receivables,
    segments,
    time_to_payment,
    trust,
    watch_list,
)
from analysis.reporting.sections.definitions_told import definitions_used

_FACTS_SHOWN = 25
# A page shows the first exceptions of a list; the appendix as many as a page holds.
_LISTED = 25


# The sections that have more to show than their page holds, in the order of the pages.
_DETAILS: tuple[tuple[str, str, Callable[[Collected], list[blocks.Block]]], ...] = (
    ("the books", "The balance month by month", books.detail),
    ("receivables", "Days of sales, and who owes most", receivables.detail),
    ("time to payment", "What else is known of when customers pay", time_to_payment.detail),
    ("exposure", "Invoices against policy, and concentration", exposure.detail),
    ("watch list", "Who left the watch list, and who stays on it", watch_list.detail),
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
            rest = (
                f"The first {_LISTED} of {words.count(rows)}; all are in the appendix workbook, sheet {id}."
                if rows > _LISTED
                else ""
            )
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
    return [
        {"name": definition.name, "formula": definition.formula, "inputs": inputs, "source": definition.source}
        for definition, inputs in definitions_used(collected)
    ]
