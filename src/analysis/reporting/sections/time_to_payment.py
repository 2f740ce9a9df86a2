"""When do customers pay? Curves by segment against a year before, and what paid invoices alone would hide."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.headline_intervals import HeadlineInterval
from analysis.models.endings import Endings
from analysis.models.payment_effects import PaymentEffects
from analysis.models.payment_times import PaymentTimes, curves_table
from analysis.reporting import blocks, charts
from analysis.reporting.clear_changes import with_interval
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import endings, payment_effects, payment_words
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

_INDEPENDENCE = "95%, as if invoices were independent; a customer pays many alike, so the doubt is larger."


def _paid_numbers(findings: Findings, paid: pd.DataFrame) -> None:
    took, late = payment_words.weighted(paid)
    number = int(paid["invoices"].sum())
    for id, value, label, definition in (
        ("weighted_days_to_pay", took, "Weighted days to pay, paid invoices", "weighted_days_to_pay"),
        ("average_days_late", late, "Average days late, paid invoices", "average_days_late"),
    ):
        findings.number(id, value, unit="days", label=label, definition=definition, better="lower", count=number)
    told = payment_words.paid_sentence(paid)
    findings.sentence("paid_told", told, uses=["weighted_days_to_pay", "average_days_late"])


def _nothing_settled(findings: Findings) -> None:
    """What is left to say of an extract of open items."""
    findings.unavailable("time_to_payment", OPEN_ITEMS_ONLY)
    findings.sentence("median_told", "When customers pay cannot be said: " + OPEN_ITEMS_ONLY + ".")
    findings.number(
        "median_days", None, unit="days", label="Median days to settle", definition="median_days_to_pay", better="lower"
    )


def hand_over(
    findings: Findings,
    opened: Opened,
    *,
    times: PaymentTimes,
    ends: Endings,
    effects: PaymentEffects,
    pattern: pd.DataFrame,
    paid_only: float,
    paid: pd.DataFrame,
    median_within: HeadlineInterval | None = None,
) -> None:
    """Findings of notebook 3: curves, how invoices end, what goes with slow payment, and what paid ones alone hide.

    ``median_within``: limits of the median and of its changes, from redraws of customers.
    """
    if opened.snapshot.open_items_only:
        _nothing_settled(findings)
        return
    _paid_numbers(findings, paid)
    curve, horizon = times.whole, 120
    medians = [_whole(value) for value in times.medians]
    findings.number(
        "median_days",
        _whole(curve.median_days),
        unit="days",
        label="Median days to settle",
        definition="median_days_to_pay",
        last_month=_or_none(medians[-2]) if len(medians) > 1 else None,
        last_year=_or_none(_whole(times.whole_before.median_days)) if times.whole_before is not None else None,
        better="lower",
        count=curve.n_invoices,
        history=medians,
        inputs={"invoices": float(curve.n_invoices), "settled": float(curve.n_paid)},
        target=opened.company.targets.median_days,
        **_in_whole_days(with_interval(median_within)),
    )
    ninth = curve.quantile(0.9)
    findings.number(
        "ninth_decile_days",
        ninth.value,
        unit="days",
        label="Nine in ten settled by",
        definition="quantile_days_to_pay",
        low=_finite_or_none(ninth.low),
        high=_finite_or_none(ninth.high),
        better="lower",
        count=curve.n_invoices,
    )
    mean = curve.restricted_mean(horizon)
    findings.number(
        "mean_days_within_horizon",
        mean.value,
        unit="days",
        label=f"Mean days open within {horizon} days",
        definition="restricted_mean_days",
        low=_finite_or_none(mean.low),
        high=_finite_or_none(mean.high),
        better="lower",
        count=curve.n_invoices,
    )
    if times.differ is not None:
        findings.number(
            "segments_differ_p",
            times.differ.p_value,
            unit="ratio",
            label="Log-rank p, segments",
            definition="log_rank_p",
            inputs={"statistic": times.differ.statistic, "degrees of freedom": times.differ.degrees_of_freedom},
        )
    _figures(findings, times, pattern)
    endings.hand_over(findings, ends, times=times)
    payment_effects.hand_over(findings, effects)
    table = curves_table(times)
    units = {"invoices": "count", **dict.fromkeys(["median", "from", "to", "year before"], "days")}
    units |= {c: "share" for c in table.columns if c.startswith("open at")}
    findings.table("curves", table, caption="Days from invoice to settlement", units=units)
    findings.sentence("median_told", payment_words.median_sentence(times, within=median_within), uses=["median_days"])
    findings.sentence("segments_told", payment_words.segments_sentence(times))
    findings.sentence("hidden_told", payment_words.hidden_sentence(paid_only, curve, horizon=horizon))
    at_start = int(curve.table["at_risk"].iloc[0] + curve.table["entered"].sum()) if len(curve.table) else 0
    findings.invariant("inv6_at_risk", "at risk on day 0 or from later = invoices in scope", at_start, curve.n_invoices)
    censored = int(curve.table["censored"].sum()) if len(curve.table) else 0
    findings.invariant("inv6_scope", "events + censored = invoices", curve.n_paid + censored, curve.n_invoices)


def _figures(findings: Findings, times: PaymentTimes, pattern: pd.DataFrame) -> None:
    shown = times.segments or (times.whole,)
    before = {curve.label: curve for curve in times.segments_before}
    if not times.segments and times.whole_before is not None:
        before = {times.whole.label: times.whole_before}
    lighter = "; lighter: the year before" if before else ""
    if times.whole.n_invoices >= 10:
        findings.figure(
            "payment_curves",
            charts.payment_curves(shown, year_ago=before),
            caption=f"Share of invoices still open, by days since issue{lighter}",
            alt=charts.payment_curves_alt(shown, year_ago=before),
        )
    else:
        findings.unavailable("payment_curves", "fewer than 10 invoices were issued in the last twelve months")
    if pattern.notna().any(axis=None):
        findings.figure(
            "payment_pattern",
            charts.pattern_heat(pattern),
            caption="Share of each month's sales still open, by months later",
            alt=charts.pattern_heat_alt(pattern),
        )
    else:
        findings.unavailable("payment_pattern", "no month of sales has been followed by another")


def page(collected: Collected) -> dict[str, object]:
    """Page 4: time to payment against a year before, and what paid invoices alone would hide."""
    if "time_to_payment" in collected.unavailable:
        reason = collected.unavailable["time_to_payment"]["reason"]
        return {"kicker": "Time to payment", "title": "When do customers pay?", "unavailable": reason}
    return {
        "kicker": "Time to payment",
        "title": collected.sentences["median_told"]["text"].removesuffix("."),
        "blocks": [
            blocks.lead(collected, "segments_told", "ended_told"),
            blocks.figure(collected, "payment_curves"),
            blocks.table(collected, "curves", heat=["open at 30", "open at 60", "open at 90"], note=_INDEPENDENCE),
            {"kind": "section", "title": "What paid invoices alone would hide"},
            blocks.lead(collected, "hidden_told", "hidden_months_told"),
            {
                "kind": "row",
                "blocks": [blocks.figure(collected, "paid_only_gap"), blocks.figure(collected, "endings")],
            },
        ],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: segments apart, how sales run off, and what goes with slow payment."""
    if "time_to_payment" in collected.unavailable:
        return []
    return [
        {"kind": "section", "title": "Which segments are slower, and by how much"},
        blocks.lead(collected, "apart_told", "paid_differ_told"),
        blocks.figure(collected, "differences", note=_INDEPENDENCE),
        {"kind": "section", "title": "What was paid, and how a month's sales run off"},
        blocks.lead(collected, "paid_told", "late_told"),
        blocks.figure(collected, "payment_pattern"),
        *payment_effects.section(collected),
    ]


def _whole(value: float) -> float:
    """A median day as the whole number it is."""
    return int(value) if math.isfinite(value) and value == int(value) else float(value)


def _in_whole_days(found: dict[str, Any]) -> dict[str, Any]:
    return {name: _whole(value) if isinstance(value, float) else value for name, value in found.items()}


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) or math.isinf(value) else value
