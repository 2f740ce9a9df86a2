"""How invoices end, in words: paid, credited, written off or open, and what paid ones alone would say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import pandas as pd

from analysis.measures.outcomes import OTHERS
from analysis.models.incidence import OPEN, CumulativeIncidence
from analysis.models.payment_times import PaymentTimes
from analysis.models.survival import PaymentCurve
from analysis.reporting import words
from analysis.reporting.sections.payment_words import p_in_words

_TOO_FEW = "There are too few invoices to say how they end."


def ended_sentence(found: CumulativeIncidence, *, day: int) -> str:
    """By which day half are paid and one in ten is open, and how invoices have ended by ``day``."""
    if found.reliability == "suppressed":
        return _TOO_FEW
    half, rest = found.quantile("paid", 0.5).value, _one_in_ten(found, after="at day {number}", by="by day {number}")
    known = math.isfinite(half)
    text = f"Half are paid in cash by day {half:.0f}" if known else "Half are not paid in cash yet"
    text += f"{' and' if known else ', but'} {rest}" if rest else ""
    shares = {name: found.by_day(name, day).value for name in (*found.causes, OPEN)}
    if math.isnan(shares[OPEN]):
        return text + "."
    said = [
        f"{words.share(shares[name])} {'are ' if name == 'paid' else ''}{name.replace('_', ' ')}"
        for name in shares
        if name == "paid" or shares[name]
    ]
    return f"{text}; by day {day}, {words.listing(said)}."


def late_sentence(found: CumulativeIncidence) -> str:
    """How long it takes once an invoice is late: days after the due date."""
    if found.reliability == "suppressed":
        return "Too few invoices were still open after their due date to say how long the late ones take."
    half, rest = found.quantile("paid", 0.5).value, _one_in_ten(found, after="{days} late", by="within {days}")
    known = math.isfinite(half)
    paid = f"half are paid within {words.days(int(half))}" if known else "half are not paid yet"
    return f"Of those still open after their due date, {paid}{f' and {rest}' if rest else ''}."


def _one_in_ten(found: CumulativeIncidence, *, after: str, by: str) -> str:
    """That one in ten is open at a day; where many end at once and far fewer are left, that nine in ten are settled."""
    day = found.ended_by(0.9).value
    if not math.isfinite(day):
        return ""
    settled = float(found.table[OPEN].loc[day]) <= 0.05
    text = f"nine in ten are settled {by}" if settled else f"one in ten is still open {after}"
    return text.format(number=f"{day:.0f}", days=words.days(int(day)))


def hidden_months_sentence(by_month: pd.DataFrame) -> str:
    """What the paid invoices of the latest months would say, and what is known with the open ones counted."""
    shown = by_month.dropna(subset=["paid_only", "half_paid"])
    known = shown[shown["half_paid"] < math.inf]
    waiting = [_month(end) for end in shown.index[shown["half_paid"] == math.inf]]
    text = ""
    if len(known):
        row, month = known.iloc[-1], _month(known.index[-1])
        alone, half = float(row["paid_only"]), float(row["half_paid"])
        if half > alone:
            text = (
                f"Of {month}, half of the invoices already paid were paid by day {alone:.0f}; with the open ones "
                f"counted, half are paid by day {half:.0f}, {words.plural(round(half - alone), 'day')} later."
            )
        else:
            text = f"Of {month}, paid invoices alone say the same as all: half are paid by day {half:.0f}."
    if waiting:
        # older months of which half will never be paid would only repeat themselves
        text += f"{' ' if text else ''}Of {words.listing(waiting[-2:])}, half are not paid yet."
    return text or "In no month were at least ten invoices issued of which one is paid."


def cohorts_sentence(cohorts: Sequence[PaymentCurve]) -> str:
    """The latest cohort of which half are settled, beside the same quarter or month of the year before."""
    known = [curve for curve in cohorts if curve.reliability != "suppressed" and math.isfinite(curve.median_days)]
    if not known:
        return "Of no cohort half are settled yet."
    last = known[-1]
    low, high = last.median_interval
    held = f" ({low:.0f} to {high:.0f})" if math.isfinite(high) else ""
    text = f"Of the invoices of {last.label}, half are settled by day {last.median_days:.0f}{held}"
    year_before = f"{int(last.label[:4]) - 1}{last.label[4:]}"
    before = next((curve for curve in known if curve.label == year_before), None)
    return f"{text}; of those of {year_before}, by day {before.median_days:.0f}." if before else f"{text}."


def apart_sentence(times: PaymentTimes, *, horizon: int) -> str:
    """Which segment is open clearly longer than all other invoices, and which clearly shorter."""
    apart = times.against_rest.dropna(subset=["mean"])
    if apart.empty:
        return "There are no segments to set against each other."
    slow = apart[apart["mean_from"] > 0].sort_values(["mean", "group"], ascending=[False, True])
    quick = apart[apart["mean_to"] < 0].sort_values(["mean", "group"])
    said = []
    if len(slow):
        row = slow.iloc[0]
        held = words.interval(row["mean_from"], row["mean_to"], unit="days")
        said.append(f"those of {_named(row['group'])} are open {words.days(float(row['mean']))} longer ({held})")
    if len(quick):
        row = quick.iloc[0]
        held = words.interval(-row["mean_to"], -row["mean_from"], unit="days")
        said.append(f"those of {_named(row['group'])} are open {words.days(-float(row['mean']))} less ({held})")
    if not said:
        return f"Within {horizon} days, no {times.dimension} is open clearly longer or shorter than all other invoices."
    return f"Within {horizon} days, against all other invoices, {words.listing(said)}."


def paid_differ_sentence(times: PaymentTimes) -> str:
    """Whether as much of each segment is paid, which credit notes and write-offs may prevent; blank where unknown."""
    if times.paid_differ is None or math.isnan(times.paid_differ.p_value):
        return ""
    p_value = times.paid_differ.p_value
    differ = "differs more than chance would" if p_value < 0.05 else "differs by no more than chance may"
    return f"The share paid in cash by each day {differ} between them (Gray's test, p {p_in_words(p_value)})."


def _named(group: str) -> str:
    return "the smaller groups together" if group == OTHERS else group


def _month(end: object) -> str:
    on: date = pd.Timestamp(str(end)).date()
    return words.month(on)
