"""One customer looked at from all sides, before a call: the account, its habits, its risk, and what is expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.ledger.snapshot import Snapshot
from analysis.measures.account import account_of, open_items
from analysis.measures.ageing import ageing
from analysis.measures.customers import COLUMNS, customer_views
from analysis.measures.history import History, day_number, history_of
from analysis.measures.limits import limit_use
from analysis.measures.payment_days import days_of_payment, rhythm
from analysis.measures.payment_index import customer_index, index_counts
from analysis.measures.settlement import payment_days
from analysis.models.expected_days import ExpectedDays, expected_by_rule
from analysis.models.paydays import MONTH_PLACES, month_places
from analysis.models.payment_runs import ANY_DAY, RUN_CALENDARS, calendar_chances
from analysis.models.risk import RiskAssessment
from analysis.models.watch import Watch

SHOWN_MONTHS = 13
# A calendar is taken for a customer's own from this chance on, as the payment model does.
_SURE = 0.8
_RUNS_SEEN_DAYS = 730
_NOW, _MONTH, _YEAR = "now", "last_month", "last_year"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountReview:
    """One customer as of a day.

    - ``views``: its rows of the customer view, index ``now``, ``last_month``, ``last_year``, NaN where it had no
      invoice by then; ``buckets``: open balance by days past due; ``items``: open invoices with what is expected of
      them; ``months``: average days late of what was paid in each of 13 months, its own and ``all`` customers'.
    - ``index``: payment index with its interval; ``rhythm`` and ``runs``: when it pays, in words (blank where it paid
      nothing, and where no calendar fits).
    - ``limit``: its row of the use of limits, None without an exposure; ``has_limits`` and ``has_ratings`` say whether
      the books know any of anybody.
    - ``risk``: its row of the assessment, None where it was not assessed; ``reasons``: why; ``loss``: expected loss,
      NaN where none can be said.
    - ``group``: name of its group, blank without one; ``unapplied``: cash on account.
    """

    customer_id: str
    account: Snapshot
    views: pd.DataFrame
    buckets: pd.Series[float]
    items: pd.DataFrame
    expected: ExpectedDays
    months: pd.DataFrame
    index: pd.Series[float]
    limit: pd.Series | None
    has_limits: bool
    has_ratings: bool
    rhythm: str
    runs: str
    risk: pd.Series | None
    reasons: pd.DataFrame
    assessed: RiskAssessment | None
    watched: Watch | None
    loss: float
    group: str
    unapplied: float

    @property
    def on(self) -> date:
        return self.account.as_of

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self.account.company.currency

    @property
    def now(self) -> pd.Series:
        """Its row of the customer view."""
        return self.views.loc[[_NOW]].iloc[0]

    @property
    def name(self) -> str:
        """Its name; its number where the books have none."""
        names = self.account.customers.select("name").execute()["name"].dropna()
        return str(names.iloc[0]) if len(names) else self.customer_id

    @property
    def was_invoiced(self) -> bool:
        """Whether any invoice was issued to it by the day."""
        return bool(self.now["invoices"] > 0)


def account_review(
    history: History,
    customer_id: str,
    *,
    assessed: RiskAssessment | None = None,
    watched: Watch | None = None,
    losses: pd.Series[float] | None = None,
    expected: ExpectedDays | None = None,
) -> AccountReview:
    """Look at one customer of a history as of its last day.

    ``assessed``, ``watched`` and ``losses`` (expected loss by customer) are those of all customers, None where the
    books allow none; ``expected`` as a forecast says, by a naive rule where absent.
    """
    snapshot, last = history.snapshot, history.last
    account = account_of(snapshot, customer_id)
    own, items = history_of(account), open_items(account)
    expected = expected or expected_by_rule(history, account)
    used, waiting = limit_use(account), account.unapplied.filter(account.unapplied["until_on"].isnull())
    on_account = waiting.select("amount", "currency").execute()
    risk = None if assessed is None else _row(assessed.customers, customer_id)
    index = customer_index(index_counts(own, [last])).droplevel("mark")
    days = days_of_payment(own, [last]).droplevel("mark")
    views = _views(history, customer_id)
    limits = snapshot.limits.filter(snapshot.limits["credit_limit"] > 0)
    return AccountReview(
        customer_id=customer_id,
        account=account,
        views=views,
        buckets=ageing(account).iloc[0].drop(["total", "overdue", "invoices"]).astype(float),
        items=items.join(expected.table),
        expected=expected,
        months=_days_late(snapshot, account),
        index=index.reindex([customer_id]).iloc[0],
        limit=_row(used.table, customer_id),
        has_limits=bool(limits.count().execute()),
        has_ratings=bool(snapshot.ratings.count().execute()),
        rhythm=str(rhythm(days).iloc[0]) if len(days) else "",
        runs=_runs(account),
        risk=risk,
        reasons=pd.DataFrame() if assessed is None else assessed.reasons_of(customer_id),
        assessed=assessed,
        watched=watched,
        loss=math.nan if losses is None else float(losses.get(customer_id, 0.0)),
        group=_group(snapshot, customer_id, str(views.loc[_NOW, "parent_id"])),
        unapplied=math.fsum(account.value(on_account["amount"], on_account["currency"])),
    )


def _row(table: pd.DataFrame, customer_id: str) -> pd.Series | None:
    return table.loc[[customer_id]].iloc[0] if customer_id in table.index else None


def _views(history: History, customer_id: str) -> pd.DataFrame:
    """The customer's rows of the view on the day, and on the ends of the month and of the same month a year before."""
    last = history.last
    first = last.replace(day=1)
    year_ago = (pd.Timestamp(first) - pd.DateOffset(months=12) + pd.offsets.MonthEnd(0)).date()
    marks = {_NOW: last, _MONTH: first - timedelta(days=1), _YEAR: year_ago}
    views = customer_views(history, sorted(marks.values()))
    found = views[views.index.get_level_values("customer_id") == customer_id].droplevel("customer_id")
    rows = found.reindex([day_number(day) for day in marks.values()])
    return rows.set_axis(list(marks))[list(COLUMNS)]


def _days_late(snapshot: Snapshot, account: Snapshot) -> pd.DataFrame:
    """Average days late, by amount, of what was paid in each month; NaN where nothing with a due date was."""

    def late(of: Snapshot) -> pd.Series:
        paid = payment_days(of, months=SHOWN_MONTHS)
        return paid["amount_days_late"] / paid["amount_dated"].where(paid["amount_dated"] > 0)

    return pd.DataFrame({"own": late(account), "all": late(snapshot)})


def _runs(account: Snapshot) -> str:
    """The calendar of its payment runs, told from the days on which invoices of two years were paid; blank if none."""
    paid = account.items.filter(account.items["outcome"] == Outcome.PAID).select("settled_on").execute()
    settled = pd.to_datetime(paid["settled_on"])
    settled = settled[settled > pd.Timestamp(account.as_of) - pd.Timedelta(days=_RUNS_SEEN_DAYS)]
    days = np.array([day_number(day.date()) for day in settled], dtype=np.int64)
    phases = np.bincount((days + 3) % 14, minlength=14).astype(float)
    places = np.bincount(month_places(days), minlength=MONTH_PLACES).astype(float)
    chances = calendar_chances(phases[None, :], places[None, :])[0]
    best = int(chances.argmax())
    return RUN_CALENDARS[best].words if best != ANY_DAY and chances[best] >= _SURE else ""


def _group(snapshot: Snapshot, customer_id: str, parent_id: str) -> str:
    """Name of the head of its group; blank where it is its own."""
    if parent_id == customer_id:
        return ""
    heads = snapshot.customers.filter(snapshot.customers["customer_id"] == parent_id).select("name").execute()["name"]
    known = heads.dropna()
    return str(known.iloc[0]) if len(known) else ("" if parent_id == "nan" else parent_id)
