"""Who is to be watched? The list with its reasons, how earlier alerts turned out, drift and migration."""

from __future__ import annotations

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.history import day_of, history_of
from analysis.models.watch import SHOWN_MONTHS, Watch, watch, watch_marks
from analysis.reporting import blocks, charts_watch, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import watch_shown, watch_words
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

SHOWN = 7
TOO_SHORT = "the books hold fewer than two month ends, so nobody can have come or left"
NO_ALERT = "no alert of earlier months is old enough to be judged"
_LISTED = 1_000


def why_not(opened: Opened) -> str:
    """Why these books allow no watch list; blank where they do."""
    if opened.snapshot.open_items_only:
        return OPEN_ITEMS_ONLY
    return "" if len(watch_marks(history_of(opened.snapshot))) > 1 else TOO_SHORT


def watch_of(opened: Opened, *, risk_class: pd.Series | None = None) -> Watch | None:
    """The watch as of the snapshot's day; None where :func:`why_not` says why there is none.

    ``risk_class``: classes 1 to 5 by ``mark`` and ``customer_id``, where they were assessed.
    """
    return None if why_not(opened) else watch(history_of(opened.snapshot), risk_class=risk_class)


def told(opened: Opened, watched: Watch | None) -> dict[str, str]:
    """The sentences of the page by their ids; where there is no list, one that says why."""
    if watched is None:
        return {"watch_told": "Who is to be watched cannot be said: " + why_not(opened) + "."}
    currency, minimum = opened.company.currency, opened.company.policy.group_minimum
    said = {
        "watch_told": watch_words.title(watched.watched, currency=currency),
        "watch_reasons_told": watch_words.list_sentence(watched.watched, watched.book),
        "watch_missing_told": watch_words.missing_sentence(watched.watched),
        "alerts_told": watch_words.alerts_sentence(watched.record, minimum=minimum),
        "drift_told": watch_words.drift_sentence(watched.drift, last=watched.last),
        "migration_told": watch_words.migration_sentence(watched.moved),
    }
    return {id: text for id, text in said.items() if text}


def hand_over(findings: Findings, opened: Opened, watched: Watch | None) -> None:
    """Findings of the watch: numbers, sentences, lists, how alerts turned out, and the migration."""
    for id, text in told(opened, watched).items():
        findings.sentence(id, text, uses=_USES.get(id, ()) if watched else ())
    if watched is None:
        findings.unavailable("watch_list", why_not(opened))
        return
    currency, minimum = opened.company.currency, opened.company.policy.group_minimum
    _numbers(findings, watched, currency=currency, minimum=minimum)
    _tables(findings, watched, currency=currency, minimum=minimum)
    sloped = watch_shown.slopes(opened, watched)
    if sloped is None:
        findings.unavailable("lateness_slopes", "nothing is owed")
    else:
        alt = charts_watch.slopes_alt(**watch_shown.sloped(opened, watched))
        findings.figure("lateness_slopes", sloped, caption="Owed, by the oldest item of the customer", alt=alt)


_USES = {
    "watch_told": ("watch_listed", "watch_exposure"),
    "watch_reasons_told": ("watch_exposure",),
    "alerts_told": ("alert_precision", "alert_recall"),
    "drift_told": ("drifting_customers", "drift_alarms"),
}


def _numbers(findings: Findings, watched: Watch, *, currency: str, minimum: int) -> None:
    counts, states = watched.watched.counts(), watched.watched.states
    exposure = states["open_balance"].where(states["on_list"], 0.0).groupby(level="mark").sum()
    for id, series, unit, label, definition in (
        ("watch_listed", counts["on_list"], "count", "Customers on the watch list", "watch_list_customers"),
        ("watch_exposure", exposure, currency, "Owed by customers on the watch list", "watch_list_exposure"),
    ):
        values = [float(value) for value in series]
        findings.number(
            id,
            values[-1],
            unit=unit,
            label=label,
            definition=definition,
            last_month=values[-2],
            last_year=values[-SHOWN_MONTHS] if len(values) >= SHOWN_MONTHS else None,
            better="lower",
            history=values[-SHOWN_MONTHS:],
        )
    record = watched.record
    for id, share, label, definition in (
        ("alert_precision", record.precision, "Alerts that came true", "alert_precision"),
        ("alert_recall", record.recall, "Trouble foreseen", "alert_recall"),
    ):
        known = share.customers >= minimum
        findings.number(
            id,
            share.value if known else None,
            unit="share",
            label=label,
            definition=definition,
            low=share.low if known else None,
            high=share.high if known else None,
            better="higher",
            count=share.of,
            inputs={
                "count": float(share.count),
                "of": float(share.of),
                "customers": float(share.customers),
                "others": record.others.value,
            },
        )
    lead = record.median_lead_months
    findings.number(
        "alert_lead", lead, unit="ratio", label="Months of warning", definition="alert_lead", better="higher"
    )
    drifting = watched.drift.standing(watched.last)
    year = watched.watched.marks[-min(len(watched.watched.marks), watch_words.YEAR_MONTHS)]
    raised, expected = watched.drift.alarms_since(year)
    findings.number(
        "drifting_customers",
        float(len(drifting)),
        unit="count",
        label="Customers that pay later than they used to",
        definition="drifting_customers",
        better="lower",
    )
    findings.number(
        "drift_alarms",
        float(raised),
        unit="count",
        label="Alarms of drift in twelve months",
        definition="drift_alarms",
        inputs={
            "expected_by_chance": expected,
            "rate": watched.drift.stated_rate,
            "threshold": watched.drift.threshold,
        },
    )


def _tables(findings: Findings, watched: Watch, *, currency: str, minimum: int) -> None:
    units = {"since": "date", "open": currency, "overdue": currency}
    whole = watch_shown.listed(watched)
    captions = {"in": "Came on the watch list", "stayed": "Stay on the watch list", "out": "Left the watch list"}
    absent = {"in": "nobody came on the list", "stayed": "nobody stayed on the list", "out": "nobody left the list"}
    for status, caption in captions.items():
        rows = whole[whole["status"] == status].drop(columns=["status", "number"])
        id = f"watch_{status}"
        if rows.empty:
            findings.unavailable(id, absent[status])
            continue
        more = "" if len(rows) <= SHOWN else f", the {SHOWN} largest of {len(rows)}"
        if status == "stayed":
            more += f"; lists begin on {words.day(day_of(watched.watched.marks[0]), short=True)}"
        findings.table(id, rows.head(SHOWN), caption=caption + more, units=units, names=["name"])
    if whole.empty:
        findings.unavailable("watch_all", "the list is empty")
    else:
        largest = whole.sort_values(["open", "number"], ascending=[False, True], kind="stable").head(_LISTED)
        rows, caption = largest.drop(columns="number"), "The watch list, by balance"
        findings.table("watch_all", rows, caption=caption, units=units, names=["name"])
    alerts = watch_shown.alerts_page_table(watched, minimum=minimum)
    if alerts.empty:
        findings.unavailable("alerts_by_reason", NO_ALERT)
    else:
        units = dict.fromkeys(alerts.columns[3:], "share")
        caption = "Earlier alerts, with intervals over customers"
        findings.table("alerts_by_reason", alerts, caption=caption, units=units)
    findings.table(
        "lateness_migration", watch_shown.migration_table(watched), caption="Customers by oldest item, before and now"
    )


def page(collected: Collected) -> dict[str, object]:
    """Page 7: the watch list, how earlier alerts turned out, and whether yesterday's forecasts still hold."""
    if "watch_list" in collected.unavailable or "watch_told" not in collected.sentences:
        reason = blocks.unavailable(collected, "watch_list")["reason"]
        return {"kicker": "Watch list", "title": "Who is to be watched?", "unavailable": reason}
    content = [
        blocks.lead(collected, "watch_reasons_told", "watch_missing_told"),
        *_lists(collected, "watch_in"),
        {"kind": "section", "title": "How earlier alerts turned out"},
        blocks.lead(collected, "alerts_told", "migration_told"),
        *_alerts_and_slopes(collected),
    ]
    return {
        "kicker": "Watch list",
        "title": collected.sentences["watch_told"]["text"].removesuffix("."),
        "blocks": [block for block in content if block.get("sentences") != []],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: who left the list and who stayed on it, and who pays later than it used to."""
    if "watch_told" not in collected.sentences or "watch_list" in collected.unavailable:
        return []
    return [*_lists(collected, "watch_out", "watch_stayed"), blocks.lead(collected, "drift_told")]


def _lists(collected: Collected, *ids: str) -> list[blocks.Block]:
    """Who came, stayed or left; the title says where nobody did."""
    known = [id for id in ids if id in collected.tables]
    return [blocks.table(collected, id, left=["since", "reason"], wide=4) for id in known]


def _alerts_and_slopes(collected: Collected) -> list[blocks.Block]:
    """How alerts turned out beside what is owed by lateness; the one that there is where the other is missing."""
    parts = (blocks.table(collected, "alerts_by_reason"), blocks.figure(collected, "lateness_slopes"))
    known = [block for part in parts for block in blocks.if_any(part)]
    return [{"kind": "row", "blocks": known}] if len(known) > 1 else known
