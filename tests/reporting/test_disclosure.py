"""What is withheld from outsiders cannot be worked out: by hand, and by solvers that the code does not use."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from analysis.reporting.disclosure import PROTECTION, Quantity, ranges, tells_of_one, withheld


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ([20, 20, 20, 20, 20], False),
        ([25, 25, 25, 25, 0], True),  # four owe anything, five are the least
        ([71, 10, 9, 5, 5], True),
        ([70, 10, 10, 5, 5], False),  # not more than 70%
        ([50, 36, 5, 5, 4], True),  # two have 86%
        ([50, 35, 5, 5, 5], False),
        ([], False),
        ([0, 0], False),
    ],
)
def test_a_sum_tells_of_one_where_few_or_two_make_it_up(amounts: list[float], told: bool) -> None:
    assert tells_of_one(np.array(amounts, dtype=float), minimum=5) is told


def table(cells: dict[str, dict[str, list[float]]]) -> tuple[list[Quantity], np.ndarray, list[str]]:
    """Quantities, values and customers of a table of rows and columns; each amount is of a customer of its own."""
    rows = [(r, c, value) for r, line in cells.items() for c, amounts in line.items() for value in amounts]
    row, column = (np.array([part[place] for part in rows]) for place in (0, 1))
    values = np.array([part[2] for part in rows], dtype=float)
    columns = sorted({c for line in cells.values() for c in line})
    found = [Quantity(id=f"{r}{c}", parts=(row == r) & (column == c)) for r in cells for c in columns]
    found += [Quantity(id=f"{r}*", parts=row == r, rank=1) for r in cells]
    found += [Quantity(id=f"*{c}", parts=column == c, rank=1) for c in columns]
    found.append(Quantity(id="**", parts=np.ones(len(rows), dtype=bool), rank=2))
    return found, values, [f"C{place}" for place in range(len(rows))]


BROAD = [10.0] * 10
TWO_BY_TWO = {"a": {"x": [10.0, 10.0], "y": BROAD}, "b": {"x": BROAD, "y": BROAD}}


def test_one_small_cell_of_a_table_takes_three_others_with_it() -> None:
    # by hand: ax follows from a* and ay, or from *x and bx, so ay and bx go; these follow from *y and b*, so by goes
    gone = withheld(*table(TWO_BY_TWO), minimum=5)
    assert gone == {"ax", "ay", "bx", "by"}
    quantities, values, _ = table(TWO_BY_TWO)
    # ax + ay = 120, ax + bx = 120, bx + by = 200: ax may be anything from 0 to 120
    assert ranges("ax", quantities, values, gone=gone) == pytest.approx((0, 120))
    assert ranges("ax", quantities, values, gone={"ax"}) == pytest.approx((20, 20))


def test_what_nobody_owes_is_printed_and_hides_nothing() -> None:
    # by is nought, as anybody can see: then b* is bx, and ax is *x less b*; a total has to go as well
    gone = withheld(*table({**TWO_BY_TWO, "b": {"x": BROAD, "y": []}}), minimum=5)
    assert {"ax"} < gone
    assert "by" not in gone


def test_a_company_of_few_customers_tells_nothing() -> None:
    gone = withheld(*table({"a": {"x": [5.0], "y": [4.0]}}), minimum=5)
    assert gone == {"ax", "ay", "a*", "*x", "*y", "**"}


def test_what_last_month_told_hides_nothing_this_month() -> None:
    quantities, values, customers = table(
        {"a": {"x": [10.0, 10.0], "y": BROAD, "z": [12.0] * 10}, "b": {"x": BROAD, "y": BROAD, "z": BROAD}}
    )
    first = withheld(quantities, values, customers, minimum=5)
    assert "ay" in first  # of 100 and 120 the one that costs less
    # last month's file told ay, and it has not moved: what hides ax has to be another cell of the line
    again = withheld(quantities, values, customers, minimum=5, before={"ay": 100.0})
    assert "az" in again
    moved = withheld(quantities, values, customers, minimum=5, before={"ay": 150.0})
    assert moved == first


def test_what_was_withheld_stays_withheld_even_empty() -> None:
    quantities, values, customers = table({"a": {"x": BROAD, "y": BROAD}, "b": {"x": BROAD, "y": []}})
    assert withheld(quantities, values, customers, minimum=5) == frozenset()
    assert withheld(quantities, values, customers, minimum=5, withheld_before=["ax", "by", "gone"]) == {"ax", "by"}


def drawn(rng: np.random.Generator) -> dict[str, dict[str, list[float]]]:
    """A table of three to five rows and four columns, of which about a third of the cells are small or dominated."""
    cells: dict[str, dict[str, list[float]]] = {}
    for row in "abcde"[: rng.integers(3, 6)]:
        cells[row] = {}
        for column in "wxyz":
            few = rng.random() < 0.3
            amounts = rng.lognormal(3, 1.5, size=int(rng.integers(0, 4) if few else rng.integers(8, 30)))
            cells[row][column] = [round(float(amount), 2) for amount in amounts]
    return cells


@pytest.mark.parametrize("seed", range(12))
def test_no_withheld_sum_can_be_worked_out(seed: int) -> None:
    quantities, values, customers = table(drawn(np.random.default_rng(seed)))
    gone = withheld(quantities, values, customers, minimum=5)
    printed = np.array([one.parts[values > 0] for one in quantities if one.id not in gone], dtype=float)
    owed = values[values > 0]
    # cells in which somebody owes something are known to be there; what each of them holds is not
    risky = [one for one in quantities if tells_of_one(values[one.parts], minimum=5)]
    assert risky
    for one in risky:
        assert one.id in gone
        wanted = one.parts[values > 0].astype(float)
        # linear algebra: no sum and difference of what is printed gives it
        assert np.linalg.matrix_rank(np.vstack([printed, wanted])) > np.linalg.matrix_rank(printed)
        for factor in (1 - PROTECTION, 1 + PROTECTION):
            # another world, in which nobody owes less than nothing: the same print, and a tenth more or less of it
            aim = np.append(printed @ owed, factor * (wanted @ owed)) / owed.sum()
            _, missed = nnls(np.vstack([printed, wanted]), aim, maxiter=100_000)
            assert missed < 1e-7, (one.id, factor)


def test_the_same_table_withholds_the_same_in_any_order() -> None:
    quantities, values, customers = table(drawn(np.random.default_rng(5)))
    order = np.random.default_rng(1).permutation(len(values))
    turned = [Quantity(id=one.id, parts=one.parts[order], rank=one.rank) for one in quantities]
    again = withheld(turned, values[order], [customers[place] for place in order], minimum=5)
    assert again == withheld(quantities, values, customers, minimum=5)


@pytest.mark.parametrize("seed", range(6))
def test_two_months_held_against_each_other_tell_no_withheld_sum(seed: int) -> None:
    # Half of the cells stay as they were from one month to the next, which a reader is taken to know. In the others
    # customers pay, some until few are left.
    rng = np.random.default_rng(100 + seed)
    first = drawn(rng)
    second = {
        row: {
            column: amounts if rng.random() < 0.5 else [a * 1.3 for a in amounts[: int(rng.integers(0, 25))]]
            for column, amounts in line.items()
        }
        for row, line in first.items()
    }
    quantities, values, customers = table(first)
    gone = withheld(quantities, values, customers, minimum=5)
    later, later_values, later_customers = table(second)
    before = {one.id: float(values[one.parts].sum()) for one in quantities if one.id not in gone}
    later_gone = withheld(later, later_values, later_customers, minimum=5, before=before, withheld_before=gone)
    # one unknown for each cell of a month; a cell that stayed is one unknown for both
    cells = [(row, column) for row in first for column in "wxyz"]
    place = {("old", *cell): number for number, cell in enumerate(cells)}
    for cell in cells:
        stayed = first[cell[0]][cell[1]] == second[cell[0]][cell[1]]
        place[("new", *cell)] = place[("old", *cell)] if stayed else len(cells) + cells.index(cell)

    def line_of(id: str, month: str) -> np.ndarray:
        line = np.zeros(2 * len(cells))
        for row, column in cells:
            if id in (row + column, row + "*", "*" + column, "**"):
                line[place[(month, row, column)]] = 1.0
        return line

    amounts = {("old", r, c): sum(v) for r, line in first.items() for c, v in line.items()}
    amounts |= {("new", r, c): sum(v) for r, line in second.items() for c, v in line.items()}
    hidden = {"old": gone, "new": later_gone}
    empty = [place[key] for key, amount in amounts.items() if amount == 0 and key[1] + key[2] not in hidden[key[0]]]
    printed = [line_of(one.id, "old") for one in quantities if one.id not in gone]
    printed += [line_of(one.id, "new") for one in later if one.id not in later_gone]
    printed += [np.eye(2 * len(cells))[number] for number in sorted(set(empty))]
    known = np.array(printed)
    risky = [one.id for one in later if tells_of_one(later_values[one.parts], minimum=5)]
    assert risky
    for id in risky:
        if id in before and abs(before[id] - float(later_values[later[_at(later, id)].parts].sum())) < 1e-9:
            continue  # printed last month, when it could be, and still the same: there is nothing left to hide
        assert np.linalg.matrix_rank(np.vstack([known, line_of(id, "new")])) > np.linalg.matrix_rank(known), id


def _at(quantities: list[Quantity], id: str) -> int:
    return [one.id for one in quantities].index(id)
