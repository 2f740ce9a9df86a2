"""How do invoices end? By cash, credit note or write-off, since issue and once late, and what paid ones alone hide."""

from __future__ import annotations

import math

import pandas as pd

from analysis.models.endings import Endings, endings_table, gap_days
from analysis.models.incidence import CumulativeIncidence
from analysis.models.payment_times import PaymentTimes
from analysis.reporting import charts
from analysis.reporting.findings import Findings
from analysis.reporting.sections import ending_words

_DAY, _HORIZON = 90, 120


def hand_over(findings: Findings, ends: Endings, *, times: PaymentTimes) -> None:
    """Findings on how invoices end: shares by cause, days until half are paid, the hidden gap, and segments apart."""
    found = ends.since_issue
    _half_paid(findings, "half_paid_days", found, label="Half paid in cash by")
    _half_paid(findings, "late_half_paid_days", ends.since_due, label="Half of the late paid in cash within")
    if found.reliability != "suppressed":
        for cause in found.causes:
            share = found.by_day(cause, _DAY)
            findings.number(
                f"{cause}_by_{_DAY}",
                share.value,
                unit="share",
                label=f"{cause.replace('_', ' ').capitalize()} by day {_DAY}",
                definition="incidence_by_cause",
                low=_known(share.low),
                high=_known(share.high),
                count=found.n_invoices,
            )
    _pictures(findings, ends)
    table = endings_table(found)
    findings.table(
        "endings_by_day", table, caption="How invoices have ended", units=dict.fromkeys(table.columns[1:], "share")
    )
    findings.sentence("ended_told", ending_words.ended_sentence(found, day=_DAY), uses=["half_paid_days"])
    findings.sentence("late_told", ending_words.late_sentence(ends.since_due), uses=["late_half_paid_days"])
    findings.sentence("hidden_months_told", ending_words.hidden_months_sentence(ends.by_month))
    off = (found.table.sum(axis=1) - 1).abs().max() if found.n_invoices else 0.0
    findings.invariant("inv7_endings", "paid + credited + written off + open = 1 on each day", off, 0, tolerance=1e-9)
    _segments(findings, times)


def _half_paid(findings: Findings, id: str, found: CumulativeIncidence, *, label: str) -> None:
    # beyond what was observed the day may come or not; without enough invoices it is not available
    half = found.quantile("paid", 0.5) if found.reliability != "suppressed" else None
    findings.number(
        id,
        None if half is None else half.value,
        unit="days",
        label=label,
        definition="quantile_days_paid",
        low=None if half is None else _known(half.low),
        high=None if half is None else _known(half.high),
        better="lower",
        count=found.n_invoices,
    )


def _pictures(findings: Findings, ends: Endings) -> None:
    found, by_month = ends.since_issue, ends.by_month
    if found.reliability == "suppressed":
        findings.unavailable("endings", "fewer than 10 invoices were issued in the last twelve months")
    else:
        findings.figure(
            "endings",
            charts.endings_area(found.table),
            caption="How invoices have ended, by days since issue",
            alt=charts.endings_area_alt(found.table),
        )
    if by_month["paid_only"].notna().any():
        findings.figure(
            "paid_only_gap",
            charts.paid_only_gap(by_month),
            caption="What paid invoices alone hide, by month of issue",
            alt=charts.paid_only_gap_alt(by_month),
        )
    else:
        findings.unavailable("paid_only_gap", "in no month at least 10 invoices were issued of which one is paid")
    gaps = gap_days(by_month).dropna()
    findings.table("paid_only_by_month", by_month.replace(math.inf, math.nan), caption="Paid invoices against all")
    findings.number(
        "paid_only_gap_days",
        float(gaps.iloc[-1]) if len(gaps) else None,
        unit="days",
        label="Days hidden by paid invoices alone, latest month known",
        definition="paid_only_gap",
    )


def _segments(findings: Findings, times: PaymentTimes) -> None:
    apart = times.against_rest
    findings.table("segment_differences", apart, caption="Each segment against all other invoices")
    findings.sentence("apart_told", ending_words.apart_sentence(times, horizon=_HORIZON))
    if told := ending_words.paid_differ_sentence(times):
        findings.sentence("paid_differ_told", told, uses=["segments_paid_differ_p"])
    if apart["mean"].notna().any():
        shown = differences_shown(apart)
        findings.figure(
            "differences",
            charts.interval_dots(shown, unit="days", reference=0.0),
            caption=f"Mean days open within {_HORIZON} days, longer (+) or shorter than all other invoices",
            alt=charts.interval_dots_alt(shown, unit="days"),
        )
        slowest = apart.loc[apart["mean"].idxmax()]
        findings.number(
            "slowest_segment_days",
            float(slowest["mean"]),
            unit="days",
            label="Slowest segment, days longer open",
            definition="difference_in_mean_days",
            low=_known(float(slowest["mean_from"])),
            high=_known(float(slowest["mean_to"])),
            better="lower",
        )
    else:
        findings.unavailable("differences", "the books do not tell two segments apart")
    if times.paid_differ is not None and not math.isnan(times.paid_differ.p_value):
        test = times.paid_differ
        findings.number(
            "segments_paid_differ_p",
            test.p_value,
            unit="ratio",
            label="Gray's p, share paid by segment",
            definition="gray_p",
            inputs={"statistic": test.statistic, "degrees of freedom": test.degrees_of_freedom},
        )


def differences_shown(apart: pd.DataFrame) -> pd.DataFrame:
    """The differences in mean days as ``interval_dots`` takes them, slowest first."""
    shown = apart.dropna(subset=["mean"]).sort_values(["mean", "group"], ascending=[False, True])
    columns = {"group": "label", "mean": "value", "mean_from": "low", "mean_to": "high"}
    return shown.rename(columns=columns)[list(columns.values())].reset_index(drop=True)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
