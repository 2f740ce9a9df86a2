"""What was read, what was kept out, and why."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from analysis.ledger.opening import Opened, fates
from analysis.reporting import words
from analysis.reporting.findings import Findings


def checks_sentence(opened: Opened) -> str:
    """How many rows were read, used and left out, and why."""
    rows = fates(opened.control)
    read, used = int(rows["read"].sum()), int(rows["accepted"].sum())
    if not read:
        return "The books hold no rows."
    if used == read:
        return f"All {words.count(read)} rows of the books were used." if read > 1 else "The only row was used."
    fate = {
        "quarantined": ("row with a fault", "rows with a fault"),
        "identical_copy": ("identical copy", "identical copies"),
    }
    fate["totals_row"] = ("totals row", "totals rows")
    left_out = {name: int(rows[name].sum()) for name in fate}
    told = [f"{words.count(n)}{words.GAP}{fate[name][n > 1]}" for name, n in left_out.items() if n]
    return (
        f"Of {words.plural(read, 'row')} of the books {words.count(used)} were used; left out: {words.listing(told)}."
    )


def kept_cash_sentence(opened: Opened) -> str:
    """Bookings that name an invoice which is not in the books: kept out of the balance; blank where there are none."""
    facts = opened.facts
    found = facts[(facts["table"] == "entries") & (facts["rule"] == "unknown_invoice")]
    if found.empty:
        return ""
    number = words.plural(int(found["rows"].sum()), "booking")
    codes = opened.control.loc[opened.control["table"] == "entries", "currency"].unique()
    amount = (
        words.money(float(found["amount"].sum()), currency=str(codes[0])) if len(codes) == 1 else "several currencies"
    )
    return f"Not in the balance: {number} ({amount}) that name an invoice which is not in the books."


def hand_over(findings: Findings, opened: Opened) -> None:
    """Rows by fate, what the checks found, and that no row was lost."""
    rows = fates(opened.control)
    kept = int(rows["quarantined"].sum())
    findings.number(
        "quarantined_rows", kept, unit="count", label="Rows kept out", definition="quarantined_rows", better="lower"
    )
    shown = rows.rename(columns=lambda c: c.replace("_", " ")).rename_axis("table")[
        ["read", "accepted", "identical copy", "totals row", "quarantined"]
    ]
    findings.table("rows_by_fate", shown, caption="Rows of the books", units=dict.fromkeys(shown.columns, "count"))
    in_files = opened.files.groupby("table")["n_rows"].sum()
    for table, row in rows.iterrows():
        left, right = int(in_files.get(table, 0)), int(row["read"])
        findings.invariant(f"inv1_rows_{table}", "rows in the files = used + kept out", left, right)
    if sentence := kept_cash_sentence(opened):
        findings.sentence("kept_cash_told", sentence)
    facts = opened.facts.assign(
        where=[_where(fact) for fact in opened.facts.to_dict("records")], rows=opened.facts["rows"].astype(int)
    )
    told = [
        f"{what}; {remedy}" if remedy else what for what, remedy in zip(facts["message"], facts["remedy"], strict=True)
    ]
    facts["what and remedy"] = told
    shown = (
        facts[["disposition", "where", "what and remedy", "rows"]].rename(columns={"disposition": "finding"}).head(200)
    )
    findings.table("facts", shown, caption="What the checks found", units={"rows": "count"}, names=["what and remedy"])


def _where(fact: Mapping[Hashable, Any]) -> str:
    parts = [str(fact["table"])]
    parts += [f"row {int(fact['row']):,}"] if fact["row"] == fact["row"] and fact["row"] else []
    parts += [str(fact["column"])] if fact["column"] else []
    return ", ".join(parts)
