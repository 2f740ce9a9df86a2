"""Page 1 in words: the title, what is owed, and how old the data are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.reporting import words
from analysis.reporting.clear_changes import Before, is_clear

# Half a cent would print as nothing.
_NOTHING = 0.005
_BEFORE: tuple[tuple[Before, str], ...] = (("last_month", "month"), ("last_year", "year"))


def headline(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """What happened to the balance and to its overdue part, as the title of the report.

    The balance moved where its printed figure did, the share where the difference does not round to nothing; either
    change is clear where its interval leaves out zero.
    """
    owed, late = numbers["receivables"], numbers["overdue_share"]
    amount, share = words.money(abs(owed["value"]), currency=owed["unit"]), words.share(late["value"])
    if owed["value"] < 0:
        standing = f"Customers' credits exceed open invoices by {amount}"
        return standing if late["value"] is None else f"{standing}; {share} of open invoices is past due"
    if late["value"] is None:
        return f"Receivables stand at {amount}"
    if owed["last_month"] is None or late["last_month"] is None:
        return f"Receivables stand at {amount}, with {share} of open invoices past due"
    same = amount == words.money(owed["last_month"], currency=owed["unit"])
    moved = 0.0 if same else owed["value"] - owed["last_month"]
    turned = words.change(late["value"], late["last_month"], unit="share").direction
    step = {"up": 1.0, "down": -1.0, "flat": 0.0}[turned]
    vague, vague_share = (bool(by) and not is_clear(of, "last_month") for by, of in ((moved, owed), (step, late)))
    if vague and vague_share:
        return f"No clear change in receivables of {amount} or in the overdue share of {share}"
    balance = f"Receivables {_verb(moved)} {'to' if moved else 'at'} {amount}"
    if vague_share:
        return f"{balance}; no clear change in the overdue share of {share}"
    by = f"by {words.points(abs(late['value'] - late['last_month']))} to" if step else "at"
    if vague:
        return f"No clear change in receivables of {amount}; the overdue share {_verb(step)} {by} {share}"
    if moved * step > 0 or moved == step == 0:
        return f"{balance} and the overdue share {by} {share}"
    return f"{balance}{', while' if step else ';'} the overdue share {_verb(step)} {by} {share}"


def owed_sentence(numbers: Mapping[str, Mapping[str, Any]], *, as_of: date) -> str:
    """How much is owed, how it moved and whether clearly, and how much of it is late.

    A balance is counted, and so is its change. It is clear where the customers' own changes, redrawn, do not span zero:
    else a few customers made it, and others of their kind might have moved it the other way.
    """
    owed, late = numbers["receivables"], numbers["overdue"]
    unit = owed["unit"]
    amount = words.money(abs(owed["value"]), currency=unit)
    if owed["value"] < 0:
        text = f"On {words.day(as_of)} customers' credits exceeded open invoices by {amount}"
    else:
        text = f"On {words.day(as_of)} customers owed {amount if owed['value'] else 'nothing'}"
        against = [
            f"{_compared(owed['value'] - owed[key], unit)} a {period} before{_vague(owed, key)}"
            for key, period in _BEFORE
            if owed[key] is not None
        ]
        text += f", {words.listing(against)}" if against else ""
    overdue = words.money(late["value"], currency=unit) if late["value"] else "nothing"
    return f"{text}; {overdue} was past due."


def _verb(moved: float) -> str:
    return "rose" if moved > 0 else "fell" if moved < 0 else "stayed"


def _vague(owed: Mapping[str, Any], key: Before) -> str:
    """What is said of a change that is not clear."""
    moved = abs(owed["value"] - owed[key]) >= _NOTHING
    return " (no clear change)" if moved and not is_clear(owed, key) else ""


def _compared(moved: float, currency: str) -> str:
    if abs(moved) < _NOTHING:
        return "as much as"
    return f"{words.money(abs(moved), currency=currency)} {'more' if moved > 0 else 'less'} than"


def age_sentence(opened: Opened) -> str:
    """How old the data are: how many invoices they hold, and the day of the last booking."""
    snapshot = opened.snapshot
    items, entries = snapshot.items, snapshot.entries
    last = max(
        (
            pd.Timestamp(found)
            for found in (items["issued_on"].max().execute(), entries["booked_on"].max().execute())
            if not pd.isna(found)
        ),
        default=None,
    )
    if last is None:
        return "The books hold nothing up to this date."
    days = (pd.Timestamp(snapshot.as_of) - last).days
    age = "the day of the report" if days == 0 else f"{words.plural(days, 'day')} before the day of the report"
    number = words.plural(int(items.count().execute()), "invoice")
    return (
        f"The figures rest on {number} known by {words.day(snapshot.known_by)}; "
        f"the last booking is of {words.day(last.date())}, {age}."
    )
