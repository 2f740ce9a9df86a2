"""Who are our customers as payers? Segments, what they cost, why so many, and who moved."""

from __future__ import annotations

import math

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.ratio import ratio
from analysis.models.before_after import BeforeAfter
from analysis.models.migration import Migration
from analysis.models.segment_number import STABILITY_MINIMUM
from analysis.models.segments import PayerSegments
from analysis.reporting import blocks, charts, words
from analysis.reporting.charts_segments import (
    migration_heat,
    migration_heat_alt,
    segment_numbers,
    segment_numbers_alt,
)
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import segment_words
from analysis.reporting.style import PageFigure

TITLE = "Who are our customers as payers?"
PROFILE_COLUMNS = [
    *("segment", "customers", "open", "of the book", "days late", "days late, 95%"),
    *("half settled by day", "lost", "lost, 95%"),
]
PROFILE_NOTE = (
    "Days late: mean over customers, invoices due in twelve months, open ones counted. Lost: written off within a "
    "year, of what the customers of the segment of a year ago owed and bought. A dash: too few customers."
)
RULES_NOTE = "Caught: customers of the segment who meet the rule. Right: customers who meet the rule and belong to it."


def profile_table(found: PayerSegments) -> pd.DataFrame:
    """What each segment is and costs, one row per segment; intervals in words."""
    if found.profile.empty:
        return pd.DataFrame(columns=PROFILE_COLUMNS)
    rows = found.profile
    columns = [
        rows["customers"],
        rows["open_balance"],
        rows["exposure"],
        rows["days_late"],
        _intervals(rows["days_late_low"], rows["days_late_high"], unit="days"),
        rows["median"].replace(math.inf, math.nan),
        rows["loss_rate"],
        _intervals(rows["loss_low"], rows["loss_high"], unit="share"),
    ]
    return pd.concat(columns, axis=1, keys=PROFILE_COLUMNS[1:]).reset_index()


def _intervals(low: pd.Series[float], high: pd.Series[float], *, unit: str) -> pd.Series[str]:
    """Both ends in words without their unit, which the heading has; a dash where there is none."""
    told = [
        words.DASH
        if math.isnan(a) or math.isnan(b)
        else words.interval(a, b, unit=unit).removesuffix("days").replace("%", "").strip()
        for a, b in zip(low, high, strict=True)
    ]
    return pd.Series(told, index=low.index, dtype=object)


def rules_table(found: PayerSegments, *, currency: str) -> pd.DataFrame:
    """The rule of each segment with how many it catches and how often it is right."""
    rows = [
        {
            "segment": found.names[number],
            "rule": segment_words.rule_in_words(rule, currency=currency),
            "caught": rule.caught,
            "right": rule.right,
        }
        for number, rule in found.rules.items()
    ]
    return pd.DataFrame(rows, columns=["segment", "rule", "caught", "right"])


def numbers_table(found: PayerSegments) -> pd.DataFrame:
    """Each number of segments with its stability and what it foretold; empty where nobody can be judged."""
    if found.number is None:
        return pd.DataFrame()
    return found.number.table.rename(columns=lambda column: column.replace("_", " ")).reset_index()


def numbers_chart(found: PayerSegments) -> PageFigure | None:
    """Whether finer segmentation pays; None where there was no choice."""
    number = found.number
    if number is None or len(number.table) < 2 or number.table["gain"].isna().all():
        return None
    return segment_numbers(number.table, number.references, chosen=number.chosen, needed=STABILITY_MINIMUM)


def curves_chart(found: PayerSegments) -> PageFigure | None:
    """The curve of each segment with enough customers; None without any."""
    curves = [found.curves[name] for name in found.names.values() if name in found.curves]
    return charts.payment_curves(curves) if curves else None


def moves_chart(moves: Migration | None) -> PageFigure | None:
    """The migration matrix in customers; None where the books do not reach back."""
    if moves is None:
        return None
    drawn = migration_heat(moves.counts, **_days(moves)).get_figure(root=True)
    return drawn if isinstance(drawn, PageFigure) else None


def moves_table(moves: Migration | None, *, amounts: bool = False) -> pd.DataFrame:
    """The migration matrix with its totals, in customers or in what they owe now."""
    if moves is None:
        return pd.DataFrame()
    table = (moves.amounts if amounts else moves.counts).copy()
    table["All"] = table.sum(axis=1)
    table.loc["All"] = table.sum()
    return table.rename_axis("before").reset_index()


def change_table(found: BeforeAfter | None) -> pd.DataFrame:
    """Change of days late by segment, before and after a date; as ``charts.interval_dots`` wants it."""
    if found is None:
        return pd.DataFrame(columns=["label", "customers", "value", "low", "high", "moved"])
    table = found.table.rename(columns={"change": "value"}).rename_axis("label").reset_index()
    return table[["label", "customers", "value", "low", "high", "moved"]]


def change_chart(found: BeforeAfter | None) -> PageFigure | None:
    """The change of days late by segment; None where nothing can be compared."""
    shown = change_table(found).dropna(subset=["value"])
    if shown.empty:
        return None
    drawn = charts.interval_dots(shown, unit="days", reference=0.0).get_figure(root=True)
    return drawn if isinstance(drawn, PageFigure) else None


def hand_over(findings: Findings, opened: Opened, found: PayerSegments, *, change: BeforeAfter | None) -> None:
    """Findings of notebook 4: the segments, the choice of their number, and who moved; and their frozen table."""
    currency = opened.company.currency
    findings.frozen("segments", found.frame())
    findings.sentence("payer_segments_told", segment_words.payers_sentence(found))
    if found.fit is None:
        findings.unavailable("payer_segments", segment_words.NOBODY)
        return
    _numbers(findings, found)
    units = {"customers": "count", "open": currency, **dict.fromkeys(["of the book", "lost", "lost, 95%"], "share")}
    units |= dict.fromkeys(["days late", "days late, 95%", "half settled by day"], "days")
    findings.table("payer_segments", profile_table(found), caption="Segments of payers", units=units)
    rules = rules_table(found, currency=currency)
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
    content = [
        blocks.lead(collected, *(id for id in ("payer_number_told", "payer_stability_told") if _told(collected, id))),
        blocks.table(collected, "payer_segments", note=PROFILE_NOTE),
        blocks.figure(collected, "payer_curves"),
    ]
    if "payer_rules" in collected.tables:
        content.append(blocks.table(collected, "payer_rules", left=["rule"], wide=1, note=RULES_NOTE))
    if "payer_numbers" in collected.figures:
        content += [
            {"kind": "section", "title": "Does finer segmentation pay?"},
            blocks.figure(collected, "payer_numbers"),
        ]
    return {
        "kicker": "Segments",
        "title": collected.sentences["payer_segments_told"]["text"].removesuffix("."),
        "blocks": [*content, *migration_blocks(collected)],
    }


def migration_blocks(collected: Collected) -> list[dict[str, object]]:
    """Who moved, for this page or that of the watch list; nothing where the books do not reach back."""
    told = [id for id in ("payer_month_told", "payer_year_told", "payer_change_told") if _told(collected, id)]
    if "payer_moves" not in collected.figures:
        return []
    return [
        {"kind": "section", "title": "Who changed"},
        blocks.lead(collected, *told),
        blocks.figure(collected, "payer_moves"),
        blocks.table(collected, "payer_year_amounts", total=True),
    ]


def _told(collected: Collected, id: str) -> bool:
    return id in collected.sentences


def _days(moves: Migration) -> dict[str, str]:
    return {"before": words.day(moves.before, short=True), "now": words.day(moves.now, short=True)}


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
    numbers, number = numbers_chart(found), found.number
    if numbers is not None and number is not None:
        alt = segment_numbers_alt(number.table, number.references, chosen=number.chosen)
        findings.figure("payer_numbers", numbers, caption="Number of segments: foresight and stability", alt=alt)
    else:
        findings.unavailable("payer_numbers", "the books hold too few customers, or no year before, to compare numbers")
    drawn = curves_chart(found)
    if drawn is None:
        findings.unavailable("payer_curves", "no segment has customers and invoices enough for a curve")
        return
    curves = [found.curves[name] for name in found.names.values() if name in found.curves]
    caption = "Share still open by days since issue, by segment"
    findings.figure("payer_curves", drawn, caption=caption, alt=charts.payment_curves_alt(curves))


def _moves(findings: Findings, found: PayerSegments, *, currency: str) -> None:
    """Migration since last month and last year: the year as a matrix, both in a sentence and as tables."""
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
        for kind, is_money in (("counts", False), ("amounts", True)):
            table = moves_table(moves, amounts=is_money)
            units = dict.fromkeys(table.columns[1:], currency if is_money else "count")
            what = "What customers owe, by segment" if is_money else "Customers, by segment"
            caption = f"{what} on {words.day(moves.before)} (rows) and now"
            findings.table(f"payer_{period}_{kind}", table, caption=caption, units=units)
    if found.year is not None:
        matrix = moves_chart(found.year)
        if matrix is not None:
            alt = migration_heat_alt(found.year.counts, **_days(found.year))
            findings.figure("payer_moves", matrix, caption="Who moved since a year ago", alt=alt)
