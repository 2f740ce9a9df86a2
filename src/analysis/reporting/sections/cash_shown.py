"""What is shown of cash to come: tables and charts of the outlook, each None or empty where there is none."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.ledger.opening import Opened
from analysis.measures.cash_received import cash_by_week
from analysis.models.cash_outlook import CashOutlook
from analysis.models.cash_record import NEAR_WEEKS, TrackRecord
from analysis.reporting import charts
from analysis.reporting.sections import cash_words


def weeks_table(outlook: CashOutlook | None) -> pd.DataFrame:
    """The thirteen weeks in numbers: open invoices with their 80% and 95% bands, and all cash expected."""
    if outlook is None:
        return pd.DataFrame()
    weeks, layered = outlook.forecast.weeks, outlook.forecast.with_coming
    table = pd.DataFrame(
        {
            "week to": [day.date().isoformat() for day in weeks["ends_on"]],
            "open invoices": weeks["expected"],
            "80% from": weeks[0.1],
            "80% to": weeks[0.9],
            "95% from": weeks[0.025],
            "95% to": weeks[0.975],
        }
    )
    if layered is not None:
        table["with invoices to come"] = layered["expected"]
    return table.reset_index(drop=True)


def judged_weeks(record: TrackRecord) -> pd.DataFrame:
    """The first four weeks of each judged forecast, by the day they end on."""
    near = record.weeks[record.weeks["week"] <= NEAR_WEEKS]
    ends = pd.to_datetime(near["on"]) + pd.to_timedelta(7 * near["week"].astype(int), unit="D")
    return near.assign(ends_on=ends).sort_values(["ends_on", "on"], ignore_index=True)


def rivals_table(outlook: CashOutlook | None) -> pd.DataFrame:
    """Gross error, net error and bias of the model and of each naive rule, as the page shows them."""
    if outlook is None:
        return pd.DataFrame()
    shown = outlook.rivals.rename(index={cash_words.MODEL: "this forecast"})
    table = shown.rename(columns={"gross_error": "a week", "net_error": "four weeks"})
    return table.rename_axis(index="rule").reset_index()


def doubtful_table(outlook: CashOutlook | None) -> pd.DataFrame:
    """Forecastable and not forecastable debt."""
    if outlook is None:
        return pd.DataFrame()
    return outlook.doubtful.rename_axis(index="debt").reset_index().rename(columns=lambda c: c.replace("_", " "))


def divided_table(outlook: CashOutlook | None, *, by: str) -> pd.DataFrame:
    """The forecast by a division, with what it adds up to in the last row; the total has its own band."""
    if outlook is None:
        return pd.DataFrame()
    table = outlook.forecast.divided(by).rename_axis(index=by)
    sums = table.sum()
    sums[["low", "high"]] = outlook.forecast.band(0.80)
    table.loc["All"] = sums
    table = table.rename(columns={"low": "80% from", "high": "80% to"})
    return table.reset_index().rename(columns=lambda c: c.replace("_", " "))


def fan(opened: Opened, outlook: CashOutlook | None) -> Figure | None:
    """Thirteen weeks with their bands after thirteen weeks of what came; open invoices alone where that is all."""
    if outlook is None:
        return None
    weeks, layered = outlook.forecast.weeks, outlook.forecast.with_coming
    currency = opened.company.currency
    if layered is None:
        return _whole(charts.cash_fan(weeks, currency=currency))
    came = cash_by_week(opened.snapshot)
    return _whole(charts.cash_fan(layered, currency=currency, came=came, open_invoices=weeks["expected"]))


def record(opened: Opened, outlook: CashOutlook | None) -> Figure | None:
    """The first four weeks of earlier forecasts beside what came."""
    if outlook is None or not outlook.record.forecasts:
        return None
    return _whole(charts.forecast_record(judged_weeks(outlook.record), currency=opened.company.currency))


def bridge(opened: Opened, outlook: CashOutlook | None) -> Figure | None:
    """From the forecast of a month ago to this one."""
    if outlook is None or outlook.bridge is None:
        return None
    return _whole(charts.waterfall(outlook.bridge, unit=opened.company.currency))


def stress_table(outlook: CashOutlook | None) -> pd.DataFrame:
    """Expected cash by week as forecast and under the two adversities."""
    return pd.DataFrame() if outlook is None else outlook.stress.weeks


def _whole(drawn: Axes) -> Figure | None:
    """The figure of a chart, which a notebook shows as a picture."""
    return drawn.get_figure(root=True)
