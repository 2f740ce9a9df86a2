"""The numbers of expected loss, each with its interval, its comparisons and its definition."""

from __future__ import annotations

import math
from datetime import date

from analysis.models.losses import Losses
from analysis.reporting import words
from analysis.reporting.findings import Findings

_COURSE = 13


def hand_over(findings: Findings, found: Losses) -> None:
    """Expected loss and what it is made of; a limit or figure that is not known stays away."""
    made, currency = found.allowance, found.currency
    parts = {name: made.amount(coins) for name, coins in made.parts().items()}
    course = list(found.allowances.values())[-_COURSE:]
    low, high = found.draws.interval(0.95)
    overlay = parts["overlay"]
    findings.number(
        "expected_loss",
        made.expected_loss,
        unit=currency,
        label="Expected loss",
        definition="expected_credit_loss",
        low=_known(max(low + overlay, 0.0) if math.isfinite(low) else low),
        high=_known(high + overlay),
        last_month=_at(found, months=1),
        last_year=_at(found, months=12),
        better="lower",
        inputs={"open_balance": made.exposure, **parts},
        count=len(made.cells["customer_id"].unique()),
        history=[past.expected_loss for past in course],
    )
    findings.number(
        "allowance_ratio",
        made.expected_loss / made.exposure if made.exposure else math.nan,
        unit="share",
        label="Expected loss of what is owed",
        definition="allowance_ratio",
        inputs={"allowance": made.expected_loss, "open_balance": made.exposure},
    )
    given, bias = found.given_default, found.record.bias
    amounts: tuple[tuple[str, float, str, str, words.Better], ...] = (
        ("loss_by_history", parts["history"], "Loss by history", "historic_loss_rate", "lower"),
        ("loss_by_flow_rates", found.flow_loss, "Loss by flow rates", "flow_rate_loss", "lower"),
        ("forward_adjustment", parts["forward"], "Added by the forward view", "forward_adjustment", "neither"),
        ("named_loss_adjustment", parts["specific"], "Added for named customers", "named_loss", "neither"),
        ("allowance_overlay", overlay, "Overlays", "management_overlay", "neither"),
        ("sales_to_replace", found.sales_to_replace, "Sales that make it good", "sales_to_replace_loss", "lower"),
    )
    for id, value, label, definition, better in amounts:
        findings.number(
            id,
            None if id == "sales_to_replace" and math.isnan(value) else value,
            unit=currency,
            label=label,
            definition=definition,
            better=better,
        )
    for period, moved in (("", found.month), ("_year", found.year)):
        findings.number(
            f"allowance_charge{period}",
            None if moved is None else made.amount(moved.charge),
            unit=currency,
            label="Cost of credit losses, " + ("month" if not period else "twelve months"),
            definition="allowance_charge",
            better="lower",
            inputs={}
            if moved is None
            else {
                name: made.amount(getattr(moved, name))
                for name in ("opening", "written_off", "recovered", "currency", "closing")
            },
        )
    findings.number(
        "loss_given_default",
        given.value,
        unit="share",
        label="Lost for good of what is written off",
        definition="loss_given_default",
        low=_known(given.estimate.low),
        high=_known(given.estimate.high),
        better="lower",
        count=given.customers,
    )
    findings.number(
        "provision_bias",
        bias.value if found.record.judged else None,
        unit="share",
        label="Past provisions above what was lost",
        definition="provision_bias",
        low=_known(bias.low),
        high=_known(bias.high),
        inputs={"month_ends": float(len(found.record.vintages)), "covered": float(found.record.covered)},
    )


def _at(found: Losses, *, months: int) -> float | None:
    """The allowance so many month ends before; None where there was none."""
    marks = found.found.marks
    day: date | None = marks[-1 - months] if len(marks) > months else None
    past = None if day is None else found.allowances.get(day)
    return None if past is None else past.expected_loss


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
