"""Every measure of the report: its name, formula, unit, reading, trap and source.

``DEFINITIONS[id]`` is the definition of a printed number. ``docs/methods.md`` tells them in full.
"""

from __future__ import annotations

from analysis.measures.definitions.balances import BALANCES
from analysis.measures.definitions.cash import CASH
from analysis.measures.definitions.changes import CHANGES
from analysis.measures.definitions.concentration import CONCENTRATION
from analysis.measures.definitions.curves import CURVES
from analysis.measures.definitions.customers import CUSTOMERS
from analysis.measures.definitions.days import DAYS
from analysis.measures.definitions.effects import EFFECTS
from analysis.measures.definitions.entry import Definition
from analysis.measures.definitions.exposure import EXPOSURE
from analysis.measures.definitions.forecasts import FORECASTS
from analysis.measures.definitions.headline import HEADLINE
from analysis.measures.definitions.losses import LOSSES
from analysis.measures.definitions.monitoring import MONITORING
from analysis.measures.definitions.movements import MOVEMENTS
from analysis.measures.definitions.risk import RISK
from analysis.measures.definitions.segments import SEGMENTS

__all__ = ["DEFINITIONS", "Definition"]

DEFINITIONS: dict[str, Definition] = {
    definition.id: definition
    for definition in (
        *BALANCES,
        *MOVEMENTS,
        *DAYS,
        *CHANGES,
        *CURVES,
        *HEADLINE,
        *EFFECTS,
        *CASH,
        *FORECASTS,
        *LOSSES,
        *CONCENTRATION,
        *CUSTOMERS,
        *EXPOSURE,
        *MONITORING,
        *RISK,
        *SEGMENTS,
    )
}
