"""Which definitions a report used, and what went into their numbers this month, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.measures.definitions import DEFINITIONS, Definition
from analysis.reporting import blocks, words
from analysis.reporting.gathering import Collected


def definitions_used(collected: Collected) -> list[tuple[Definition, list[dict[str, str]]]]:
    """Every definition that a number of this report names, in their order, with the inputs of those numbers.

    An input has a ``name`` and a ``value``; the number itself is the first.
    """
    used = []
    for id, definition in DEFINITIONS.items():
        numbers = [n for n in collected.numbers.values() if n["definition"] == id and _is_known(n)]
        if numbers:
            used.append((definition, [part for number in numbers for part in _inputs(number)]))
    return used


def _is_known(number: Mapping[str, Any]) -> bool:
    """Whether there is something to explain: a value, or why it is not defined."""
    return number["value"] is not None or number.get("undefined") or number.get("not_reached") or False


def _inputs(number: Mapping[str, Any]) -> list[dict[str, str]]:
    """The number itself and what went into it; inputs are in the number's currency where they are money."""
    said = [{"name": number["label"], "value": words.quantity(blocks.value_of(number), unit=number["unit"])}]
    for name, amount in number["inputs"].items():
        text = words.NOT_DEFINED if amount is None else input_told(amount)
        said.append({"name": name.replace("_", " "), "value": text})
    return said


def input_told(amount: float) -> str:
    """An input as it was used: whole numbers as such, others to the cent or, where small, to three figures."""
    if float(amount).is_integer():
        return words.count(int(amount))
    return words.fixed(amount, 2) if abs(amount) >= 1 else words.significant(amount)
