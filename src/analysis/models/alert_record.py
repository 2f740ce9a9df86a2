"""How earlier alerts turned out: how often trouble followed, how much of it was foreseen, and how long before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.share_of_customers import share_of_customers
from analysis.models.watch_list import WatchList

HORIZON_MONTHS = 6
# A tenth of what is owed 91 days late, as severe delinquency has it (Dun & Bradstreet); or a write-off.
SEVERE_SHARE = 0.10
_CENTS = 0.005
_ROUNDING = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``count`` of ``of``, which ``customers`` different customers had, with its 95% interval over them.

    Alerts of one customer are alike, so customers are the units:
    :func:`analysis.measures.share_of_customers.share_of_customers`. NaN of nothing, limits NaN of one customer.
    """

    count: int
    of: int
    customers: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else math.nan


def share_of(customers: NDArray[np.object_], came: NDArray[np.bool_]) -> Share:
    """The share of rows that came true, each with its customer.

    >>> share_of(np.array(["A", "A", "B"]), np.array([True, False, False])).customers
    2
    """
    names, code = np.unique(customers.astype(str), return_inverse=True)
    totals, counts = np.bincount(code), np.bincount(code, weights=came)
    _, low, high = share_of_customers(counts.astype(float), totals.astype(float))
    return Share(count=int(came.sum()), of=len(came), customers=len(names), low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertRecord:
    """Alerts of earlier marks and what became of them within ``horizon`` months.

    ``alerts``: one row per entry to the list of a customer not in trouble: ``mark``, ``customer_id``, ``is_judged``
    (the months have passed), ``came``, ``months`` until it (NaN where it did not), and a flag
    per reason. ``onsets``: one row per beginning of trouble: ``mark``, ``customer_id``, ``foreseen`` (on the list on
    the mark before), ``lead_months`` since it came on it, ``lead_is_longer`` where it stood on the first list already.
    """

    horizon: int
    alerts: pd.DataFrame
    onsets: pd.DataFrame
    precision: Share
    recall: Share
    others: Share

    @property
    def pending(self) -> int:
        """Alerts too young to be judged."""
        return int((~self.alerts["is_judged"]).sum())

    @property
    def median_lead_months(self) -> float:
        """Middle of the months from entry to trouble, of what was foreseen; NaN where nothing was."""
        lead = self.onsets.loc[self.onsets["foreseen"], "lead_months"]
        return float(lead.median()) if len(lead) else math.nan

    def by_reason(self, watched: WatchList) -> pd.DataFrame:
        """Judged alerts by reason, one that had several counted under each: ``reason``, ``alerts``, ``customers``,
        ``came``, ``precision``, ``low``, ``high``."""
        judged = self.alerts[self.alerts["is_judged"]]
        rows = []
        for rule in watched.rules:
            of_rule = judged[judged[rule.flag]]
            share = _share(of_rule, "came")
            rows.append((rule.name, share.of, share.customers, share.count, share.value, share.low, share.high))
        table = pd.DataFrame(rows, columns=["reason", "alerts", "customers", "came", "precision", "low", "high"])
        return table[table["alerts"] > 0].reset_index(drop=True)


def is_in_trouble(views: pd.DataFrame) -> pd.Series[bool]:
    """Whether a customer was in trouble on each mark of the customer views.

    At least a tenth of its open balance was 91 days late or later, or something was written off since the mark before.
    """
    late = (views["overdue_91"] / views["open_balance"].where(views["open_balance"] > 0)).round(_ROUNDING)
    lost = views["written_off"].groupby(level="customer_id", sort=False).diff()
    return (late >= SEVERE_SHARE) | (lost > _CENTS)


def alert_record(watched: WatchList, trouble: pd.Series[bool], *, horizon: int = HORIZON_MONTHS) -> AlertRecord:
    """Hold every list against what came after it.

    ``trouble``: by ``mark`` and ``customer_id``, as :func:`is_in_trouble`. An alert is an entry to the list of a
    customer not in trouble then; it came true where trouble began on one of the ``horizon`` marks after it.

    - ``precision``: alerts that came true / alerts whose months have passed.
    - ``recall``: beginnings of trouble of customers that stood on the list on the mark before / all beginnings (not in
      trouble on the mark before).
    - ``others``: of customers that owed, were not in trouble and not on the list, the share for whom trouble began
      within the horizon, each mark counted: what an alert must beat.
    """
    marks = list(watched.marks)
    states = watched.states
    bad = _wide(trouble, marks)
    on_list = _wide(states["on_list"], marks).reindex(bad.index, fill_value=False)
    entered = _wide(states["status"] == "in", marks).reindex(bad.index, fill_value=False).to_numpy()
    owes = _wide(states["open_balance"] > 0, marks).reindex(bad.index, fill_value=False).to_numpy()
    since = states["since"].unstack("mark").reindex(index=bad.index, columns=marks).to_numpy(dtype=float)
    customers, is_bad, listed = bad.index.to_numpy(), bad.to_numpy(), on_list.to_numpy()
    months = _months_until(is_bad)
    within = months <= horizon
    passed = np.arange(len(marks)) + horizon < len(marks)
    row, place = np.nonzero(entered & ~is_bad)
    flags = states[[rule.flag for rule in watched.rules]]
    alerts = pd.DataFrame(
        {
            "mark": np.array(marks, dtype=int)[place],
            "customer_id": customers[row],
            # what came early counts with the rest, once the months have passed: else failures would be missing
            "is_judged": passed[place],
            "came": within[row, place],
            "months": np.where(within[row, place], months[row, place], np.nan),
        }
    )
    alerts = alerts.join(flags, on=["mark", "customer_id"]).sort_values(["mark", "customer_id"], ignore_index=True)
    calm = ~is_bad & ~listed & owes & passed
    onsets = _onsets(customers, marks, is_bad, listed, since)
    return AlertRecord(
        horizon=horizon,
        alerts=alerts,
        onsets=onsets,
        precision=_share(alerts[alerts["is_judged"]], "came"),
        recall=_share(onsets, "foreseen"),
        others=share_of(customers[np.nonzero(calm)[0]], within[calm]),
    )


def _share(rows: pd.DataFrame, column: str) -> Share:
    return share_of(rows["customer_id"].to_numpy(dtype=object), rows[column].to_numpy(dtype=bool))


def _wide(flags: pd.Series, marks: list[int]) -> pd.DataFrame:
    table = flags.astype(float).unstack("mark").reindex(columns=marks)
    return table.fillna(0.0).astype(bool).sort_index()


def _months_until(is_bad: np.ndarray) -> np.ndarray:
    """Marks from each mark to the next after it with trouble; infinite without."""
    months = np.full(is_bad.shape, np.inf)
    for place in range(is_bad.shape[1] - 2, -1, -1):
        months[:, place] = np.where(is_bad[:, place + 1], 1.0, months[:, place + 1] + 1.0)
    return months


def _onsets(
    customers: np.ndarray, marks: list[int], is_bad: np.ndarray, listed: np.ndarray, since: np.ndarray
) -> pd.DataFrame:
    begins = np.zeros_like(is_bad)
    begins[:, 1:] = is_bad[:, 1:] & ~is_bad[:, :-1]
    row, place = np.nonzero(begins)
    entered = since[row, place - 1]
    nth = np.searchsorted(np.array(marks, dtype=float), np.nan_to_num(entered, nan=marks[0] if marks else 0.0))
    foreseen = listed[row, place - 1]
    frame = pd.DataFrame(
        {
            "mark": np.array(marks, dtype=int)[place],
            "customer_id": customers[row],
            "foreseen": foreseen,
            "lead_months": np.where(foreseen, (place - nth).astype(float), np.nan),
            "lead_is_longer": foreseen & (nth == 0),
        }
    )
    return frame.sort_values(["mark", "customer_id"], ignore_index=True)
