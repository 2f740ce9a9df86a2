"""What should management know? Page 1: five sentences, eight figures, and the decisions wanted."""

from __future__ import annotations

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
    """What happened to the balance and to its overdue part, as the title of the report."""
    owed, late = numbers["receivables"], numbers["overdue_share"]
    currency = owed["unit"]
    standing = f"receivables stand at {words.money(owed['value'], currency=currency)}"
    if late["value"] is None:
        return _capital(standing)
    share = words.share(late["value"])
    if owed["last_month"] is None or late["last_month"] is None:
        return _capital(f"{standing}, {share} of open invoices past due")
    balance = words.change(owed["value"], owed["last_month"], unit=currency)
    overdue = words.change(late["value"], late["last_month"], unit="share")
    verbs = {"up": "rose", "down": "fell", "flat": "hardly moved"}
    by = words.points(abs(late["value"] - late["last_month"]))
    said = f"to {share}" if overdue.direction == "flat" else f"by {by} to {share}"
    first = f"receivables {verbs[balance.direction]}"
    first += " at " if balance.direction == "flat" else " to "
    first += words.money(owed["value"], currency=currency)
    second = f"the overdue share {verbs[overdue.direction]} {said}".replace("moved to", "moved at")
    joint = (
        "and" if balance.direction == overdue.direction or "flat" in (balance.direction, overdue.direction) else "while"
    )
    return _capital(f"{first} {joint} {second}")


def owed_sentence(numbers: Mapping[str, Mapping[str, Any]], *, as_of: date) -> str:
    """How much is owed, how it moved, and how much of it is late."""
    owed, late = numbers["receivables"], numbers["overdue"]
    text = f"On {words.day(as_of)} customers owed {words.money(owed['value'], currency=owed['unit'])}"
    if owed["last_month"] is not None:
        moved = owed["value"] - owed["last_month"]
        side = "more" if moved > 0 else "less"
        text += f", {words.money(abs(moved), currency=owed['unit'])} {side} than a month before"
    if owed["last_year"] is not None:
        moved = owed["value"] - owed["last_year"]
        side = "more" if moved > 0 else "less"
        text += f" and {words.money(abs(moved), currency=owed['unit'])} {side} than a year before"
    return f"{text}; {words.money(late['value'], currency=owed['unit'])} is past due."


def age_sentence(opened: Opened) -> str:
    """How old the data are: the last booking, and how many invoices they hold."""
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
    number = int(items.count().execute())
    if last is None:
        return "The books hold nothing up to this date."
    days = (pd.Timestamp(snapshot.as_of) - last).days
    behind = "on the day itself" if days == 0 else f"{words.plural(days, 'day')} before"
    return f"{words.plural(number, 'invoice')} known by {words.day(snapshot.known_by)}; the last booking is {behind}."


def decisions(collected: Collected, *, currency: str) -> pd.DataFrame:
    """What is wanted of whom, by when: one row for each rule that the figures of this month meet."""
    wanted: list[tuple[str, str, str]] = []
    overdue = collected.tables.get("top_overdue", {"rows": []})["rows"][:3]
    if overdue:
        names = words.listing([words.shortened(words.printable(str(row[1])), most=40) for row in overdue])
        total = words.money(sum(float(row[3]) for row in overdue), currency=currency)
        wanted.append((f"Call {names}: together {total} past due", "Credit manager", "this week"))
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
    findings.table("decisions", decisions(collected, currency=opened.company.currency), caption="Decisions wanted")
    for id in CARDS:
        history = [float("nan") if value is None else value for value in numbers[id]["history"] or []]
        if len(history) > 2:
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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
