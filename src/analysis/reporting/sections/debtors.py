"""Who owes it: the largest debtors, the most overdue ones, and how concentrated the book is."""

from __future__ import annotations

import pandas as pd

from analysis.measures.concentration import Concentration
from analysis.reporting import charts, words
from analysis.reporting.findings import Findings

_TOP = 10


def largest(debtors: pd.DataFrame, *, most: int = _TOP) -> pd.DataFrame:
    """The largest debtors as :func:`charts.ranked_bars` wants them."""
    rows = debtors.head(most)
    return pd.DataFrame(
        {"name": rows["name"], "open": rows["open_balance"], "overdue": rows["overdue"], "share": rows["share"]}
    )


def debtors_sentence(found: Concentration, debtors: pd.DataFrame, *, currency: str) -> str:
    """How much of the book the largest debtors hold, and how much of theirs is late."""
    if not found.n_debtors:
        return "Nobody owes anything."
    if found.n_debtors <= _TOP:
        return f"{words.plural(found.n_debtors, 'customer')} owe{'s' if found.n_debtors == 1 else ''} the whole book."
    late = words.money(float(debtors.head(_TOP)["overdue"].sum()), currency=currency)
    number = words.significant(found.effective_number)
    return (
        f"The {_TOP} largest of {words.count(found.n_debtors)} debtors owe {words.share(found.top_share)} of the book, "
        f"{late} of it past due; the book is as concentrated as one of {number} equal debtors."
    )


def hand_over(findings: Findings, debtors: pd.DataFrame, concentration: Concentration, *, currency: str) -> None:
    """Concentration, the largest debtors, and the most overdue ones."""
    for id, value, unit, label, definition in (
        ("debtors", concentration.n_debtors, "count", "Debtors", "debtors"),
        ("top_share", concentration.top_share, "share", f"{_TOP} largest debtors", "top_share"),
        ("herfindahl", concentration.herfindahl, "ratio", "Herfindahl index", "herfindahl"),
        (
            "effective_number",
            concentration.effective_number,
            "ratio",
            "Effective number of debtors",
            "effective_number",
        ),
        ("gini", concentration.gini, "ratio", "Gini coefficient", "gini"),
    ):
        findings.number(
            id, value, unit=unit, label=label, definition=definition, inputs={"open_balance": concentration.exposure}
        )
    top = largest(debtors)
    findings.figure(
        "largest_debtors",
        charts.ranked_bars(top, currency=currency),
        caption=f"The {min(_TOP, len(top))} largest debtors",
        alt=charts.ranked_bars_alt(top, currency=currency),
    )
    rows = debtors.head(50).reset_index()
    columns = ["customer_id", "name", "open_balance", "overdue", "oldest_days", "share"]
    shown = rows[columns].rename(
        columns={"customer_id": "number", "open_balance": "open", "oldest_days": "oldest, days past due"}
    )
    findings.table(
        "top_exposures",
        shown,
        caption="Largest exposures",
        units={"open": currency, "overdue": currency, "oldest, days past due": "count", "share": "share"},
    )
    late = debtors.sort_values(["overdue", "open_balance"], ascending=False).query("overdue > 0").head(50)
    late = late.reset_index()[columns].rename(
        columns={"customer_id": "number", "open_balance": "open", "oldest_days": "oldest, days past due"}
    )
    findings.table(
        "top_overdue",
        late,
        caption="Most overdue",
        units={"open": currency, "overdue": currency, "oldest, days past due": "count", "share": "share"},
    )
    told = debtors_sentence(concentration, debtors, currency=currency)
    findings.sentence("debtors_told", told, uses=["top_share"])
