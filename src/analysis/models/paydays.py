"""Days on which payment runs are usual: where a day stands among the open days of its month."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Last, second and third last open day; first, second and third; the 15th or the next open day; other days by fifths.
_ENDS, _STARTS, _MIDDLE, _PARTS = 3, 3, 1, 6
MONTH_PLACES = _ENDS + _STARTS + _MIDDLE + _PARTS


def month_places(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place in its month of each day (a number since 1970): 0 to :data:`MONTH_PLACES` - 1.

    0 to 2: the last open day, the one before, the one before that. 3 to 5: the first three. 6: the 15th, or the first
    open day after it. 7 to 12: all other days, by fifths of the month. Open are Monday to Friday; the rest is put
    with the fifths.
    """
    if not len(days):
        return np.empty(0, dtype=np.int64)
    low = int(days.min()) - 40
    calendar = pd.Timestamp("1970-01-01") + pd.to_timedelta(np.arange(low, int(days.max()) + 40), unit="D")
    opens, month = calendar.dayofweek.to_numpy() < 5, (calendar.year * 12 + calendar.month).to_numpy()
    done, whole = open_days(opens, month)
    number = calendar.day.to_numpy()
    place = _ENDS + _STARTS + _MIDDLE + np.minimum((number - 1) // 5, _PARTS - 1)
    # the first open day from the 15th on: fewer than one open day of the month lies between the 15th and it
    late = opens & (number >= 15)
    is_middle = late & ~np.roll(late, 1) & (number <= 17)
    place = np.where(is_middle, _ENDS + _STARTS, place)
    place = np.where(opens & (done <= _STARTS), _ENDS + done - 1, place)
    place = np.where(opens & (whole - done < _ENDS), whole - done, place)
    result: NDArray[np.int64] = place[days - low]
    return result


def open_days(opens: NDArray[np.bool_], month: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Open days of the month up to and including each day, and of its whole month."""
    counted = pd.Series(opens.astype(np.int64)).groupby(month)
    done, whole = counted.cumsum(), counted.transform("sum")
    return np.asarray(done, dtype=np.int64), np.asarray(whole, dtype=np.int64)
