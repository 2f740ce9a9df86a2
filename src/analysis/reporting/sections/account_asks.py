"""What to ask for on the call, and what to decide about the account: rules in the order in which they are said."""

from __future__ import annotations

from collections.abc import Callable

from analysis.measures.account import open_disputes, promises_given
from analysis.models.account_review import AccountReview
from analysis.models.risk_classes import HIGH_RISK
from analysis.reporting import words
from analysis.reporting.sections.account_words import promise_told
from analysis.reporting.sections.decision_rules import Decision

MOST = 5
_SOON_DAYS = 14
NOTHING_SOON = f"nothing is past due, disputed, promised, on account or due within {_SOON_DAYS} days"
_NOTHING = 0.005

Rule = Callable[[AccountReview], Decision | None]


def asks(review: AccountReview) -> list[Decision]:
    """At most five things to ask for or to decide, none where nothing is open and nothing is wrong."""
    if not review.was_invoiced:
        return []
    return [one for rule in _RULES if (one := rule(review)) is not None][:MOST]


def _broken(review: AccountReview) -> Decision | None:
    given = promises_given(review.account, review.items)
    broken = given[given["is_broken"]]
    if broken.empty:
        return None
    owed = float(review.items.loc[broken["invoice_id"], "value"].sum())
    first = promise_told(broken.to_dict("records")[0])
    return Decision(
        wanted=f"Ask why {'a promise was' if len(broken) == 1 else f'{len(broken)} promises were'} not kept, and agree "
        "a new day in writing",
        why=first if len(broken) == 1 else f"the oldest: {first}",
        owner="Collector",
        working_days=1,
        rests_on="account_facts",
        amount=owed,
    )


def _overdue(review: AccountReview) -> Decision | None:
    late = review.items[review.items["days_past_due"] > 0]
    free = late[late["disputed_on"].isna()]
    if free.empty:
        return None
    oldest = words.printable(str(free.index[0]))
    days = words.days(int(free["days_past_due"].iloc[0]))
    return Decision(
        wanted=f"Ask for the day on which {words.plural(len(free), 'overdue invoice')} will be paid",
        why=f"{'the oldest, ' if len(free) > 1 else ''}{oldest}, is {days} late; "
        f"{'none is disputed' if len(free) == len(late) else 'without what is disputed'}",
        owner="Collector",
        working_days=1,
        rests_on="account_items",
        amount=float(free["value"].sum()),
    )


def _disputes(review: AccountReview) -> Decision | None:
    disputes = open_disputes(review.account)
    if disputes.empty or not review.now["disputed_open"] > 0:
        return None
    first = disputes.iloc[0]
    since = words.day(first["opened_on"].date(), short=True)
    one = len(disputes) == 1
    return Decision(
        wanted=f"Settle {'the dispute' if one else f'{len(disputes)} disputes'}, and ask for the undisputed part now",
        why=f"{'' if one else 'the oldest: '}{words.printable(str(first['invoice_id']))} since {since}",
        owner="Customer service",
        working_days=5,
        rests_on="account_facts",
        amount=float(review.now["disputed_open"]),
    )


def _over_limit(review: AccountReview) -> Decision | None:
    if review.limit is None or not review.limit["excess"] > 0:
        return None
    limit = words.money(review.limit["limit"], currency=review.currency)
    return Decision(
        wanted="Hold new orders until it is within its limit, or raise the limit and say why",
        why=f"{words.share(review.limit['use'])} of {limit} used",
        owner="Credit manager",
        working_days=2,
        rests_on="account_limit_use",
        amount=float(review.limit["excess"]),
    )


def _security(review: AccountReview) -> Decision | None:
    if review.risk is None or review.risk["risk_class"] not in HIGH_RISK or not review.now["open_balance"] > 0:
        return None
    return Decision(
        wanted="Ask for security, part payment or shorter terms before the next large order",
        why=f"risk class {review.risk['risk_class']:.0f}",
        owner="Credit manager",
        working_days=5,
        rests_on="account_chance",
        amount=float(review.now["open_balance"]),
    )


def _on_account(review: AccountReview) -> Decision | None:
    if review.unapplied < _NOTHING:
        return None
    return Decision(
        wanted="Ask which invoices the cash on account is meant for",
        why="",
        owner="Collector",
        working_days=2,
        rests_on="account_facts",
        amount=review.unapplied,
    )


def _pending(review: AccountReview) -> Decision | None:
    given = promises_given(review.account, review.items)
    coming = given[~given["is_broken"]]
    if coming.empty:
        return None
    return Decision(
        wanted="See that what was promised comes",
        why=promise_told(coming.to_dict("records")[0]),
        owner="Collector",
        working_days=2,
        rests_on="account_facts",
    )


def _coming(review: AccountReview) -> Decision | None:
    due = review.items["days_past_due"]
    soon = review.items[(due <= 0) & (due >= -_SOON_DAYS)]
    if soon.empty or (due > 0).any():
        return None
    return Decision(
        wanted=f"Confirm that {words.plural(len(soon), 'invoice')} due within {_SOON_DAYS} days are in the next "
        "payment run",
        why="nothing is past due",
        owner="Collector",
        working_days=5,
        rests_on="account_items",
        amount=float(soon["value"].sum()),
    )


_RULES: tuple[Rule, ...] = (
    _overdue,
    _broken,
    _disputes,
    _over_limit,
    _security,
    _on_account,
    _pending,
    _coming,
)
