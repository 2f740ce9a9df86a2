"""How did the forecasts of cash turn out that earlier reports printed?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from analysis.ledger.opening import PRINTED, Opened
from analysis.measures.history import history_of
from analysis.models.cash_draws import QUANTILES
from analysis.models.cash_record import TrackRecord
from analysis.models.printed_forecasts import printed_record
from analysis.reporting import words
from analysis.reporting.findings import Findings

NONE = "no earlier report of this company lies in the folder of reports"
TOO_YOUNG = "no week of an earlier report's forecast has ended"


def record_of(opened: Opened, *, prepared: str) -> TrackRecord | None:
    """The record of what earlier reports printed; None outside a run, or where there is no earlier report."""
    files = sorted((Path(prepared) / PRINTED).glob("*.csv")) if prepared else []
    if not files:
        return None
    printed = {date.fromisoformat(file.stem): _read(file) for file in files}
    return printed_record(printed, history_of(opened.snapshot))


def _read(file: Path) -> pd.DataFrame:
    # a CSV file writes the name of a quantile, which is its share, as text
    return pd.read_csv(file, parse_dates=["on"]).rename(columns={str(share): share for share in QUANTILES})


def printed_sentence(record: TrackRecord | None) -> str:
    """What was printed against what came; blank where nothing can be judged."""
    if record is None or not record.forecasts:
        return ""
    weeks = len(record.weeks)
    said = f"Of {words.plural(record.forecasts, 'forecast')} printed in earlier reports {words.plural(weeks, 'week')}"
    bias = record.bias()
    lean = "too much" if bias > 0 else "too little"
    held, missed, by = (words.share(value) for value in (record.coverage(0.80), record.gross_error(), abs(bias)))
    return (
        f"{said} {'has' if weeks == 1 else 'have'} ended: {held} lay within the 80% band, and in the first four weeks "
        f"a week was missed by {missed}, {by} {lean} being promised in all."
    )


def record_table(record: TrackRecord | None) -> pd.DataFrame:
    """One row per printed forecast: weeks that have ended, expected, came, gross and net error; empty without any."""
    if record is None or not record.forecasts:
        return pd.DataFrame()
    rows = []
    for on, weeks in record.weeks.groupby("on"):
        one = TrackRecord(weeks=weeks, months=record.months)
        rows.append(
            {
                "printed": pd.Timestamp(str(on)).date(),
                "weeks": len(weeks),
                "expected": float(weeks["expected"].sum()),
                "came": float(weeks["actual"].sum()),
                "within 80% band": one.coverage(0.80),
                "a week missed by": one.gross_error(weeks=len(weeks)),
                "pinball loss": one.pinball(),
            }
        )
    return pd.DataFrame(rows)


def hand_over(findings: Findings, opened: Opened, record: TrackRecord | None) -> None:
    """The record of what was printed: a sentence, its numbers and a table; or why there is none."""
    table = record_table(record)
    if record is None or table.empty:
        findings.unavailable("cash_printed", NONE if record is None else TOO_YOUNG)
        return
    judged = {"forecasts": float(record.forecasts), "weeks": float(len(record.weeks))}
    for id, value, label, definition in (
        ("printed_gross_error", record.gross_error(), "Printed forecasts missed by, a week", "forecast_gross_error"),
        ("printed_net_error", record.net_error(), "Printed forecasts missed by, four weeks", "forecast_net_error"),
        ("printed_bias", record.bias(), "Printed forecasts promised too much", "forecast_bias"),
        ("printed_coverage", record.coverage(0.80), "Printed weeks within the 80% band", "band_coverage"),
        ("printed_pinball", record.pinball(), "Quantile loss of printed forecasts", "pinball_loss"),
    ):
        findings.number(id, value, unit="share", label=label, definition=definition, inputs=judged)
    uses = ["printed_coverage", "printed_gross_error", "printed_bias"]
    findings.sentence("cash_printed_told", printed_sentence(record), uses=uses)
    currency = opened.company.currency
    units = {"weeks": "count", "expected": currency, "came": currency}
    shares = ("within 80% band", "a week missed by", "pinball loss")
    caption = "Forecasts of earlier reports, and what came"
    findings.table("cash_printed", table, caption=caption, units=units | dict.fromkeys(shares, "share"))
