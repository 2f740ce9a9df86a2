"""Is yesterday's forecast still a guide? Forecasts of open invoices held against what came, and who is demoted."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis.models.forecast import PaymentForecast
from analysis.models.monitoring import Monitor
from analysis.reporting import charts_watch, words
from analysis.reporting.findings import Findings

TOO_FEW = "months with enough customers are too few"
_INPUTS = ("observed", "expected", "level", "low", "high", "customers")


def held_of(made: PaymentForecast | None) -> Monitor | None:
    """The forecaster that earned its place, held against what came by month; None without a forecast or a record."""
    return None if made is None else made.forecaster.held


def monitored(made: PaymentForecast | None) -> pd.DataFrame:
    """Days waited over days expected, by month, with limits; empty without a record."""
    held = held_of(made)
    if held is None:
        return pd.DataFrame()
    shown = held.months[["invoices", "customers", "ratio", "low", "high", "is_outside", "is_demoted"]].copy()
    shown.index = pd.Index([str(end.date()) for end in pd.DatetimeIndex(held.months.index)], name="month to")
    return shown.rename(columns={"is_outside": "outside", "is_demoted": "demoted"})


def control(made: PaymentForecast | None) -> Figure | None:
    """Forecasts held against what came, by month; None where too few months can be judged."""
    held = held_of(made)
    if held is None or not held.is_judged:
        return None
    return charts_watch.control_chart(held.months).get_figure(root=True)


def control_sentence(held: Monitor | None) -> str:
    """Whether yesterday's forecasts still hold, and which rule forecasts where they do not."""
    if held is None or not held.is_judged:
        return f"Whether yesterday's forecasts are still a guide cannot be said: {TOO_FEW}."
    month = words.month(pd.Timestamp(str(held.months.index[-1])).date())
    ratio, low, high = _told_apart(held)
    found = f"In {month} invoices waited {ratio} times as long as forecast (usual: {low} to {high})"
    shared = " The rule missed as well: customers changed, not the model." if _both(held) else ""
    if held.is_demoted:
        back = ", and within them again for one month" if held.side is None else ""
        instead = "no other rule stands in for it" if held.is_baseline else f"{held.baseline} forecasts in its place"
        return (
            f"Forecasts by {held.name} are no guide at present: outside the limits two months running{back}; "
            f"{instead}. {found}.{shared}"
        )
    if held.side is None:
        turned = ""
        if held.customers_turned is not None:
            turned = (
                f" Yet customers pay {held.customers_turned} than they used to: {held.baseline}, which follows slowly, "
                "was outside its limits two months running."
            )
        return f"Yesterday's forecasts are still a guide: {found[0].lower()}{found[1:]}.{turned}"
    second = "make them no guide" if held.is_baseline else f"put {held.baseline} in their place"
    return f"{found}: a first warning; a second month outside would {second}.{shared}"


def demotion_sentence(made: PaymentForecast | None) -> str:
    """What the page of cash says where a forecaster stands demoted; blank where none does."""
    held = held_of(made)
    if made is None or held is None or not held.is_demoted:
        return ""
    if made.forecaster.chosen.demoted is not None:
        return f"{made.forecaster.chosen.verdict} All cash below is forecast by that rule, its record as well."
    return (
        f"Read these forecasts with reserve: two months running, invoices did not wait as {held.name} had it, and no "
        "other rule stands in for it."
    )


def hand_over(findings: Findings, made: PaymentForecast) -> None:
    """The control chart with its sentence, what the page of cash has to say of it, and the last month's figure."""
    held = held_of(made)
    findings.sentence("monitor_told", control_sentence(held), uses=() if held is None else ("waited_over_expected",))
    if said := demotion_sentence(made):
        findings.sentence("demotion_told", said, uses=("waited_over_expected",))
    drawn = control(made)
    if held is None or drawn is None:
        findings.unavailable("forecast_control", TOO_FEW)
    else:
        caption = "Days that invoices waited, over what forecasts frozen before had expected"
        findings.figure("forecast_control", drawn, caption=caption, alt=charts_watch.control_chart_alt(held.months))
    if held is None:
        return
    last = held.months.iloc[-1] if len(held.months) else None
    findings.number(
        "waited_over_expected",
        None if last is None else float(last["ratio"]),
        unit="ratio",
        label="Days waited over days expected",
        definition="waited_over_expected",
        inputs={} if last is None else {name: float(last[name]) for name in _INPUTS},
        count=None if last is None else int(last["invoices"]),
        history=[float(value) for value in held.months["ratio"]],
    )


def _told_apart(held: Monitor) -> tuple[str, str, str]:
    """The last month's ratio and its limits, to so many decimals that one outside does not read as on the limit."""
    values = [float(held.months[name].iloc[-1]) for name in ("ratio", "low", "high")]
    ratio, *limits = (round(value, 2) for value in values)
    decimals = 3 if held.side is not None and ratio in limits else 2
    ratio_told, low_told, high_told = (words.fixed(value, decimals) for value in values)
    return ratio_told, low_told, high_told


def _both(held: Monitor) -> bool:
    """Whether the rule that stands in, another than the forecaster itself, was outside its limits as well."""
    return held.is_shared and not held.is_baseline and (held.is_demoted or held.side is not None)
