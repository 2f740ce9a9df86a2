"""The rules that ask for a decision: each looks at the findings of this month and wants something, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.reporting import words
from analysis.reporting.gathering import Collected

_NAMED = 3
# Half a cent would print as nothing.
_NOTHING = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One thing to be decided. ``rests_on`` is the id of its finding, ``amount`` what hangs on it where it is known.

    ``working_days`` after the as-of date it is due; ``nameless`` says the same without naming a customer.
    """

    wanted: str
    why: str
    owner: str
    working_days: int
    rests_on: str
    amount: float | None = None
    nameless: str = ""


def _largest_overdue(collected: Collected, currency: str) -> Decision | None:
    rows = _rows(collected, "top_overdue")[:_NAMED]
    if not rows:
        return None
    names = words.listing([words.shortened(words.printable(str(row["name"])), most=40) for row in rows])
    counted = "the most overdue customer" if len(rows) == 1 else f"the {len(rows)} most overdue customers"
    together = sum(float(row["overdue"]) for row in rows)
    whole = _value(collected, "overdue")
    return Decision(
        wanted=f"Call {names}",
        nameless=f"Call {counted}",
        why=f"{words.share(together / whole)} of all that is past due" if whole else "the largest amounts past due",
        amount=together,
        owner="Credit manager",
        working_days=5,
        rests_on="top_overdue",
    )


def _old_debt(collected: Collected, currency: str) -> Decision | None:
    number = collected.numbers.get("over_90_share")
    amount = float(number["inputs"].get("over_90") or 0.0) if number else 0.0
    if number is None or amount < _NOTHING:
        return None
    share = number["value"]
    return Decision(
        wanted="Collect, provide for or write off what is over 90 days late",
        why="" if share is None else f"{words.share(share)} of all open",
        amount=amount,
        owner="Finance director",
        working_days=5,
        rests_on="over_90_share",
    )


def _limits(collected: Collected, currency: str) -> Decision | None:
    excess, over = _value(collected, "limit_excess"), int(_value(collected, "over_limit"))
    if excess < _NOTHING or not over:
        return None
    above = "above its limit" if over == 1 else "above their limits"
    return Decision(
        wanted=f"Decide on {words.plural(over, 'customer')} {above}",
        why=_moved(collected, "limit_excess", currency),
        amount=excess,
        owner="Credit manager",
        working_days=10,
        rests_on="limit_excess",
    )


def _watched(collected: Collected, currency: str) -> Decision | None:
    new = [row for row in _rows(collected, "watch_all") if row["status"] == "in"]
    if not new:
        return None
    return Decision(
        wanted=f"Review {words.plural(len(new), 'customer')} new on the watch list",
        why=f"{words.count(_value(collected, 'watch_listed'))} are on it",
        amount=sum(float(row["open"] or 0.0) for row in new),
        owner="Credit manager",
        working_days=10,
        rests_on="watch_all",
    )


def _disputed(collected: Collected, currency: str) -> Decision | None:
    for row in _rows(collected, "cash_doubt"):
        if row["debt"] == "in dispute" and float(row["open balance"] or 0.0) >= _NOTHING:
            return Decision(
                wanted=f"Settle {words.plural(int(row['invoices']), 'disputed invoice')}",
                why="no habit tells when they will be paid",
                amount=float(row["open balance"]),
                owner="Head of sales",
                working_days=15,
                rests_on="cash_doubt",
            )
    return None


def _allowance(collected: Collected, currency: str) -> Decision | None:
    number = collected.numbers.get("expected_loss")
    if number is None or number["value"] is None:
        return None
    before, now = number["last_month"], float(number["value"])
    step = now if before is None else now - float(before)
    if abs(step) < _NOTHING:
        return None
    to = words.money(now, currency=currency)
    moved = f"{'Raise' if step > 0 else 'Lower'} the allowance to {to}"
    return Decision(
        wanted=f"Set the allowance at {to}" if before is None else moved,
        why="expected credit loss" if before is None else f"{words.money(before, currency=currency)} a month ago",
        amount=abs(step),
        owner="Finance director",
        working_days=5,
        rests_on="expected_loss",
    )


def _unapplied(collected: Collected, currency: str) -> Decision | None:
    amount = _value(collected, "unapplied")
    if amount < _NOTHING:
        return None
    return Decision(
        wanted="Match cash and credits that name no invoice",
        why="until then invoices look unpaid that are not",
        amount=amount,
        owner="Accounts receivable",
        working_days=5,
        rests_on="unapplied",
    )


def _difference(collected: Collected, currency: str) -> Decision | None:
    off = sum(abs(float(row["difference"] or 0.0)) for row in _rows(collected, "reconciliation"))
    if off < _NOTHING:
        return None
    return Decision(
        wanted="Clear the difference between the ledger and the control account",
        why="the books do not tie",
        amount=off,
        owner="Head of accounting",
        working_days=5,
        rests_on="reconciliation",
    )


def _forecasts(collected: Collected, currency: str) -> Decision | None:
    """Forecasts that missed last month's payments, else a record that does not meet its conditions."""
    number = collected.numbers.get("waited_over_expected", {"value": None, "inputs": {}})
    low, high = (number["inputs"].get(side) for side in ("low", "high"))
    found = number["value"]
    if None not in (found, low, high) and not low <= found <= high:
        return Decision(
            wanted="Keep to the plain rules for cash until the forecasts hold again",
            why=f"invoices waited {words.fixed(found, 2)} times as long as forecast",
            owner="Head of treasury",
            working_days=10,
            rests_on="waited_over_expected",
        )
    judged = [row for row in _rows(collected, "record_light") if row["met"] in ("yes", "no")]
    missed = sum(row["met"] == "no" for row in judged)
    if not missed:
        return None
    return Decision(
        wanted="Accept the payment forecasts with reserve",
        why=f"{missed} of {words.plural(len(judged), 'check')} missed",
        owner="Head of treasury",
        working_days=10,
        rests_on="record_light",
    )


def _kept_out(collected: Collected, currency: str) -> Decision | None:
    kept = int(_value(collected, "quarantined_rows"))
    if not kept:
        return None
    return Decision(
        wanted=f"Mend {words.plural(kept, 'row')} kept out of the figures",
        why="before the next export",
        owner="Accounts receivable",
        working_days=15,
        rests_on="quarantined_rows",
    )


# In this order where as much, or nothing that is known, hangs on them.
RULES: tuple[Callable[[Collected, str], Decision | None], ...] = (
    _difference,
    _largest_overdue,
    _old_debt,
    _limits,
    _watched,
    _disputed,
    _allowance,
    _unapplied,
    _forecasts,
    _kept_out,
)


def _value(collected: Collected, id: str) -> float:
    """A number's value; 0 where it was not handed over or has none."""
    return float(collected.numbers.get(id, {"value": None})["value"] or 0.0)


def _rows(collected: Collected, id: str) -> list[dict[str, Any]]:
    table = collected.tables.get(id)
    return [] if table is None else [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _moved(collected: Collected, id: str, currency: str) -> str:
    """How an amount moved since the month before; blank where that is not known or rounds to nothing."""
    number = collected.numbers[id]
    if number.get("last_month") is None:
        return ""
    moved = float(number["value"]) - float(number["last_month"])
    if abs(moved) < _NOTHING:
        return "as much as a month ago"
    return f"{'up' if moved > 0 else 'down'} {words.money(abs(moved), currency=currency)}"
