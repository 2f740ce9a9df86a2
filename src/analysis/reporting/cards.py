"""Key figures as cards: a number with its interval, what it is compared with, its target and its course."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from analysis.reporting import blocks, words
from analysis.reporting.clear_changes import Before, is_clear
from analysis.reporting.gathering import Collected


def card(collected: Collected, id: str, *, as_of: date) -> blocks.Block:
    """One number with its interval, what it is compared with, and its course."""
    number = collected.numbers[id]
    unit, better, value = number["unit"], number["better"], blocks.value_of(number)
    against = []
    first = as_of.replace(day=1)
    before: tuple[tuple[Before, str], ...] = (
        ("last_month", words.month(first - timedelta(days=1))),
        ("last_year", words.month(first.replace(year=first.year - 1))),
    )
    for key, label in before:
        if number[key] is not None:
            change = words.change(value, number[key], unit=unit, better=better, clear=is_clear(number, key))
            against.append({"label": label, "text": _narrow(change.text, unit), "verdict": change.verdict})
    if number["target"] is not None:
        against.append(_against_target(number, value))
    spark = collected.figures.get(f"spark_{id}")
    return {
        "label": number["label"],
        "value": words.quantity(value, unit=unit),
        "interval": blocks.interval(number),
        "against": against,
        "sparkline": {"file": spark["file"].removeprefix("figures/"), "alt": spark["alt"]} if spark else None,
    }


def _against_target(number: Mapping[str, Any], value: float | None) -> dict[str, str]:
    """How far a figure is from what is wanted; a balance, which is neither good nor bad, is wanted at most."""
    unit = number["unit"]
    better: words.Better = "higher" if number["better"] == "higher" else "lower"
    change = words.change(value, number["target"], unit=unit, better=better)
    label = f"target {_bare(number['target'], unit=unit)}"
    if value is not None and math.isfinite(value) and change.direction == "flat":
        return {"label": label, "text": "met", "verdict": "good"}
    return {"label": label, "text": _narrow(change.text, unit), "verdict": change.verdict}


def _narrow(text: str, unit: str) -> str:
    """An amount without its currency, which the figure itself says: a card has no room for both."""
    return text.replace(unit + words.GAP, "") if blocks.is_currency(unit) else text


def _bare(value: float | None, *, unit: str) -> str:
    """A target without the word that the figure itself says."""
    if value is None:
        return ""
    return _narrow(words.quantity(blocks.whole(value), unit=unit).removesuffix("days").strip(), unit)
