"""The scorecard: every headline measure at each month end, with what went into it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analysis.measures.bad_debt import bad_debt_to_sales
from analysis.measures.days import days_by_month
from analysis.measures.effectiveness import collection_effectiveness
from analysis.measures.months import LedgerMonths, month_table
from analysis.measures.ratio import ratio

_YEAR = 12


def scorecard(months: LedgerMonths, *, last: int = 13) -> pd.DataFrame:
    """Headline measures at each of the last month ends, in company currency; index ``by``..., ``month_end``.

    Columns: all of :func:`analysis.measures.months.month_table`, and

    - ``overdue_share`` and ``over_90_share``, of ``open_balance``;
    - ``dso_simple``, ``dso_rolling`` (over the policy's ``dso_months``), ``dso_countback`` with
      ``dso_countback_exhausted`` and ``dso_countback_skipped``, on ``receivables``; ``best_possible_dso`` on
      ``not_due`` and ``average_days_delinquent`` on ``overdue``, over the months of the rolling DSO, whose sales
      and days are ``credit_sales_rolling`` and ``days_rolling``;
    - ``opening`` (receivables a month before) and ``collection_effectiveness`` of the month;
    - ``turnover`` = ``credit_sales_12 / mean_balance_12``, the mean over the receivables at the thirteen month
      ends that bound twelve months;
    - ``write_offs_net`` (less recoveries) of the month, and ``bad_debt_to_sales`` =
      ``write_offs_net_12 / credit_sales_12`` over twelve months.

    Cash on account counts as collected in whatever stands on ``receivables``; so DSO is best possible DSO plus
    days delinquent only where there is none, no credit balance and no invoice without a due date. NaN where a
    measure is undefined, or the months that it needs are not in the books.
    """
    table = _per_group(month_table(months), lambda rows: _measured(rows, k=months.snapshot.company.policy.dso_months))
    ends = table.index.get_level_values("month_end").unique().sort_values()[-last:]
    return table[table.index.get_level_values("month_end").isin(ends)]


def _measured(rows: pd.DataFrame, *, k: int) -> pd.DataFrame:
    """The measures of one group, from its months in order and without gaps."""
    table = rows.copy()
    table["overdue_share"] = ratio(table["overdue"], table["open_balance"])
    table["over_90_share"] = ratio(table["over_90"], table["open_balance"])
    days = days_by_month(table.assign(open_balance=table["receivables"]), k=k)
    table = table.join(days.rename(columns={f"dso_rolling_{k}": "dso_rolling"}))
    table["credit_sales_rolling"] = _over(table["credit_sales"], k)
    table["days_rolling"] = _over(table["days"], k)
    table["opening"] = table["receivables"].shift()
    table["collection_effectiveness"] = collection_effectiveness(
        table["opening"], table["credit_sales"], table["receivables"], table["not_due"]
    )
    table["credit_sales_12"] = _over(table["credit_sales"], _YEAR)
    # twelve months lie between thirteen month ends
    table["mean_balance_12"] = _over(table["receivables"], _YEAR + 1) / (_YEAR + 1)
    table["turnover"] = ratio(table["credit_sales_12"], table["mean_balance_12"])
    table["write_offs_net"] = table["write_off"] - table["recovery"]
    table["write_offs_net_12"] = _over(table["write_offs_net"], _YEAR)
    table["bad_debt_to_sales"] = bad_debt_to_sales(
        _over(table["write_off"], _YEAR), _over(table["recovery"], _YEAR), table["credit_sales_12"]
    )
    return table


def _over(values: pd.Series, months: int) -> pd.Series:
    """Sum over so many months up to each; NaN where fewer are known.

    Added up anew for each month: a running sum keeps a trace of what left it, and would not come back to zero.
    """
    return sum((values.shift(back) for back in range(1, months)), start=values.astype(float))


def _per_group(table: pd.DataFrame, measure: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """What ``measure`` says of each group's months, put together as they came; an empty table keeps its columns."""
    by = [name for name in table.index.names if name != "month_end"]
    if not by:
        return measure(table)
    parts = [measure(rows.droplevel(by)).set_axis(rows.index) for _, rows in table.groupby(by, sort=False)]
    return pd.concat(parts) if parts else measure(table.droplevel(by)).set_axis(table.index)
