"""Severe delinquency in words: why a customer has its chance, how well chances were told, what a rating is worth."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from analysis.models.risk import RiskAssessment
from analysis.models.risk_classes import HIGH_RISK
from analysis.models.risk_record import NAMES
from analysis.models.survival import Estimate
from analysis.reporting import words

EVENT = (
    "Severely delinquent is who, within twelve months, leaves a tenth or more of what came so far unpaid for 91 days "
    "after its due date, or has it written off."
)
NO_RECORD = "no past day has enough of a record"

_Say = Callable[[float], str]
_FACTS: dict[str, _Say] = {
    "start": lambda v: f"its segment's rate of {words.share(v)}",
    "own_record": lambda v: f"known by {words.plural(int(v), 'invoice')} paid or past due",
    "days_late": lambda v: f"pays {_days(abs(v))} {'after' if v >= 0 else 'before'} due on average",
    "late_share_91": lambda v: f"{words.share(v)} of the last year's amount was 91 days late",
    "days_late_trend": lambda v: f"pays {_days(abs(v))} {'later' if v >= 0 else 'sooner'} than in the months before",
    "days_late_spread": lambda v: f"days of payment vary by {_days(v)}",
    "share_late": lambda v: f"{words.share(v)} of invoices late",
    "oldest_days": lambda v: f"oldest open item {words.days(int(v))} past due",
    "overdue_share": lambda v: f"{words.share(v)} of the balance overdue",
    "recency_days": lambda v: f"last invoiced {words.days(int(v))} ago",
    "part_paid_share": lambda v: f"{words.share(v)} of invoices paid in parts",
    "dispute_share": lambda v: f"{words.share(v)} of invoices disputed",
    "promises_broken_12m": lambda v: f"{words.plural(int(v), 'promise')} broken in twelve months",
    "limit_use": lambda v: f"{words.share(v)} of its limit in use",
    "rating_score": lambda v: f"rated {words.significant(v)} points",
    "own_rate": lambda v: f"severely delinquent in {words.share(v)} of its own past years",
    "segment": lambda _: "the rate of its segment",
}
_UNKNOWN = {"own_rate": "no own past year", "late_share_91": "nothing that came 91 days past due yet"}
_WEAK = 0.05


def reason_words(reason: str, value: float, log_odds: float) -> str:
    """One reason with what it does to the odds: "3 promises broken in twelve months x 2.4"."""
    fact = _fact(reason, value)
    return fact if reason == "start" else f"{fact} {effect_words(log_odds)}"


def _fact(reason: str, value: float) -> str:
    return _UNKNOWN.get(reason, "not known") if math.isnan(value) and reason != "segment" else _FACTS[reason](value)


def effect_words(log_odds: float) -> str:
    """By how much a part of the log odds multiplies or divides the odds: a sign and the factor, kept together."""
    mark = "\N{MULTIPLICATION SIGN}" if log_odds >= 0 else "\N{DIVISION SIGN}"
    return f"{mark}{words.GAP}{words.significant(math.exp(abs(log_odds)), digits=2)}"


def reasons_told(reasons: pd.DataFrame, *, most: int = 3) -> str:
    """The strongest reasons of one customer that raise its risk, else those that lower it; the start where none."""
    others = reasons[(reasons["reason"] != "start") & (reasons["log_odds"].abs() >= _WEAK)]
    raising = others[others["log_odds"] > 0]
    shown = (raising if len(raising) else others).head(most)
    shown = shown if len(shown) else reasons[reasons["reason"] == "start"]
    cells = zip(shown["reason"], shown["value"], shown["log_odds"], strict=True)
    return "; ".join(reason_words(*cell) for cell in cells)


def all_reasons(reasons: pd.DataFrame) -> pd.DataFrame:
    """Every reason of one customer in words, what each does to the odds, and the chance with those told so far."""
    odds = reasons["log_odds"].cumsum().map(math.exp)
    return pd.DataFrame(
        {
            "reason": [_fact(r, v) for r, v in zip(reasons["reason"], reasons["value"], strict=True)],
            "odds": [
                words.significant(math.exp(o), digits=2) if r == "start" else effect_words(o)
                for r, o in zip(reasons["reason"], reasons["log_odds"], strict=True)
            ],
            "chance so far": odds / (1 + odds),
        }
    )


def title(found: RiskAssessment, *, currency: str) -> str:
    """How many customers are in the two worst classes and what they owe."""
    if found.customers.empty:
        return "Who may become severely delinquent cannot be said"
    high = found.customers[found.customers["risk_class"].isin(HIGH_RISK)]
    if high.empty:
        return "No customer is in risk classes 4 and 5"
    owed, all_owed = math.fsum(high["open_balance"]), math.fsum(found.customers["open_balance"])
    of = f" of {words.money(all_owed, currency=currency)}" if all_owed else ""
    return (
        f"{words.count(len(high))} of {words.plural(len(found.customers), 'customer')} "
        f"{'is' if len(high) == 1 else 'are'} in risk classes 4 and 5 and "
        f"owe{'s' if len(high) == 1 else ''} {words.money(owed, currency=currency)}{of}"
    )


def expected_sentence(found: RiskAssessment) -> str:
    """How many customers are expected to become severely delinquent, and how many have a wide interval."""
    if found.customers.empty:
        return found.verdict
    expected, n = math.fsum(found.customers["chance"]), len(found.customers)
    unsure = int((found.customers["class_high"] - found.customers["class_low"] >= 3).sum())
    text = (
        f"Of {words.plural(n, 'customer')} with business, {words.significant(expected)} are expected to become "
        "severely delinquent within twelve months."
    )
    if unsure:
        text += f" For {words.count(unsure)} of them the interval spans four classes or more."
    return text


def record_sentence(found: RiskAssessment) -> str:
    """How good the chances were on past days: slope and skill with their intervals."""
    record = found.judged
    if record is None or found.forecaster not in record.ids:
        return "How good such chances were before cannot be said: " + NO_RECORD + "."
    slope = record.calibration(found.forecaster)[1]
    skills = []
    for against in ("base", "own_rate"):
        if against != found.forecaster:
            skill = record.skill(found.forecaster, against=against)
            skills.append(f"{_avoided(skill)} of the error of {NAMES[against]} ({_between(skill, 'share')})")
    line = (
        "its calibration slope is not defined"
        if math.isnan(slope.value)
        else f"the calibration slope is {words.significant(slope.value)} ({_between(slope, 'ratio')}; one is right)"
    )
    days, customers = len(record.origins), record.customers
    return (
        f"On {words.plural(days, 'past day')} and {words.plural(customers, 'customer')}, {line}, and "
        f"{words.listing(skills)} {'was' if len(skills) == 1 else 'were'} avoided."
    )


def rating_sentence(found: RiskAssessment) -> str:
    """What ratings add to the ledger, or why it cannot be said."""
    value = found.rating_value
    if math.isnan(value.value):
        return "What external ratings are worth cannot be said from these books."
    if value.high < 0:
        more = Estimate(value=-value.value, low=-value.high, high=-value.low)
        return (
            f"External ratings make the chances worse: with them the error is {_avoided(more)} larger "
            f"({_between(more, 'share')}), so they are left out."
        )
    told = f"with them the error is {_size(value.value)} ({_smaller_or_larger(value)})"
    if value.low > 0:
        return f"External ratings help beside what the ledger tells: {told}."
    return f"External ratings make no clear difference beside what the ledger tells: {told}."


def _size(skill: float) -> str:
    return f"{words.share(round(abs(skill), 3))} {'smaller' if skill >= 0 else 'larger'}"


def _smaller_or_larger(found: Estimate) -> str:
    """The interval of a skill: "95%: 0.8% larger to 4.3% smaller"."""
    if found.low >= 0:
        return f"{_between(found, 'share')}"
    return f"95%: {_size(found.low)} to {_size(found.high)}"


def with_interval(value: float, low: float, high: float, *, unit: str, decimals: int) -> str:
    """A figure with its interval in a cell: "1.06 (0.936 to 1.20)"; a dash where it is not defined."""
    if math.isnan(value):
        return words.DASH
    shown = words.quantity(round(value, decimals), unit=unit)
    between = "" if math.isnan(low) else f" ({words.interval(round(low, decimals), round(high, decimals), unit=unit)})"
    return shown + between


def _days(value: float) -> str:
    return words.days(round(value))


def _avoided(skill: Estimate) -> str:
    return words.share(round(skill.value, 3))


def _between(found: Estimate, unit: str) -> str:
    return "95%: " + words.interval(round(found.low, 3), round(found.high, 3), unit=unit)
