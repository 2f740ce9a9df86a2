"""On which days a customer pays at all: its calendar of payment runs, told from the days on which it has paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.models.paydays import month_places

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_LAST, _FIRST, _MIDDLE = 0, 3, 6  # of paydays.month_places


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCalendar:
    """Days on which a payer with runs pays: phases of a fortnight (0 is a Monday), or places in the month."""

    words: str
    phases: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    share: float
    """Share of the working days that are such days."""
    prior: float


RUN_CALENDARS: tuple[RunCalendar, ...] = (
    *(
        RunCalendar(words=f"on {day}", phases=(k, k + 7), share=1 / 5, prior=0.10 / 7)
        for k, day in enumerate(_WEEKDAYS)
    ),
    *(
        RunCalendar(
            words=f"on every other {_WEEKDAYS[k % 7].removesuffix('s')}", phases=(k,), share=1 / 10, prior=0.06 / 14
        )
        for k in range(14)
    ),
    RunCalendar(words="on the last working day of the month", places=(_LAST,), share=1 / 21, prior=0.02),
    RunCalendar(words="on the first working day of the month", places=(_FIRST,), share=1 / 21, prior=0.01),
    RunCalendar(words="on the 15th", places=(_MIDDLE,), share=1 / 21, prior=0.01),
    RunCalendar(
        words="on the 15th and the last working day of the month", places=(_MIDDLE, _LAST), share=2 / 21, prior=0.02
    ),
)
"""Calendars that are told apart; who fits none of them pays on any day."""
ANY_DAY = len(RUN_CALENDARS)
# One payment in ten may fall on another day: holidays, corrections, a payment made by hand.
_OFF_RUN = 0.1


def calendar_chances(phases: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance of each calendar for each customer; the last column is that of none (:data:`ANY_DAY`).

    ``phases`` and ``places`` are payments by day of a fortnight (n x 14, a Monday first) and by place in the month
    (n x 13, :func:`analysis.models.paydays.month_places`). Bayes' rule: under a calendar of the share ``q`` of days a
    payment falls on each of its days with density ``0.9 / q`` and on each other day with ``0.1 / (1 - q)``; under none
    with 1.
    """
    inside = np.column_stack(
        [
            phases[:, list(one.phases)].sum(axis=1) if one.phases else places[:, list(one.places)].sum(axis=1)
            for one in RUN_CALENDARS
        ]
    )
    share = np.array([one.share for one in RUN_CALENDARS])
    prior = np.array([one.prior for one in RUN_CALENDARS])
    outside = phases.sum(axis=1, keepdims=True) - inside
    ratio = inside * np.log((1 - _OFF_RUN) / share) + outside * np.log(_OFF_RUN / (1 - share))
    log = np.column_stack([np.log(prior) + ratio, np.full(len(phases), np.log(1 - prior.sum()))])
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def run_days(days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each day (a number since 1970) is one of each calendar; the last column says Monday to Friday."""
    phase, place = (days + 3) % 14, month_places(days)
    columns = [np.isin(phase, one.phases) if one.phases else np.isin(place, one.places) for one in RUN_CALENDARS]
    return np.column_stack([*columns, phase % 7 < 5])


def runs_until(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Run days up to and including each of consecutive ``days``, by calendar: only differences mean anything."""
    return np.cumsum(run_days(days), axis=0)
