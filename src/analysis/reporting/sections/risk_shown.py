"""What is shown of severe delinquency: classes, the riskiest customers, the record; empty where there is none."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis.models.risk import RiskAssessment
from analysis.models.risk_classes import HIGH_RISK
from analysis.reporting.charts_risk import risk_calibration
from analysis.reporting.sections import risk_words

# At most seven exceptions on any list (notation of the pack).
RISKIEST = 7


def classes_table(found: RiskAssessment | None) -> pd.DataFrame:
    """Classes 1 to 5 with who is in them now and what came of them before; empty where nobody is assessed."""
    if found is None or found.customers.empty:
        return pd.DataFrame()
    table = found.classes
    bounds = [f"{low:.0%} to {high:.0%}" for low, high in zip(table["from"], table["to"], strict=True)]
    return pd.DataFrame(
        {
            "class": [str(label) for label in table.index],
            "chance": bounds,
            "customers": table["customers"],
            "open": table["open_balance"],
            "expected": table["expected"],
            "stated": table["forecast"],
            "observed": table["observed"],
            "from": table["low"],
            "to": table["high"],
        }
    ).reset_index(drop=True)


def riskiest_table(found: RiskAssessment | None, *, most: int = RISKIEST) -> pd.DataFrame:
    """The customers of classes 4 and 5 with the largest chance times balance, each with what raises its risk."""
    if found is None or found.customers.empty:
        return pd.DataFrame()
    high = found.customers[found.customers["risk_class"].isin(HIGH_RISK) & (found.customers["open_balance"] > 0)]
    order = high.assign(_weight=high["chance"] * high["open_balance"], _id=high.index)
    order = order.sort_values(["_weight", "_id"], ascending=[False, True], kind="stable").head(most)
    reasons = [risk_words.reasons_told(found.reasons_of(str(customer))) for customer in order.index]
    return pd.DataFrame(
        {
            "customer": order["name"],
            "class": order["risk_class"].astype(str),
            "chance": [
                risk_words.with_interval(*cells, unit="share", decimals=3)
                for cells in zip(order["chance"], order["low"], order["high"], strict=True)
            ],
            "open": order["open_balance"],
            "what multiplies the odds": reasons,
        }
    ).reset_index(drop=True)


def record_table(found: RiskAssessment | None) -> pd.DataFrame:
    """The record of who is used, by past day and of all together; empty without one."""
    record = None if found is None else found.judged
    if found is None or record is None or found.forecaster not in record.ids:
        return pd.DataFrame()
    table = record.by_origin(found.forecaster)
    shown = {
        label: [risk_words.with_interval(*cells, unit=unit, decimals=3) for cells in _cells(table, name)]
        for name, label, unit in (
            ("slope", "calibration slope", "ratio"),
            ("skill_base", "over the rate of all", "share"),
            ("skill_own_rate", "over the own past rate", "share"),
        )
    }
    figures = table[["origin", "customers", "severe", "brier"]].rename(columns={"origin": "day", "brier": "error"})
    return figures.assign(**shown)


def _cells(table: pd.DataFrame, name: str) -> list[tuple[float, float, float]]:
    """A figure of the record with its limits, row by row."""
    columns = [table[column].tolist() for column in (name, f"{name}_low", f"{name}_high")]
    return list(zip(*columns, strict=True))


def calibration(found: RiskAssessment | None) -> Figure | None:
    """What was stated of each class on past days beside what came of it; None where no class has a record."""
    if found is None or found.customers.empty or found.classes["observed"].isna().all():
        return None
    return risk_calibration(found.classes).get_figure(root=True)
