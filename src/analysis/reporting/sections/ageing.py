"""How old what is owed is: by month, on the date, by segment, and where debt of an age goes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.ageing import ageing
from analysis.measures.outcomes import OTHERS, shown_groups
from analysis.reporting import charts, words
from analysis.reporting.clear_changes import leaves_out_zero
from analysis.reporting.findings import Findings
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

# Converted currencies are sums of floats; a tenth of a cent tells a fault from the last binary digit.
_CENT_FRACTION = Decimal("0.001")


def ageing_of_segments(opened: Opened, *, by: str) -> pd.DataFrame:
    """Ageing by a dimension; groups too small to be shown alone are put together in the last row."""
    table = ageing(opened.snapshot, by=by)
    shown = shown_groups(opened.snapshot, by=by)
    groups = [shown.get(str(group), OTHERS) for group in table.index]
    folded = table.groupby(groups).sum().rename_axis(index=by, columns=None)
    order = folded.assign(_last=folded.index == OTHERS).sort_values(["_last", "total"], ascending=[True, False])
    return order.drop(columns="_last")


def ageing_sentence(scores: pd.DataFrame, *, currency: str, month_change: Sequence[float] | None = None) -> str:
    """Where the overdue balance stands and which way its share went, in one sentence; the title of the page.

    ``month_change``: limits of the change of the share against the month before, where they were estimated.
    """
    last = scores.iloc[-1]
    share = last["overdue_share"]
    if pd.isna(share):
        return "Nothing is owed, so nothing is past due."
    undated = last.get("no_due_date", 0.0)
    if undated >= last["open_balance"]:
        return "No open invoice has a due date, so none can be called past due."
    standing = f"{words.money(last['overdue'], currency=currency)} is past due, {words.share(share)} of open invoices"
    if not last["overdue"]:
        standing = "nothing is past due"
    if undated > 0:
        standing += f"; {words.money(undated, currency=currency)} has no due date"
    before = scores["overdue_share"].iloc[-2] if len(scores) > 1 else float("nan")
    if pd.isna(before):
        return f"{standing[:1].upper()}{standing[1:]}."
    change = words.change(share, before, unit="share")
    if change.direction == "flat":
        return f"The overdue share did not move: {standing}."
    if not leaves_out_zero(month_change):
        return f"No clear change in the overdue share: {standing}."
    verb = "rose" if change.direction == "up" else "fell"
    return f"The overdue share {verb} by {words.points(abs(share - before))}: {standing}."


def rolls_sentence(rolls: pd.DataFrame) -> str:
    """How much of what was not due became overdue a month later, on average over the last year."""
    first = rolls.iloc[0]
    if pd.isna(first["paid"]):
        return "There is not enough history to say how debt ages."
    late = float(first[list(rolls.index[1:])].sum())
    return (
        f"Of what is not due at a month end, {words.share(late)} is past due a month later "
        f"and {words.share(float(first['paid']))} has been paid."
    )


def hand_over(
    findings: Findings,
    *,
    by_due: pd.DataFrame,
    by_issue: pd.DataFrame,
    on_date: pd.DataFrame,
    segments: pd.DataFrame | None,
    rolls: pd.DataFrame | None,
    currency: str,
) -> None:
    """Ageing by month, on the date and by segment; roll rates; the sums that must agree."""
    if len(by_due) > 1:
        findings.figure(
            "ageing_by_month",
            charts.stacked_ageing(by_due, currency=currency),
            caption="Open invoices by days past due",
            alt=charts.stacked_ageing_alt(by_due, currency=currency),
        )
    due = by_due.iloc[-1]
    for id, clock, caption, aged in (
        ("ageing_by_due", "days past due", "By due date", due),
        ("ageing_by_issue", "days since invoice", "By invoice date", by_issue.iloc[-1]),
    ):
        share = aged.to_numpy() / (aged.sum() or float("nan"))
        table = pd.DataFrame({clock: list(aged.index), "open": aged.to_numpy(), "share": share})
        findings.table(id, table, caption=caption, units={"open": currency, "share": "share"})
    if segments is None:
        findings.unavailable("ageing_by_segment", "the books do not tell customers apart by segment")
    else:
        shown = _with_total(segments)
        units = dict.fromkeys(shown.columns[1:-1], currency) | {"invoices": "count"}
        findings.table("ageing_by_segment", shown, caption=f"By {segments.index.name}", units=units)
        findings.invariant(
            "inv3_segments",
            "open balance over segments = open balance",
            float(segments["total"].sum()),
            float(due.sum()),
            tolerance=_CENT_FRACTION,
        )
    findings.invariant(
        "inv3_buckets",
        "sum of ageing buckets on the as-of date = sum over the month-end series",
        float(on_date["total"].sum()),
        float(due.sum()),
        tolerance=_CENT_FRACTION,
    )
    if rolls is None:
        findings.unavailable("roll_rates", OPEN_ITEMS_ONLY)
        return
    if not (rolls["amount"] > 0).any():
        findings.unavailable("roll_rates", "nothing that was open at a month end has been followed to the next")
        return
    shares = rolls[rolls["amount"] > 0].drop(columns="amount").reset_index()
    shares = shares.rename(columns=lambda c: str(c).replace("_", " "))
    findings.table(
        "roll_rates",
        shares,
        caption="Where debt of an age is one month later, last 12 months",
        units=dict.fromkeys(shares.columns[1:], "share"),
    )
    findings.sentence("rolls_told", rolls_sentence(rolls))


def _with_total(segments: pd.DataFrame) -> pd.DataFrame:
    total = segments.sum(numeric_only=True).to_frame("total").T.rename_axis(index=str(segments.index.name))
    rows = pd.concat([segments, total])
    rows["invoices"] = rows["invoices"].astype(int)
    return rows.rename_axis(index=str(segments.index.name)).reset_index()
