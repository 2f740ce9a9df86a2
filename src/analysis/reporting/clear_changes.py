"""Is a change of a headline figure clear? It is, where the interval of the change leaves out zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from analysis.measures.headline_intervals import HeadlineInterval

Before = Literal["last_month", "last_year"]
_CHANGE = {"last_month": "month_change", "last_year": "year_change"}


def with_interval(found: HeadlineInterval | None) -> dict[str, Any]:
    """What a number of the findings takes from its interval; nothing where none was made."""
    if found is None:
        return {}
    low, high = found.level or (None, None)
    return {
        "low": low,
        "high": high,
        "month_change": found.month_change,
        "year_change": found.year_change,
        "no_interval": found.reason,
    }


def is_clear(number: Mapping[str, Any], before: Before) -> bool:
    """Whether a figure moved clearly against the month or the year before."""
    return leaves_out_zero(number.get(_CHANGE[before]))


def leaves_out_zero(limits: Sequence[float | None] | None) -> bool:
    """Whether the limits of a change lie on one side of zero; a limit that is None is infinite.

    True where there are none: a change in the books of a few customers is what was counted.
    """
    if limits is None:
        return True
    low, high = limits
    return (low is not None and low > 0) or (high is not None and high < 0)
