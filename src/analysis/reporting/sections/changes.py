"""What moved DSO and overdue? Their changes since the month before and since a year ago, shared out exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pandas as pd
from matplotlib.figure import Figure

from analysis.measures.changes import Change, Changes
from analysis.measures.changes_model import FACTORS
from analysis.measures.months import LedgerMonths
from analysis.reporting import blocks, words
from analysis.reporting.charts_changes import change_waterfall, change_waterfall_alt
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections.changes_words import (
    FIGURES,
    LABELS,
    absent_sentence,
    headline,
    is_clear,
    moved_sentence,
    vanishes,
)
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

_WRITTEN = {"dso": "DSO", "overdue": "overdue"}
# As they are printed: days with one decimal, money to the cent.
_DECIMALS = {"dso": 1, "overdue": 2}
# Half of the last place that is printed would hide a wrong effect; this hides binary fractions only.
_TOLERANCE = Decimal("0.000001")


def why_not(months: LedgerMonths) -> str:
    """Why these books compare nothing."""
    if months.snapshot.open_items_only:
        return OPEN_ITEMS_ONLY
    if months.shown < 2:
        return "the books hold no earlier month end to compare with"
    return "the books began with open items less than half a year before the earlier month end"


def change_steps(change: Change, *, since: pd.Timestamp, until: pd.Timestamp, unit: str) -> pd.DataFrame:
    """A change as steps of a waterfall, in the order of the report: earlier figure, effects, present figure.

    Columns ``label``, ``amount`` (without sign), ``kind`` ("total", "rise" or "fall"), ``verdict`` ("good" or "bad"
    where customers' doing is clear, else blank), ``low`` and ``high`` (limits of the effect, NaN where there are none).
    Effects that vanish in print are left out.
    """
    seen = [(factor, float(change.effects[factor])) for factor in FACTORS]
    seen = [(factor, effect) for factor, effect in seen if not vanishes(effect, unit=unit)]
    rows: list[tuple[str, float, str, str, float | None, float | None]] = [
        (words.day(since.date(), short=True), change.before, "total", "", None, None)
    ]
    for factor, effect in seen:
        judged = is_clear(change) if factor == "behaviour" else False
        verdict = ("bad" if effect > 0 else "good") if judged else ""
        limits = (change.low, change.high) if factor == "behaviour" else (None, None)
        rows.append((LABELS[factor], abs(effect), "rise" if effect > 0 else "fall", verdict, *limits))
    rows.append((words.day(until.date(), short=True), change.now, "total", "", None, None))
    frame = pd.DataFrame(rows, columns=["label", "amount", "kind", "verdict", "low", "high"])
    return frame.astype({"amount": float, "low": float, "high": float})


def changes_table(found: Mapping[int, Changes]) -> pd.DataFrame:
    """Figure before, each effect and figure now, one column per figure and comparison, rounded as they are printed.

    Days have one decimal, money its cents; what rounding leaves stands in a line of its own, so that columns foot.
    """
    told = [factor for factor in FACTORS if any(factor in changes.told for changes in found.values())]
    columns = {}
    for figure, _, changes, change in _each(found):
        decimals = _DECIMALS[figure]
        cells = [round(amount, decimals) for amount in (change.before, *(float(change.effects[f]) for f in told))]
        now = round(change.now, decimals)
        # "+ 0.0" turns the -0.0 of a rounded trace into 0
        left = round(now - sum(cells), decimals) + 0.0
        columns[f"{FIGURES[figure]} since {words.month(changes.since.date())}"] = [*cells, left, now]
    index = pd.Index(["Before", *(LABELS[factor] for factor in told), "Rounding", "Now"], name="effect of")
    table = pd.DataFrame(columns, index=index) + 0.0
    return table if table.loc["Rounding"].any() else table.drop(index="Rounding")


def hand_over(findings: Findings, found: Mapping[int, Changes], *, months: LedgerMonths, scores: pd.DataFrame) -> None:
    """Findings: effects as numbers with the sums that must agree, sentences, the table and two waterfalls."""
    currency = months.snapshot.company.currency
    if not found:
        findings.unavailable("what_moved", why_not(months))
        return
    findings.sentence("what_moved_told", headline(found[min(found)], currency=currency) + ".")
    for figure, span, changes, change in _each(found):
        unit = "days" if figure == "dso" else currency
        _numbers(findings, f"{figure}_{span}", figure, change, factors=changes.told, unit=unit)
        _sums(findings, f"{figure}_{span}", change, scores["dso_countback" if figure == "dso" else "overdue"], changes)
    for id, text in _sentences(found, currency=currency):
        findings.sentence(f"{id}_told", text, uses=[f"{id}_behaviour"])
    for figure in FIGURES:
        _figure(findings, figure, found, currency=currency)
    if absent := absent_sentence(found):
        findings.sentence("effects_absent_told", absent)
    table = changes_table(found)
    units = {name: "days" if str(name).startswith(FIGURES["dso"]) else currency for name in table.columns}
    findings.table("what_moved", table, caption="What moved DSO and overdue", units=units)


def _each(found: Mapping[int, Changes]) -> Iterator[tuple[str, str, Changes, Change]]:
    """Figures that are defined, each with its comparisons (of a month, of a year), the nearest first."""
    for figure in FIGURES:
        for back in sorted(found):
            change = getattr(found[back], figure)
            if change is not None:
                yield figure, "month" if back == 1 else "year", found[back], change


def _numbers(findings: Findings, id: str, figure: str, change: Change, *, factors: tuple[str, ...], unit: str) -> None:
    for factor in factors:
        behaviour = factor == "behaviour"
        findings.number(
            f"{id}_{factor}",
            float(change.effects[factor]),
            unit=unit,
            label=f"{FIGURES[figure]} moved by {LABELS[factor].lower()}, against a {id.rpartition('_')[2]} ago",
            definition=f"{figure}_behaviour_effect" if behaviour else f"{figure}_effect",
            better="lower" if behaviour else "neither",
            low=change.low if behaviour else None,
            high=change.high if behaviour else None,
            inputs={"before": change.before, "now": change.now},
        )


def _figure(findings: Findings, figure: str, found: Mapping[int, Changes], *, currency: str) -> None:
    picture = drawn(found, figure=figure, currency=currency)
    if picture is None:
        return
    last = found[min(found)]
    change, unit = getattr(last, figure), "days" if figure == "dso" else currency
    findings.figure(
        f"{figure}_moved",
        picture,
        caption=f"What moved {_WRITTEN[figure]} since {words.day(last.since.date())}",
        alt=change_waterfall_alt(change_steps(change, since=last.since, until=last.until, unit=unit), unit=unit),
    )


def _sums(findings: Findings, id: str, change: Change, scores: pd.Series, changes: Changes) -> None:
    """The effects add up, and both ends are the figures that the report prints elsewhere."""
    findings.invariant(
        f"inv_effects_{id}",
        "figure before + all effects = figure now",
        change.before + float(change.effects.sum()),
        change.now,
        tolerance=_TOLERANCE,
    )
    for end, value in ((changes.since, change.before), (changes.until, change.now)):
        findings.invariant(
            f"inv_effects_{id}_{end:%Y_%m}",
            "figure of which effects are told = figure of the scorecard",
            value,
            float(scores.loc[end]),
            tolerance=_TOLERANCE,
        )


def drawn(found: Mapping[int, Changes], *, figure: str, currency: str) -> Figure | None:
    """The waterfall of a figure ("dso" or "overdue") since the nearest month end; None where there is none to draw."""
    changes = found[min(found)] if found else None
    change = getattr(changes, figure) if changes is not None else None
    if changes is None or change is None:
        return None
    unit = "days" if figure == "dso" else currency
    steps = change_steps(change, since=changes.since, until=changes.until, unit=unit)
    return change_waterfall(steps, unit=unit, width="half").get_figure(root=True) if len(steps) > 2 else None


def told(found: Mapping[int, Changes], *, months: LedgerMonths) -> str:
    """All sentences of the comparisons, or why there are none."""
    if not found:
        return f"What moved DSO and overdue cannot be told: {why_not(months)}."
    sentences = [text for _, text in _sentences(found, currency=months.snapshot.company.currency)]
    return " ".join([*sentences, *filter(None, [absent_sentence(found)])])


def _sentences(found: Mapping[int, Changes], *, currency: str) -> Iterator[tuple[str, str]]:
    """The id of each figure and comparison with its sentences."""
    for figure, span, changes, change in _each(found):
        since, unit = words.day(changes.since.date()), "days" if figure == "dso" else currency
        yield f"{figure}_{span}", moved_sentence(figure, change, since=since, unit=unit)


def blocks_of(collected: Collected) -> list[blocks.Block]:
    """What moved the figures, for the page of the books: both waterfalls and their sentences."""
    if "what_moved_told" not in collected.sentences:
        reasons = [collected.unavailable.get(id, {}).get("reason") for id in ("what_moved", "roll_forward")]
        # the roll-forward above has said it
        return [blocks.unavailable(collected, "what_moved")] if reasons[0] != reasons[1] else []
    drawn = [
        blocks.figure(collected, f"{figure}_moved") for figure in FIGURES if f"{figure}_moved" in collected.figures
    ]
    return [
        {"kind": "section", "title": collected.sentences["what_moved_told"]["text"].removesuffix(".")},
        *([{"kind": "row", "blocks": drawn}] if len(drawn) > 1 else drawn),
        blocks.lead(collected, "dso_month_told", "overdue_month_told", "effects_absent_told"),
    ]


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: every effect, since the month before and since a year ago."""
    if "what_moved" not in collected.tables:
        return []
    year = blocks.lead(collected, "dso_year_told", "overdue_year_told")
    return [*([year] if year["sentences"] else []), blocks.table(collected, "what_moved")]
