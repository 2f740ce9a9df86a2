"""The customer view: who each customer is as a payer, one row per customer as the books showed it on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from analysis.ledger.dimensions import NOT_STATED
from analysis.measures.credit_standing import limits_held, ratings_at
from analysis.measures.history import History
from analysis.measures.known_balances import owed_at, written_off_at
from analysis.measures.lateness import lateness
from analysis.measures.payment_days import days_of_payment, regularity
from analysis.measures.promises import contacts_made, disputes_raised, paid_in_parts

TEXTS = ("name", "parent_id", "segment", "country", "industry", "entity", "rating_grade")
COLUMNS = (
    *("name", "parent_id", "segment", "country", "industry", "entity"),
    *("invoices", "invoices_12m", "sales_12m", "recency_days", "tenure_days"),
    *("open_balance", "overdue", "overdue_91", "oldest_days", "open_invoices", "overdue_invoices"),
    *("paid_12m", "days_late", "days_late_weighted", "days_late_trend", "days_late_spread"),
    *("share_late", "share_late_91", "pay_days_6m", "weekday_share", "month_end_share", "part_paid_share"),
    *("disputes_12m", "dispute_share", "disputed_open", "contacts_12m", "promises_12m", "promises_broken_12m"),
    *("limit", "limit_use", "rating_score", "rating_grade", "rating_age_days", "written_off", "group_open_balance"),
)
_OWED = ["open_balance", "overdue", "overdue_91", "oldest_days", "open_invoices", "overdue_invoices"]
_OF_CUSTOMER = ("segment", "country", "industry", "size", "parent_id")


def customer_views(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """Each customer on each mark as the books showed it at the end of that day; columns :data:`COLUMNS`.

    One row per mark and customer invoiced by then, sorted by mark (day number since 1970) and ``customer_id``, which
    are the index. Text columns are :data:`TEXTS`, all others floats. Money is in company currency at the latest rate
    known on the mark, ages are days, a year is 365 days and half a year 180.

    - Who it is: ``name``, ``parent_id`` (itself without a group), ``country``, ``industry``, ``segment`` (the attribute
      of customers by which the company shows segments), ``entity`` (that issued most of its invoices). Attributes
      carry no date: they are those of the books.
    - What it buys, pays and how late: see :func:`analysis.measures.lateness.lateness`.
    - What it owes: see :func:`analysis.measures.known_balances.owed_at`; ``written_off`` to the mark, recoveries not
      taken off; ``group_open_balance`` of all customers under the same head.
    - When it pays: see :func:`analysis.measures.payment_days.regularity`; ``part_paid_share`` of the invoices that
      fell due in the year.
    - What paying took: see :func:`analysis.measures.promises.contacts_made`; ``disputes_12m``, ``dispute_share`` (of
      the invoices issued in the year), ``disputed_open`` (open balance of invoices in dispute).
    - Its standing: ``limit``, ``limit_use`` (open balance / limit), the latest rating and its age.

    NaN where a figure is not defined: a mean or share of nothing, no limit or one of zero, no rating; disputes and
    contacts on marks by which the books held none of anybody. None of it depends on what the books showed later,
    except that cash which names no invoice, was booked before a mark and was recorded after it may stand against
    other invoices. ValueError for a mark after the snapshot.
    """
    late = [mark for mark in marks if mark > history.last]
    if late:
        raise ValueError(f"{max(late)} lies after the snapshot of {history.last}")
    if not len(marks):
        index = pd.MultiIndex.from_arrays([pd.Index([], dtype="int64"), pd.Index([], dtype=object)])
        return pd.DataFrame(columns=list(COLUMNS), index=index.set_names(["mark", "customer_id"]))
    view = lateness(history, marks)
    whole = view.index
    owed = owed_at(history, marks).reindex(whole).fillna(0.0)
    parts = paid_in_parts(history, marks).reindex(whole)
    disputes, contacts = disputes_raised(history, marks), contacts_made(history, marks)
    raised, contacted = _none_or_zero(disputes, whole), _none_or_zero(contacts, whole)
    limit = limits_held(history.snapshot, marks)["limit"].reindex(whole)
    view = view.join(_who(history, whole)).join(owed[_OWED])
    view = view.join(_regularity(history, marks, whole)).join(contacted).join(ratings_at(history, marks))
    view["part_paid_share"] = parts["part_paid"] / parts["due"].where(parts["due"] > 0)
    view["disputes_12m"] = raised["disputes_12m"]
    view["dispute_share"] = raised["disputed_invoices_12m"] / view["invoices_12m"].where(view["invoices_12m"] > 0)
    view["disputed_open"] = owed["disputed_open"].where(raised["disputes_12m"].notna())
    view["limit"] = limit
    view["limit_use"] = view["open_balance"] / limit.where(limit > 0)
    view["written_off"] = written_off_at(history, marks).reindex(whole).fillna(0.0)
    marks_of = view.index.get_level_values("mark")
    view["group_open_balance"] = view.groupby([marks_of, view["parent_id"]])["open_balance"].transform("sum")
    return view[list(COLUMNS)]


def customer_view(history: History, on: date) -> pd.DataFrame:
    """The view of one day, indexed by ``customer_id``; see :func:`customer_views`."""
    return customer_views(history, [on]).droplevel("mark")


def segment_column(history: History) -> str:
    """The attribute of customers by which the company shows segments; ``segment`` where it is one of invoices."""
    by = history.snapshot.company.policy.segment_by
    return by if by in _OF_CUSTOMER else "segment"


def _who(history: History, whole: pd.Index) -> pd.DataFrame:
    """Name, group, segment, country and industry of the customer of each row; what is not stated says so."""
    customers = history.snapshot.customers.execute().set_index("customer_id")
    told = pd.DataFrame(
        {
            "name": customers["name"],
            "parent_id": customers["parent_id"],
            "segment": customers[segment_column(history)],
            "country": customers["country"],
            "industry": customers["industry"],
        }
    ).astype(object)
    told = told.where(told.notna(), NOT_STATED)
    return told.reindex(whole.get_level_values("customer_id")).set_axis(whole)


def _regularity(history: History, marks: Sequence[date], whole: pd.Index) -> pd.DataFrame:
    """Shares of payment days; who has paid on none in half a year has paid on 0 days."""
    shares = regularity(days_of_payment(history, marks)).reindex(whole)
    return shares.fillna({"pay_days_6m": 0.0})


def _none_or_zero(counts: pd.DataFrame, whole: pd.Index) -> pd.DataFrame:
    """Counts of all customers: 0 where others have some on the mark, NaN where nobody has: nothing was kept then."""
    held = whole.get_level_values("mark").isin(counts.index.get_level_values("mark"))
    filled = counts.reindex(whole).fillna(0.0)
    return filled.where(pd.Series(held, index=whole), float("nan"))
