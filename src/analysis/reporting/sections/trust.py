"""How far may this be trusted? Page 12: the model card, the record, calibration, and the quality of the data.

Everything here was handed over by the pages whose figures it judges; this page brings it together.
"""

from __future__ import annotations

from analysis.reporting import blocks, words
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import forecasters, risk

KICKER = "How far to trust this"
NO_RESTATEMENTS = "figures of earlier reports are not held against what is known of those months today"
NO_FORECAST = "these books give no forecast that could be judged"
_IN_USE = " (in use)"
# What is said, the sentence that says it, and the numbers of its record.
_CARD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Cash to come", "cash_told", ("cash_gross_error", "cash_bias", "cash_coverage")),
    ("Severe delinquency", "risk_told", ("risk_calibration_slope", "risk_skill_base", "risk_skill_own_rate")),
    ("Watch list", "watch_told", ("alert_precision", "alert_recall")),
    ("Segments of payers", "payer_segments_told", ("payer_stability", "payer_gain")),
    ("Expected loss", "losses_told", ("provision_bias",)),
)


def title(collected: Collected) -> str:
    """How many conditions the forecasts met on past days, and by how much forecasts of cash missed."""
    met = [row[2] for row in collected.tables.get("record_light", {"rows": []})["rows"]]
    judged = [verdict for verdict in met if verdict in ("yes", "no")]
    error = collected.numbers.get("cash_gross_error", {}).get("value")
    said = [
        f"The forecasts met {judged.count('yes')} of {words.plural(len(judged), 'condition')} on past days"
        if judged
        else "",
        f"cash of a week was missed by {words.share(error)}" if error is not None else "",
    ]
    told = "; ".join(part for part in said if part)
    return f"{told[:1].upper()}{told[1:]}" if told else "What the books say is exact; no forecast could be judged"


def page(collected: Collected) -> dict[str, object]:
    """Page 12: who says what and how good it was, calibration, drift, the data, and restatements."""
    content = [
        blocks.lead(collected, "record_light_told"),
        *_card(collected),
        *_drawn(collected, "risk_calibration"),
        *_if_told(collected, "monitor_told"),
        {"kind": "section", "title": "What the figures rest on"},
        blocks.lead(collected, "age_told", "checks_told", "kept_cash_told", "cash_printed_told"),
        {"kind": "unavailable", "name": "Restatements", "reason": NO_RESTATEMENTS},
    ]
    return {
        "kicker": KICKER,
        "title": title(collected),
        "blocks": [block for block in content if block.get("sentences") != []],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: the record of every forecaster, and of the chances of severe delinquency."""
    content = [
        *forecasters.section(collected),
        *_drawn(collected, "forecast_control"),
        *risk.trusted(collected),
    ]
    if "cash_printed" in collected.tables:
        content.append(blocks.table(collected, "cash_printed"))
    return [block for block in content if block.get("sentences") != []]


def _card(collected: Collected) -> list[blocks.Block]:
    """One line for each kind of statement: by what it is made, and each figure of its record with its interval."""
    rows = [("Payment of open invoices", "Method in use", _forecaster(collected))] if _forecaster(collected) else []
    for name, sentence, ids in _CARD:
        if sentence not in collected.sentences:
            continue
        known = [collected.numbers[id] for id in ids if collected.numbers.get(id, {}).get("value") is not None]
        for place, number in enumerate(known):
            value = words.quantity(blocks.value_of(number), unit=number["unit"])
            between = blocks.interval(number)
            rows.append((name if not place else "", number["label"], f"{value} ({between})" if between else value))
    if not rows:
        return [{"kind": "unavailable", "name": "Record of the forecasts", "reason": NO_FORECAST}]
    return [
        {
            "kind": "table",
            "caption": "How good each kind of statement was on past days",
            "header": ("Statement", "Judged by", "Found"),
            "rows": tuple(rows),
            "align": ("left", "left", "right"),
            "wide": 1,
        }
    ]


def _forecaster(collected: Collected) -> str:
    """The forecaster in use, as its table marks it; blank without one."""
    rows = collected.tables.get("forecasters", {"rows": []})["rows"]
    return next((str(row[0]).removesuffix(_IN_USE) for row in rows if str(row[0]).endswith(_IN_USE)), "")


def _if_told(collected: Collected, id: str) -> list[blocks.Block]:
    return [blocks.lead(collected, id)] if id in collected.sentences else []


def _drawn(collected: Collected, *ids: str) -> list[blocks.Block]:
    """The charts that there are."""
    return [blocks.figure(collected, id) for id in ids if id in collected.figures]
