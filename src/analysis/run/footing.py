"""The rows that a number is the sum of, as far as the published report holds them, and whether they add up to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.reporting.clear_changes import Before
from analysis.reporting.findings import MOST_ROWS

# A table keeps sums of binary fractions, which differ in their last digits by the order of adding.
_RELATIVE = 1e-9
# forecast.parquet keeps balances to the thousandth.
_HALF_THOUSANDTH = 0.0005
_TOTALS = ("total", "All", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """Parts of a number, each with its label, and what they come to.

    ``source`` says where they stand, ``how`` what is done with them, ``of`` the figure that they make up: ``value``,
    which is the number itself or one of its inputs. ``foots`` where ``sum`` and ``value`` differ by at most
    ``tolerance``, which is the rounding of the source.
    """

    source: str
    how: str
    of: str
    parts: tuple[tuple[str, float], ...]
    sum: float
    value: float
    tolerance: float

    @property
    def foots(self) -> bool:
        return math.isclose(self.sum, self.value, rel_tol=_RELATIVE, abs_tol=self.tolerance)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """What a published report holds that numbers can be made of; ``invoices`` is the frozen forecast, or None."""

    numbers: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    invoices: pd.DataFrame | None


Rule = Callable[[Held, Mapping[str, Any]], Footing | None]
"""Takes what the report holds and the number; None where the report does not hold the parts."""


def column(
    table: str,
    name: str,
    *,
    of: str = "",
    only: Callable[[Mapping[str, Any]], bool] = lambda row: True,
    where: Callable[[Sequence[Mapping[str, Any]]], bool] = lambda rows: True,
    told: str = "",
    first: int | None = None,
    count: bool = False,
) -> Rule:
    """The sum of a column over the rows of a published table for which ``only`` holds, its line of totals left out.

    ``told`` says in words which rows those are; ``first`` takes so many; ``count`` counts rows instead of adding.
    ``where`` says whether the rows can make up the figure at all. A table as long as may be, which may have been cut,
    makes up none.
    """

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value = _figure(number, of)
        if table not in held.tables or value is None:
            return None
        columns = held.tables[table]["columns"]
        rows = [dict(zip(columns, row, strict=True)) for row in held.tables[table]["rows"]]
        if name not in columns or len(rows) >= MOST_ROWS or not where(rows):
            return None
        kept = [row for row in rows if row[columns[0]] not in _TOTALS and only(row)][:first]
        parts = [(_label(row, columns, besides=name), 1.0 if count else float(row[name] or 0.0)) for row in kept]
        what = f"{'rows' if count else repr(name)} of tables/{table}.csv{', ' + told if told else ''}"
        return _footing(f"tables/{table}.csv", f"sum of {what}", of, parts, value)

    return rule


def last_row(table: str, names: Sequence[str], *, of: str = "") -> Rule:
    """The sum over columns of the last row of a table, which is that of the as-of date or of the total."""

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value = _figure(number, of)
        if table not in held.tables or value is None or not held.tables[table]["rows"]:
            return None
        row = dict(zip(held.tables[table]["columns"], held.tables[table]["rows"][-1], strict=True))
        parts = [(name, float(row[name])) for name in names if row.get(name) is not None]
        return _footing(f"tables/{table}.csv", f"across the last row of tables/{table}.csv", of, parts, value)

    return rule


def findings(*signed: str) -> Rule:
    """The sum of other numbers of the report; a leading minus takes one off."""

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value = _figure(number, "")
        found = {one: _figure(held.numbers.get(one.lstrip("-"), {}), "") for one in signed}
        if value is None or any(part is None for part in found.values()):
            return None
        return _footing("findings.json", "sum of numbers of the report", "", _signed(found), value)

    return rule


def since(before: Before, *effects: str) -> Rule:
    """What the number was a month or a year before, and the effects of which the report says that they moved it."""

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value, was = _figure(number, ""), number.get(before)
        found = {one: _figure(held.numbers.get(one, {}), "") for one in effects}
        if value is None or was is None or any(part is None for part in found.values()):
            return None
        ago = "a month before" if before == "last_month" else "a year before"
        parts = [(ago, float(was)), *_signed(found)]
        return _footing("findings.json", f"{ago}, and what moved it", "", parts, value)

    return rule


def inputs(*signed: str, of: str = "") -> Rule:
    """The sum of inputs of the number itself; a leading minus takes one off."""

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value = _figure(number, of)
        found = {one: _figure(number, one.lstrip("-")) for one in signed}
        if value is None or any(part is None for part in found.values()):
            return None
        # inputs may be kept to the cent
        return _footing("findings.json", "sum of its inputs", of, _signed(found), value, tolerance=0.005 * len(found))

    return rule


def quotient(part: str, whole: str, *, times: str = "") -> Rule:
    """One input over another, times a third where there is one; its parts are what is divided and by what."""

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value, above, below = _figure(number, ""), _figure(number, part), _figure(number, whole)
        factor = _figure(number, times) if times else 1.0
        if value is None or above is None or not below or factor is None:
            return None
        how = f"its inputs: {part} / {whole}{' x ' + times if times else ''}".replace("_", " ")
        shown = [(part, above), (whole, below), *([(times, factor)] if times else [])]
        return Footing(
            source="findings.json",
            how=how,
            of="",
            parts=tuple((name.replace("_", " "), figure) for name, figure in shown),
            sum=above / below * factor,
            value=value,
            tolerance=0.0,
        )

    return rule


def invoices(*, past_due: int | None = None, of: str = "", debtors: bool = False) -> Rule:
    """Balances of open invoices in the frozen forecast by customer; of those more than ``past_due`` days late only.

    ``debtors`` counts the customers.
    """

    def rule(held: Held, number: Mapping[str, Any]) -> Footing | None:
        value = _figure(number, of)
        if held.invoices is None or value is None:
            return None
        rows = held.invoices if past_due is None else held.invoices[held.invoices["days_past_due"] > past_due]
        owed = rows.groupby("customer_id")["balance"].agg(["sum", "size"])
        owed = owed.assign(_id=owed.index).sort_values(["sum", "_id"], ascending=[False, True])
        sums = zip(owed["_id"], owed["size"], owed["sum"], strict=True)
        parts = [(f"{id}, {n} invoice{'' if n == 1 else 's'}", 1.0 if debtors else float(sum)) for id, n, sum in sums]
        late = "" if past_due is None else f" more than {past_due} days past due" if past_due else " past due"
        how = f"{'customers' if debtors else 'balances'} of open invoices{late} by customer"
        rounding = 0.0 if debtors else _HALF_THOUSANDTH * len(rows)
        return _footing("forecast.parquet", how, of, parts, value, tolerance=rounding)

    return rule


def footings(id: str, held: Held, rules: Mapping[str, Sequence[Rule]]) -> tuple[Footing, ...]:
    """What ``rules`` say of the number ``id``, as far as the report holds the parts."""
    made = (rule(held, held.numbers[id]) for rule in rules.get(id, ()))
    return tuple(one for one in made if one is not None)


def _footing(
    source: str, how: str, of: str, parts: Sequence[tuple[str, float]], value: float, *, tolerance: float = 0.0
) -> Footing:
    return Footing(
        source=source,
        how=how,
        of=of.replace("_", " "),
        parts=tuple(parts),
        sum=math.fsum(amount for _, amount in parts),
        value=value,
        tolerance=tolerance,
    )


def _figure(number: Mapping[str, Any], of: str) -> float | None:
    """The value of a number, or one of its inputs; None where there is none."""
    value = number.get("inputs", {}).get(of) if of else number.get("value")
    return None if value is None else float(value)


def _signed(found: Mapping[str, float | None]) -> list[tuple[str, float]]:
    return [
        (one.lstrip("-").replace("_", " "), -(part or 0.0) if one.startswith("-") else part or 0.0)
        for one, part in found.items()
    ]


def _label(row: Mapping[str, Any], columns: Sequence[str], *, besides: str) -> str:
    """What a row is about: its first column, with a second one of text."""
    told = [str(row[name]) for name in columns[:2] if name != besides and isinstance(row[name], str | int)]
    return ", ".join(told) or str(row[columns[0]])
