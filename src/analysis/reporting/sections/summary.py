"""What should management know? Page 1: five sentences, eight figures, and the decisions wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.reporting import blocks, cards, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections.decisions import COLUMNS, decisions
from analysis.reporting.sections.headline_words import age_sentence, headline, owed_sentence

SENTENCES = 5
# What page 1 says, in the order of importance; what the books cannot tell gives its place to the next.
_TOLD = (
    *("owed_told", "what_moved_told", "median_told", "cash_told", "losses_told", "debtors_told"),
    *("days_told", "roll_forward_told", "tie_told"),
)
_TOLD_OF_OPEN_ITEMS = ("owed_told", "roll_forward_told", "losses_told", "debtors_told", "tie_told")
_HOW_TO_READ = (
    f"{words.ARROWS['up']} {words.ARROWS['down']} mark a clear change, {words.ARROWS['flat']} one whose interval spans "
    "zero, customers being redrawn."
)
CARDS = (
    "receivables",
    "overdue_share",
    "over_90_share",
    "median_days",
    "dso_countback",
    "days_delinquent",
    "effectiveness",
    "bad_debt_to_sales",
)


def key_figures(collected: Collected) -> pd.DataFrame:
    """The eight key figures as a table: value, interval, month before, year before, target."""
    rows = []
    for id in CARDS:
        number = collected.numbers[id]
        unit = number["unit"]
        said = {
            name: words.DASH if number[name] is None else words.quantity(number[name], unit=unit)
            for name in ("last_month", "last_year", "target")
        }
        value = words.quantity(blocks.value_of(number), unit=unit)
        rows.append(
            {"figure": number["label"], "value": value, "interval": blocks.interval(number) or words.DASH, **said}
        )
    return pd.DataFrame(rows).rename(columns=lambda c: c.replace("_", " "))


def hand_over(findings: Findings, collected: Collected, opened: Opened) -> None:
    """Findings of notebook 9: the headline, the sentences of page 1, decisions and sparklines."""
    numbers, snapshot = collected.numbers, opened.snapshot
    findings.sentence("headline", headline(numbers), uses=["receivables", "overdue_share"])
    findings.sentence("owed_told", owed_sentence(numbers, as_of=snapshot.as_of), uses=["receivables", "overdue"])
    findings.sentence("age_told", age_sentence(opened))
    currency = opened.company.currency
    findings.table(
        "decisions",
        decisions(collected, currency=currency, as_of=snapshot.as_of),
        caption="Decisions wanted",
        units={"amount": currency, "due": "date"},
        names=["wanted"],
        nameless=decisions(collected, currency=currency, as_of=snapshot.as_of, naming=False),
    )
    for id in CARDS:
        history = [math.nan if value is None else value for value in numbers[id]["history"] or []]
        if sum(not math.isnan(value) for value in history) > 2:
            findings.figure(
                f"spark_{id}",
                charts.sparkline(history),
                caption=numbers[id]["label"],
                alt=charts.sparkline_alt(history, unit=numbers[id]["unit"]),
            )


def page(collected: Collected, *, as_of: date) -> dict[str, object]:
    """Page 1: one page to decide."""
    order = _TOLD_OF_OPEN_ITEMS if "time_to_payment" in collected.unavailable else _TOLD
    told = [id for id in order if id in collected.sentences][:SENTENCES]
    content: list[blocks.Block] = [
        blocks.lead(collected, *told),
        {"kind": "key_figures", "cards": [cards.card(collected, id, as_of=as_of) for id in CARDS]},
    ]
    if rows := collected.tables["decisions"]["rows"]:
        currency = collected.tables["decisions"]["units"].get("amount", "")
        items = [decision_item(dict(zip(COLUMNS, row, strict=True)), currency=currency) for row in rows]
        content.append({"kind": "decisions", "items": items})
    ids = ("age_told", "checks_told", *(["tie_told"] if "tie_told" not in told else []))
    said = [_HOW_TO_READ] if any(_change_told(collected.numbers[id]) for id in CARDS) else []
    said += [collected.sentences[id]["text"] for id in ids if id in collected.sentences]
    content.append({"kind": "note", "text": " ".join(said)})
    return {"kicker": "Summary", "title": collected.sentences["headline"]["text"], "blocks": content}


def _change_told(number: Mapping[str, Any]) -> bool:
    return number.get("month_change") is not None or number.get("year_change") is not None


def decision_item(row: Mapping[str, Any], *, currency: str) -> dict[str, str]:
    """A row of :func:`~analysis.reporting.sections.decisions.decisions` as it is printed."""
    return {
        "wanted": row["wanted"],
        "why": row["why"] or "",
        "amount": "" if row["amount"] is None else words.money(row["amount"], currency=currency),
        "owner": row["owner"],
        "due": words.day(date.fromisoformat(row["due"]), short=True),
    }
