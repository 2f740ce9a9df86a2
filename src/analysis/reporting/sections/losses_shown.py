"""What is shown of losses to come: tables and charts, each empty or None where there is nothing to show."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.ledger.provisioning import Scenario
from analysis.models.allowance import Allowance
from analysis.models.allowance_movement import Movement
from analysis.models.losses import Losses
from analysis.models.provision_matrix import TOTAL
from analysis.reporting import charts, charts_losses

_LISTED = 25
_MONTHS_TO_DRAW = 2
_ENDS = ("by history", "allowance")
_LINES = {
    "opening": "opening allowance",
    "charge": "charge, after recoveries",
    "written_off": "written off",
    "recovered": "recovered",
    "currency": "currency",
    "closing": "closing allowance",
}
_SIGNS = {"written_off": -1}


def matrix_table(found: Losses | None) -> pd.DataFrame:
    """Expected loss by segment and age, sums last; amounts."""
    if found is None:
        return pd.DataFrame()
    wide = found.allowance.matrix()["loss"].unstack("bucket")
    order = [*found.found.buckets, TOTAL]
    segments = [segment for segment in found.found.segments if segment in wide.index]
    return wide.loc[[*segments, TOTAL], order].rename_axis(index="segment", columns=None).reset_index()


def segment_rates_table(found: Losses | None) -> pd.DataFrame:
    """Loss rates by segment and age, the forward view in them; None where nothing is owed."""
    if found is None:
        return pd.DataFrame()
    wide = found.allowance.matrix()["rate"].unstack("bucket")
    segments = [segment for segment in found.found.segments if segment in wide.index]
    table = wide.loc[[*segments, TOTAL], [*found.found.buckets, TOTAL]].rename_axis(index="segment", columns=None)
    return table.reset_index()


def rates_table(found: Losses | None) -> pd.DataFrame:
    """What is owed by age, the part of it that will be lost by both methods, the forward view, and the loss."""
    if found is None:
        return pd.DataFrame()
    names = {
        "exposure": "owed",
        "rate": "loss rate",
        "low": "from",
        "high": "to",
        "flow": "by flow rates",
        "factor": "forward factor",
        "loss": "expected loss",
    }
    return found.rates_by_bucket.rename(columns=names).rename_axis(index="days past due").reset_index()


def bridge(made: Allowance) -> pd.DataFrame:
    """From history to the allowance, as :func:`charts.waterfall` takes it; steps of nothing are left out."""
    parts = made.parts()
    labels = {"forward": "forward view", "specific": "named customers", "overlay": "overlay"}
    steps = [(_ENDS[0], made.amount(parts["history"]), "total")]
    for name, label in labels.items():
        if parts[name]:
            steps.append((label, abs(made.amount(parts[name])), "rise" if parts[name] > 0 else "fall"))
    steps.append((_ENDS[1], made.expected_loss, "total"))
    return pd.DataFrame(steps, columns=["label", "amount", "kind"])


def movement_table(found: Losses | None) -> pd.DataFrame:
    """Opening, charge, write-offs, recoveries, currency and closing of the month and the year; empty without any."""
    periods: dict[str, Movement | None] = {} if found is None else {"month": found.month, "year": found.year}
    columns = {
        f"the {name}": [_SIGNS.get(line, 1) * found.allowance.amount(getattr(moved, line)) for line in _LINES]
        for name, moved in periods.items()
        if moved is not None and found is not None
    }
    moved = any(any(amounts) for amounts in columns.values())
    return pd.DataFrame({"line": list(_LINES.values()), **columns}) if moved else pd.DataFrame()


def assumptions_table(made: Allowance) -> pd.DataFrame:
    """Scenarios, named customers and overlays in force, each with who says so."""
    rows: list[tuple[str, str, str, str, str | None, str]] = [
        (s.name, "scenario", f"weight {s.weight:g}, {_factors(s)}", s.stated_on.isoformat(), None, s.source)
        for s in made.forward.scenarios
    ]
    rows += [
        (
            s.customer_id,
            "named",
            f"{s.loss_rate:g} of the balance",
            s.stated_on.isoformat(),
            s.expires_on.isoformat(),
            who,
        )
        for s, who in ((s, f"{s.owner}: {s.reason}") for s in made.specific)
    ]
    rows += [
        (
            o.name,
            "overlay",
            f"{o.amount:,}",
            o.stated_on.isoformat(),
            o.expires_on.isoformat(),
            f"{o.owner}: {o.reason}",
        )
        for o in made.overlays
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "value", "stated", "until", "source or owner"])


def _factors(scenario: Scenario) -> str:
    """The factor of a scenario and, in brackets, those of buckets that differ."""
    apart = ", ".join(f"{bucket} {factor:g}" for bucket, factor in scenario.factors.items())
    return f"factor {scenario.factor:g}" + (f" ({apart})" if apart else "")


def record_chart(found: Losses | None) -> Figure | None:
    """Past provisions beside what was lost; None where fewer than two are old enough, or all are nought."""
    if found is None or len(found.record.vintages) < _MONTHS_TO_DRAW:
        return None
    if not found.record.vintages[["provided", "lost"]].to_numpy().any():
        return None
    return _whole(charts_losses.provision_record(found.record.vintages, currency=found.currency))


def rates_chart(found: Losses | None) -> Figure | None:
    """The loss rate of each age by both methods; None where nothing is owed."""
    if found is None or found.rates_by_bucket["rate"].isna().all():
        return None
    return _whole(charts_losses.loss_rates(found.rates_by_bucket))


def bridge_chart(found: Losses | None) -> Figure | None:
    """From history to the allowance; None where there is nothing to lose or no step between the two."""
    if found is None or not found.allowance.total or len(bridge(found.allowance)) <= len(_ENDS):
        return None
    return _whole(charts.waterfall(bridge(found.allowance), unit=found.currency, height=50.0))


def customers_table(found: Losses) -> pd.DataFrame:
    """The customers of whom most is expected to be lost, with what they owe."""
    rows = found.allowance.by_customer()
    rows = rows[rows["expected_loss"] > 0].head(_LISTED)
    names = found.names.reindex(rows.index).fillna(rows.index.to_series())
    table = rows.assign(name=names)[["name", "exposure", "expected_loss", "rate"]].reset_index()
    return table.rename(columns={"customer_id": "number", "exposure": "owed", "expected_loss": "expected loss"})


def _whole(drawn: Axes) -> Figure | None:
    """The figure of a chart, which a notebook shows as a picture."""
    return drawn.get_figure(root=True)
