"""When customers pay: curves of the last twelve months against the twelve before, whole and by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.outcomes import ENDED_BY, curve_counts, folded, outcome_counts, segment_dimension, shown_groups
from analysis.measures.positions import month_ends
from analysis.models.differences import against_the_rest
from analysis.models.gray import GrayTest, gray_test
from analysis.models.logrank import LogRank, log_rank
from analysis.models.survival import PaymentCurve, payment_curve, payment_curves


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
    paid_differ: GrayTest | None  # whether as much of each segment is paid, credit notes and write-offs competing
    against_rest: pd.DataFrame  # each segment against all other invoices: see ``against_the_rest``
    medians: pd.Series  # by month end: median of invoices issued in the twelve months to it


def payment_times(snapshot: Snapshot) -> PaymentTimes:
    """Estimate all curves of the page from one count table.

    "A year before" are the invoices issued in the twelve months before the last twelve, as known on the
    as-of date, so both sides use everything that is known and nothing else.
    """
    end = pd.Timestamp(snapshot.as_of)
    start, before = months_before(end, 12), months_before(end, 24)
    dimension = segment_dimension(snapshot)
    outcomes = outcome_counts(snapshot, by=dimension)
    if dimension is not None:
        outcomes = folded(outcomes, shown_groups(snapshot, by=dimension))
    now = curve_counts(outcomes, issued_after=start)
    then = curve_counts(outcomes, issued_after=before, issued_until=start)
    # Half of the year before is enough to compare with, less is not.
    has_year_before = bool(len(then)) and outcomes["issue_month"].min() <= months_before(start, 6)
    segments = _shown(payment_curves(now, by="group")) if dimension is not None else ()
    labels = [curve.label for curve in segments]
    compared = now[now["group"].isin(labels)] if len(segments) > 1 else now[:0]
    return PaymentTimes(
        dimension=dimension,
        whole=payment_curve(_pooled(now), label="last 12 months"),
        whole_before=payment_curve(_pooled(then), label="12 months before") if has_year_before else None,
        segments=segments,
        segments_before=_shown(payment_curves(then, by="group")) if segments and has_year_before else (),
        differ=log_rank(compared, by="group") if len(compared) else None,
        paid_differ=_paid_differ(outcomes, labels, issued_after=start) if len(compared) else None,
        against_rest=against_the_rest(now, by="group", groups=labels if len(compared) else ()),
        medians=_medians(outcomes, end=end),
    )


def _paid_differ(outcomes: pd.DataFrame, labels: Sequence[str], *, issued_after: pd.Timestamp) -> GrayTest | None:
    recent = outcomes[(outcomes["issue_month"] > issued_after) & outcomes["group"].isin(labels)]
    # not defined for invoices that came under observation late
    if "entered" in recent and recent["entered"].any():
        return None
    return gray_test(recent.assign(censored=recent["open"]), by="group", cause="paid", causes=ENDED_BY)


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.drop(columns="group").groupby("day", as_index=False).sum()


def _shown(curves: Sequence[PaymentCurve]) -> tuple[PaymentCurve, ...]:
    """Curves of groups that are large enough to be shown."""
    return tuple(curve for curve in curves if curve.reliability != "suppressed")


def _medians(outcomes: pd.DataFrame, *, end: pd.Timestamp) -> pd.Series:
    """Median of the invoices issued in the twelve months to each of the last thirteen month ends."""
    first = outcomes["issue_month"].min()
    found = {}
    # Also the months in which nothing was issued, so that the value before the last is that of the month before.
    for month in month_ends(end.date(), 13):
        if not month >= first:
            continue
        counts = curve_counts(outcomes, issued_after=months_before(month, 12), issued_until=month)
        found[month] = payment_curve(_pooled(counts)).median_days
    return pd.Series(found, dtype=float).replace(math.inf, math.nan)


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


def year_counts(snapshot: Snapshot) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Outcome counts of the whole ledger and the day after which the last twelve months begin."""
    return outcome_counts(snapshot), months_before(pd.Timestamp(snapshot.as_of), 12)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def observed_and_expected(times: PaymentTimes) -> pd.DataFrame:
    """Invoices settled in each segment beside what equal curves would have let one expect; empty without segments."""
    if times.differ is None:
        return pd.DataFrame(columns=["observed", "expected"])
    return pd.DataFrame({"observed": times.differ.observed, "expected": times.differ.expected})
