"""What should management know? Page 1: five sentences, eight figures, and the decisions wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.reporting import blocks, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected

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


def headline(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """What happened to the balance and to its overdue part, as the title of the report.

    The balance moved where its printed figure did, the share where the difference does not round to nothing.
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
    balance = f"Receivables {_verb(moved)} {'to' if moved else 'at'} {amount}"
    turned = words.change(late["value"], late["last_month"], unit="share").direction
    step = {"up": 1.0, "down": -1.0, "flat": 0.0}[turned]
    by = f"by {words.points(abs(late['value'] - late['last_month']))} to" if step else "at"
    if moved * step > 0 or moved == step == 0:
        return f"{balance} and the overdue share {by} {share}"
    return f"{balance}{', while' if step else ';'} the overdue share {_verb(step)} {by} {share}"


def owed_sentence(numbers: Mapping[str, Mapping[str, Any]], *, as_of: date) -> str:
    """How much is owed, how it moved, and how much of it is late."""
    owed, late = numbers["receivables"], numbers["overdue"]
    unit = owed["unit"]
    amount = words.money(abs(owed["value"]), currency=unit)
    if owed["value"] < 0:
        text = f"On {words.day(as_of)} customers' credits exceeded open invoices by {amount}"
    else:
        text = f"On {words.day(as_of)} customers owed {amount if owed['value'] else 'nothing'}"
        against = [
            f"{_compared(owed['value'] - owed[key], unit)} a {period} before"
            for key, period in (("last_month", "month"), ("last_year", "year"))
            if owed[key] is not None
        ]
        text += f", {words.listing(against)}" if against else ""
    overdue = words.money(late["value"], currency=unit) if late["value"] else "nothing"
    return f"{text}; {overdue} was past due."


def _verb(moved: float) -> str:
    return "rose" if moved > 0 else "fell" if moved < 0 else "stayed"


def _compared(moved: float, currency: str) -> str:
    if abs(moved) < 0.005:
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


def decisions(collected: Collected, *, currency: str, naming: bool = True) -> pd.DataFrame:
    """What is wanted of whom, by when: one row for each rule that the figures of this month meet.

    Customers are named, or counted where ``naming`` is off.
    """
    wanted: list[tuple[str, str, str]] = []
    overdue = collected.tables.get("top_overdue", {"rows": []})["rows"][:3]
    if overdue:
        names = words.listing([words.shortened(words.printable(str(row[1])), most=40) for row in overdue])
        if not naming:
            names = "the most overdue customer" if len(overdue) == 1 else f"the {len(overdue)} most overdue customers"
        total = words.money(sum(float(row[3]) for row in overdue), currency=currency)
        together = "together " if len(overdue) > 1 else ""
        wanted.append((f"Call {names}: {together}{total} past due", "Credit manager", "this week"))
    old = collected.numbers["over_90_share"]
    amount = old["inputs"].get("over_90") or 0.0
    if amount > 0:
        text = f"Collect, provide for or write off {words.money(amount, currency=currency)} more than 90 days past due"
        wanted.append((text, "Finance director", "before the close"))
    unapplied = collected.numbers["unapplied"]["value"] or 0.0
    if unapplied > 0:
        text = f"Match {words.money(unapplied, currency=currency)} of cash and credits that name no invoice"
        wanted.append((text, "Accounts receivable", "before the close"))
    kept = int(collected.numbers["quarantined_rows"]["value"] or 0)
    if kept:
        wanted.append(
            (f"Mend {words.plural(kept, 'row')} kept out of the figures", "Accounts receivable", "next export")
        )
    return pd.DataFrame(wanted, columns=["wanted", "owner", "due"])


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
        decisions(collected, currency=currency),
        caption="Decisions wanted",
        names=["wanted"],
        nameless=decisions(collected, currency=currency, naming=False),
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
    open_items_only = "time_to_payment" in collected.unavailable
    past = ["roll_forward_told"] if open_items_only else ["median_told", "days_told"]
    content: list[blocks.Block] = [
        blocks.lead(collected, "owed_told", *past, "debtors_told", "tie_told"),
        {"kind": "key_figures", "cards": [blocks.card(collected, id, as_of=as_of) for id in CARDS]},
    ]
    rows = collected.tables["decisions"]["rows"]
    if rows:
        items = [{"wanted": wanted, "owner": owner, "due": due} for wanted, owner, due in rows]
        content.append({"kind": "decisions", "items": items})
    said = [collected.sentences[id]["text"] for id in ("age_told", "checks_told")]
    content.append({"kind": "note", "text": " ".join(said)})
    return {"kicker": "Summary", "title": collected.sentences["headline"]["text"], "blocks": content}
