"""What is said of one customer: title, who it is, and the lines of facts, each in words or "not available"."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.account import last_contact, last_payment, open_disputes, promises_given
from analysis.measures.history import day_of
from analysis.models.account_review import AccountReview
from analysis.reporting import words
from analysis.reporting.sections import risk_words, watch_words

_LONGEST_NAME, _LISTED = 70, 3
_NOTHING = 0.005
_NOT_STATED = "(not stated)"


def name_of(review: AccountReview) -> str:
    """The customer's name as it is printed, cut where it is very long."""
    return words.shortened(words.printable(review.name).strip() or review.customer_id, most=_LONGEST_NAME)


def title(review: AccountReview) -> str:
    """What it owes and how late, in a sentence."""
    name, now, currency = name_of(review), review.now, review.currency
    if not review.was_invoiced:
        return f"{name} has no invoice in the books as of {words.day(review.on)}"
    if not now["open_balance"] > 0:
        return f"{name} owes nothing"
    owed = words.money(now["open_balance"], currency=currency)
    if not now["overdue"] > 0:
        return f"{name} owes {owed}, none of it past due"
    late = "all of it" if review.buckets["not due"] < _NOTHING else words.money(now["overdue"], currency=currency)
    return f"{name} owes {owed}, {late} past due, the oldest invoice by {words.days(int(now['oldest_days']))}"


def who_sentence(review: AccountReview) -> str:
    """Who the customer is, since when it buys and how much, and what it paid last."""
    now, currency = review.now, review.currency
    kind = ", ".join(str(now[name]) for name in ("segment", "industry", "country") if _stated(now[name]))
    text = f"Customer {words.printable(review.customer_id)}{f' ({words.printable(kind)})' if kind else ''}"
    since = words.month(review.on - timedelta(days=int(now["tenure_days"])))
    text += f" has bought since {since}"
    if now["invoices_12m"] > 0:
        bought = words.money(now["sales_12m"], currency=currency)
        text += f": {bought} on {words.plural(int(now['invoices_12m']), 'invoice')} in twelve months"
    else:
        text += ", and nothing in twelve months"
    paid = last_payment(review.account)
    if paid is not None:
        amount = words.money(paid["amount"], currency=str(paid["currency"]))
        text += f". It last paid on {words.day(paid['booked_on'].date())}: {amount}"
    else:
        text += ". It has never paid anything"
    if review.group:
        owed = words.money(now["group_open_balance"], currency=currency)
        text += f". It belongs to {words.printable(review.group)}, whose customers owe {owed} together"
    return text + "."


def facts(review: AccountReview) -> pd.DataFrame:
    """One line of facts for each thing that is asked before a call: columns ``about`` and ``what the books say``."""
    said = [(about, say(review)) for about, say in _FACTS]
    return pd.DataFrame([line for line in said if line[1]], columns=["about", "what the books say"])


def _risk(review: AccountReview) -> str:
    if review.assessed is None or review.assessed.customers.empty:
        why = review.assessed.verdict if review.assessed is not None else "the books hold open items only"
        return _absent(why)
    found = review.risk
    if found is None:
        return "not assessed, because it was not invoiced within twelve months and owes nothing"
    between = words.interval(found["low"], found["high"], unit="share")
    reasons = risk_words.reasons_told(review.reasons)
    return (
        f"class {found['risk_class']:.0f} of 5, {words.share(found['chance'])} (95%: {between}) to become severely "
        f"delinquent within twelve months; {reasons}"
    )


def _watch(review: AccountReview) -> str:
    if review.watched is None:
        return _absent("the books hold fewer than two month ends, or open items only")
    listing = review.watched.watched
    now = listing.on(review.watched.last)
    if review.customer_id not in now.index or not bool(now.loc[review.customer_id, "on_list"]):
        return "not on it"
    row = now.loc[[review.customer_id]].iloc[0]
    since = words.day(day_of(int(row["since"])), short=True)
    return f"on it since {since}: {watch_words.reasons(listing, row)}"


def _habits(review: AccountReview) -> str:
    now = review.now
    if not review.rhythm or now.isna()["weekday_share"]:
        return "paid nothing in twelve months"
    told = [_rhythm(review)]
    if review.runs and review.runs != review.rhythm:
        told.append(f"its payment runs fall {review.runs}")
    if now["part_paid_share"] > 0:
        told.append(f"{words.share(now['part_paid_share'])} of its invoices were paid in parts")
    if not math.isnan(now["days_late_trend"]) and round(abs(now["days_late_trend"])) > 0:
        later = "later" if now["days_late_trend"] > 0 else "sooner"
        told.append(f"in the last quarter {words.days(round(abs(now['days_late_trend'])))} {later} than before")
    return "; ".join(told)


def _rhythm(review: AccountReview) -> str:
    """When it pays, with the share of its payment days that follow the rhythm."""
    if review.rhythm == "at month ends":
        return f"pays at month ends ({words.share(review.now['month_end_share'])} of its payment days)"
    if review.rhythm.endswith("days"):
        return f"pays {review.rhythm} ({words.share(review.now['weekday_share'])} of its payment days)"
    return review.rhythm if review.rhythm.startswith("too few") else f"pays {review.rhythm}"


def _limit(review: AccountReview) -> str:
    if not review.has_limits:
        return _absent("the books hold no limits")
    limit = review.now["limit"]
    if not limit > 0:
        return "none is set"
    text = words.money(limit, currency=review.currency)
    if review.limit is None or math.isnan(review.limit["use"]):
        return f"{text}, unused"
    text += f", {words.share(review.limit['use'])} of it used"
    if review.limit["excess"] > 0:
        excess = words.money(review.limit["excess"], currency=review.currency)
        text += f"; over it by {excess} since {words.day(review.limit['over_since'].date(), short=True)}"
    return text


def _disputes(review: AccountReview) -> str:
    if math.isnan(review.now["disputes_12m"]):
        return _absent("the books hold no disputes")
    found, year = open_disputes(review.account), int(review.now["disputes_12m"])
    raised = f"{words.count(year) if year else 'none'} raised in twelve months"
    if found.empty:
        return f"none open; {raised}"
    shown = [
        f"{words.printable(str(row['invoice_id']))} ({words.printable(str(row['reason'] or 'no reason given'))}, since "
        f"{words.day(row['opened_on'].date(), short=True)})"
        for row in found.head(_LISTED).to_dict("records")
    ]
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    owed = words.money(review.now["disputed_open"], currency=review.currency)
    return f"{words.count(len(found))} open about {owed}: {', '.join(shown)}{more}; {raised}"


def _contacts(review: AccountReview) -> str:
    now = review.now
    if math.isnan(now["contacts_12m"]):
        return _absent("the books hold no contacts")
    latest = last_contact(review.account)
    if latest is None:
        return "none so far"
    how = [words.printable(str(latest[part])) for part in ("channel", "kind") if pd.notna(latest[part])]
    how = list(dict.fromkeys(how))
    reached = {True: ", somebody who decides was reached", False: ", nobody who decides was reached"}
    answer = reached.get(bool(latest["reached"]), "") if pd.notna(latest["reached"]) else ""
    on = words.day(latest["made_on"].date(), short=True)
    return f"{words.count(now['contacts_12m'])} in twelve months, the last on {on}: {', '.join(how)}{answer}"


def _promises(review: AccountReview) -> str:
    now = review.now
    if math.isnan(now["contacts_12m"]):
        return _absent("the books hold no contacts")
    text = f"{words.count(now['promises_12m']) if now['promises_12m'] else 'none'} in twelve months"
    if now["promises_broken_12m"] > 0:
        text += f", {words.count(now['promises_broken_12m'])} broken"
    given = promises_given(review.account, review.items)
    for is_broken, about in ((True, "broken and still open"), (False, "may still be kept")):
        rows = given[given["is_broken"] == is_broken]
        if len(rows):
            shown = [promise_told(row) for row in rows.head(_LISTED).to_dict("records")]
            more = f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else ""
            text += f"; {about}: {', '.join(shown)}{more}"
    return text


def promise_told(row: Mapping[Hashable, Any]) -> str:
    """A promise with its invoice, its amount where one is named, and its day."""
    invoice, on = row["invoice_id"], pd.Timestamp(str(row["promised_on"])).date()
    amount = float(str(row["amount"]))
    what = [words.printable(str(invoice))] if isinstance(invoice, str) else []
    # the books do not say in which currency; invoices of an account are nearly always in one
    what += [] if math.isnan(amount) else [words.fixed(amount, 2)]
    return f"{' over '.join(what) or 'payment'} by {words.day(on, short=True)}"


def _rating(review: AccountReview) -> str:
    now = review.now
    if not review.has_ratings:
        return _absent("the books hold no ratings")
    if math.isnan(now["rating_score"]) and not _stated(now["rating_grade"]):
        return "none"
    score = "" if math.isnan(now["rating_score"]) else f"{words.significant(now['rating_score'])} points"
    grade = f"grade {words.printable(str(now['rating_grade']))}" if _stated(now["rating_grade"]) else ""
    return f"{', '.join(part for part in (grade, score) if part)}, {words.days(int(now['rating_age_days']))} old"


def _loss(review: AccountReview) -> str:
    if math.isnan(review.loss):
        return _absent("loss rates need twelve months of books with what became of invoices")
    text = words.money(review.loss, currency=review.currency)
    if review.now["open_balance"] > 0:
        text += f", {words.share(review.loss / review.now['open_balance'])} of what it owes"
    if review.now["written_off"] > 0:
        text += f"; written off so far: {words.money(review.now['written_off'], currency=review.currency)}"
    return text


def _on_account(review: AccountReview) -> str:
    if review.unapplied < _NOTHING:
        return ""
    return f"{words.money(review.unapplied, currency=review.currency)} paid and not set off against any invoice"


def _stated(value: object) -> bool:
    return isinstance(value, str) and value not in ("", _NOT_STATED)


def _absent(why: str) -> str:
    return f"{words.NOT_AVAILABLE}: {why.rstrip('.')}"


_FACTS: tuple[tuple[str, Callable[[AccountReview], str]], ...] = (
    ("Risk", _risk),
    ("Watch list", _watch),
    ("Habits", _habits),
    ("Limit", _limit),
    ("Disputes", _disputes),
    ("Contacts", _contacts),
    ("Promises", _promises),
    ("External rating", _rating),
    ("Expected loss", _loss),
    ("On account", _on_account),
)


def in_days(review: AccountReview, days: float) -> str:
    """The day so many days after the review's; a dash where there is none."""
    if not np.isfinite(days):
        return words.DASH
    return words.day(review.on + timedelta(days=int(days)), short=True)
