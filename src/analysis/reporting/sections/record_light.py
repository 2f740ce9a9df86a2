"""May the forecasts be relied on? The traffic light on the record of the forecaster in use, with its reasons."""

from __future__ import annotations

import pandas as pd

from analysis.models.cash_draws import limits_of
from analysis.models.cash_outlook import CashOutlook
from analysis.models.forecast import PaymentForecast
from analysis.models.traffic_light import Gate, TrafficLight, traffic_light
from analysis.reporting import blocks, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected

# The record keeps bands of 50, 80 and 95%; of a dozen months the middle one tells most.
_LEVEL = 0.80
_MEANS = {
    "green": "green: they may be relied on as they stand",
    "amber": "amber: they may be used with the reservations named",
    "red": "red: they are no better than the plain payment curve and should not be relied on",
}
NOT_JUDGED = "the books hold no past day to judge the forecasts by"


def light_of(made: PaymentForecast | None, outlook: CashOutlook | None) -> TrafficLight | None:
    """The light on the record of the forecaster in use; None without a forecast."""
    if made is None:
        return None
    return traffic_light(made.forecaster.tested, made.forecaster.chosen.id, cash_hits=_hits(outlook), cash_level=_LEVEL)


def _hits(outlook: CashOutlook | None) -> tuple[int, int] | None:
    """How many of how many 30-day sums of cash lay within the band of earlier forecasts."""
    if outlook is None or not len(outlook.record.months):
        return None
    low, high = limits_of(_LEVEL)
    months = outlook.record.months
    return int(months["actual"].between(months[low], months[high]).sum()), len(months)


def light_sentence(light: TrafficLight | None) -> str:
    """The colour, what it means, and the gates that were not met; blank without a forecast."""
    if light is None:
        return ""
    if light.colour == "none":
        return f"Whether the forecasts may be relied on cannot be told: {NOT_JUDGED}."
    missed = [gate for gate in light.gates if gate.is_met is False]
    judged = sum(gate.is_met is not None for gate in light.gates)
    said = f"The record of the forecasts is {_MEANS[light.colour]}."
    if not missed:
        return f"{said} {words.plural(judged, 'condition')} judged, {'it is' if judged == 1 else 'all are'} met."
    return (
        f"{said} Of {words.plural(judged, 'condition')} judged, not met: {'; '.join(_told(gate) for gate in missed)}."
    )


def light_table(light: TrafficLight | None) -> pd.DataFrame:
    """One row per gate: the condition, what was found, and whether it is met."""
    columns = ["condition", "found", "met"]
    if light is None:
        return pd.DataFrame(columns=columns)
    verdicts = {True: "yes", False: "no", None: "not judged"}
    rows = [
        (gate.name, _found(gate) if gate.is_met is not None else None, verdicts[gate.is_met]) for gate in light.gates
    ]
    return pd.DataFrame(rows, columns=columns)


def hand_over(findings: Findings, made: PaymentForecast | None, outlook: CashOutlook | None) -> None:
    """The light with its reasons; a line that says why there is none."""
    light = light_of(made, outlook)
    if light is None or light.colour == "none":
        findings.unavailable("record_light", NOT_JUDGED)
    if light is None:
        return
    findings.sentence("record_light_told", light_sentence(light))
    if light.colour != "none":
        findings.table("record_light", light_table(light), caption="May the forecasts be relied on?")


def section(collected: Collected) -> list[blocks.Block]:
    """Blocks of the page: the sentence and the gates; nothing where none was handed over."""
    if "record_light" not in collected.tables:
        return []
    told = blocks.lead(collected, "record_light_told")
    return [told, blocks.table(collected, "record_light", left=["met"])]


def _told(gate: Gate) -> str:
    return f"{gate.name[:1].lower()}{gate.name[1:]} (found {_found(gate)})"


def _found(gate: Gate) -> str:
    """The value as the condition speaks of it."""
    return words.share(gate.value) if gate.id == "cash_intervals" else words.significant(gate.value)
