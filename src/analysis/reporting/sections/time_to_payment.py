"""When do customers pay? Curves by segment against a year before, and what paid invoices alone would hide."""

from __future__ import annotations

import math

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.outcomes import OTHERS
from analysis.models.payment_times import PaymentTimes, curves_table
from analysis.models.survival import PaymentCurve
from analysis.reporting import blocks, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY


def in_words(curve: PaymentCurve) -> str:
    """A curve as one says it: by which day half are settled, and by which nine in ten."""
    half, nine_in_ten = curve.median_days, curve.quantile(0.9).value
    if math.isnan(half):
        return "there are no invoices"
    if not math.isfinite(half):
        return "fewer than half have been settled so far"
    if not math.isfinite(nine_in_ten):
        return f"half are settled by day {half:.0f}"
    # Where exactly nine in ten are settled for a while, the quantile is the middle of that stretch.
    by = math.ceil(nine_in_ten)
    return (
        f"nine in ten are settled by day {by}"
        if by == half
        else (f"half are settled by day {half:.0f} and nine in ten by day {by}")
    )


def median_sentence(times: PaymentTimes) -> str:
    """The curve of the last year in words, and whether it moved; the title of the page."""
    said = in_words(times.whole)
    before = times.whole_before
    if not times.whole.n_invoices:
        return "No invoice was issued in the last twelve months."
    if before is None or not math.isfinite(before.median_days) or not math.isfinite(times.whole.median_days):
        return f"Of the invoices of the last twelve months, {said}."
    moved = times.whole.median_days - before.median_days
    (low, high), (low_before, high_before) = times.whole.median_interval, before.median_interval
    if low <= high_before and low_before <= high:
        return f"Of the invoices of the last twelve months, {said}; no clear change from the year before."
    side = "later" if moved > 0 else "sooner"
    return f"Customers pay {words.days(round(abs(moved)))} {side} than a year before: {said}."


def segments_sentence(times: PaymentTimes) -> str:
    """Which segment settles soonest and which last, and whether the difference can be chance."""
    if times.differ is None or len(times.segments) < 2:
        return "The books do not tell enough customers apart to compare segments."
    first, last = (end(times.segments, key=lambda c: c.median_days) for end in (min, max))
    tested = _tested(times.differ.p_value)
    if not math.isfinite(first.median_days):
        return f"By {times.dimension}, fewer than half of the invoices of each have been settled so far{tested}."
    soonest = f"By {times.dimension}, half are settled soonest in {_named(first)} (day {first.median_days:.0f})"
    if not math.isfinite(last.median_days):
        return f"{soonest}; in {_named(last)}, fewer than half have been settled so far{tested}."
    if first.median_days == last.median_days:
        return f"By {times.dimension}, half are settled by day {first.median_days:.0f} in each{tested}."
    return f"{soonest} and last in {_named(last)} (day {last.median_days:.0f}){tested}."


def _named(curve: PaymentCurve) -> str:
    return "the other groups" if curve.label == OTHERS else curve.label


def _tested(p_value: float) -> str:
    """What the log-rank test says of the difference, as the end of a sentence; blank where it says nothing."""
    if math.isnan(p_value):
        return ""
    differ = "more than chance would" if p_value < 0.05 else "by no more than chance may"
    p = "below 0.001" if p_value < 0.001 else f"= {words.significant(p_value, digits=3)}"
    return f"; the curves differ {differ} (log-rank, p {p})"


def hidden_sentence(paid_only: float, whole: PaymentCurve, *, horizon: int) -> str:
    """What a mean over paid invoices would have hidden."""
    mean = whole.restricted_mean(horizon)
    if math.isnan(paid_only) or math.isnan(mean.value):
        return "There is too little history to compare paid invoices with all."
    difference = mean.value - paid_only
    if abs(difference) <= mean.value - mean.low:
        return f"Counting open invoices changes little: {words.days(mean.value)} on average within {horizon} days."
    if difference < 0:
        return (
            f"Paid invoices alone say no less than the truth: {words.days(paid_only)}, against "
            f"{words.days(mean.value)} of all invoices within {horizon} days."
        )
    return (
        f"Paid invoices alone would say {words.days(paid_only)}; with the open ones counted it is "
        f"{words.days(mean.value)} (within {horizon} days), so the usual figure is {words.days(difference)} too short."
    )


def _nothing_settled(findings: Findings) -> None:
    """What is left to say of an extract of open items."""
    findings.unavailable("time_to_payment", OPEN_ITEMS_ONLY)
    findings.sentence("median_told", "When customers pay cannot be said: " + OPEN_ITEMS_ONLY + ".")
    findings.number(
        "median_days", None, unit="days", label="Median days to settle", definition="median_days_to_pay", better="lower"
    )


def hand_over(
    findings: Findings, opened: Opened, *, times: PaymentTimes, pattern: pd.DataFrame, paid_only: float
) -> None:
    """Findings of notebook 3: curves, medians, pattern, and what paid invoices alone would hide."""
    if opened.snapshot.open_items_only:
        _nothing_settled(findings)
        return
    curve, horizon = times.whole, 120
    low, high = curve.median_interval
    medians = [_whole(value) for value in times.medians]
    findings.number(
        "median_days",
        _whole(curve.median_days),
        unit="days",
        label="Median days to settle",
        definition="median_days_to_pay",
        low=_finite_or_none(_whole(low)),
        high=_finite_or_none(_whole(high)),
        last_month=_or_none(medians[-2]) if len(medians) > 1 else None,
        last_year=_or_none(_whole(times.whole_before.median_days)) if times.whole_before is not None else None,
        better="lower",
        count=curve.n_invoices,
        history=medians,
        inputs={"invoices": float(curve.n_invoices), "settled": float(curve.n_paid)},
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
    table = curves_table(times)
    units = {"invoices": "count", **dict.fromkeys(["median", "from", "to", "year before"], "days")}
    units |= {c: "share" for c in table.columns if c.startswith("open at")}
    findings.table("curves", table, caption="Days from invoice to settlement", units=units)
    findings.sentence("median_told", median_sentence(times), uses=["median_days"])
    findings.sentence("segments_told", segments_sentence(times))
    findings.sentence("hidden_told", hidden_sentence(paid_only, curve, horizon=horizon))
    at_start = int(curve.table["at_risk"].iloc[0]) if len(curve.table) else 0
    findings.invariant("inv6_at_risk", "at risk on day 0 = invoices in scope", at_start, curve.n_invoices)
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
    """Page 4: time to payment."""
    if "time_to_payment" in collected.unavailable:
        reason = collected.unavailable["time_to_payment"]["reason"]
        return {"kicker": "Time to payment", "title": "When do customers pay?", "unavailable": reason}
    return {
        "kicker": "Time to payment",
        "title": collected.sentences["median_told"]["text"].removesuffix("."),
        "blocks": [
            blocks.lead(collected, "segments_told"),
            blocks.figure(collected, "payment_curves"),
            blocks.table(collected, "curves", heat=["open at 30", "open at 60", "open at 90"]),
            blocks.lead(collected, "hidden_told"),
            blocks.figure(collected, "payment_pattern"),
        ],
    }


def _whole(value: float) -> float:
    """A median day as the whole number it is."""
    return int(value) if math.isfinite(value) and value == int(value) else float(value)


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) or math.isinf(value) else value
