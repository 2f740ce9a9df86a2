"""Credit limits and ratings of the customers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import Days, PaymentCalendar
from analysis.ledger.world.parameters import NEVER, Parameters

PROVIDER = "Creditreporter"
_GRADES = np.array(["E", "D", "C", "B", "A"], dtype=object)
_GRADE_FROM = (35.0, 48.0, 60.0, 72.0)
_QUARTER = 91
_YEAR = 365


def draw_ratings(
    rng: np.random.Generator,
    customers: pd.DataFrame,
    *,
    first: int,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """A rating per customer and quarter from one provider, received one to five days later.

    The score follows a fixed noisy view of the customer's quality; where the provider foresees a failure, it
    falls by ``rating_drop`` standard deviations over the months before. It falls for some of the sound, too.
    """
    n = len(customers)
    weight = parameters.rating_quality_weight
    view = weight * customers["quality"].to_numpy() + np.sqrt(1 - weight**2) * rng.standard_normal(n)
    fails_on = customers["fails_on"].to_numpy()
    foreseen = (fails_on < NEVER) & (rng.random(n) < parameters.rating_foresees_share)
    alarmed = (fails_on == NEVER) & (rng.random(n) < parameters.rating_false_alarm_share)
    alarm_on = np.select([foreseen, alarmed], [fails_on, rng.integers(first, last + 1, size=n)], NEVER)

    begin = np.maximum(customers["active_from"].to_numpy(), first) + rng.integers(0, _QUARTER, size=n)
    who, on = _series(begin, np.minimum(last, fails_on), step=_QUARTER)
    on = calendar.next(on)
    fall = np.clip(1 - (alarm_on[who] - on) / parameters.rating_lead_days, 0, 1)
    z = view[who] + 0.15 * rng.standard_normal(len(who)) - parameters.rating_drop * fall
    score = np.clip(np.rint(60 + 14 * z), 1, 100).astype(np.int64)
    ratings = pd.DataFrame(
        {
            "customer": who,
            "rated": on,
            "recorded": np.minimum(calendar.next(on + rng.integers(1, 6, size=len(who))), last),
            "score": score,
            "grade": _GRADES[np.searchsorted(_GRADE_FROM, score, side="right")],
        }
    )
    ratings = ratings[ratings["rated"] <= last]
    return ratings.sort_values(["rated", "customer"], kind="stable", ignore_index=True)


def draw_limits(
    rng: np.random.Generator,
    customers: pd.DataFrame,
    invoices: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    first: int,
    last: int,
) -> pd.DataFrame:
    """A limit per customer from the first day, reviewed about once a year.

    The first covers the customer's usual sales over terms and lateness with a margin; a review scales it
    by the change in the rating since the review before. Limits are in cents of the company's currency.
    """
    n = len(customers)
    active = (customers["active_to"] - customers["active_from"] + 1).clip(lower=60).to_numpy()
    sold = np.bincount(invoices["customer"], weights=invoices["cents"], minlength=n)
    exposure = sold / active * (customers["terms_days"].to_numpy() + 20)
    begin = np.maximum(customers["active_from"].to_numpy(), first)
    who, on = _series(begin, np.minimum(last, customers["fails_on"].to_numpy()), step=_YEAR)
    reviewed = np.where(on > begin[who], on + rng.integers(-45, 46, size=len(on)), on)
    reviewed = np.minimum(reviewed, last)

    rated = ratings.sort_values(["customer", "rated"], kind="stable")
    key = rated["customer"].to_numpy() * 10**7 + rated["recorded"].to_numpy()
    last_rating = np.searchsorted(key, who * 10**7 + reviewed, side="right") - 1
    known = (last_rating >= 0) & (rated["customer"].to_numpy()[last_rating] == who)
    score = np.where(known, rated["score"].to_numpy()[last_rating], 60)
    margin = 1.2 + 1.4 * rng.random(n)
    raw = exposure[who] * margin[who] * np.exp((score - 60) / 60) / 100
    step = 10 ** np.floor(np.log10(np.maximum(raw, 100))) / 2
    limit = np.maximum(np.rint(raw / step) * step, 500.0)
    limits = pd.DataFrame(
        {
            "customer": who,
            "valid_from": reviewed,
            "cents": np.rint(limit * 100).astype(np.int64),
            "terms_days": customers["terms_days"].to_numpy()[who],
            "reviewed": reviewed,
        }
    )
    return limits.sort_values(["valid_from", "customer"], kind="stable", ignore_index=True)


def _series(begin: Days, stop: Days, *, step: int) -> tuple[Days, Days]:
    """Customer and day of events every ``step`` days from ``begin`` to ``stop``, for all customers at once."""
    count = np.maximum((stop - begin) // step + 1, 0)
    who = np.repeat(np.arange(len(begin)), count)
    place = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    return who, begin[who] + step * place
