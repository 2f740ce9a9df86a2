"""What may these customers cost? Expected loss: matrix, bridge, movement and the record of past provisions."""

from __future__ import annotations

import pandas as pd

from analysis.measures.history import History
from analysis.models.losses import Losses, losses, why_no_losses
from analysis.models.provision_matrix import TOTAL
from analysis.reporting import blocks, charts, charts_losses
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import losses_numbers, losses_shown, losses_words

NO_RECORD = "fewer than two past provisions are old enough to be judged, or nothing was provided and nothing lost"
NO_BRIDGE = "nothing is expected to be lost, or nothing stands between history and the allowance"
RATES_NOTE = (
    "Loss rate: part lost in the end, recoveries taken off, with its 95% interval over customers. By flow rates: the "
    "same from what rolls on from month end to month end. Forward factor: what the scenarios multiply the rate by."
)
NO_FLOW = " It is a dash, because nothing was ever written off, so no debt was seen to flow into a loss."
NO_YEAR = "the books give no allowance of an earlier month, or there never was one"


def losses_of(history: History, *, seed: int = 0) -> Losses | None:
    """The expected loss of a history; None where :func:`why_no_losses` says why not."""
    return None if why_no_losses(history) else losses(history, seed=seed)


def by_customer(found: Losses | None) -> pd.Series[float] | None:
    """Expected loss by ``customer_id``, before overlays; None where it is not known."""
    return None if found is None else found.allowance.by_customer()["expected_loss"]


def told(history: History, found: Losses | None) -> dict[str, str]:
    """The sentences of the page by their ids; where no loss can be expected, one that says why."""
    if found is None:
        return {"losses_told": "What may be lost cannot be said: " + why_no_losses(history) + "."}
    currency = found.currency
    said = {
        "losses_told": losses_words.loss_sentence(found, currency=currency),
        "losses_method_told": losses_words.method_sentence(found, currency=currency),
        "losses_forward_told": losses_words.forward_sentence(found.allowance, currency=currency),
        "losses_record_told": losses_words.record_sentence(found, currency=currency),
        "losses_movement_told": losses_words.movement_sentence(found.month, found.allowance, currency=currency),
        "losses_sales_told": losses_words.sales_sentence(found, currency=currency),
    }
    return {id: text for id, text in said.items() if text}


_USES = {
    "losses_told": ("expected_loss", "allowance_ratio"),
    "losses_method_told": ("loss_by_history", "loss_by_flow_rates", "loss_given_default"),
    "losses_forward_told": ("forward_adjustment", "allowance_overlay"),
    "losses_record_told": ("provision_bias",),
    "losses_movement_told": ("allowance_charge",),
    "losses_sales_told": ("sales_to_replace",),
}


def hand_over(findings: Findings, history: History, found: Losses | None) -> None:
    """The findings of expected loss: numbers, sentences, tables, charts, and the sums that must agree."""
    for id, text in told(history, found).items():
        findings.sentence(id, text, uses=_USES[id] if found is not None else ())
    if found is None:
        findings.unavailable("losses", why_no_losses(history))
        return
    losses_numbers.hand_over(findings, found)
    _tables(findings, found)
    _figures(findings, found)
    _invariants(findings, found)


def _tables(findings: Findings, found: Losses) -> None:
    currency, made = found.currency, found.allowance
    buckets = [*found.found.buckets, TOTAL]
    for id, table, caption, units in (
        (
            "loss_matrix",
            losses_shown.matrix_table(found),
            "Expected loss by days past due",
            dict.fromkeys(buckets, currency),
        ),
        (
            "loss_segment_rates",
            losses_shown.segment_rates_table(found),
            "Part lost by days past due",
            dict.fromkeys(buckets, "share"),
        ),
        (
            "loss_rates",
            losses_shown.rates_table(found),
            "From what is owed to what is lost",
            {
                **dict.fromkeys(["owed", "expected loss"], currency),
                **dict.fromkeys(["loss rate", "from", "to", "by flow rates"], "share"),
                "forward factor": "ratio",
            },
        ),
        (
            "loss_movement",
            losses_shown.movement_table(found),
            "How the allowance moved",
            {"the month": currency, "the year": currency},
        ),
        (
            "loss_assumptions",
            losses_shown.assumptions_table(made),
            "What was stated, by whom",
            {"stated": "date", "until": "date"},
        ),
        ("loss_customers", losses_shown.customers_table(found), "Most expected loss", _of_customers(currency)),
    ):
        if table.empty:
            findings.unavailable(id, _ABSENT.get(id, "nothing is owed"))
        else:
            shown = {c: u for c, u in units.items() if c in table}
            findings.table(id, table, caption=caption, units=shown, names=_NAMES.get(id, ()))


# What is stated of a named customer holds its number, and perhaps its name in the reason.
_NAMES = {"loss_assumptions": ("name", "source or owner"), "loss_customers": ("number", "name")}
_ABSENT = {"loss_movement": NO_YEAR, "loss_assumptions": "no scenario, overlay or named customer is in force"}


def _of_customers(currency: str) -> dict[str, str]:
    return {"owed": currency, "expected loss": currency, "rate": "share"}


def _figures(findings: Findings, found: Losses) -> None:
    currency, made = found.currency, found.allowance
    steps = losses_shown.bridge(made)
    for id, drawn, caption, alt, reason in (
        (
            "loss_bridge",
            losses_shown.bridge_chart(found),
            "From history to the allowance",
            charts.waterfall_alt(steps, unit=currency),
            NO_BRIDGE,
        ),
        (
            "provision_record",
            losses_shown.record_chart(found),
            "Past provisions beside what was lost of the same debts",
            charts_losses.provision_record_alt(found.record.vintages, currency=currency),
            NO_RECORD,
        ),
        (
            "loss_rates_by_age",
            losses_shown.rates_chart(found),
            "Part lost by age",
            charts_losses.loss_rates_alt(found.rates_by_bucket),
            "nothing is owed",
        ),
    ):
        if drawn is None:
            findings.unavailable(id, reason)
        else:
            findings.figure(id, drawn, caption=caption, alt=alt)


def _invariants(findings: Findings, found: Losses) -> None:
    """The matrix foots by every division, no customer loses more than it owes, and the movement closes."""
    made = found.allowance
    matrix = made.matrix()["loss"]
    inner = matrix.drop(index=TOTAL, level="segment").drop(index=TOTAL, level="bucket")
    coins = {
        "cells": inner.sum(),
        "buckets": matrix.loc[TOTAL].drop(index=TOTAL).sum(),
        "segments": matrix.xs(TOTAL, level="bucket").drop(index=TOTAL).sum(),
        "customers": made.by_customer()["expected_loss"].sum(),
    }
    total = int(made.cells["loss"].sum())
    for name, amount in coins.items():
        whole = round(float(amount) * 10**made.decimals)
        findings.invariant(f"inv_loss_{name}", f"sum of expected losses over {name} = their total", whole, total)
    beyond = int(((made.cells["loss"] < 0) | (made.cells["loss"] > made.cells["exposure"])).sum())
    findings.invariant("inv_loss_within", "cells with a loss below 0 or above what is owed = 0", beyond, 0)
    for name, moved in (("month", found.month), ("year", found.year)):
        if moved is not None:
            left = moved.opening + moved.charge - moved.written_off + moved.recovered + moved.currency
            formula = "opening + charge - written off + recovered + currency = closing allowance"
            findings.invariant(f"inv_allowance_{name}", formula, left, moved.closing)


def _owed(collected: Collected) -> tuple[str, ...]:
    """The tables by days past due; none where nothing is owed, and no sums of nothing: the title says so."""
    if collected.numbers["allowance_ratio"]["value"] is None:
        return ()
    return ("loss_matrix", "loss_rates") if collected.numbers["expected_loss"]["value"] else ("loss_rates",)


def _by_age(collected: Collected, id: str) -> blocks.Block:
    """A table by days past due; that of the rates says what its columns are, and why flow rates are a dash."""
    note = ""
    if id == "loss_rates":
        note = RATES_NOTE + (NO_FLOW if collected.numbers["loss_by_flow_rates"]["value"] is None else "")
    return blocks.table(collected, id, total=id == "loss_matrix", note=note)


def page(collected: Collected) -> dict[str, object]:
    """Page 8: expected loss, from the matrix to the record of past provisions."""
    if "loss_matrix" not in collected.tables:
        reason = blocks.unavailable(collected, "losses")["reason"]
        return {"kicker": "Expected loss", "title": "What may be lost?", "unavailable": reason}
    content = [
        blocks.lead(collected, "losses_forward_told", "losses_movement_told", "losses_sales_told"),
        *(_by_age(collected, id) for id in _owed(collected)[:1]),
        *blocks.if_any(blocks.figure(collected, "loss_bridge")),
        blocks.lead(collected, "losses_record_told"),
        *blocks.if_any(blocks.figure(collected, "provision_record")),
    ]
    return {
        "kicker": "Expected loss",
        "title": collected.sentences["losses_told"]["text"].removesuffix("."),
        "blocks": [block for block in content if block.get("sentences") != []],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: the method, how the allowance moved, and what was stated by whom."""
    if "loss_matrix" not in collected.tables:
        return []
    content = [
        blocks.lead(collected, "losses_method_told"),
        *(_by_age(collected, id) for id in _owed(collected)[1:]),
        *blocks.if_any(blocks.table(collected, "loss_movement")),
    ]
    if "loss_assumptions" in collected.tables:
        text = ("kind", "value", "stated", "until", "source or owner")
        content.append(blocks.table(collected, "loss_assumptions", left=text, wide=5))
    return [block for block in content if block.get("sentences") != []]
