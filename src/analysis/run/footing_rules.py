"""Which published rows each number of the monthly report is made of: a table of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.run.footing import Rule, column, findings, inputs, invoices, last_row, quotient, since

_MONTH = ("opening", "Invoiced", "Paid", "Discounts", "Credited", "Written off", "Currency")
_MONTH_NUMBERS = ("opening", "invoiced", "paid", "discounts", "credited", "written_off", "fx")
_EFFECTS = ("sales", "customers", "terms", "behaviour", "disputes", "currency")
_DIVIDED = ("currency", "entity", "segment", "customer")


def _past_due(row: Mapping[str, Any]) -> bool:
    return row["days past due"] not in ("not due", "no due date")


def _over_90(row: Mapping[str, Any]) -> bool:
    """Whether a bucket lies beyond 90 days: "91-120", "over 120"."""
    bucket = str(row["days past due"])
    lowest = bucket.removeprefix("over ").partition("-")[0]
    return lowest.isdigit() and int(lowest) >= (90 if bucket.startswith("over") else 91)


def _parted_at_90(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the policy's buckets ends at 90 days; where none does, no bucket is wholly beyond it."""
    return any(str(row["days past due"]).endswith("-90") for row in rows)


def _in_doubt(row: Mapping[str, Any]) -> bool:
    return row["debt"] != "forecastable"


def _on_list(row: Mapping[str, Any]) -> bool:
    return row["status"] != "out"


def _high_risk(row: Mapping[str, Any]) -> bool:
    return str(row["class"]) in ("4", "5")


RULES: Mapping[str, Sequence[Rule]] = {
    "receivables": (findings("open_balance", "-credit_balances", "-unapplied"),),
    "open_balance": (
        column("ageing_by_due", "open"),
        column("ageing_by_issue", "open"),
        column("ageing_by_segment", "total"),
        invoices(),
    ),
    "overdue": (
        column("ageing_by_due", "open", only=_past_due, told="past due"),
        column("ageing_by_segment", "overdue"),
        invoices(past_due=0),
        since("last_month", *(f"overdue_month_{effect}" for effect in _EFFECTS)),
        since("last_year", *(f"overdue_year_{effect}" for effect in _EFFECTS)),
    ),
    "dso_countback": (
        since("last_month", *(f"dso_month_{effect}" for effect in _EFFECTS)),
        since("last_year", *(f"dso_year_{effect}" for effect in _EFFECTS)),
    ),
    "overdue_share": (
        quotient("overdue", "open_balance"),
        column("ageing_by_due", "open", of="overdue", only=_past_due, told="past due"),
        invoices(past_due=0, of="overdue"),
    ),
    "over_90_share": (
        quotient("over_90", "open_balance"),
        column(
            "ageing_by_due", "open", of="over_90", only=_over_90, told="more than 90 days past due", where=_parted_at_90
        ),
        invoices(past_due=90, of="over_90"),
    ),
    "debtors": (invoices(debtors=True),),
    "top_share": (column("top_exposures", "share", first=10, told="the ten largest"),),
    "month_closing": (
        last_row("roll_forward_months", _MONTH),
        findings(*(f"month_{name}" for name in _MONTH_NUMBERS)),
    ),
    "dso_simple": (quotient("receivables", "credit_sales", times="days"),),
    "dso_rolling": (quotient("receivables", "credit_sales_rolling", times="days_rolling"),),
    "best_possible_dso": (quotient("not_due", "credit_sales_rolling", times="days_rolling"),),
    "days_delinquent": (quotient("overdue", "credit_sales_rolling", times="days_rolling"),),
    "turnover": (quotient("credit_sales_12", "mean_balance_12"),),
    "bad_debt_to_sales": (quotient("write_offs_net_12", "credit_sales_12"),),
    "quarantined_rows": (column("rows_by_fate", "quarantined"),),
    "cash_13_weeks": (
        column("cash_weeks", "open invoices"),
        *(column(f"cash_by_{division}", "expected") for division in _DIVIDED),
    ),
    "cash_30_days": tuple(column(f"cash_by_{division}", "within 30 days") for division in _DIVIDED),
    "cash_later": tuple(column(f"cash_by_{division}", "later or never") for division in _DIVIDED),
    "cash_doubtful": (column("cash_doubt", "open balance", only=_in_doubt, told="of debt in doubt"),),
    "alert_precision": (quotient("count", "of"),),
    "alert_recall": (quotient("count", "of"),),
    "payer_month_moved": (quotient("moved", "judged on both days"),),
    "payer_year_moved": (quotient("moved", "judged on both days"),),
    "severe_over_expected": (quotient("observed", "expected"),),
    "waited_over_expected": (quotient("observed", "expected"),),
    "limit_use": (quotient("exposure", "limits"),),
    "limit_excess": (column("breaches", "excess"),),
    "over_limit": (column("breaches", "excess", count=True),),
    "policy_exceptions": (quotient("against policy", "invoiced"),),
    "watch_listed": (column("watch_all", "open", only=_on_list, told="on the list now", count=True),),
    "watch_exposure": (column("watch_all", "open", only=_on_list, told="on the list now"),),
    "high_risk_customers": (column("risk_classes", "customers", only=_high_risk, told="of classes 4 and 5"),),
    "severe_expected": (column("risk_classes", "expected"),),
    "expected_loss": (inputs("history", "forward", "specific", "overlay"),),
    "allowance_ratio": (quotient("allowance", "open_balance"),),
    "allowance_charge": (inputs("closing", "-opening", "written_off", "-recovered", "-currency"),),
    "allowance_charge_year": (inputs("closing", "-opening", "written_off", "-recovered", "-currency"),),
}
"""Rules by the id of a number. A number that is no sum of rows, such as a median or an interval, has none."""
