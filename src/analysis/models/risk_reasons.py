"""Why a customer has the chance it has: what each fact adds to the log odds, to the last digit of the sum."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.models.risk_model import RECORD, START, RiskModel, log_odds
from analysis.models.risk_rates import RiskRates, Rung
from analysis.models.risk_terms import TERMS

OWN_RATE, OWN_SHARE, SEGMENT = "own_rate", "late_share_91", "segment"
# The fact that each naive rule goes by, beside the rate that it starts from.
_FACT_OF: dict[Rung, str] = {"segment": SEGMENT, "own_rate": OWN_RATE, "own_share": OWN_SHARE}
_UNITS = {term.id: term.unit for term in TERMS} | {OWN_RATE: "share", SEGMENT: "", START: "share", RECORD: "count"}


def model_reasons(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Reasons of the model for each row; see :func:`told`."""
    return told(model.parts(rows), rows, start=model.rates.of_segment(rows))


def rate_reasons(rates: RiskRates, rung: Rung, rows: pd.DataFrame) -> pd.DataFrame:
    """Reasons of a naive rule for each row: the rate it starts from, and the one fact it goes by; see :func:`told`."""
    reached = log_odds(rates.chances(rows, rung))
    start = np.full(len(rows), rates.base) if rung in ("base", "segment") else rates.of_segment(rows)
    parts = pd.DataFrame({START: log_odds(start)}, index=rows.index)
    if rung in _FACT_OF:
        parts[_FACT_OF[rung]] = reached - parts[START].to_numpy()
    return told(parts, rows, start=start)


def told(parts: pd.DataFrame, rows: pd.DataFrame, *, start: np.ndarray) -> pd.DataFrame:
    """One row per customer and reason, the start first and then by size.

    Columns: ``customer_id``, ``reason`` (the id of a term; ``start``: the rate that the customer starts from;
    ``own_record``: that it is known by its invoices), ``value`` (of the fact, NaN where it is not known; of the start
    its rate), ``unit`` (days, share, count, ratio) and ``log_odds``. The ``log_odds`` of a customer add up to
    ``log(chance / (1 - chance))``. Facts that add nothing are left out.
    """
    values = rows.assign(
        start=start,
        own_record=rows["evidence_invoices"],
        own_rate=rows["own_severe"] / rows["own_years"].where(rows["own_years"] > 0),
        segment=np.nan,
    )[list(parts.columns)]
    long = pd.DataFrame(
        {
            "customer_id": np.repeat(rows.index.get_level_values("customer_id").to_numpy(dtype=object), parts.shape[1]),
            "reason": np.tile(parts.columns.to_numpy(dtype=object), len(parts)),
            "value": values.to_numpy(dtype=float).ravel(),
            "log_odds": parts.to_numpy(dtype=float).ravel(),
        }
    )
    long["unit"] = long["reason"].map(_UNITS)
    long = long[(long["log_odds"] != 0) | (long["reason"] == START)]
    order = long.assign(_first=long["reason"] != START, _size=-long["log_odds"].abs())
    order = order.sort_values(["customer_id", "_first", "_size", "reason"], kind="stable", ignore_index=True)
    return order[["customer_id", "reason", "value", "unit", "log_odds"]]
