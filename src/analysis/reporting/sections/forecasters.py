"""Who forecasts the open invoices, and how well each rule and each model did on days of the past."""

from __future__ import annotations

import pandas as pd

from analysis.models.forecast import PaymentForecast
from analysis.reporting import blocks
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import record_light, watch_forecasts

_SHOWN = {
    "integrated_brier": "error",
    "concordance": "order",
    "median_error": "days off",
    "weekly_error": "cash week",
}
NOTE = (
    "Error: mean squared error of the chance to be unpaid, over 90 days (0 is perfect). Order: share of pairs of "
    "invoices whose order of payment was foretold. Days off: distance of the median day. Cash week: misses of weekly "
    "cash, as a share. All on the same invoices, from what was known then."
)
NO_RECORD = "the books hold no past day to judge forecasters by"


def ladder_table(made: PaymentForecast | None) -> pd.DataFrame:
    """One row per naive rule and model with its figures over all past days; empty where there are none."""
    columns = ["forecaster", *_SHOWN.values()]
    if made is None or not made.forecaster.tested.origins:
        return pd.DataFrame(columns=columns)
    tested, used = made.forecaster.tested, made.forecaster.chosen.id
    names = [f"{name} (in use)" if id == used else name for id, name in tested.names.items()]
    figures = tested.table.loc[list(tested.names), list(_SHOWN)].rename(columns=_SHOWN).reset_index(drop=True)
    figures.insert(0, "forecaster", names)
    return figures


def verdict(made: PaymentForecast | None) -> str:
    """Who forecasts, and why, in a sentence; blank without a forecast."""
    return "" if made is None else made.forecaster.chosen.verdict


def late_sentence(made: PaymentForecast | None) -> str:
    """What is said of the invoices that are late already; blank where there are none."""
    if made is None:
        return ""
    late = (made.book.items["rel"] > 0).to_numpy()
    n, open_balance = int(late.sum()), made.book.items["balance"].to_numpy()[late].sum()
    if not n or open_balance <= 0:
        return ""
    balance = made.book.items["balance"].to_numpy()[late]
    within = (balance * (1.0 - made.outlook.unpaid[late, 29])).sum() / open_balance
    never = (balance * made.outlook.never[late]).sum() / open_balance
    return (
        f"Of the {n:,} invoices that are late, {within:.0%} of the value is expected within 30 days, and {never:.1%} "
        "never."
    )


def section(collected: Collected) -> list[dict[str, object]]:
    """Blocks of the page: who forecasts each invoice, and the record of all; nothing where none was made."""
    if "forecaster_told" not in collected.sentences:
        return []
    told = [id for id in ("forecaster_told", "late_forecast_told") if id in collected.sentences]
    return [
        {"kind": "section", "title": "Who forecasts each open invoice, and how well"},
        blocks.lead(collected, *told),
        blocks.table(collected, "forecasters", note=NOTE),
        *record_light.section(collected),
    ]


def hand_over(findings: Findings, made: PaymentForecast) -> None:
    """The ladder with the verdict, and the forecast of each invoice, frozen for later runs to judge."""
    findings.frozen("forecast", made.frame())
    findings.sentence("forecaster_told", verdict(made))
    if late := late_sentence(made):
        findings.sentence("late_forecast_told", late)
    watch_forecasts.hand_over(findings, made)
    table = ladder_table(made)
    if not len(table):
        findings.unavailable("forecasters", NO_RECORD)
        return
    units = {"error": "ratio", "order": "ratio", "days off": "days", "cash week": "share"}
    findings.table("forecasters", table, caption="Forecasters on days of the past", units=units)
