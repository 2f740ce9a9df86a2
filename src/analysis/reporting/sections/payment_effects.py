"""What goes with slow payment? Effects in days, each with its interval."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.models.payment_effects import PaymentEffects
from analysis.reporting import blocks, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected

TITLE = "What goes with slow payment"
_NOTE = (
    "Goes with, not caused by: invoices that differ in one thing may differ in what nobody recorded. 95% intervals, "
    "which allow for customers who pay all their invoices alike."
)
# Adjusted for and kept in the notebook; a weekday tells a credit controller nothing to act on.
_NOT_SHOWN = ("weekday",)
_MOST = 8
_CHANGES_BELOW = 0.001


def hand_over(findings: Findings, effects: PaymentEffects) -> None:
    """Findings on what goes with slow payment: the effects, the longest in a number, and the words for them."""
    findings.sentence("effects_told", effects_sentence(effects))
    if effects.unavailable is not None:
        findings.unavailable("payment_effects", effects.unavailable)
        return
    shown = effects_shown(effects)
    findings.table("effects", effects.table.reset_index(), caption=f"{TITLE}: all effects")
    findings.sentence("effects_ground_told", ground_sentence(effects))
    if not len(shown):
        findings.unavailable("payment_effects", "nothing but the weekday of issue differs between the invoices")
        return
    findings.figure(
        "payment_effects",
        charts.interval_dots(shown, unit="days", reference=0.0),
        caption=f"Days longer (+) or shorter unpaid within {effects.horizon} days of issue, all else alike",
        alt=charts.interval_dots_alt(shown, unit="days"),
    )
    longest = shown.iloc[0]
    findings.number(
        "longest_effect_days",
        float(longest["value"]),
        unit="days",
        label=str(longest["label"]),
        definition="effect_in_days",
        low=float(longest["low"]),
        high=float(longest["high"]),
        count=effects.n_invoices,
    )


def section(collected: Collected) -> list[dict[str, Any]]:
    """The blocks that the page of curves shows of it."""
    return [
        {"kind": "section", "title": TITLE},
        blocks.lead(collected, "effects_told", "effects_ground_told"),
        blocks.figure(collected, "payment_effects", note=_NOTE),
    ]


def effects_shown(effects: PaymentEffects) -> pd.DataFrame:
    """The effects as ``interval_dots`` takes them: the eight largest, the slowest first, without weekdays."""
    kept = effects.table[~effects.table["covariate"].isin(_NOT_SHOWN)].head(_MOST)
    kept = kept.sort_values("more_days", ascending=False, kind="stable").reset_index(names="label")
    return kept.rename(columns={"more_days": "value"})[["label", "value", "low", "high"]]


def effects_sentence(effects: PaymentEffects) -> str:
    """The three effects that keep money out longest, or why there are none."""
    if effects.unavailable is not None:
        return f"What goes with slow payment cannot be said: {effects.unavailable}."
    shown = effects_shown(effects)
    slow = shown[shown["low"] > 0].head(3)
    if not len(slow):
        return "Nothing that the books tell of an invoice goes with slower payment beyond chance."
    told = [
        f"{_within(label)} ({words.days(more)} longer; {words.interval(low, high, unit='days')})"
        for label, more, low, high in zip(slow["label"], slow["value"], slow["low"], slow["high"], strict=True)
    ]
    return f"Among invoices otherwise alike, the longest waits go with: {', '.join(told)}."


def ground_sentence(effects: PaymentEffects) -> str:
    """What the effects rest on, which of them change with age, and what was put together, left out or held down."""
    ground = (
        f"From {words.plural(effects.n_invoices, 'invoice')} of {words.plural(effects.n_customers, 'customer')} issued "
        f"in the last two years, {words.count(effects.n_paid)} of them paid, compared within alike terms."
    )
    table = effects.table[~effects.table["covariate"].isin(_NOT_SHOWN)]
    changing = table.index[table["constant_p"] < _CHANGES_BELOW]
    if len(changing):
        ground += (
            f" {words.count(len(changing))} of {words.count(len(table))} effects change with the age of an invoice; "
        )
        ground += "shown is their mean over it."
    return ground + "".join(f" {note[:1].upper()}{note[1:]}." for note in effects.notes)


def _within(label: str) -> str:
    """A label within a sentence: an abbreviation such as EDI keeps its capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
