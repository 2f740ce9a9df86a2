"""When do customers pay? Curves by segment against a year before, and what paid invoices alone would hide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.outcomes import curve_counts, folded, outcome_counts, segment_dimension, shown_groups
from analysis.models.logrank import LogRank, log_rank
from analysis.models.survival import PaymentCurve, payment_curve, payment_curves
from analysis.reporting import blocks, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected


def months_before(end: pd.Timestamp, months: int) -> pd.Timestamp:
    """The end of the calendar month so many months before that of ``end``."""
    return end - pd.DateOffset(months=months) + pd.offsets.MonthEnd(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaymentTimes:
    """Curves of invoices issued in the last twelve months and in the twelve before, whole and by segment."""

    dimension: str | None
    whole: PaymentCurve
    whole_before: PaymentCurve | None
    segments: tuple[PaymentCurve, ...]
    segments_before: tuple[PaymentCurve, ...]
    differ: LogRank | None
    medians: pd.Series  # by month end: median of invoices issued in the twelve months to it


def payment_times(opened: Opened) -> PaymentTimes:
    """Estimate all curves of the page from one count table.

    "A year before" are the invoices issued in the twelve months before the last twelve, as known on the
    as-of date, so both sides use everything that is known and nothing else.
    """
    snapshot = opened.snapshot
    end = pd.Timestamp(snapshot.as_of)
    start, before = months_before(end, 12), months_before(end, 24)
    dimension = segment_dimension(snapshot)
    outcomes = outcome_counts(snapshot, by=dimension)
    if dimension is not None:
        outcomes = folded(outcomes, shown_groups(snapshot, by=dimension))
    now = curve_counts(outcomes, issued_after=start)
    then = curve_counts(outcomes, issued_after=before, issued_until=start)
    has_year_before = bool(len(outcomes)) and outcomes["issue_month"].min() <= start - pd.DateOffset(months=6)
    segments = _shown(payment_curves(now, by="group")) if dimension is not None else ()
    return PaymentTimes(
        dimension=dimension,
        whole=payment_curve(_pooled(now), label="last 12 months"),
        whole_before=payment_curve(_pooled(then), label="12 months before") if has_year_before else None,
        segments=segments,
        segments_before=_shown(payment_curves(then, by="group")) if segments and has_year_before else (),
        differ=log_rank(now[now["group"].isin([c.label for c in segments])], by="group") if len(segments) > 1 else None,
        medians=_medians(outcomes, end=end),
    )


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("day", as_index=False)[["events", "censored"]].sum()


def _shown(curves: Sequence[PaymentCurve]) -> tuple[PaymentCurve, ...]:
    """Curves of groups that are large enough to be shown."""
    return tuple(curve for curve in curves if curve.reliability != "suppressed")


def _medians(outcomes: pd.DataFrame, *, end: pd.Timestamp) -> pd.Series:
    """Median of the invoices issued in the twelve months to each of the last thirteen month ends."""
    months = sorted(month for month in outcomes["issue_month"].unique() if month <= end)[-13:]
    found = {}
    for month in months:
        counts = curve_counts(outcomes, issued_after=months_before(month, 12), issued_until=month)
        found[month] = payment_curve(_pooled(counts)).median_days
    return pd.Series(found, dtype=float).replace(math.inf, math.nan)


def in_words(curve: PaymentCurve) -> str:
    """A curve as one says it: by which day half are settled, and when one in ten is still open."""
    half, ninth = curve.median_days, curve.quantile(0.9).value
    if math.isnan(half):
        return "there are no invoices"
    first = f"half are settled by day {half:.0f}" if math.isfinite(half) else "less than half have been settled so far"
    if not math.isfinite(half) or not math.isfinite(ninth):
        return first
    return f"{first}, one in ten is still open at day {ninth:.0f}"


def median_sentence(times: PaymentTimes) -> str:
    """The curve of the last year in words, and whether it moved; the title of the page."""
    said = in_words(times.whole)
    before = times.whole_before
    if before is None or not math.isfinite(before.median_days) or not math.isfinite(times.whole.median_days):
        return f"Of the invoices of the last twelve months, {said}."
    moved = times.whole.median_days - before.median_days
    (low, high), (low_before, high_before) = times.whole.median_interval, before.median_interval
    if low <= high_before and low_before <= high:
        return f"Of the invoices of the last twelve months, {said}; no clear change from the year before."
    return f"Customers pay {words.days(round(abs(moved)))} {'later' if moved > 0 else 'sooner'} than a year before: {said}."


def segments_sentence(times: PaymentTimes) -> str:
    """Which segment settles soonest and which last, and whether the difference can be chance."""
    known = [curve for curve in times.segments if math.isfinite(curve.median_days)]
    if times.differ is None or len(known) < 2:
        return "The books do not tell enough customers apart to compare segments."
    first, last = min(known, key=lambda c: c.median_days), max(known, key=lambda c: c.median_days)
    if first.median_days == last.median_days:
        return f"Half of the invoices of every {times.dimension} are settled by day {first.median_days:.0f}."
    chance = "more than chance would" if times.differ.p_value < 0.05 else "by no more than chance may"
    return (
        f"By {times.dimension}, half are settled soonest in {first.label} (day {first.median_days:.0f}) and last in "
        f"{last.label} (day {last.median_days:.0f}); the curves differ {chance} (log-rank, "
        f"p {'below 0.001' if times.differ.p_value < 0.001 else f'= {times.differ.p_value:.3f}'})."
    )


def hidden_sentence(paid_only: float, whole: PaymentCurve, *, horizon: int) -> str:
    """What a mean over paid invoices would have hidden."""
    mean = whole.restricted_mean(horizon)
    if math.isnan(paid_only) or math.isnan(mean.value):
        return "There is too little history to compare paid invoices with all."
    difference = mean.value - paid_only
    if abs(difference) < mean.value - mean.low:
        return f"Counting open invoices changes little: {words.days(mean.value)} on average within {horizon} days."
    side = "short" if difference > 0 else "long"
    return (
        f"Paid invoices alone would say {words.days(paid_only)}; with the open ones counted it is "
        f"{words.days(mean.value)} (within {horizon} days), so the usual figure is {words.days(abs(difference))} too "
        f"{side}."
    )


def curves_table(times: PaymentTimes, *, horizons: Sequence[int] = (30, 60, 90)) -> pd.DataFrame:
    """Curves in numbers: invoices, median with interval, and what is still open after so many days."""
    shown = [("All", times.whole), *[(curve.label, curve) for curve in times.segments]]
    before = {curve.label: curve for curve in times.segments_before}
    if times.whole_before is not None:
        before["All"] = times.whole_before
    rows = []
    for label, curve in shown:
        low, high = curve.median_interval
        row = {"group": label, "invoices": curve.n_invoices, "median": _finite(curve.median_days)}
        row |= {"from": _finite(low), "to": _finite(high)}
        row["year before"] = _finite(before[label].median_days) if label in before else math.nan
        row |= {f"open at {day}": curve.unpaid_after(day) for day in horizons}
        rows.append(row)
    return pd.DataFrame(rows)


def paid_only_mean(outcomes: pd.DataFrame, *, issued_after: pd.Timestamp) -> float:
    """Mean days of invoices that were paid, of those issued after a date; the figure that misleads."""
    rows = outcomes[outcomes["issue_month"] > issued_after]
    paid = rows["paid"].sum()
    return float((rows["day"] * rows["paid"]).sum() / paid) if paid else math.nan


def hand_over(
    findings: Findings, opened: Opened, *, times: PaymentTimes, pattern: pd.DataFrame, paid_only: float
) -> None:
    """Findings of notebook 3: curves, medians, pattern, and what paid invoices alone would hide."""
    curve, horizon = times.whole, 120
    low, high = curve.median_interval
    medians = [float(value) for value in times.medians]
    findings.number(
        "median_days",
        curve.median_days,
        unit="days",
        label="Median days to settle",
        definition="median_days_to_pay",
        low=_finite_or_none(low),
        high=_finite_or_none(high),
        last_month=_or_none(medians[-2]) if len(medians) > 1 else None,
        last_year=_or_none(times.whole_before.median_days) if times.whole_before is not None else None,
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
    before = times.segments_before if times.segments else ()
    if times.whole.n_invoices >= 10:
        findings.figure(
            "payment_curves",
            charts.payment_curves(shown, year_ago=before),
            caption="Share of invoices still open, by days since issue; lighter: the year before",
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


def year_counts(opened: Opened) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Outcome counts of the whole ledger and the day after which the last twelve months begin."""
    return outcome_counts(opened.snapshot), months_before(pd.Timestamp(opened.snapshot.as_of), 12)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) or math.isinf(value) else value
