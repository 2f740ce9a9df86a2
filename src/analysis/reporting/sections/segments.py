"""Who are our customers as payers? Segments, what they cost, why so many, and who moved."""

from __future__ import annotations

import math

from analysis.ledger.opening import Opened
from analysis.measures.ratio import ratio
from analysis.models.before_after import BeforeAfter
from analysis.models.segments import PayerSegments
from analysis.reporting import blocks, charts, words
from analysis.reporting.charts_segments import migration_heat_alt, segment_numbers_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import segment_words, segments_shown
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

TITLE = "Who are our customers as payers?"
PROFILE_NOTE = (
    "Days late: mean over customers, invoices due in twelve months, open ones counted. Half by day: of the invoices of "
    "twelve months, days since issue. Lost: written off within a year, of what the customers of the segment of a year "
    "ago owed and bought. A dash: too few customers."
)
RULES_NOTE = "Caught: customers of the segment who meet the rule. Right: customers who meet the rule and belong to it."


def hand_over(findings: Findings, opened: Opened, found: PayerSegments, *, change: BeforeAfter | None) -> None:
    """Findings of notebook 4: the segments, the choice of their number, and who moved; and their frozen table."""
    currency = opened.company.currency
    findings.frozen("segments", found.frame())
    if opened.snapshot.open_items_only:
        findings.sentence("payer_segments_told", f"Who the customers are as payers cannot be said: {OPEN_ITEMS_ONLY}.")
        findings.unavailable("payer_segments", OPEN_ITEMS_ONLY)
        return
    findings.sentence("payer_segments_told", segment_words.payers_sentence(found))
    if found.fit is None:
        findings.unavailable("payer_segments", segment_words.NOBODY)
        return
    _numbers(findings, found)
    units = {"customers": "count", "open": currency, **dict.fromkeys(["of the book", "lost", "lost, 95%"], "share")}
    units |= dict.fromkeys(["days late", "late, 95%", "half by day"], "days")
    findings.table("payer_segments", segments_shown.profile_table(found), caption="Segments of payers", units=units)
    rules = segments_shown.rules_table(found, currency=currency)
    if len(rules):
        shares = {"caught": "share", "right": "share"}
        findings.table("payer_rules", rules, caption="One rule for each segment", units=shares)
    _figures(findings, found)
    _moves(findings, found, currency=currency)
    findings.sentence("payer_change_told", segment_words.change_sentence(change))
    for id, text in (
        ("payer_number_told", segment_words.number_sentence(found)),
        ("payer_stability_told", segment_words.stability_sentence(found)),
    ):
        if text:
            findings.sentence(id, text)


def page(collected: Collected) -> dict[str, object]:
    """A page of its own: who the customers are as payers."""
    if "payer_segments" not in collected.tables:
        reason = blocks.unavailable(collected, "payer_segments")["reason"]
        return {"kicker": "Segments", "title": TITLE, "unavailable": reason}
    content = [blocks.table(collected, "payer_segments", note=PROFILE_NOTE)]
    content += migration_blocks(collected)
    return {
        "kicker": "Segments",
        "title": collected.sentences["payer_segments_told"]["text"].removesuffix("."),
        "blocks": [block for block in content if block.get("sentences") != []],
    }


def detail(collected: Collected) -> list[dict[str, object]]:
    """Blocks of the appendix: why so many segments, and how each pays."""
    if "payer_segments" not in collected.tables:
        return []
    content = []
    if "payer_rules" in collected.tables:
        content.append(blocks.table(collected, "payer_rules", left=["rule"], wide=1, note=RULES_NOTE))
    content += [
        {"kind": "section", "title": "Does finer segmentation pay?"},
        blocks.lead(collected, "payer_number_told", "payer_stability_told"),
        *blocks.if_any(blocks.figure(collected, "payer_numbers")),
        *blocks.if_any(blocks.figure(collected, "payer_curves")),
        *blocks.if_any(blocks.table(collected, "payer_year_amounts", total=True)),
    ]
    return [block for block in content if block.get("sentences") != []]


def migration_blocks(collected: Collected) -> list[dict[str, object]]:
    """Who moved, for this page or that of the watch list; nothing where the books do not reach back."""
    told = blocks.lead(collected, "payer_month_told", "payer_year_told", "payer_change_told")
    if not told["sentences"]:
        return []
    return [
        {"kind": "section", "title": "Who changed"},
        told,
        *blocks.if_any(blocks.figure(collected, "payer_moves")),
    ]


def _numbers(findings: Findings, found: PayerSegments) -> None:
    number, fit = found.number, found.fit
    chosen = fit.number if fit is not None else 0
    judged = int((found.customers["segment"] > 0).sum())
    findings.number(
        "payer_segments_number",
        chosen,
        unit="count",
        label="Segments of payers",
        definition="payer_segment",
        count=judged,
        inputs={"customers": float(len(found.customers)), "customers with history": float(judged)},
    )
    if number is not None:
        row = number.table.loc[number.chosen]
        for id, column, label in (("stability", "stability", "Stability of segments"), ("gain", "gain", "Foretold")):
            value = float(row[column])
            unit = "ratio" if id == "stability" else "share"
            findings.number(
                f"payer_{id}", value, unit=unit, label=label, definition=f"segment_{id}", better="higher", count=judged
            )
    if not math.isnan(found.refit_agreement):
        findings.number(
            "payer_agreement",
            found.refit_agreement,
            unit="ratio",
            label="Agreement with last month's segments",
            definition="segment_agreement",
            better="higher",
        )


def _figures(findings: Findings, found: PayerSegments) -> None:
    numbers, number = segments_shown.numbers_chart(found), found.number
    if numbers is not None and number is not None:
        alt = segment_numbers_alt(number.table, number.references, chosen=number.chosen)
        findings.figure("payer_numbers", numbers, caption="Number of segments: foresight and stability", alt=alt)
    else:
        findings.unavailable("payer_numbers", "the books hold too few customers, or no year before, to compare numbers")
    drawn = segments_shown.curves_chart(found)
    if drawn is None:
        findings.unavailable("payer_curves", "no segment has customers and invoices enough for a curve")
        return
    curves = [found.curves[name] for name in found.names.values() if name in found.curves]
    caption = "Share still open by days since issue, by segment"
    findings.figure("payer_curves", drawn, caption=caption, alt=charts.payment_curves_alt(curves))


def _moves(findings: Findings, found: PayerSegments, *, currency: str) -> None:
    """Migration since last month and last year: the year as a matrix, both in a sentence and as tables."""
    if found.fit is not None and found.fit.number == 1:
        findings.unavailable("payer_moves", "there is one kind of payers, so nobody can change")
        return
    for period, moves in (("month", found.month), ("year", found.year)):
        if moves is None:
            findings.unavailable(f"payer_{period}_amounts", f"the books hold no customer a {period} ago")
            continue
        if moves.judged_twice:
            share = ratio(moves.moved, moves.judged_twice)
            label = f"Customers who changed segment in a {period}"
            findings.number(
                f"payer_{period}_moved",
                share,
                unit="share",
                label=label,
                definition="segment_moves",
                count=moves.judged_twice,
                inputs={"moved": float(moves.moved), "judged on both days": float(moves.judged_twice)},
            )
        findings.sentence(f"payer_{period}_told", segment_words.moves_sentence(moves, currency=currency))
        tables = {
            "counts": ("Customers, by segment", segments_shown.moves_table(moves), "count"),
            "amounts": ("What customers owe, by segment", segments_shown.amounts_moved(found, moves), currency),
        }
        for kind, (what, table, unit) in tables.items():
            if table.empty:
                findings.unavailable(f"payer_{period}_{kind}", "a segment has too few customers to show what it owes")
                continue
            caption = f"{what} on {words.day(moves.before)} (rows) and now"
            units = dict.fromkeys(table.columns[1:], unit)
            findings.table(f"payer_{period}_{kind}", table, caption=caption, units=units)
    if found.year is not None:
        matrix = segments_shown.moves_chart(found.year)
        if matrix is not None:
            alt = migration_heat_alt(
                found.year.counts,
                before=words.day(found.year.before, short=True),
                now=words.day(found.year.now, short=True),
            )
            findings.figure("payer_moves", matrix, caption="Who moved since a year ago", alt=alt)
