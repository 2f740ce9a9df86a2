"""What is owed and how old is it? Ageing, days, effectiveness, and who owes most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.concentration import Concentration
from analysis.measures.headline_intervals import HeadlineInterval
from analysis.reporting import blocks, charts, words
from analysis.reporting.clear_changes import with_interval
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import ageing, debtors
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY, compared

# number of the report: column of the scorecard, unit, label, definition, which way is better
_SCORES: tuple[tuple[str, str, str, str, str, words.Better], ...] = (
    ("receivables", "receivables", "money", "Receivables", "receivables", "neither"),
    ("open_balance", "open_balance", "money", "Open invoices", "open_balance", "neither"),
    ("overdue", "overdue", "money", "Overdue", "overdue", "lower"),
    ("overdue_share", "overdue_share", "share", "Overdue share", "overdue_share", "lower"),
    ("over_90_share", "over_90_share", "share", "Over 90 days past due", "overdue_over_90_share", "lower"),
    ("dso_countback", "dso_countback", "days", "DSO, count-back", "dso_countback", "lower"),
    ("dso_simple", "dso_simple", "days", "DSO, sales of the month", "dso_simple", "lower"),
    ("dso_rolling", "dso_rolling", "days", "DSO, rolling", "dso_rolling", "lower"),
    ("best_possible_dso", "best_possible_dso", "days", "Best possible DSO", "best_possible_dso", "lower"),
    ("days_delinquent", "average_days_delinquent", "days", "Days delinquent", "average_days_delinquent", "lower"),
    (
        "effectiveness",
        "collection_effectiveness",
        "share",
        "Collection effectiveness",
        "collection_effectiveness",
        "higher",
    ),
    ("turnover", "turnover", "ratio", "Receivables turnover, 12 months", "receivables_turnover", "higher"),
    ("bad_debt_to_sales", "bad_debt_to_sales", "share", "Bad debt, 12 months", "bad_debt_to_sales", "lower"),
)
_INPUTS: dict[str, tuple[str, ...]] = {
    "receivables": ("open_balance", "credit_balances", "unapplied"),
    "overdue_share": ("overdue", "open_balance"),
    "over_90_share": ("over_90", "open_balance"),
    "dso_simple": ("receivables", "credit_sales", "days"),
    "dso_rolling": ("receivables", "credit_sales_rolling", "days_rolling"),
    "dso_countback": ("receivables",),
    "best_possible_dso": ("not_due", "credit_sales_rolling", "days_rolling"),
    "days_delinquent": ("overdue", "credit_sales_rolling", "days_rolling"),
    "effectiveness": ("opening", "credit_sales", "receivables", "not_due"),
    "turnover": ("credit_sales_12", "mean_balance_12"),
    "bad_debt_to_sales": ("write_offs_net_12", "credit_sales_12"),
}
# What the sales and payments of the past are needed for; an extract of open items does not hold them.
_OF_FLOWS = frozenset(
    {
        *("dso_countback", "dso_simple", "dso_rolling", "best_possible_dso", "days_delinquent"),
        *("effectiveness", "turnover", "bad_debt_to_sales"),
    }
)
_DSO_LINES = {
    "dso_countback": "Count-back",
    "dso_simple": "Sales of the month",
    "best_possible_dso": "Best possible",
    "average_days_delinquent": "Delinquent",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Receivables:
    """What notebook 2 has measured, ready to be handed over."""

    opened: Opened
    scores: pd.DataFrame
    by_due: pd.DataFrame  # 13 month ends x buckets
    by_issue: pd.DataFrame
    ageing: pd.DataFrame  # one row, by due date, on the as-of date
    segments: pd.DataFrame | None  # ageing by segment
    rolls: pd.DataFrame
    debtors: pd.DataFrame  # exposures by customer
    concentration: Concentration
    intervals: Mapping[str, HeadlineInterval] = field(default_factory=dict)  # by figure

    @property
    def currency(self) -> str:
        return self.opened.company.currency


def dso_lines(scores: pd.DataFrame) -> pd.DataFrame:
    """The DSO figures that belong on one chart, the main one first, over thirteen months."""
    return scores[list(_DSO_LINES)].rename(columns=_DSO_LINES).tail(13)


def days_sentence(scores: pd.DataFrame, *, open_items_only: bool = False) -> str:
    """DSO in its two parts: what terms allow, and what is late."""
    last = scores.iloc[-1]
    if open_items_only:
        return "Days of sales and collection cannot be measured: " + OPEN_ITEMS_ONLY + "."
    if pd.isna(last["dso_countback"]):
        return "DSO is not defined: customers' credits exceed open invoices."
    least = "at least " if bool(last.get("dso_countback_exhausted", False)) else ""
    text = f"By count-back, {least}{words.days(last['dso_countback'])} of sales are outstanding"
    if pd.isna(last["best_possible_dso"]):
        return text + "."
    late = words.days(last["average_days_delinquent"])
    best = words.days(last["best_possible_dso"])
    return f"{text}; by recent sales, {best} are not due yet and {late} are overdue."


def hand_over(findings: Findings, found: Receivables) -> None:
    """Findings of notebook 2: ageing, days, effectiveness, debtors, roll rates, and the sums that must agree."""
    open_items_only = found.opened.snapshot.open_items_only
    _scores(findings, found)
    ageing.hand_over(
        findings,
        by_due=found.by_due,
        by_issue=found.by_issue,
        on_date=found.ageing,
        segments=found.segments,
        rolls=None if open_items_only else found.rolls,
        currency=found.currency,
    )
    debtors.hand_over(findings, found.debtors, found.concentration, currency=found.currency)
    findings.invariant(
        "inv3_customers",
        "open balance over customers = sum of ageing buckets",
        float(found.debtors["open_balance"].sum()),
        float(found.by_due.iloc[-1].sum()),
        tolerance=Decimal("0.001"),
    )
    change = found.intervals["overdue_share"].month_change if "overdue_share" in found.intervals else None
    told = ageing.ageing_sentence(found.scores, currency=found.currency, month_change=change)
    findings.sentence("ageing_told", told, uses=["overdue", "overdue_share"])
    told = days_sentence(found.scores, open_items_only=open_items_only)
    findings.sentence("days_told", told, uses=["dso_countback", "best_possible_dso"])


def _scores(findings: Findings, found: Receivables) -> None:
    targets = found.opened.company.targets
    last, open_items_only = found.scores.iloc[-1], found.opened.snapshot.open_items_only
    for id, column, unit, label, definition, better in _SCORES:
        absent = open_items_only and id in _OF_FLOWS
        findings.number(
            id,
            None if absent else float(last[column]),
            unit=found.currency if unit == "money" else unit,
            label=label,
            definition=definition,
            better=better,
            target=targets.of(id),
            inputs={name: float(last[name]) for name in _INPUTS.get(id, ()) if name in last},
            **compared(found.scores[column]),  # type: ignore[arg-type]
            **({} if absent else with_interval(found.intervals.get(id))),
        )
    if open_items_only:
        findings.unavailable("days_by_month", OPEN_ITEMS_ONLY)
        return
    lines = dso_lines(found.scores)
    aim = targets.dso_countback
    findings.figure(
        "days_by_month",
        charts.lines_over_months(lines, unit="days", target=aim),
        caption="Days sales outstanding",
        alt=charts.lines_over_months_alt(lines, unit="days", target=aim),
    )


def page(collected: Collected) -> dict[str, object]:
    """Page 3: ageing by both clocks, and where debt of an age goes."""
    return {
        "kicker": "Receivables",
        "title": collected.sentences["ageing_told"]["text"].removesuffix("."),
        "blocks": [
            *([blocks.figure(collected, "ageing_by_month")] if "ageing_by_month" in collected.figures else []),
            {
                "kind": "row",
                "blocks": [blocks.table(collected, "ageing_by_due"), blocks.table(collected, "ageing_by_issue")],
            },
            *_rolls(collected),
        ],
    }


def detail(collected: Collected) -> list[blocks.Block]:
    """Blocks of the appendix: days of sales by month, ageing by segment, and the largest debtors."""
    return [
        blocks.lead(collected, "days_told"),
        blocks.figure(collected, "days_by_month"),
        blocks.table(collected, "ageing_by_segment", total=True),
        blocks.lead(collected, "debtors_told"),
        blocks.figure(collected, "largest_debtors"),
    ]


def _rolls(collected: Collected) -> list[blocks.Block]:
    """Roll rates under their sentence; one line where there are none."""
    if "roll_rates" not in collected.tables:
        return [blocks.unavailable(collected, "roll_rates")]
    shares = collected.tables["roll_rates"]["columns"][1:]
    return [blocks.lead(collected, "rolls_told"), blocks.table(collected, "roll_rates", heat=shares)]
