"""What is said of exposure: limits and breaches, exceptions to policy, concentration, and single names."""

from __future__ import annotations

import math

import pandas as pd

from analysis.measures.limits import NEAR, NO_LIMIT, OVER, LimitUse
from analysis.measures.policy_exceptions import EXCEPTIONS, SEVERE_DAYS
from analysis.measures.single_name import LATE_DAYS, HighRisk
from analysis.reporting import words

NO_LIMITS = "these books hold no credit limits"
# A change below a hundredth of what there was is said to be none.
_NOTHING = 0.01


def headline(used: LimitUse, months: pd.DataFrame, *, top_share: float, n_debtors: int, currency: str) -> str:
    """The finding of the page: exposure above limits and where it went, and how much the largest hold."""
    if not n_debtors:
        return "Nobody owes anything"
    few = n_debtors <= 10
    held = (
        f"{words.plural(n_debtors, 'debtor')} in all"
        if few
        else f"the ten largest debtors owe {words.share(top_share)}"
    )
    if not used.has_limits:
        return f"{held[:1].upper()}{held[1:]}; {NO_LIMITS}"
    over, excess = len(used.breaches), float(used.table["excess"].sum())
    before = float(months["excess"].iloc[-2]) if len(months) > 1 else math.nan
    if not over:
        gone = "; a month ago " + words.money(before, currency=currency) + " was above limits" if before > 0 else ""
        return f"No customer is over its limit{gone}; {held}"
    amount = words.money(excess, currency=currency)
    whose = (
        f"{words.plural(over, 'customer')} {'is' if over == 1 else 'are'} over {'its' if over == 1 else 'their'} limit"
    )
    return f"{whose}{'' if over == 1 else 's'} by {amount}, {_moved(excess, before, currency=currency)}; {held}"


def limits_sentence(used: LimitUse, *, currency: str) -> str:
    """How far limits are drawn, who is near them, what is owed without one, and what exposure is made of."""
    if used.table.empty:
        return "Nobody owes anything, so no limit is used."
    if not used.has_limits:
        return f"Use of limits and breaches cannot be told: {NO_LIMITS}."
    by, basis = used.by_standing(), f" Exposure here is {used.basis}."
    limited = by.drop(index=NO_LIMIT)
    if not limited["limit"].sum():
        return f"No customer that owes anything has a limit above nought.{basis}"
    use = float(limited["exposure"].sum() / limited["limit"].sum())
    granted = words.money(limited["limit"].sum(), currency=currency)
    said = f"Customers that owe use {words.share(use)} of their limits of {granted}"
    near = int(by["customers"][NEAR])
    said += (
        f"; {words.plural(near, 'customer')} {'stands' if near == 1 else 'stand'} at nine tenths or more."
        if near
        else "."
    )
    some, owe = int(by["customers"][NO_LIMIT]), float(by["exposure"][NO_LIMIT])
    if some:
        have, part = "has" if some == 1 else "have", words.share(by["share"][NO_LIMIT])
        said += (
            f" {words.plural(some, 'customer')} with {words.money(owe, currency=currency)} ({part}) {have} no limit."
        )
    if by["customers"][OVER] > 1:
        said += f" Those over their limits owe {words.share(by['share'][OVER])} of all."
    return said + basis


def exceptions_sentence(
    kinds: pd.DataFrame,
    against: tuple[float, float, float],
    within: tuple[float, float, float],
    *,
    hold_days: int,
    has_limits: bool,
    currency: str,
) -> str:
    """How much was invoiced against policy in twelve months and what became of it, beside the rest."""
    if kinds.empty:
        return "No invoice was issued in the last twelve months."
    broke = kinds[kinds.index.isin(EXCEPTIONS)]
    rule = (
        f"over their limit or {hold_days} days or more overdue" if has_limits else f"{hold_days} days or more overdue"
    )
    invoiced = words.money(kinds["amount"].sum(), currency=currency)
    if broke.empty:
        return f"Nothing of the {invoiced} invoiced in twelve months went to customers {rule}."
    said = (
        f"Of {invoiced} invoiced in twelve months, {words.money(broke['amount'].sum(), currency=currency)} "
        f"({words.share(broke['amount'].sum() / kinds['amount'].sum())}) went to customers {rule}."
    )
    if math.isnan(against[0]):
        return said + " Too few customers have invoices of these old enough to tell what became of them."
    became = f"{words.share(against[0])} ({words.interval(*against[1:], unit='share')})"
    said += f" Of these invoices {became} became {SEVERE_DAYS} days late or were written off"
    if math.isnan(within[0]):
        return said + "."
    return f"{said}, of all others {words.share(within[0])} ({words.interval(*within[1:], unit='share')})."


def concentration_sentence(divisions: pd.DataFrame, of_loss: pd.DataFrame | None) -> str:
    """Over how many equal names exposure is spread, by customer and by group, and whether loss hangs on fewer."""
    if divisions.empty or not divisions.loc["customer_id", "number"]:
        return ""
    number = divisions["effective_number"]
    said = f"Exposure is as concentrated as in {_names(number['customer_id'])} of equal size"
    if "parent_id" in number.index:
        said += f", groups of companies taken as one as in {_names(number['parent_id'])}"
    if of_loss is None or of_loss.empty or not of_loss.loc["customer_id", "number"]:
        return said + "."
    lost = float(of_loss["effective_number"]["customer_id"])
    than = "fewer" if lost < number["customer_id"] else "more"
    return f"{said}. Expected loss hangs on {than}: {_names(lost)}."


def target_sentence(needed: int | None, *, target: float | None, now: float, average: float, currency: str) -> str:
    """How far the book is from the effective number of debtors that is wanted; blank without a target."""
    if target is None or needed is None:
        return ""
    if not needed:
        return f"The target of {words.significant(target)} effective debtors is met."
    return (
        f"To bring the effective number of debtors from {words.significant(now)} to the target of "
        f"{words.significant(target)} would take {words.plural(needed, 'further debtor')} of the average size of "
        f"{words.money(average, currency=currency)}."
    )


def risk_sentence(found: HighRisk | None, *, currency: str) -> str:
    """How much is owed by customers of the two highest classes of risk; blank where nobody is classed."""
    if found is None or math.isnan(found.share):
        return ""
    owe = words.money(found.exposure, currency=currency)
    said = (
        f"{words.plural(found.customers, 'customer')} of the risk classes 4 and 5 "
        f"{'owes' if found.customers == 1 else 'owe'} {owe}, {words.share(found.share)} of what is classed"
        if found.customers
        else "Nothing is owed by customers of the risk classes 4 and 5"
    )
    if not math.isnan(found.expected_share):
        said += f"; with each customer counted by its probability, {words.share(found.expected_share)} is at risk"
    rest = (
        f" {words.money(found.not_assessed, currency=currency)} is owed by customers without a class."
        if found.not_assessed
        else ""
    )
    return f"{said}.{rest}"


def what_if_sentence(table: pd.DataFrame, *, currency: str) -> str:
    """What the failure of the largest name would cost, and what the next quarter would miss if it paid later."""
    if table.empty:
        return "Nobody owes anything, so no name can fail."
    first = table.iloc[0]
    said = (
        f"If {first['name']} failed, up to {words.money(first['loss_if_failed'], currency=currency)} would be lost "
        f"({words.share(first['share'])} of the book is owed by it)"
    )
    late = words.money(first["missing_if_late"], currency=currency)
    said += f"; paying {LATE_DAYS} days later, it would leave the next thirteen weeks {late} short."
    if len(table) > 2:
        three = words.money(table["loss_if_failed"].head(3).sum(), currency=currency)
        said += f" The three largest together stand for {three}."
    return said


def _moved(now: float, before: float, *, currency: str) -> str:
    if math.isnan(before):
        return "with no month before to compare"
    if not before:
        return "none a month ago"
    if abs(now - before) < _NOTHING * before:
        return "no clear change in a month"
    more = "more" if now > before else "less"
    return f"{words.money(abs(now - before), currency=currency)} {more} than a month ago"


def _names(number: float) -> str:
    return f"{words.significant(number)} names"
