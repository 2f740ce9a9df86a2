"""Who owes it: the largest debtors, the most overdue ones, and how concentrated the book is."""

from __future__ import annotations

import pandas as pd

from analysis.measures.concentration import Concentration
from analysis.reporting import charts, words
from analysis.reporting.findings import Findings

_TOP = 10
_LISTED = 50


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
    overdue = float(debtors.head(_TOP)["overdue"].sum())
    late = words.money(overdue, currency=currency) if overdue else "none"
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
    owing = debtors[debtors["open_balance"] > 0]
    if owing.empty:
        findings.unavailable("largest_debtors", "nobody owes anything")
    else:
        top = largest(owing)
        findings.figure(
            "largest_debtors",
            charts.ranked_bars(top, currency=currency),
            caption=_caption(len(owing)),
            alt=charts.ranked_bars_alt(top, currency=currency),
            names=True,
        )
    late = owing[owing["overdue"] > 0].sort_values(["overdue", "open_balance"], ascending=False, kind="stable")
    _listed(
        findings, "top_exposures", owing, caption="Largest exposures", absent="nobody owes anything", currency=currency
    )
    _listed(findings, "top_overdue", late, caption="Most overdue", absent="nothing is past due", currency=currency)
    told = debtors_sentence(concentration, debtors, currency=currency)
    findings.sentence("debtors_told", told, uses=["top_share"])


def _caption(n_debtors: int) -> str:
    if n_debtors == 1:
        return "The only debtor"
    return f"All {n_debtors} debtors" if n_debtors <= _TOP else f"The {_TOP} largest debtors"


def _listed(findings: Findings, id: str, rows: pd.DataFrame, *, caption: str, absent: str, currency: str) -> None:
    """Customers by name with what they owe, the first fifty; or the reason why there are none."""
    if rows.empty:
        findings.unavailable(id, absent)
        return
    shown = rows.head(_LISTED).reset_index()[["customer_id", "name", "open_balance", "overdue", "oldest_days", "share"]]
    oldest = "oldest, days past due"
    findings.table(
        id,
        shown.rename(columns={"customer_id": "number", "open_balance": "open", "oldest_days": oldest}),
        caption=caption,
        units={"open": currency, "overdue": currency, oldest: "count", "share": "share"},
        names=["number", "name"],
    )
