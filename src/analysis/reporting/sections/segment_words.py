"""Who the customers are as payers, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from analysis.measures.ratio import ratio
from analysis.models.before_after import BeforeAfter
from analysis.models.migration import Migration
from analysis.models.segment_features import FEATURES, INVOICES_MINIMUM, TENURE_MINIMUM_DAYS
from analysis.models.segment_gain import OWN_PAST, OWN_SEGMENTS
from analysis.models.segment_names import NEW, Condition, Rule
from analysis.models.segments import PayerSegments
from analysis.reporting import words

# Below this agreement the division itself has moved: changes of segment say little then.
AGREEMENT_MINIMUM = 0.90
STABILITY_ASKED_FOR = 0.75
NOBODY = (
    f"no customer has {INVOICES_MINIMUM} invoices in twelve months and {TENURE_MINIMUM_DAYS} days of business, "
    "so none can be told as a payer"
)
_FEATURES = {feature.id: feature for feature in FEATURES}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def payers_sentence(found: PayerSegments) -> str:
    """How many kinds of payers there are, and which owes most; the title of the page."""
    if found.fit is None:
        return f"Who the customers are as payers cannot be said: {NOBODY}."
    shown = found.profile.drop(index=NEW, errors="ignore")
    number = found.fit.number
    kinds = f"{_NUMBERS[number]} kind{'' if number == 1 else 's'} of payers"
    owing = shown["exposure"].dropna()
    if number == 1:
        return f"The books tell of {kinds} only: finer segments would not hold."
    if owing.empty or not owing.max() > 0:
        return f"Customers fall into {kinds}."
    name = str(owing.idxmax())
    share = words.share(float(shown["share"].loc[name]))
    owed = words.share(float(owing.loc[name]))
    return f"Customers fall into {kinds}; {_lower(name)} are {share} of customers and owe {owed} of the book."


def number_sentence(found: PayerSegments) -> str:
    """Why so many segments, what they foretold, and beside what; blank where nobody chose."""
    number = found.number
    if number is None:
        return ""
    count = _NUMBERS[number.chosen].capitalize()
    text = f"{count} segment{' is' if number.chosen == 1 else 's are'} used, because {number.reason}."
    gain = float(number.table["gain"].loc[number.chosen])
    if math.isnan(gain) or number.chosen == 1:
        return text
    own, past = (float(number.references["gain"].loc[name]) for name in (OWN_SEGMENTS, OWN_PAST))
    company = "nothing" if own <= 0 else words.share(own)
    return (
        f"{text} Segments of a year ago foretold {words.share(gain)} of the differences between customers in days late "
        f"and share late of the year that followed; the company's own segments foretold {company}, and each "
        f"customer's own past {words.share(max(past, 0.0))}."
    )


def stability_sentence(found: PayerSegments) -> str:
    """Whether the segments stand a redraw, and whether last month would have divided alike."""
    if found.fit is None or found.number is None or found.fit.number == 1:
        return ""
    stability = float(found.number.table["stability"].loc[found.fit.number])
    text = f"Segments of redrawn customers agree with these to {words.fixed(stability, 2)} (1 is full agreement)"
    if stability < STABILITY_ASKED_FOR:
        text += ", which is little: take the segments as a sketch"
    if math.isnan(found.refit_agreement):
        return text + "."
    agreement = words.fixed(found.refit_agreement, 2)
    if found.refit_agreement >= AGREEMENT_MINIMUM:
        return f"{text}; those of a month ago, made from what was known then, to {agreement}."
    return f"{text}. A month ago customers would have been divided otherwise ({agreement}): read moves with care."


def moves_sentence(moves: Migration | None, *, currency: str) -> str:
    """How many changed their segment, and the money that is with later or sooner payers now."""
    if moves is None:
        return ""
    since = words.day(moves.before)
    if not moves.judged_twice:
        return f"Nobody had history enough on {since} to tell who moved."
    if not moves.moved:
        return f"Of {words.plural(moves.judged_twice, 'customer')}, nobody changed segment since {since}."
    places = {name: place for place, name in enumerate(moves.amounts.columns) if name != NEW}
    later = sooner = 0.0
    for was, row in moves.amounts.iterrows():
        for became, amount in row.items():
            if was in places and became in places and was != became:
                later += float(amount) if places[str(became)] > places[str(was)] else 0.0
                sooner += float(amount) if places[str(became)] < places[str(was)] else 0.0
    return (
        f"Since {since}, {words.count(moves.moved)} of {words.plural(moves.judged_twice, 'customer')} "
        f"({words.share(ratio(moves.moved, moves.judged_twice))}) changed segment; they owe "
        f"{words.money(later, currency=currency)} in a segment that pays later than the one they left, and "
        f"{words.money(sooner, currency=currency)} in one that pays sooner."
    )


def change_sentence(found: BeforeAfter | None) -> str:
    """How customers paid after the date against before, in all and in the segment that changed most."""
    if found is None:
        return "The books do not follow what fell due after the date for long enough to compare it with before."
    table, day = found.table, words.day(found.on)
    whole = _row(table, "All")
    if math.isnan(whole["change"]):
        return f"Too few customers had invoices due both before and after {day} to compare."
    text = f"Invoices due in the three months after {day} were paid {_changed(whole)} than those of the nine before"
    if whole["low"] <= 0 <= whole["high"]:
        text = (
            f"Invoices due in the three months after {day} were paid as late as those of the nine before: no clear "
            f"change ({_reach(whole)})"
        )
    parts = table.drop(index="All").dropna(subset=["change"])
    clear = parts[(parts["low"] > 0) | (parts["high"] < 0)]
    if clear.empty or len(parts) < 2:
        return text + "."
    name = str(clear["change"].abs().idxmax())
    most = _row(clear, name)
    return f"{text}; the largest clear change is that of {_lower(name)}: {_signed(most['change'])} ({_reach(most)})."


def _row(table: pd.DataFrame, name: str) -> dict[str, float]:
    """Change and interval of one segment."""
    return {column: float(table[column].loc[name]) for column in ("change", "low", "high")}


def _changed(row: Mapping[str, float]) -> str:
    side = "later" if row["change"] > 0 else "sooner"
    return f"{words.days(abs(row['change']))} ({_reach(row)}) {side}"


def _reach(row: Mapping[str, float]) -> str:
    return f"95%: {words.interval(row['low'], row['high'], unit='days')}"


def _signed(days: float) -> str:
    return ("+" if days > 0 else "") + words.days(days)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def rule_in_words(rule: Rule, *, currency: str) -> str:
    """A rule as one says it: ``mean days late at most 39 and ...``."""
    if not rule.conditions:
        return "none that is better than all customers"
    return " and ".join(_condition(condition, currency=currency) for condition in rule.conditions)


def _condition(condition: Condition, *, currency: str) -> str:
    feature = _FEATURES[condition.feature]
    unit = currency if feature.unit == "currency" else feature.unit
    at = int(condition.threshold) if feature.unit == "days" else condition.threshold
    amount = words.quantity(at, unit=unit)
    if feature.unit == "days":
        amount = amount.removesuffix("days").removesuffix("day").strip()
    return f"{feature.phrase} {'above' if condition.above else 'at most'} {amount}"
