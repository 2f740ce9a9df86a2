"""The scorecard: every headline measure at each month end, with what went into it."""

from __future__ import annotations

import pandas as pd

from analysis.measures.bad_debt import bad_debt_to_sales
from analysis.measures.days import days_by_month
from analysis.measures.effectiveness import collection_effectiveness
from analysis.measures.months import LedgerMonths, month_table
from analysis.measures.ratio import ratio

_YEAR = 12
_OF_FLOWS = (
    "dso_simple",
    "dso_rolling",
    "dso_countback",
    "best_possible_dso",
    "average_days_delinquent",
    "collection_effectiveness",
    "turnover",
    "bad_debt_to_sales",
)


def scorecard(months: LedgerMonths, *, last: int = 13) -> pd.DataFrame:
    """Headline measures at each of the last month ends, in company currency; index ``by``..., ``month_end``.

    Columns: all of :func:`analysis.measures.months.month_table`, and

    - ``overdue_share`` and ``over_90_share`` (of ``open_balance``);
    - ``dso_simple``, ``dso_rolling`` (over the policy's ``dso_months``), ``dso_countback`` with
      ``dso_countback_exhausted``, on ``receivables``; ``best_possible_dso`` on ``not_due`` and
      ``average_days_delinquent`` on ``overdue``, over the months of the rolling DSO, whose sales and days
      are ``credit_sales_rolling`` and ``days_rolling``;
    - ``opening`` and ``collection_effectiveness`` of the month;
    - ``turnover`` = ``credit_sales_12 / mean_balance_12`` and ``bad_debt_to_sales`` =
      ``write_offs_net_12 / credit_sales_12`` over twelve months.

    NaN where a measure is undefined, or its months are not in the books; so are all measures of flows where
    the books hold open items only, because the sales and payments of the past are not in them.
    """
    k = months.snapshot.company.policy.dso_months
    table = month_table(months)
    table["overdue_share"] = ratio(table["overdue"], table["open_balance"])
    table["over_90_share"] = ratio(table["over_90"], table["open_balance"])
    days = days_by_month(table.assign(open_balance=table["receivables"]), k=k)
    days = days.rename(columns={f"dso_rolling_{k}": "dso_rolling"})
    table = table.join(days)
    table["credit_sales_rolling"] = _over(table, "credit_sales", k)
    table["days_rolling"] = _over(table, "days", k)
    table["opening"] = _grouped(table, "receivables").shift()
    table["collection_effectiveness"] = collection_effectiveness(
        table["opening"], table["credit_sales"], table["receivables"], table["not_due"]
    )
    table["credit_sales_12"] = _over(table, "credit_sales", _YEAR)
    table["mean_balance_12"] = _over(table, "receivables", _YEAR) / _YEAR
    table["turnover"] = ratio(table["credit_sales_12"], table["mean_balance_12"])
    table["write_offs_net_12"] = _over(table.assign(net=table["write_off"] - table["recovery"]), "net", _YEAR)
    table["bad_debt_to_sales"] = bad_debt_to_sales(table["write_offs_net_12"], 0.0, table["credit_sales_12"])
    if months.snapshot.open_items_only:
        table[list(_OF_FLOWS)] = float("nan")
    ends = table.index.get_level_values("month_end").unique().sort_values()[-last:]
    return table[table.index.get_level_values("month_end").isin(ends)]


def _grouped(table: pd.DataFrame, column: str) -> pd.core.groupby.SeriesGroupBy | pd.Series:
    by = [name for name in table.index.names if name != "month_end"]
    return table.groupby(level=by, sort=False)[column] if by else table[column]


def _over(table: pd.DataFrame, column: str, months: int) -> pd.Series:
    """Sum over so many months up to each; NaN where fewer are known."""
    by = [name for name in table.index.names if name != "month_end"]
    if not by:
        return table[column].rolling(months).sum()
    return table.groupby(level=by, sort=False)[column].transform(lambda s: s.rolling(months).sum())
