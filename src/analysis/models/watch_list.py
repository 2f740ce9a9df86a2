"""The watch list: which customers are to be looked at, since when, and for which of a fixed list of reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measures.history import History, marks_table, shown_on
from analysis.measures.known_balances import rates_at

Status = Literal["in", "stayed", "out"]
Flags = NDArray[np.bool_]

RECENT_DAYS, USUAL_DAYS, USUAL_DAYS_MIN = 60, 180, 60
RATING_MONTHS = 6
# A spread of fewer scores is none to measure a fall by.
_RATED_MIN = 10
_DISPUTES_MIN = 2
# What a customer of fewer invoices buys in two months is many times its usual by chance.
_BOUGHT_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRule:
    """A reason to watch a customer: from ``enter`` of the fact ``column`` on, until it falls below ``stay``."""

    id: str
    name: str
    column: str
    enter: float
    stay: float

    @property
    def flag(self) -> str:
        """Column of the list that says whether the reason holds."""
        return f"reason_{self.id}"


# Thresholds of the house; the lower one keeps a customer that hovers about the upper from coming and going.
WATCH_RULES: tuple[WatchRule, ...] = (
    WatchRule(id="drift", name="pays later than it used to", column="drift_days", enter=5.0, stay=2.0),
    WatchRule(id="broken_promises", name="broke promises", column="promises_broken_12m", enter=3, stay=2),
    WatchRule(id="limit_use", name="over its limit", column="limit_use", enter=1.5, stay=1.2),
    WatchRule(id="rating_fall", name="rating fell", column="rating_fall_spreads", enter=0.75, stay=0.4),
    WatchRule(id="oldest_item", name="an old item is open", column="oldest_days", enter=76, stay=46),
    WatchRule(id="high_risk", name="high risk of severe delinquency", column="risk_class", enter=4, stay=3),
    WatchRule(id="disputes", name="disputes most of what it owes", column="disputed_share", enter=0.5, stay=0.25),
    # "Bust-out": an account is built up in good conduct, then used for far more than ever before and left unpaid.
    WatchRule(id="unusual_buying", name="buys far more than usual", column="buying_ratio", enter=5.0, stay=2.5),
)
# Each threshold is the first value that counts; a trace of rounding below it is none.
_ROUNDING = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchList:
    """The list on each of several marks, a month apart.

    ``states``: index ``mark``, ``customer_id``, one row for each row of the customer views; ``on_list``, ``status``
    ("in", "stayed", "out" against the mark before, blank otherwise; the first mark has no "in" and no "out"),
    ``since`` (mark on which it came on the list; the first mark where it stood on it already), one flag per reason
    (:attr:`WatchRule.flag`), and the facts that the rules read. ``unavailable``: names of the rules whose facts the
    books do not hold.
    """

    rules: tuple[WatchRule, ...]
    states: pd.DataFrame
    unavailable: tuple[str, ...]

    @property
    def marks(self) -> tuple[int, ...]:
        """Day numbers of the marks, oldest first."""
        return tuple(sorted(int(mark) for mark in self.states.index.get_level_values("mark").unique()))

    def on(self, mark: int) -> pd.DataFrame:
        """Customers in, stayed and out on a mark, by status and then the largest open balance, by ``customer_id``."""
        rows = self.states.xs(mark, level="mark")
        rows = rows[rows["status"] != ""]
        order = rows.assign(_status=rows["status"].map({"in": 0, "stayed": 1, "out": 2}), _id=rows.index)
        order = order.sort_values(["_status", "open_balance", "_id"], ascending=[True, False, True])
        return order.drop(columns=["_status", "_id"])

    def reasons(self, row: pd.Series) -> tuple[WatchRule, ...]:
        """Rules that hold for a row of ``states``, in their order."""
        return tuple(rule for rule in self.rules if bool(row[rule.flag]))

    def counts(self) -> pd.DataFrame:
        """Customers on the list, and those that came and left, by mark: ``on_list``, ``entered``, ``left``."""
        status, mark = self.states["status"], self.states.index.get_level_values("mark")
        return pd.DataFrame(
            {
                "on_list": self.states["on_list"].groupby(mark).sum().astype(int),
                "entered": (status == "in").groupby(mark).sum().astype(int),
                "left": (status == "out").groupby(mark).sum().astype(int),
            }
        )


def watch_list(
    views: pd.DataFrame,
    *,
    drift: pd.DataFrame | None = None,
    buying: pd.Series | None = None,
    risk_class: pd.Series | None = None,
    rules: Sequence[WatchRule] = WATCH_RULES,
) -> WatchList:
    """Who is on the list on each mark of the customer views; only what was known on it and before counts.

    ``views``: as :func:`analysis.measures.customers.customer_views`; ``drift``: the ``states`` of
    :class:`analysis.models.payment_drift.Drift`, a month without a payment keeping the state before; ``buying``: as
    :func:`buying_ratios`; ``risk_class``: 1 to 5 by ``mark`` and ``customer_id``, of as many marks as were assessed.
    A reason is given from the mark on which its fact reaches ``enter`` until it falls below ``stay`` or is not known.
    A customer is on the list while a reason holds and it owes anything.
    """
    facts = _facts(views, drift=drift, buying=buying, risk_class=risk_class)
    marks = sorted(facts.index.get_level_values("mark").unique())
    states = facts.copy()
    wide = {rule.flag: _held(_by_mark(facts[rule.column], marks), rule) for rule in rules}
    index = _by_mark(facts["open_balance"], marks)
    owes = (index > 0).to_numpy()
    on_list = np.logical_or.reduce([*wide.values(), np.zeros_like(owes)]) & owes
    for flag, flags in wide.items():
        states[flag] = _long(flags, index, facts.index)
    states["on_list"] = _long(on_list, index, facts.index)
    before = np.column_stack([on_list[:, :1], on_list[:, :-1]])
    status = np.select([on_list & ~before, on_list, before], ["in", "stayed", "out"], "")
    states["status"] = _long(status, index, facts.index)
    states["since"] = _long(_since(on_list, np.array(marks, dtype=float)), index, facts.index)
    unknown = tuple(rule.name for rule in rules if facts[rule.column].isna().all())
    return WatchList(rules=tuple(rules), states=states, unavailable=unknown)


def _facts(
    views: pd.DataFrame, *, drift: pd.DataFrame | None, buying: pd.Series | None, risk_class: pd.Series | None
) -> pd.DataFrame:
    """The columns that rules read, and what is shown beside them."""
    shown = ["name", "segment", "open_balance", "overdue", "oldest_days", "limit_use", "promises_broken_12m"]
    facts = views[shown].copy()
    owed = views["open_balance"].where(views["open_balance"] > 0)
    # one dispute of a customer with one invoice is no pattern
    facts["disputed_share"] = (views["disputed_open"] / owed).where(views["disputes_12m"] >= _DISPUTES_MIN)
    facts["buying_ratio"] = np.nan if buying is None else buying.reindex(views.index)
    facts["risk_class"] = np.nan if risk_class is None else risk_class.reindex(views.index)
    facts["drift_days"] = np.nan if drift is None else _drift_days(views.index, drift)
    return facts.join(_rating_fall(views["rating_score"]))


def _drift_days(index: pd.Index, drift: pd.DataFrame) -> pd.Series[float]:
    """Days by which a customer drifts, zero where it does not; of its latest month up to each mark."""
    days = drift["shift_days"].where(drift["is_drifting"], 0.0).fillna(0.0)
    wanted = pd.MultiIndex.from_tuples(sorted(set(index) | set(days.index)), names=index.names)
    filled = days.reindex(wanted).groupby(level="customer_id", sort=False).ffill()
    return filled.reindex(index)


def _rating_fall(scores: pd.Series) -> pd.DataFrame:
    """Points by which a score is below its best of the last six marks, and the same in spreads of all scores.

    A higher score is a better one. NaN with fewer than ten scores on the mark.
    """
    wide = scores.astype(float).unstack("mark").sort_index(axis=1)
    best = wide.T.rolling(RATING_MONTHS + 1, min_periods=1).max().T
    fall = best - wide
    spread = wide.std().where((wide.notna().sum() >= _RATED_MIN) & (wide.std() > 0))
    found = {"rating_fall_points": fall, "rating_fall_spreads": fall / spread}
    long = {
        name: table.reset_index().melt("customer_id", var_name="mark", value_name=name) for name, table in found.items()
    }
    joined = [table.set_index(["mark", "customer_id"])[name] for name, table in long.items()]
    return pd.concat(joined, axis=1).reindex(scores.index)


def _by_mark(column: pd.Series, marks: list[int]) -> pd.DataFrame:
    return column.astype(float).unstack("mark").reindex(columns=marks)


def _held(values: pd.DataFrame, rule: WatchRule) -> Flags:
    """Whether a reason holds, by customer and mark: from ``enter`` on until below ``stay``."""
    known = values.to_numpy().round(_ROUNDING)
    held = np.zeros(known.shape, dtype=bool)
    before = np.zeros(len(known), dtype=bool)
    for place in range(known.shape[1]):
        before = (known[:, place] >= rule.enter) | (before & (known[:, place] >= rule.stay))
        held[:, place] = before
    return held


def _since(on_list: Flags, marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mark on which the present stay on the list began; NaN off it."""
    since = np.full(on_list.shape, np.nan)
    for place in range(on_list.shape[1]):
        stays = on_list[:, place - 1] if place else np.zeros(len(on_list), dtype=bool)
        began = np.where(stays, since[:, place - 1], marks[place])
        since[:, place] = np.where(on_list[:, place], began, np.nan)
    return since


def _long(values: NDArray, index: pd.DataFrame, wanted: pd.Index) -> NDArray:
    """Values by customer and mark in the order of the rows of ``wanted``."""
    mark = index.columns.get_indexer(wanted.get_level_values("mark"))
    return values[index.index.get_indexer(wanted.get_level_values("customer_id")), mark]


def buying_ratios(history: History, marks: Sequence[date]) -> pd.Series[float]:
    """What each customer bought in the last 60 days over what it bought in as many days before, by mark.

    ``sales of 60 days / (sales of the 180 days before them / days of them / 60)``; the 180 days are fewer for a
    customer that began within them, at least 60. NaN for one that bought less long, or has fewer than three
    invoices in them. Index ``mark``
    (day number), ``customer_id``; in company currency, as the books showed it on the mark.
    """
    first = history.lives.filter(history.lives["begun"] <= history.lives["issued"])
    marked = first.cross_join(marks_table(marks))
    shown = shown_on(marked, marked["mark"])
    ago = shown["mark"] - shown["issued"]
    shown = shown.mutate(recent=ago < RECENT_DAYS, usual=(ago >= RECENT_DAYS) & (ago < RECENT_DAYS + USUAL_DAYS))
    sums = shown.group_by("mark", "customer_id", "currency").aggregate(
        recent=shown["amount"].sum(where=shown["recent"]).fill_null(0),
        usual=shown["amount"].sum(where=shown["usual"]).fill_null(0),
        bought=shown["usual"].sum(),
        began=shown["issued"].min(),
    )
    frame = sums.execute().sort_values(["mark", "customer_id", "currency"], ignore_index=True)
    rate = rates_at(history, frame["currency"], frame["mark"])
    for column in ("recent", "usual"):
        frame[column] = frame[column].astype(float) * rate
    summed = frame.groupby(["mark", "customer_id"]).agg(
        recent=("recent", "sum"), usual=("usual", "sum"), bought=("bought", "sum"), began=("began", "min")
    )
    mark = summed.index.get_level_values("mark").to_numpy(dtype=float)
    days = np.minimum(mark - RECENT_DAYS - summed["began"] + 1, USUAL_DAYS)
    enough = (days >= USUAL_DAYS_MIN) & (summed["bought"] >= _BOUGHT_MIN)
    usual = (summed["usual"] / days * RECENT_DAYS).where(enough)
    return (summed["recent"] / usual).rename("buying_ratio")
