"""The light on the record of forecasts: its colour in words, its reasons, and why there is none."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from analysis.models.cash_draws import limits_of
from analysis.models.traffic_light import Gate, TrafficLight
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import gather
from analysis.reporting.sections import record_light


def gate(id: str, value: float, met: bool | None) -> Gate:
    return Gate(id=id, name=f"Condition {id}", value=value, is_met=met)


BETTER, RATIO = gate("better_than_curve", -0.02, True), gate("paid_as_expected", 1.234, False)
UNKNOWN = gate("cash_intervals", math.nan, None)


@pytest.mark.parametrize(
    ("light", "said"),
    [
        (None, ""),
        (
            TrafficLight(colour="green", gates=(BETTER, UNKNOWN)),
            "The record of the forecasts is green: they may be relied on as they stand. 1 condition judged, it is met.",
        ),
        (
            TrafficLight(colour="amber", gates=(BETTER, RATIO, UNKNOWN)),
            "The record of the forecasts is amber: they may be used with the reservations named. Of 2 conditions "
            "judged, not met: condition paid_as_expected (found 1.23).",
        ),
        (
            TrafficLight(colour="red", gates=(gate("cash_intervals", 0.5, False),)),
            "The record of the forecasts is red: they are no better than the plain payment curve and should not be "
            "relied on. Of 1 condition judged, not met: condition cash_intervals (found 50.0%).",
        ),
        (
            TrafficLight(colour="none", gates=(UNKNOWN,)),
            "Whether the forecasts may be relied on cannot be told: "
            "the books hold no past day to judge the forecasts by.",
        ),
    ],
)
def test_the_colour_is_said_with_what_was_not_met(light: TrafficLight | None, said: str) -> None:
    assert record_light.light_sentence(light).replace("\u00a0", " ") == said


def test_the_table_says_of_each_condition_what_was_found() -> None:
    table = record_light.light_table(TrafficLight(colour="amber", gates=(BETTER, RATIO, UNKNOWN)))
    assert table["met"].tolist() == ["yes", "no", "not judged"]
    assert table["found"].tolist()[1:] == ["1.23", None]


def test_months_within_the_band_are_counted_as_the_light_wants_them(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    low, high = limits_of(0.80)
    months = pd.DataFrame({low: [1.0, 1.0, 1.0], high: [2.0, 2.0, 2.0], "actual": [0.9, 1.0, 2.0]})
    outlook: Any = SimpleNamespace(record=SimpleNamespace(months=months))
    made: Any = SimpleNamespace(forecaster=SimpleNamespace(tested="record", chosen=SimpleNamespace(id="boosted")))
    asked: dict[str, Any] = {}

    def judged(tested: Any, id: str, **more: Any) -> TrafficLight:
        asked.update(more, tested=tested, id=id)
        return TrafficLight(colour="amber", gates=(BETTER, RATIO))

    monkeypatch.setattr(record_light, "traffic_light", judged)
    findings = Findings("6_cash", output_dir=tmp_path, run_id="r")
    record_light.hand_over(findings, made, outlook)
    findings.close()
    # the first month lies below its band, the others on its limits
    assert asked == {"tested": "record", "id": "boosted", "cash_hits": (2, 3), "cash_level": 0.80}
    collected = gather(tmp_path)
    assert [block["kind"] for block in record_light.section(collected)] == ["lead", "table"]


def test_without_a_forecast_nothing_is_shown_and_the_reason_is_kept(tmp_path) -> None:
    findings = Findings("6_cash", output_dir=tmp_path, run_id="r")
    record_light.hand_over(findings, None, None)
    findings.close()
    collected = gather(tmp_path)
    assert collected.unavailable["record_light"]["reason"] == record_light.NOT_JUDGED
    assert record_light.section(collected) == []
