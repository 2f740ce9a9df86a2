"""Every chart of the report, each with a companion that says in words what it shows.

A chart takes a small frame or result and returns its ``Axes`` (a chart of several panels its ``Figure``).
"""

from analysis.reporting.charts_cash import cash_fan, cash_fan_alt, forecast_record, forecast_record_alt
from analysis.reporting.charts_concentration import lorenz, lorenz_alt, ranked_bars, ranked_bars_alt
from analysis.reporting.charts_curves import pattern_heat, pattern_heat_alt, payment_curves, payment_curves_alt
from analysis.reporting.charts_endings import endings_area, endings_area_alt, paid_only_gap, paid_only_gap_alt
from analysis.reporting.charts_ledger import stacked_ageing, stacked_ageing_alt, waterfall, waterfall_alt
from analysis.reporting.charts_series import (
    interval_dots,
    interval_dots_alt,
    lines_over_months,
    lines_over_months_alt,
    sparkline,
    sparkline_alt,
)

__all__ = [
    "cash_fan",
    "cash_fan_alt",
    "endings_area",
    "endings_area_alt",
    "forecast_record",
    "forecast_record_alt",
    "interval_dots",
    "interval_dots_alt",
    "lines_over_months",
    "lines_over_months_alt",
    "lorenz",
    "lorenz_alt",
    "paid_only_gap",
    "paid_only_gap_alt",
    "pattern_heat",
    "pattern_heat_alt",
    "payment_curves",
    "payment_curves_alt",
    "ranked_bars",
    "ranked_bars_alt",
    "sparkline",
    "sparkline_alt",
    "stacked_ageing",
    "stacked_ageing_alt",
    "waterfall",
    "waterfall_alt",
]
