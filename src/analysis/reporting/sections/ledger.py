"""Do the books tie? The roll-forward, the general ledger, and what the checks kept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.roll_forward import LINES, Reconciliation
from analysis.reporting import charts, words
from analysis.reporting.findings import Findings
from analysis.reporting.sections import checks

OPEN_ITEMS_ONLY = "the books hold open items only, so they say nothing about the past"
_VISIBLE_SHARE = 0.005
_HALF_A_CENT = 0.005
_DIFFERENCES_TOLD = 3
# What a line did to the balance where it raised it, and where it lowered it.
_MOVED = {
    "invoiced": ("was invoiced", "was taken back"),
    "paid": ("was paid back", "was paid"),
    "discounts": ("of discounts was taken back", "was given as discounts"),
    "credited": ("of credit notes was taken back", "was credited"),
    "written_off": ("came back of debts written off", "was written off"),
    "fx": ("was added by exchange rates", "was taken off by exchange rates"),
}
_LABELS = {
    "invoiced": "Invoiced",
    "paid": "Paid",
    "discounts": "Discounts",
    "credited": "Credited",
    "written_off": "Written off",
    "fx": "Currency",
}


def waterfall_steps(roll: pd.DataFrame) -> pd.DataFrame:
    """The last month of a roll-forward as steps of a waterfall; what is too small to be seen is one step."""
    last, on = roll.iloc[-1], roll.index[-1]
    since = on.replace(day=1) - pd.Timedelta(days=1)
    lines = [name for name, _ in LINES] + ["fx"]
    least = max(_VISIBLE_SHARE * max(abs(last["opening"]), abs(last["closing"])), _HALF_A_CENT)
    seen = [line for line in lines if abs(last[line]) >= least]
    rest = sum(last[line] for line in lines if line not in seen)
    moves = [(_LABELS[line], last[line]) for line in seen] + ([("Other", rest)] if abs(rest) >= _HALF_A_CENT else [])
    steps = [("Opening " + words.day(since.date(), short=True), last["opening"], "total")]
    steps += [(label, abs(amount), "rise" if amount > 0 else "fall") for label, amount in moves]
    steps.append(("Closing " + words.day(on.date(), short=True), last["closing"], "total"))
    return pd.DataFrame(steps, columns=["label", "amount", "kind"])


def roll_forward_sentence(roll: pd.DataFrame, *, currency: str, open_items_only: bool = False) -> str:
    """What the month did to the balance: sales, cash, and any other line that makes up half of the change."""
    if roll.empty:
        return "The books hold no invoice up to this date."
    last = roll.iloc[-1]
    if open_items_only:
        return f"{words.money(last['closing'], currency=currency)} is owed; {OPEN_ITEMS_ONLY}."
    moved = last["closing"] - last["opening"]
    closing = words.money(last["closing"], currency=currency)
    change = f"{'rose' if moved > 0 else 'fell'} by {words.money(abs(moved), currency=currency)} to {closing}"
    if abs(moved) < _HALF_A_CENT:
        change = f"stayed at {closing}"
    others = [line for line in _MOVED if line not in ("invoiced", "paid")]
    largest = max(others, key=lambda line: abs(last[line]))
    told = ["invoiced", "paid", *([largest] if abs(last[largest]) >= max(abs(moved) / 2, _HALF_A_CENT) else [])]
    return f"The balance {change}: {words.listing([_movement(line, last[line], currency) for line in told])}."


def _movement(line: str, amount: float, currency: str) -> str:
    """A line of the roll-forward as one says it; by its sign, because cash can go back and lost debts come back."""
    raised, lowered = _MOVED[line]
    if abs(amount) < _HALF_A_CENT:
        return f"nothing {raised if line == 'invoiced' else lowered}"
    return f"{words.money(abs(amount), currency=currency)} {raised if amount > 0 else lowered}"


def tie_sentence(
    found: Sequence[Reconciliation], *, currency: str, missing: Mapping[str, Decimal] = MappingProxyType({})
) -> str:
    """Whether the ledger agrees with the general ledger, by how much it does not, and whose balance is missing."""
    told = _agreement(found, currency=currency)
    if not found or not missing:
        return told
    owed = words.money(float(sum(missing.values())), currency=currency)
    return f"{told} No control balance was given for {words.listing(sorted(missing))} ({owed})."


def _agreement(found: Sequence[Reconciliation], *, currency: str) -> str:
    """Ties, or the three largest differences."""
    if not found:
        return "No balance of the control account was given for this date, so the ledger could not be tied to it."
    off = sorted((one for one in found if one.difference), key=lambda one: -abs(one.difference))
    if not off:
        total = words.money(float(sum(one.control for one in found)), currency=currency)
        if len(found) == 1:
            return f"The ledger ties exactly to the control account ({total})."
        return f"The ledger ties exactly to the control accounts of {len(found)} entities (together {total})."
    told = [
        f"{words.money(float(abs(one.difference)), currency=currency)} {'higher' if one.difference > 0 else 'lower'}"
        + (f" for {one.entity}" if one.entity else "")
        for one in off[:_DIFFERENCES_TOLD]
    ]
    more = len(off) - len(told)
    told += [f"off for {words.count(more)} other {'entity' if more == 1 else 'entities'}"] if more else []
    return f"The ledger does not tie to the control account: it is {words.listing(told)}."


def hand_over(
    findings: Findings,
    opened: Opened,
    *,
    table: pd.DataFrame,
    roll: pd.DataFrame,
    exact: pd.DataFrame,
    reconciliation: Sequence[Reconciliation],
    missing: Mapping[str, Decimal] = MappingProxyType({}),
) -> None:
    """Findings of notebook 1: balances, movements, invariants, checks."""
    currency, policy = opened.company.currency, opened.company.policy
    _balances(findings, table, currency)
    open_items_only = opened.snapshot.open_items_only
    if open_items_only:
        findings.unavailable("roll_forward", OPEN_ITEMS_ONLY)
    else:
        _movements(findings, roll, currency)
    _reconciliations(findings, reconciliation, currency)
    checks.hand_over(findings, opened)
    for row in exact.to_dict("records"):
        findings.invariant(
            f"inv2_roll_forward_{row['currency'].lower()}",
            "opening + invoiced + paid + discounts + credited + written off = closing, in document currency",
            sum(row[line] for line, _ in LINES),
            row["closing"],
        )
    if policy.control_differs == "reject":
        for number, one in enumerate(reconciliation, start=1):
            findings.invariant(
                f"inv3_control_{number}",
                f"ledger = control account of {one.entity or 'the company'}",
                one.ledger,
                one.control,
                tolerance=policy.control_tolerance,
            )
    told = roll_forward_sentence(roll, currency=currency, open_items_only=open_items_only)
    findings.sentence("roll_forward_told", told, uses=["receivables"])
    findings.sentence("tie_told", tie_sentence(reconciliation, currency=currency, missing=missing))
    findings.sentence("checks_told", checks.checks_sentence(opened), uses=["quarantined_rows"])


def _movements(findings: Findings, roll: pd.DataFrame, currency: str) -> None:
    """The lines of the roll-forward: this month as numbers and picture, all months as a table."""
    last = roll.iloc[-1]
    for line in ("opening", *[name for name, _ in LINES], "fx", "closing"):
        label = _LABELS.get(line, f"{line.capitalize()} balance")
        definition = "roll_forward_currency" if line == "fx" else f"roll_forward_{line}"
        findings.number(f"month_{line}", float(last[line]), unit=currency, label=label, definition=definition)
    steps = waterfall_steps(roll)
    if undrawn := _undrawn(steps):
        findings.unavailable("roll_forward", undrawn)
    else:
        rest = "; other: lines too small to draw, each in the table" if "Other" in set(steps["label"]) else ""
        findings.figure(
            "roll_forward",
            charts.waterfall(steps, unit=currency, height=52),
            caption=f"From {words.day(_before(roll.index[-1]))} to {words.day(roll.index[-1].date())}{rest}",
            alt=charts.waterfall_alt(steps, unit=currency),
        )
    moved = [line for line in _LABELS if (roll[line].abs() >= 0.005).any()]
    shown = roll[["opening", *moved, "closing"]].rename(columns=_LABELS).rename_axis("month end")
    findings.table(
        "roll_forward_months",
        shown,
        caption="Roll-forward by month",
        units=dict.fromkeys(shown.columns, currency) | {"month end": "date"},
    )


def _undrawn(steps: pd.DataFrame) -> str:
    """Why a waterfall cannot show these steps; blank where it can."""
    signed = steps["amount"].where(steps["kind"] != "fall", -steps["amount"])
    levels = signed.iloc[:-1].cumsum()
    if levels.min() <= -_HALF_A_CENT:
        return "the balance was below zero within the month; the table has its lines"
    return "nothing was owed and nothing moved this month" if levels.max() < _HALF_A_CENT else ""


def _before(end: pd.Timestamp) -> pd.Timestamp:
    return end.replace(day=1) - pd.Timedelta(days=1)


def _balances(findings: Findings, table: pd.DataFrame, currency: str) -> None:
    last = table.iloc[-1]
    for name, definition, label, better in (
        ("unapplied", "unapplied_cash", "Unapplied cash and credits", "lower"),
        ("credit_balances", "credit_balances", "Credit balances", "neither"),
    ):
        findings.number(
            name,
            float(last[name]),
            unit=currency,
            label=label,
            definition=definition,
            better=better,  # type: ignore[arg-type]
            **compared(table[name]),  # type: ignore[arg-type]
        )


def compared(series: pd.Series) -> dict[str, object]:
    """Last month, last year and the last thirteen values of a monthly series, where the books reach that far."""
    values = [float(value) for value in series.tail(13)]
    return {
        "last_month": values[-2] if len(values) > 1 else None,
        "last_year": values[-13] if len(values) > 12 else None,
        "history": values,
    }


def reconciliation_table(found: Sequence[Reconciliation]) -> pd.DataFrame:
    """Ledger, control account and difference of each entity."""
    return pd.DataFrame(
        {
            "entity": [one.entity or "company" for one in found],
            "ledger": [float(one.ledger) for one in found],
            "control account": [float(one.control) for one in found],
            "difference": [float(one.difference) for one in found],
        }
    )


def _reconciliations(findings: Findings, found: Sequence[Reconciliation], currency: str) -> None:
    if not found:
        findings.unavailable("reconciliation", "no balance of the control account was given for this date")
        return
    frame = reconciliation_table(found)
    units = dict.fromkeys(["ledger", "control account", "difference"], currency)
    findings.table("reconciliation", frame, caption="Ledger against general ledger", units=units)
