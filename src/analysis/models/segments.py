"""Who the customers are as payers: segments as of a day, comparable with a month and a year before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.ledger.opening import iso_date
from analysis.measures.customers import customer_views
from analysis.measures.history import History, day_number
from analysis.models.before_after import (
    FOLLOWED_AT_LEAST,
    FOLLOWED_DAYS,
    BeforeAfter,
    before_and_after,
    days_late_around,
    end_of_after,
)
from analysis.models.migration import Migration, migration
from analysis.models.payment_times import months_before
from analysis.models.segment_features import judged, shown
from analysis.models.segment_fit import SegmentFit, fit_segments
from analysis.models.segment_names import Rule, names_of, rules_of
from analysis.models.segment_number import NumberOfSegments, choose_number
from analysis.models.segment_profile import loss_rates, profile, segment_curves
from analysis.models.survival import PaymentCurve


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PayerSegments:
    """The segments of a company's customers as of a day.

    ``customers``: by ``customer_id``: ``segment`` (0: too little history to be judged), ``name``, ``probability``.
    ``names`` and ``rules`` by segment; ``profile`` as of :func:`segment_profile.profile`; ``curves`` by name.
    ``fit`` is None and everybody in segment 0 where nobody can be judged; ``year`` and ``month`` are None where the
    books do not reach back. ``refit_agreement``: adjusted Rand index, over last month's customers, between this fit
    and one that knew no more than that month; NaN without one.
    """

    on: date
    fit: SegmentFit | None
    number: NumberOfSegments | None
    customers: pd.DataFrame
    names: Mapping[int, str]
    rules: Mapping[int, Rule]
    profile: pd.DataFrame
    curves: Mapping[str, PaymentCurve]
    month: Migration | None
    year: Migration | None
    refit_agreement: float
    smallest: int

    def frame(self) -> pd.DataFrame:
        """The segments for machines and later runs: ``customer_id``, ``segment``, ``name``, ``probability``."""
        return self.customers.reset_index()


def payer_segments(history: History, *, number: int | None = None) -> PayerSegments:
    """Segments of the customers of a history on its last day.

    Learned from the facts of that day alone; ``number`` fixes how many, else it is chosen
    (:func:`segment_number.choose_number`). The same fit tells in which segment customers were a month and a year ago,
    so who moved did so by his own behaviour and not by a new division.
    """
    on, smallest = history.last, history.snapshot.company.policy.group_minimum
    marks = {months: months_before(pd.Timestamp(on), months).date() for months in (1, 12)}
    views = customer_views(history, [*marks.values(), on])
    now, month_ago, year_ago = (_on(views, mark) for mark in (on, marks[1], marks[12]))
    chosen = None
    if judged(now).any():
        if number is None:
            chosen = choose_number(now, year_ago=year_ago if len(year_ago) else None, smallest=smallest)
        fit = fit_segments(now, number=number or (chosen.chosen if chosen is not None else 1))
    else:
        fit = None
    names, customers = _named(fit, now)
    figures = shown(now)
    then = {months: _segments(fit, view) for months, view in ((1, month_ago), (12, year_ago))}
    moves = {
        months: migration(
            before["segment"],
            customers["segment"],
            amounts=now["open_balance"],
            names=names,
            days=(marks[months], on),
        )
        if len(before)
        else None
        for months, before in then.items()
    }
    losses = loss_rates(year_ago, now, then[12], names=names, smallest=smallest) if len(year_ago) else {}
    # Where nothing that was paid is in the books, all that is left would look badly paid.
    tells = len(customers) > 0 and not history.snapshot.open_items_only
    curves = segment_curves(history.snapshot, customers["name"], smallest=smallest) if tells else {}
    profiled = now if tells else now.assign(days_late=math.nan)
    return PayerSegments(
        on=on,
        fit=fit,
        number=chosen,
        customers=customers,
        names=names,
        rules=rules_of(figures, customers["segment"]),
        profile=profile(profiled, customers, losses, curves, names=names, smallest=smallest),
        curves=curves,
        month=moves[1],
        year=moves[12],
        refit_agreement=_refit_agreement(fit, month_ago),
        smallest=smallest,
    )


def segments_of(history: History, on: date | None = None, *, number: int | None = None) -> pd.DataFrame:
    """Each customer's segment as of a day, from what that day knew: ``segment``, ``name``, ``probability``.

    Indexed by ``customer_id``; segment 0 has too little history to be judged. Without ``on`` the last day of the
    history, without ``number`` as many segments as the day's own facts choose.
    """
    on = on or history.last
    year_before = months_before(pd.Timestamp(on), 12).date()
    views = customer_views(history, [year_before, on])
    now, year_ago = _on(views, on), _on(views, year_before)
    if not judged(now).any():
        return _named(None, now)[1]
    smallest = history.snapshot.company.policy.group_minimum
    chosen = number or choose_number(now, year_ago=year_ago if len(year_ago) else None, smallest=smallest).chosen
    return _named(fit_segments(now, number=chosen), now)[1]


def around(history: History, segments: PayerSegments, *, on: date) -> BeforeAfter | None:
    """How late invoices were in the 91 days after ``on``, against the 274 to it; None where that cannot be told.

    Segments are those of the present fit, as customers were on the date. The days after it must have been followed for
    long enough (:data:`before_after.FOLLOWED_AT_LEAST`).
    """
    until = end_of_after(on)
    followed = min(FOLLOWED_DAYS, (history.last - until).days)
    if segments.fit is None or followed < FOLLOWED_AT_LEAST:
        return None
    views = customer_views(history, [on, until])
    then, later = _on(views, on), _on(views, until)
    if not judged(then).any():
        return None
    was, became = (segments.fit.assigned(view)["segment"] for view in (then, later))
    days, owed = (on, until), later["open_balance"]
    moves = migration(was, became, amounts=owed, names=segments.names, days=days)
    return before_and_after(
        days_late_around(history, on=on, followed_days=followed),
        was,
        became,
        moves=moves,
        names=segments.names,
        smallest=segments.smallest,
        followed_days=followed,
    )


def day_around(on: date, stated: str = "") -> date:
    """The date to look before and after: the one stated (ISO), else the month end half a year before ``on``.

    Half a year leaves three months of invoices and three more in which they are followed. UsageFault for a text that
    is no date.
    """
    return iso_date(stated, name="around") if stated else months_before(pd.Timestamp(on), 6).date()


def _on(views: pd.DataFrame, mark: date) -> pd.DataFrame:
    """The view of one day, empty where nobody was a customer yet."""
    return views[views.index.get_level_values("mark") == day_number(mark)].droplevel("mark")


def _segments(fit: SegmentFit | None, view: pd.DataFrame) -> pd.DataFrame:
    nobody = pd.DataFrame({"segment": 0, "probability": 1.0}, index=view.index)
    return nobody if fit is None else fit.assigned(view)


def _named(fit: SegmentFit | None, view: pd.DataFrame) -> tuple[dict[int, str], pd.DataFrame]:
    """Names of the segments, and each customer's segment with its name."""
    found = _segments(fit, view)
    names = names_of(shown(view), found["segment"])
    found.insert(1, "name", found["segment"].map(names).astype(object))
    return names, found


def _refit_agreement(fit: SegmentFit | None, month_ago: pd.DataFrame) -> float:
    known = month_ago[judged(month_ago)] if len(month_ago) else month_ago
    if fit is None or len(known) <= max(fit.number, 1):
        return math.nan
    own = fit_segments(month_ago, number=fit.number).assigned(known)["segment"]
    return float(adjusted_rand_score(own, fit.assigned(known)["segment"]))
