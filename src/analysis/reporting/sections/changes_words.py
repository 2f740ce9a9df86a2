"""What moved DSO and overdue, in words that turn with the sign and say where nothing is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.measures.changes import Change, Changes
from analysis.measures.changes_model import FACTORS
from analysis.reporting import words
from analysis.reporting.clear_changes import leaves_out_zero

LABELS = {
    "sales": "Sales",
    "customers": "Customer mix",
    "terms": "Terms mix",
    "behaviour": "Payment behaviour",
    "disputes": "Disputes",
    "currency": "Currency",
    "on_account": "Cash on account",
}
_SAID = {
    "sales": "sales",
    "customers": "the mix of customers",
    "terms": "the mix of terms",
    "disputes": "disputes",
    "currency": "exchange rates",
    "on_account": "cash on account",
}
# What is not told apart, and so moved nothing.
_ABSENT = {
    "customers": "all customers are of one kind",
    "terms": "all invoices are on like terms",
    "disputes": "nothing was in dispute at either month end",
    "currency": "all invoices are in the company's currency",
}
FIGURES = {"dso": "DSO", "overdue": "Overdue"}
# An effect is named where it makes up so much of all that moved the figure, either way.
_WORTH_NAMING = 0.1
_MOST_NAMED = 3


def is_clear(change: Change) -> bool:
    """Whether payment behaviour moved the figure clearly: its interval leaves out zero, and there is one."""
    return change.low is not None and change.high is not None and leaves_out_zero((change.low, change.high))


def vanishes(amount: float, *, unit: str) -> bool:
    """Whether an effect is nothing once it is printed."""
    return words.change(amount, 0.0, unit=unit).direction == "flat"


def headline(changes: Changes, *, currency: str) -> str:
    """Where DSO (overdue where it is not defined) went, and whether it was payment behaviour."""
    figure, change = ("dso", changes.dso) if changes.dso is not None else ("overdue", changes.overdue)
    unit = "days" if figure == "dso" else currency
    behaviour = change.effects["behaviour"]
    if vanishes(behaviour, unit=unit):
        paid = "payment behaviour had no part in it"
    elif not is_clear(change):
        paid = "no clear change of payment behaviour"
    else:
        paid = f"payment behaviour {_did(behaviour, unit=unit)}"
    return f"{_moved(figure, change, unit=unit)}; {paid}"


def moved_sentence(figure: str, change: Change, *, since: str, unit: str) -> str:
    """By how much a figure moved, what moved it most, and what part payment behaviour had."""
    rest = _named(
        _largest(change, unit=unit), total=0.0 if vanishes(change.total, unit=unit) else change.total, unit=unit
    )
    return f"{_moved(figure, change, unit=unit)} since {since}{rest}. {_behaviour(change, unit=unit)}"


def absent_sentence(found: Mapping[int, Changes]) -> str:
    """Which effects there cannot be, and which comparison the books do not reach back to; blank where none."""
    told = {factor for changes in found.values() for factor in changes.told}
    parts = [said for factor, said in _ABSENT.items() if factor not in told]
    sentences = [f"{words.listing(parts).capitalize()}: no effect of {_effects(told)}."] if parts else []
    if any(changes.dso is None for changes in found.values()):
        sentences.append("What moved DSO cannot be told, because it is not defined, or only a lower bound, at one end.")
    if 12 not in found:
        sentences.append("The books do not reach back to the same month of last year.")
    return " ".join(sentences)


def _named(effects: Sequence[tuple[str, float]], *, total: float, unit: str) -> str:
    """Effects that explain the change, and apart from them those against it; blank where there are none."""
    said = [(effect * total >= 0, f"{_SAID[factor]} {_did(effect, unit=unit)}") for factor, effect in effects]
    explain, against = (words.listing([text for agrees, text in said if agrees is side]) for side in (True, False))
    if not explain:
        return f", although {against}" if against else ""
    return f": {explain}, while {against}" if against else f": {explain}"


def _effects(told: set[str]) -> str:
    return words.listing([_SAID[factor] for factor in _ABSENT if factor not in told])


def _moved(figure: str, change: Change, *, unit: str) -> str:
    now = words.quantity(change.now, unit=unit)
    if vanishes(change.total, unit=unit):
        return f"{FIGURES[figure]} stayed at {now}"
    by = words.quantity(abs(change.total), unit=unit).removesuffix(f"{words.GAP}days")
    return f"{FIGURES[figure]} {'rose' if change.total > 0 else 'fell'} by {by} to {now}"


def _did(effect: float, *, unit: str) -> str:
    return f"{'added' if effect > 0 else 'took off'} {words.quantity(abs(effect), unit=unit)}"


def _largest(change: Change, *, unit: str) -> list[tuple[str, float]]:
    """The largest effects but that of behaviour, which has a sentence of its own."""
    least = _WORTH_NAMING * change.effects.abs().sum()
    seen = [
        (factor, float(change.effects[factor]))
        for factor in FACTORS
        if factor != "behaviour"
        and abs(change.effects[factor]) >= least
        and not vanishes(change.effects[factor], unit=unit)
    ]
    return sorted(seen, key=lambda pair: -abs(pair[1]))[:_MOST_NAMED]


def _behaviour(change: Change, *, unit: str) -> str:
    effect = float(change.effects["behaviour"])
    if vanishes(effect, unit=unit):
        return "Payment behaviour made no difference."
    if change.low is None or change.high is None:
        return f"Payment behaviour {_did(effect, unit=unit)}; too few customers carry it for an interval."
    limits = f"95%: {words.interval(change.low, change.high, unit=unit)}"
    if is_clear(change):
        return f"Payment behaviour {_did(effect, unit=unit)} ({limits})."
    sign = "+" if effect > 0 else words.MINUS
    size = words.quantity(abs(effect), unit=unit)
    return f"Payment behaviour shows no clear change ({sign}{size}; {limits})."
