"""Customers as they stood at month ends of the past, and whether each became severely delinquent in the year after."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd

from analysis.measures.customers import customer_views
from analysis.measures.history import History, day_number
from analysis.measures.positions import month_ends
from analysis.models.delinquency import WINDOW_DAYS, is_severe, late_amounts, late_share
from analysis.models.risk_terms import ALLOWED

# Rows a model learns from at most; above, customers are drawn by a hash of their number, whole.
ROWS_MAX = 30_000
# A mark within the first two months of the books knows next to nothing of anybody.
FIRST_MARK_DAYS = 60
MONTHS_PER_YEAR = 12
_HASHES = 2**32


def risk_rows(history: History, *, origins: Sequence[date] = (), whole: Sequence[date] = ()) -> pd.DataFrame:
    """One row per month end (mark) and customer with business then, and the last day of the history as a mark.

    With business is who was invoiced within twelve months or owes something. Indexed by ``mark`` (day number) and
    ``customer_id``; columns: the facts of :data:`~analysis.models.risk_terms.ALLOWED`, ``segment``, ``name`` and
    ``open_balance`` for showing, and

    - ``evidence_invoices``: invoices paid within twelve months or past due;
    - ``late_share_91``: share of the amount that was at least 91 days late in the twelve months up to the mark, NaN
      where nothing came that far; ``severe_now``: whether that makes a tenth;
    - ``own_years``, ``own_severe``: windows of twelve months that ended at month ends up to the mark in which
      anything could have been 91 days late, and how many of them were severe, in years (a month is a twelfth);
    - ``severe``: the outcome, whether the 365 days after the mark were severe, as the books showed it on the last of
      them; NaN where they are not over or nothing of the customer came that far. An outcome is never restated, so
      a later day learns the same as an earlier one.

    Of many customers only a part is followed through the past, drawn by a hash of the customer number so that at the
    first of ``origins`` at most :data:`ROWS_MAX` rows are learned from; all are there at the last mark and at those of
    ``whole``. Days late of open invoices, which lean on the curve of all customers, then lean on that of the part.
    """
    marks = risk_marks(history)
    if not marks:
        return _empty()
    last = marks[-1]
    kept = _drawn(history, marks, first_origin=min(origins, default=last))
    past = history if kept is None else replace(history, lives=history.lives.semi_join(kept, "customer_id"))
    seen = customer_views(past, marks)
    if kept is not None:
        entire = [mark for mark in marks if mark == last or mark in set(whole)]
        seen = seen.drop(index=[day_number(mark) for mark in entire], level="mark")
        seen = pd.concat([seen, customer_views(history, entire)])
    ends = sorted({*marks, *(mark + timedelta(days=WINDOW_DAYS) for mark in marks)})
    windows = late_amounts(history, [end for end in ends if end <= history.last])
    share = late_share(windows)
    severe = is_severe(share)
    rows = seen[(seen["invoices_12m"] > 0) | (seen["open_balance"] > 0)].sort_index()
    index = rows.index
    year_on = pd.MultiIndex.from_arrays([index.get_level_values(0) + WINDOW_DAYS, index.get_level_values(1)])
    owed = rows["open_balance"]
    facts = rows.assign(
        evidence_invoices=rows["paid_12m"] + rows["overdue_invoices"],
        late_share_91=share.reindex(index),
        overdue_share=(rows["overdue"] / owed.where(owed > 0)).fillna(0.0),
        severe_now=severe.reindex(index),
        severe=severe.reindex(year_on).to_numpy(),
    )
    return facts.join(_own_years(severe, index, marks))[list(_COLUMNS)]


_FIGURES = ("evidence_invoices", "severe_now", "severe", "own_years", "own_severe")
_COLUMNS = ("name", "segment", "open_balance", *ALLOWED, *_FIGURES)


def risk_marks(history: History) -> list[date]:
    """Month ends from two months after the first invoice on, and the last day of the history."""
    first = history.first()
    if first is None:
        return []
    last = history.last
    months = 12 * (last.year - first.year) + last.month - first.month + 1
    ends = [end.date() for end in month_ends(last, months)]
    return [end for end in ends if end >= first + timedelta(days=FIRST_MARK_DAYS) or end == last]


def learned_from(rows: pd.DataFrame, origin: int) -> pd.DataFrame:
    """Rows whose twelve months were over by the origin (a day number) and whose outcome is known."""
    over = rows.index.get_level_values("mark") <= origin - WINDOW_DAYS
    known = rows[over & rows["severe"].notna().to_numpy()]
    share = ROWS_MAX / max(len(known), 1)
    return known if share >= 1 else known[_falls_below(known.index.get_level_values("customer_id"), share)]


def _own_years(severe: pd.Series[float], index: pd.Index, marks: Sequence[date]) -> pd.DataFrame:
    """Own windows up to each mark of the index, counted at month ends, in years."""
    at_marks = severe[severe.index.get_level_values("mark").isin([day_number(mark) for mark in marks])]
    known = at_marks.unstack("mark").reindex(columns=[day_number(mark) for mark in marks])
    customer = known.index.get_indexer(index.get_level_values("customer_id"))
    mark = known.columns.get_indexer(index.get_level_values("mark"))
    counts = {"own_years": known.notna().to_numpy(), "own_severe": (known == 1).to_numpy()}
    found = {
        name: np.where(customer >= 0, np.cumsum(of, axis=1, dtype=float)[customer, mark] / MONTHS_PER_YEAR, 0.0)
        for name, of in counts.items()
    }
    return pd.DataFrame(found, index=index)


def _falls_below(customers: pd.Index, share: float) -> np.ndarray:
    """Whether the hash of each customer number falls below a share: the same in every run and whoever else is there."""
    names, code = np.unique(customers.to_numpy(dtype=object).astype(str), return_inverse=True)
    hashed = np.array([zlib.crc32(name.encode()) for name in names], dtype=float)
    return np.asarray(hashed[code] < share * _HASHES)


def _drawn(history: History, marks: Sequence[date], *, first_origin: date) -> ibis.Table | None:
    """Customers followed through the past, one column ``customer_id``; None where all are."""
    lives = history.lives
    seen = lives.group_by("customer_id").aggregate(first=lives["begun_known"].min())
    first = seen.execute().sort_values("customer_id", ignore_index=True)
    learned = [day_number(mark) for mark in marks if day_number(mark) <= day_number(first_origin) - WINDOW_DAYS]
    known = int(sum((first["first"] <= mark).sum() for mark in learned))
    if known <= ROWS_MAX:
        return None
    kept = first["customer_id"][_falls_below(pd.Index(first["customer_id"]), ROWS_MAX / known)]
    return ibis.memtable(pd.DataFrame({"customer_id": kept.to_numpy(dtype=object)}))


def _empty() -> pd.DataFrame:
    """No rows, with the columns of :func:`risk_rows`."""
    index = pd.MultiIndex.from_arrays([np.empty(0, dtype=np.int64), np.empty(0, dtype=object)])
    frame = pd.DataFrame(index=index.set_names(["mark", "customer_id"]), columns=list(_COLUMNS), dtype=float)
    return frame.astype({"name": object, "segment": object})
