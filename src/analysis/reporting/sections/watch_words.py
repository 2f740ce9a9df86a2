"""What is said of the watch: who is on the list and why, how alerts turned out, who drifts and who moved."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from analysis.measures.history import day_of
from analysis.models.alert_record import AlertRecord, Share
from analysis.models.lateness_migration import LatenessMigration
from analysis.models.payment_drift import Drift
from analysis.models.watch_list import WatchList
from analysis.reporting import words

YEAR_MONTHS = 12

# Each reason with the fact it stands on; a reason that holds between its two thresholds says its present figure.
_REASONS: dict[str, tuple[str, Callable[[float], str]]] = {
    "drift": ("drift_days", lambda days: f"pays {words.days(days)} later than it used to"),
    "broken_promises": ("promises_broken_12m", lambda n: f"broke {words.plural(round(n), 'promise')} in a year"),
    "limit_use": ("limit_use", lambda share: f"uses {words.share(share)} of its limit"),
    "rating_fall": ("rating_fall_points", lambda points: f"rating fell by {words.significant(points)}"),
    "oldest_item": ("oldest_days", lambda days: f"an item is {words.plural(round(days), 'day')} late"),
    "high_risk": ("risk_class", lambda number: f"risk class {round(number)}"),
    "disputes": ("disputed_share", lambda share: f"disputes {words.share(share)} of what it owes"),
    "unusual_buying": ("buying_ratio", lambda times: f"bought {words.significant(times)} times its usual"),
}


def reasons(watched: WatchList, row: pd.Series) -> str:
    """Why a customer is on the list, in words; blank where no reason holds."""
    told = [_REASONS[rule.id] for rule in watched.reasons(row)]
    return "; ".join(say(float(row[column])) for column, say in told)


def why_left(watched: WatchList, row: pd.Series, before: pd.Series) -> str:
    """Why a customer left the list: it owes nothing, or which reasons it was on for no longer hold."""
    if not float(row["open_balance"]) > 0:
        return "owes nothing any more"
    return "no longer: " + ", ".join(rule.name for rule in watched.reasons(before))


def title(watched: WatchList, *, currency: str) -> str:
    """The page in a sentence."""
    now = watched.on(watched.marks[-1])
    on_list = now[now["on_list"]]
    n_in, n_out = int((now["status"] == "in").sum()), int((now["status"] == "out").sum())
    if on_list.empty:
        return "No customer is on the watch list" + (f"; {n_out} left it this month." if n_out else ".")
    owed = words.money(float(on_list["open_balance"].sum()), currency=currency)
    stand = f"{words.plural(len(on_list), 'customer')} with {owed} stand{'s' if len(on_list) == 1 else ''} on it"
    if not n_in and not n_out:
        return f"Nobody came on the watch list or left it; {stand}."
    came = words.plural(n_in, "customer") if n_in else "Nobody"
    return f"{came} came on the watch list and {n_out or 'none'} left it; {stand}."


def list_sentence(watched: WatchList, book: float) -> str:
    """What part of the book is on the list, and for which reasons most often."""
    now = watched.on(watched.marks[-1])
    on_list = now[now["on_list"]]
    if on_list.empty:
        return ""
    share = words.share(float(on_list["open_balance"].sum()) / book) if book > 0 else words.NOT_DEFINED
    held = {rule.name: int(on_list[rule.flag].sum()) for rule in watched.rules}
    most = sorted((name for name in held if held[name]), key=lambda name: -held[name])[:3]
    listed = words.listing([f"{name} ({held[name]})" for name in most])
    return f"The list holds {share} of what is owed; the commonest reasons are: {listed}."


def missing_sentence(watched: WatchList) -> str:
    """Which reasons the books cannot give; blank where they can give all."""
    if not watched.unavailable:
        return ""
    return "These books cannot tell of: " + words.listing(watched.unavailable) + "."


def alerts_sentence(record: AlertRecord, *, minimum: int) -> str:
    """How alerts of earlier months turned out; where there are too few, that they are."""
    if record.precision.customers < minimum:
        judged = words.plural(record.precision.of, "alert") if record.precision.of else "no alert"
        who = f" of {words.plural(record.precision.customers, 'customer')}" if record.precision.of else ""
        return f"How often trouble follows an alert cannot be said: {judged}{who} can be judged."
    said = (
        f"Of {words.count(record.precision.of)} earlier alerts, {share_told(record.precision)} came true: trouble "
        f"began within {record.horizon} months, as it did for {words.share(record.others.value)} of customers not on "
        "the list."
    )
    if record.recall.customers < minimum:
        return said
    said += f" Of {words.plural(record.recall.of, 'beginning')} of trouble, {share_told(record.recall)} were foreseen"
    lead = record.median_lead_months
    return said + (f", half of them by {words.plural(round(lead), 'month')} or more." if not math.isnan(lead) else ".")


def share_told(share: Share) -> str:
    """A share with its interval: "25% (19% to 32%)"."""
    return f"{words.share(share.value)} ({words.interval(share.low, share.high, unit='share')})"


def drift_sentence(drift: Drift, *, last: int) -> str:
    """How many customers drift now, and how many alarms of the last year chance alone would raise."""
    marks = sorted(drift.states.index.get_level_values("mark").unique())[-YEAR_MONTHS:]
    if not marks:
        return "Whether customers pay later than they used to cannot be said: no customer has a month of payments."
    raised, expected = drift.alarms_since(marks[0])
    if not raised and not expected:
        return "Whether customers pay later than they used to cannot be said: no customer has paid for months enough."
    n = len(drift.standing(last))
    who = words.plural(n, "customer") if n else "No customer"
    pays = "pays later than it used to" if n < 2 else "pay later than they used to"
    chance = words.significant(expected, digits=2, most_decimals=1)
    return (
        f"{who} {pays}. In twelve months the watch raised {words.plural(raised, 'alarm') if raised else 'no alarm'} "
        f"where chance alone would raise {chance} ({words.fixed(drift.stated_rate, 2)} per customer and year)."
    )


def migration_sentence(moved: LatenessMigration) -> str:
    """How many customers moved to a later band and how many to an earlier one."""
    since = words.day(day_of(moved.before), short=True)
    if not int(moved.customers.to_numpy().sum()):
        return ""
    if not moved.n_worse and not moved.n_better:
        return f"Since {since} the oldest item of no customer moved to another band."
    return (
        f"Since {since} the oldest item of {words.plural(moved.n_worse, 'customer')} moved to a later band and that of "
        f"{moved.n_better} to an earlier one."
    )
