"""Curves and days to pay, in words."""

from __future__ import annotations

import math

import pandas as pd

from analysis.measures.headline_intervals import HeadlineInterval
from analysis.measures.outcomes import OTHERS
from analysis.measures.ratio import ratio
from analysis.models.payment_times import PaymentTimes
from analysis.models.survival import PaymentCurve
from analysis.reporting import words
from analysis.reporting.clear_changes import leaves_out_zero


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


def median_sentence(times: PaymentTimes, *, within: HeadlineInterval | None = None) -> str:
    """The curve of the last year in words, and whether it moved; the title of the page.

    ``within``: limits of the change from redraws of customers. Where there are none, it is clear where the bands of
    the two years stand apart.
    """
    said = in_words(times.whole)
    before = times.whole_before
    if not times.whole.n_invoices:
        return "No invoice was issued in the last twelve months."
    if before is None or not math.isfinite(before.median_days) or not math.isfinite(times.whole.median_days):
        return f"Of the invoices of the last twelve months, {said}."
    moved = times.whole.median_days - before.median_days
    (low, high), (low_before, high_before) = times.whole.median_interval, before.median_interval
    change = None if within is None else within.year_change
    unclear = not leaves_out_zero(change) if change else low <= high_before and low_before <= high
    if unclear:
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
    return f"; the curves differ {differ} (log-rank, p {p_in_words(p_value)})"


def p_in_words(p_value: float) -> str:
    """A p-value as it follows the letter: ``below 0.001``, ``= 0.0496``."""
    return "below 0.001" if p_value < 0.001 else f"= {words.significant(p_value, digits=3)}"


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


def paid_sentence(paid: pd.DataFrame) -> str:
    """How long, weighted by amount, the invoices took that were paid in the months of :func:`payment_days`."""
    took, late = weighted(paid)
    if math.isnan(took):
        return "Nothing was paid in the last twelve months."
    text = f"Weighted by amount, invoices paid in the last twelve months took {words.days(took)}"
    if math.isnan(late):
        return text + "."
    side = "after" if late >= 0 else "before"
    return f"{text} and came on average {words.days(abs(late))} {side} their due date."


def weighted(paid: pd.DataFrame) -> tuple[float, float]:
    """Weighted days to pay and average days late over all months of the table."""
    sums = paid.sum()
    return ratio(sums["amount_days"], sums["amount"]), ratio(sums["amount_days_late"], sums["amount_dated"])
