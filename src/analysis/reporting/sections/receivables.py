"""What is owed and how old is it? Ageing, days, effectiveness, and who owes most."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.ageing import ageing
from analysis.measures.concentration import Concentration
from analysis.measures.outcomes import OTHERS, shown_groups
from analysis.reporting import blocks, charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import debtors
from analysis.reporting.sections.ledger import compared

# number of the report: column of the scorecard, unit, label, definition, which way is better
_SCORES: tuple[tuple[str, str, str, str, str, words.Better], ...] = (
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

    @property
    def currency(self) -> str:
        return self.opened.company.currency


def dso_lines(scores: pd.DataFrame) -> pd.DataFrame:
    """The DSO figures that belong on one chart, the main one first, over thirteen months."""
    return scores[list(_DSO_LINES)].rename(columns=_DSO_LINES).tail(13)


def ageing_of_segments(opened: Opened, *, by: str) -> pd.DataFrame:
    """Ageing by a dimension; groups too small to be shown alone are put together in the last row."""
    table = ageing(opened.snapshot, by=by)
    shown = shown_groups(opened.snapshot, by=by)
    groups = [shown.get(str(group), OTHERS) for group in table.index]
    folded = table.groupby(groups).sum().rename_axis(index=by, columns=None)
    order = folded.assign(_last=folded.index == OTHERS).sort_values(["_last", "total"], ascending=[True, False])
    return order.drop(columns="_last")


def ageing_sentence(scores: pd.DataFrame, *, currency: str) -> str:
    """Where the overdue balance stands and which way it went, in one sentence; the title of the page."""
    last = scores.iloc[-1]
    overdue, share = words.money(last["overdue"], currency=currency), words.share(last["overdue_share"])
    standing = f"{overdue} is past due, {share} of open invoices"
    if len(scores) < 2 or pd.isna(last["overdue_share"]) or pd.isna(scores["overdue_share"].iloc[-2]):
        return standing + "."
    change = words.change(last["overdue_share"], scores["overdue_share"].iloc[-2], unit="share")
    if change.direction == "flat":
        return f"The overdue share did not move: {standing}."
    verb = "rose" if change.direction == "up" else "fell"
    by = words.points(abs(last["overdue_share"] - scores["overdue_share"].iloc[-2]))
    return f"The overdue share {verb} by {by}: {standing}."


def days_sentence(scores: pd.DataFrame) -> str:
    """DSO in its two parts: what terms allow, and what is late."""
    last = scores.iloc[-1]
    if pd.isna(last["dso_countback"]):
        return "DSO is not defined: there are no sales to count back through."
    least = "at least " if bool(last.get("dso_countback_exhausted", False)) else ""
    text = f"By count-back, {least}{words.days(last['dso_countback'])} of sales are outstanding"
    if pd.isna(last["best_possible_dso"]):
        return text + "."
    late = words.days(last["average_days_delinquent"])
    best = words.days(last["best_possible_dso"])
    return f"{text}; were nothing late, receivables would stand at {best} of sales, and {late} are overdue."


def rolls_sentence(rolls: pd.DataFrame) -> str:
    """How much of what was not due became overdue a month later, on average over the last year."""
    first = rolls.iloc[0]
    if pd.isna(first.get("1-30", float("nan"))):
        first_late = rolls.columns[2] if len(rolls.columns) > 2 else None
        if first_late is None or pd.isna(first[first_late]):
            return "There is not enough history to say how debt ages."
    late = float(first[[c for c in rolls.index if c != rolls.index[0]]].sum())
    return (
        f"Of what is not due at a month end, {words.share(late)} is past due a month later "
        f"and {words.share(float(first['paid']))} has been paid."
    )


def hand_over(findings: Findings, found: Receivables) -> None:
    """Findings of notebook 2: ageing, days, effectiveness, debtors, roll rates, and the sums that must agree."""
    _scores(findings, found)
    _ageing(findings, found)
    debtors.hand_over(findings, found.debtors, found.concentration, currency=found.currency)
    rolls = found.rolls[found.rolls["amount"] > 0]
    shares = rolls.drop(columns="amount").reset_index().rename(columns=lambda c: str(c).replace("_", " "))
    findings.table(
        "roll_rates",
        shares,
        caption="Where debt of an age is one month later, last 12 months",
        units=dict.fromkeys(shares.columns[1:], "share"),
    )
    scores, currency = found.scores, found.currency
    findings.sentence("ageing_told", ageing_sentence(scores, currency=currency), uses=["overdue", "overdue_share"])
    findings.sentence("days_told", days_sentence(scores), uses=["dso_countback", "best_possible_dso"])
    findings.sentence("rolls_told", rolls_sentence(found.rolls))


def _scores(findings: Findings, found: Receivables) -> None:
    targets = found.opened.company.policy.targets
    target = {
        "dso_countback": targets.dso_days,
        "overdue_share": targets.overdue_share,
        "effectiveness": targets.collection_effectiveness,
    }
    last = found.scores.iloc[-1]
    for id, column, unit, label, definition, better in _SCORES:
        findings.number(
            id,
            float(last[column]),
            unit=found.currency if unit == "money" else unit,
            label=label,
            definition=definition,
            better=better,
            target=target.get(id),
            inputs={name: float(last[name]) for name in _INPUTS.get(id, ()) if name in last},
            **compared(found.scores[column]),  # type: ignore[arg-type]
        )
    lines = dso_lines(found.scores)
    aim = target["dso_countback"]
    findings.figure(
        "days_by_month",
        charts.lines_over_months(lines, unit="days", target=aim),
        caption="Days sales outstanding",
        alt=charts.lines_over_months_alt(lines, unit="days", target=aim),
    )


def _ageing(findings: Findings, found: Receivables) -> None:
    currency, snapshot = found.currency, found.opened.snapshot
    findings.figure(
        "ageing_by_month",
        charts.stacked_ageing(found.by_due, currency=currency),
        caption="Open invoices by days past due",
        alt=charts.stacked_ageing_alt(found.by_due, currency=currency),
    )
    both = pd.DataFrame(
        {
            "days": list(found.by_issue.columns),
            "since invoice": found.by_issue.iloc[-1].to_numpy(),
            "share": found.by_issue.iloc[-1].to_numpy() / (found.by_issue.iloc[-1].sum() or float("nan")),
        }
    )
    findings.table(
        "ageing_by_issue", both, caption="By invoice date", units={"since invoice": currency, "share": "share"}
    )
    due = found.by_due.iloc[-1]
    table = pd.DataFrame(
        {"days": list(due.index), "past due": due.to_numpy(), "share": due.to_numpy() / (due.sum() or float("nan"))}
    )
    findings.table("ageing_by_due", table, caption="By due date", units={"past due": currency, "share": "share"})
    if found.segments is None:
        findings.unavailable("ageing_by_segment", "the books do not tell customers apart by segment")
    else:
        shown = _with_total(found.segments)
        units = dict.fromkeys(shown.columns[1:-1], currency) | {"invoices": "count"}
        findings.table("ageing_by_segment", shown, caption=f"By {found.segments.index.name}", units=units)
        findings.invariant(
            "inv3_segments",
            "open balance over segments = open balance",
            round(float(found.segments["total"].sum()), 2),
            round(float(due.sum()), 2),
        )
    findings.invariant(
        "inv3_buckets",
        "sum of ageing buckets on the as-of date = sum over the month-end series",
        round(float(found.ageing["total"].sum()), 2),
        round(float(due.sum()), 2),
    )
    findings.invariant(
        "inv3_customers",
        "open balance over customers = sum of ageing buckets",
        round(float(found.debtors["open_balance"].sum()), 2),
        round(float(due.sum()), 2),
    )
    findings.invariant(
        "inv3_as_of",
        "the series ends on the as-of date",
        found.by_due.index[-1].toordinal(),
        snapshot.as_of.toordinal(),
    )


def _with_total(segments: pd.DataFrame) -> pd.DataFrame:
    total = segments.sum(numeric_only=True).to_frame("total").T.rename_axis(segments.index.name)
    rows = pd.concat([segments, total])
    rows["invoices"] = rows["invoices"].astype(int)
    return rows.rename_axis(segments.index.name).reset_index()


def page(collected: Collected) -> dict[str, object]:
    """Page 3: ageing, days and debtors."""
    return {
        "kicker": "Receivables",
        "title": collected.sentences["ageing_told"]["text"].removesuffix("."),
        "blocks": [
            blocks.figure(collected, "ageing_by_month"),
            {
                "kind": "row",
                "blocks": [blocks.table(collected, "ageing_by_due"), blocks.table(collected, "ageing_by_issue")],
            },
            blocks.lead(collected, "days_told"),
            blocks.figure(collected, "days_by_month"),
            blocks.lead(collected, "rolls_told"),
            blocks.table(collected, "roll_rates", heat=_heat(collected)),
            blocks.lead(collected, "debtors_told"),
            blocks.figure(collected, "largest_debtors"),
            blocks.table(collected, "ageing_by_segment", total=True),
        ],
    }


def _heat(collected: Collected) -> list[str]:
    return list(collected.tables["roll_rates"]["columns"][1:])
