"""What is there to know of one customer before a call? The account review, one or two pages."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.history import history_of
from analysis.models.account_review import AccountReview, account_review
from analysis.models.expected_days import ExpectedDays
from analysis.reporting import blocks, charts, words
from analysis.reporting.cards import card
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import account_words, losses, risk, watch_list
from analysis.reporting.sections.account_asks import NOTHING_SOON, asks
from analysis.reporting.sections.decisions import COLUMNS, due_on
from analysis.reporting.sections.summary import decision_item

TITLE, KICKER = "Account review", "Customer"
# Of a page for a call as of a page of the report: seven of the items, and no more.
SHOWN = 7
CARDS = (
    "account_open_balance",
    "account_overdue",
    "account_days_late",
    "account_index",
    "account_limit_use",
    "account_chance",
    "account_loss",
    "account_promises_broken",
)


def review_of(opened: Opened, customer_id: str, *, expected: ExpectedDays | None = None) -> AccountReview:
    """The customer looked at from all sides, with all customers assessed as the report assesses them."""
    history = history_of(opened.snapshot)
    assessed = risk.risk_of(opened)
    return account_review(
        history,
        customer_id,
        assessed=assessed,
        watched=watch_list.watch_of(opened, risk_class=risk.classes_by_mark(assessed)),
        losses=losses.by_customer(losses.losses_of(history)),
        expected=expected,
    )


def hand_over(findings: Findings, review: AccountReview) -> None:
    """Findings of the page: sentences, key figures, what to ask, balance by age, open invoices, and lines of facts."""
    findings.sentence("account_title", account_words.title(review))
    if not review.was_invoiced:
        findings.unavailable("account_items", "it was never invoiced by this date")
        return
    findings.sentence("account_who", account_words.who_sentence(review))
    _numbers(findings, review)
    _asks(findings, review)
    _items(findings, review)
    findings.table("account_facts", account_words.facts(review), caption="What the books say")
    if review.months["own"].notna().sum() > 1:
        names = {"own": "this customer", "all": "all"}
        shown = review.months.rename(columns=names)
        findings.figure(
            "account_days_late_months",
            charts.lines_over_months(shown, unit="days", width="half", height=46.0),
            caption="Average days late of what was paid in the month",
            alt=charts.lines_over_months_alt(shown, unit="days"),
        )
    else:
        findings.unavailable("account_days_late_months", "it paid in fewer than two of thirteen months")


def page(collected: Collected, *, as_of: date) -> dict[str, Any]:
    """The page of one customer; as_of is the day it is about."""
    title = collected.sentences["account_title"]["text"]
    if "account_who" not in collected.sentences:
        reason = collected.unavailable["account_items"]["reason"]
        note: blocks.Block = {"kind": "note", "text": f"Nothing is to be said of this customer: {reason}."}
        return {"kicker": KICKER, "title": title, "blocks": [note]}
    cards = [card(collected, id, as_of=as_of) for id in CARDS if id in collected.numbers]
    told = blocks.table(collected, "account_facts", wide=1, left=["what the books say"])
    course = _age_and_course(collected)
    content: list[blocks.Block] = [
        blocks.lead(collected, "account_who"),
        {"kind": "key_figures", "cards": cards},
        *_wanted(collected),
        *blocks.if_any(_open_items(collected)),
        # without invoices to list the facts have room on the first page
        *([*course, told] if "account_items" in collected.tables else [told, *course]),
    ]
    return {"kicker": KICKER, "title": title, "blocks": content}


def _wanted(collected: Collected) -> list[blocks.Block]:
    """What to ask for and to decide; a line where there is nothing."""
    if "account_asks" not in collected.tables:
        reason = collected.unavailable["account_asks"]["reason"]
        return [{"kind": "note", "text": f"Nothing is to be asked for: {reason}."}]
    table = collected.tables["account_asks"]
    rows = (dict(zip(COLUMNS, row, strict=True)) for row in table["rows"])
    return [{"kind": "decisions", "items": [decision_item(row, currency=table["units"]["amount"]) for row in rows]}]


def _age_and_course(collected: Collected) -> list[blocks.Block]:
    """Balance by age beside the days late by month, as far as there is either."""
    known = [
        block
        for block in (
            blocks.table(collected, "account_ageing", total=True),
            blocks.figure(collected, "account_days_late_months"),
        )
        if block["kind"] != "unavailable"
    ]
    return [{"kind": "row", "blocks": known}] if len(known) > 1 else known


def _open_items(collected: Collected) -> blocks.Block:
    note = collected.sentences["account_items_told"]["text"] if "account_items_told" in collected.sentences else ""
    return blocks.table(collected, "account_items", left=["dispute"], note=note)


def _numbers(findings: Findings, review: AccountReview) -> None:
    """Key figures, each under the definition of the measure that it is of one customer."""
    views, currency = review.views, review.currency
    n_open = int(review.now["open_invoices"])
    for id, column, unit, label, definition in (
        ("account_open_balance", "open_balance", currency, "Open balance", "open_balance"),
        ("account_overdue", "overdue", currency, "Overdue", "overdue"),
        ("account_days_late", "days_late", "days", "Days late, mean of a year", "customer_days_late"),
        ("account_limit_use", "limit_use", "share", "Use of its limit", "limit_use"),
    ):
        value, last_month, last_year = (_known(views.loc[when, column]) for when in views.index)
        if value is not None:
            findings.number(
                id,
                value,
                unit=unit,
                label=label,
                definition=definition,
                last_month=last_month,
                last_year=last_year,
                better="neither" if column == "open_balance" else "lower",
                count=n_open if column == "open_balance" else None,
                no_interval=words.plural(n_open, "open invoice") if column == "open_balance" else "",
            )
    broken = _known(review.now["promises_broken_12m"])
    if broken is not None:
        findings.number(
            "account_promises_broken",
            int(broken),
            unit="count",
            label="Promises broken in twelve months",
            definition="promises_broken",
            better="lower",
            no_interval=f"of {words.count(review.now['promises_12m'])} given" if review.now["promises_12m"] else "",
        )
    index = review.index
    if not math.isnan(index["index"]):
        findings.number(
            "account_index",
            float(index["index"]),
            unit="ratio",
            label="Payment index (80: on terms)",
            definition="payment_index",
            low=float(index["low"]),
            high=float(index["high"]),
            better="higher",
            count=int(index["invoices"]),
        )
    if review.risk is not None:
        findings.number(
            "account_chance",
            float(review.risk["chance"]),
            unit="share",
            label=f"Chance of severe delinquency, class {review.risk['risk_class']:.0f} of 5",
            definition="severe_chance",
            low=float(review.risk["low"]),
            high=float(review.risk["high"]),
            better="lower",
        )
    if not math.isnan(review.loss):
        findings.number(
            "account_loss",
            review.loss,
            unit=currency,
            label="Expected loss",
            definition="expected_credit_loss",
            better="lower",
        )


def _asks(findings: Findings, review: AccountReview) -> None:
    wanted = asks(review)
    if not wanted:
        findings.unavailable("account_asks", NOTHING_SOON if len(review.items) else "nothing is open")
        return
    rows = [
        (one.wanted, one.why, one.amount, one.owner, _due(review, one.working_days), one.rests_on) for one in wanted
    ]
    units = {"amount": review.currency, "due": "date"}
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    findings.table("account_asks", table, caption="Decisions wanted", units=units)


def _items(findings: Findings, review: AccountReview) -> None:
    """Balance by age, and the open invoices that matter most, with when they may be paid."""
    items, currency = review.items, review.currency
    if items.empty:
        findings.unavailable("account_ageing", "nothing is open")
        findings.unavailable("account_items", "nothing is open")
        return
    buckets = review.buckets[(review.buckets > 0) | (review.buckets.index != "no due date")]
    owed = float(buckets.sum())
    amounts = [*buckets.to_numpy(), owed]
    ages = pd.DataFrame(
        {"days past due": [*buckets.index, "total"], "open": amounts, "share": np.divide(amounts, owed)}
    )
    units = {"open": currency, "share": "share"}
    findings.table("account_ageing", ages, caption="Balance by days past due", units=units)
    shown = most_pressing(items, most=SHOWN)
    table = pd.DataFrame(
        {
            "invoice": [words.printable(str(id)) for id in shown.index],
            "due": shown["due_on"].dt.strftime("%Y-%m-%d"),
            "days late": shown["days_past_due"].map(_late),
            "balance": [
                f"{currency}{words.GAP}{words.fixed(balance, 2)}"
                for currency, balance in zip(shown["currency"], shown["balance"], strict=True)
            ],
            "expected": [account_words.in_days(review, days) for days in shown["median_day"].fillna(math.inf)],
            "90% by": [account_words.in_days(review, days) for days in shown["high_day"].fillna(math.inf)],
            "never": shown["never"],
            "dispute": shown["reason"].where(shown["disputed_on"].notna()).fillna(""),
        }
    )
    if not table["dispute"].any():
        table = table.drop(columns="dispute")
    findings.table(
        "account_items",
        table.reset_index(drop=True),
        caption="Open invoices" if len(shown) == len(items) else f"{SHOWN} of {len(items)} open invoices",
        units={"due": "date", "never": "share"},
    )
    findings.sentence("account_items_told", _told_of_items(review, shown))


def _late(days: float) -> str:
    """Days past due as they stand in a table."""
    return words.DASH if math.isnan(days) else words.count(days) if days > 0 else "not due"


def most_pressing(items: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """The oldest invoice past due and the largest of the others, those past due before all else; oldest first."""
    late = items["days_past_due"] > 0
    order = items.assign(_late=late, _id=items.index).sort_values(
        ["_late", "value", "_id"], ascending=[False, False, True]
    )
    kept = [*items.index[late][:1], *[id for id in order.index if id not in items.index[late][:1]]][:most]
    return items[items.index.isin(kept)]


def _told_of_items(review: AccountReview, shown: pd.DataFrame) -> str:
    part = math.fsum(shown["value"]) / math.fsum(review.items["value"])
    which = "" if len(shown) == len(review.items) else (
        f"Shown are the oldest and the largest, those past due first: {words.share(part)} of what is open. "
    )  # fmt: skip
    return (
        f"{which}Expected: the day by which the chance of payment reaches one half; 90% by: nine tenths; never: the "
        f"chance never to be paid. The forecaster is {review.expected.name}{review.expected.standing}."
    )


def _due(review: AccountReview, working_days: int) -> str:
    return due_on(review.on, working_days=working_days).isoformat()


def _known(value: Any) -> float | None:
    """A figure of the view; None where it is not known."""
    return None if pd.isna(value) else float(value)
