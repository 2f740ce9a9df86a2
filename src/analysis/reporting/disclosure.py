"""What may be printed for readers who are not told who the customers are: names, small cells and dominant ones.

A **quantity** is a sum over parts of what customers owe: a cell of a table, the total of a line, an overdue balance. A
sum of few customers, or of one or two that make up nearly all of it, tells what these customers owe and is withheld.
Then what is left must not give it away: of every withheld sum, anybody who adds and subtracts what is printed, knowing
that nobody owes less than nothing, must be left with a range that reaches at least a tenth below and above it. As long
as it does not, one more quantity is withheld.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

# Goal 49 of the project: one customer with more than 70%, or two with more than 85%, dominate a cell.
TOP_ONE, TOP_TWO = 0.70, 0.85
# How far, at least, the range that can be worked out reaches to either side of what is withheld.
PROTECTION = 0.10
# A figure that moved by less since last month is taken for one that last month's file still tells.
SAME = 0.01
_NOUGHT = 1e-9

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantity:
    """One sum that is to be printed: its id, the parts in it, and how dearly it is given up (0: first)."""

    id: str
    parts: Mask
    rank: int = 0


def tells_of_one(amounts: Values, *, minimum: int) -> bool:
    """Whether a sum over customers tells what one or two of them owe.

    ``amounts``: one per customer, none below nought. True with fewer than ``minimum`` customers above nought, with
    one of more than 70% or two of more than 85% of the sum; False where nobody has anything.

    >>> tells_of_one(np.array([60.0, 20, 10, 5, 5]), minimum=5)
    False
    """
    owed = np.sort(amounts[amounts > 0])[::-1]
    if not len(owed):
        return False
    total = owed.sum()
    return bool(len(owed) < minimum or owed[0] > TOP_ONE * total or owed[:2].sum() > TOP_TWO * total)


def withheld(
    quantities: Sequence[Quantity],
    values: Values,
    customers: Sequence[str],
    *,
    minimum: int,
    before: Mapping[str, float] | None = None,
    withheld_before: Collection[str] = (),
) -> frozenset[str]:
    """Ids of the quantities that may not be printed.

    ``values``: what each part amounts to, none below nought; ``customers``: whose it is. ``before``: what last month's
    file printed, by id; ``withheld_before``: what it withheld. What was withheld stays so, even where nothing is left,
    else two months' totals with different gaps could be held against each other; what hardly moved is taken to be
    known from last month, and so is what all gaps of a line come to.
    """
    sums = {one.id: float(values[one.parts].sum()) for one in quantities}
    numbers = np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)[1]
    risky = [one for one in quantities if tells_of_one(_by_customer(values, numbers, one.parts), minimum=minimum)]
    gone = {one.id for one in risky} | {one.id for one in quantities if one.id in withheld_before}
    told_before = before or {}
    known = {id for id in sums if id in told_before and abs(sums[id] - told_before[id]) <= SAME * sums[id]}
    left_over = _left_over(quantities, told_before, withheld_before)
    # A reader who takes everything for unmoved knows most; where nothing hides a sum from him, for it did not move in
    # truth or nothing is left to hide behind, it is to be hidden at least from who remembers less.
    readers = [([*quantities, *left_over], known), (list(quantities), known), (list(quantities), set[str]())]
    for one in sorted(risky, key=lambda q: (-sums[q.id], q.id)):
        for told, remembered in readers:
            matrix, atoms = _atoms(told, values)
            while blame := _what_gives_away(one.id, told, matrix, atoms, gone - remembered):
                candidates = [q for q in quantities if q.id in blame and q.id not in gone]
                if not candidates:
                    break
                least = PROTECTION * sums[one.id]
                best = min(candidates, key=lambda q: (q.rank, sums[q.id] < least, abs(sums[q.id] - least), q.id))
                gone.add(best.id)
    return frozenset(gone)


def ranges(id: str, quantities: Sequence[Quantity], values: Values, *, gone: Collection[str]) -> tuple[float, float]:
    """Between what a reader can work out a quantity to lie from all that are not ``gone``; infinite where unbounded."""
    matrix, atoms = _atoms(quantities, values)
    place = [one.id for one in quantities].index(id)
    printed = [row for row, one in zip(matrix, quantities, strict=True) if one.id not in gone]
    low, high, _ = _range(matrix[place], np.array(printed).reshape(len(printed), len(atoms)), atoms)
    return low, high


def _left_over(
    quantities: Sequence[Quantity], before: Mapping[str, float], withheld_before: Collection[str]
) -> list[Quantity]:
    """What last month's file tells of the cells that it withheld, taken together: each total less what it printed.

    Where these cells have not moved it is true of this month as well, so nothing new may hide behind them.
    """
    gaps = [one.parts for one in quantities if one.rank == 0 and one.id in withheld_before]
    if not gaps:
        return []
    hidden = np.logical_or.reduce(gaps)
    totals = [one for one in quantities if one.rank > 0 and one.id in before]
    return [Quantity(id=f"left over of {one.id}", parts=one.parts & hidden) for one in totals]


def _by_customer(values: Values, numbers: npt.NDArray[np.int64], parts: Mask) -> Values:
    return np.bincount(numbers[parts], weights=values[parts]).astype(float)


def _atoms(quantities: Sequence[Quantity], values: Values) -> tuple[Values, Values]:
    """Parts that lie in the same quantities, put together: which quantity holds which, and what each amounts to."""
    held = np.array([one.parts for one in quantities], dtype=bool)[:, values > 0]
    signatures, where = np.unique(held, axis=1, return_inverse=True)
    return signatures.astype(float), np.bincount(np.ravel(where), weights=values[values > 0]).astype(float)


def _what_gives_away(
    id: str, quantities: Sequence[Quantity], matrix: Values, atoms: Values, gone: Collection[str]
) -> set[str]:
    """Ids of printed quantities by which a withheld one can be worked out too closely; none where it cannot."""
    ids = [one.id for one in quantities]
    wanted = matrix[ids.index(id)]
    printed = [place for place, known in enumerate(ids) if known not in gone and known != id]
    true = float(wanted @ atoms)
    if true <= _NOUGHT or not printed:
        return set()
    low, high, used = _range(wanted, matrix[printed], atoms)
    if low <= (1 - PROTECTION) * true and high >= (1 + PROTECTION) * true:
        return set()
    return {ids[printed[row]] for row in used}


def _range(wanted: Values, printed: Values, atoms: Values) -> tuple[float, float, list[int]]:
    """Least and greatest value that what is printed allows, and the printed lines that bind it."""
    ends: list[float] = []
    used: set[int] = set()
    scale = float(atoms.sum()) or 1.0
    for sign in (1.0, -1.0):
        if len(printed):
            found = linprog(
                sign * wanted, A_eq=printed, b_eq=printed @ (atoms / scale), bounds=(0, None), method="highs"
            )
        else:
            found = linprog(sign * wanted, bounds=(0, None), method="highs")
        if found.status == 0:
            ends.append(sign * float(found.fun) * scale)
            if len(printed):
                used |= set(np.flatnonzero(np.abs(found.eqlin.marginals) > _NOUGHT).tolist())
        else:  # unbounded: nothing printed holds it on this side
            ends.append(-np.inf if sign > 0 else np.inf)
    return ends[0], ends[1], sorted(used)
