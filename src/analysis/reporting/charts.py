"""Every chart of the report, each with a companion that says in words what it shows.

A chart takes a small frame or result and returns its ``Axes`` (a chart of several panels its ``Figure``).
"""

from analysis.reporting.charts_concentration import lorenz, lorenz_alt, ranked_bars, ranked_bars_alt
from analysis.reporting.charts_curves import pattern_heat, pattern_heat_alt, payment_curves, payment_curves_alt
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
    "interval_dots",
    "interval_dots_alt",
    "lines_over_months",
    "lines_over_months_alt",
    "lorenz",
    "lorenz_alt",
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
