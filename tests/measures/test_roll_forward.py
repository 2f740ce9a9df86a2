"""The roll-forward of the worked quarter, and control accounts that tie and that do not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from small_books import Ledger
from worked_books import AS_OF, empty_snapshot, worked, worked_snapshot

from analysis.measures.months import ledger_months
from analysis.measures.roll_forward import Reconciliation, exact_roll_forward, reconcile, roll_forward, unreconciled

D = Decimal


def test_roll_forward_of_the_worked_quarter() -> None:
    table = roll_forward(ledger_months(worked_snapshot()))
    # fx: 200 USD from 0.90 to 0.95, then 150 USD from 0.95 to 0.80
    expected = {
        "opening": [0.0, 1480.0, 1412.5],
        "invoiced": [1480.0, 580.0, 140.0],
        "paid": [0.0, -610.0, -744.0],
        "discounts": [0.0, 0.0, 0.0],
        "credited": [0.0, -47.5, 0.0],
        "written_off": [0.0, 0.0, -180.0],
        "fx": [0.0, 10.0, -22.5],
        "closing": [1480.0, 1412.5, 606.0],
    }
    for line, values in expected.items():
        assert table[line].tolist() == pytest.approx(values, abs=1e-9), line
    assert list(table.columns) == list(expected)
    assert roll_forward(ledger_months(worked_snapshot()), last=1)["opening"].tolist() == pytest.approx([1412.5])


def test_exact_roll_forward_of_the_worked_quarter() -> None:
    rows = exact_roll_forward(ledger_months(worked_snapshot())).set_index("currency").to_dict("index")
    assert rows == {
        "EUR": {
            "invoiced": D(1940),
            "paid": D(-1250),
            "discounts": D(0),
            "credited": D(0),
            "written_off": D(-180),
            "closing": D(510),
            "difference": D(0),
        },
        "USD": {
            "invoiced": D(300),
            "paid": D(-130),
            "discounts": D(0),
            "credited": D(-50),
            "written_off": D(0),
            "closing": D(120),
            "difference": D(0),
        },
    }


def test_each_part_of_the_ledger_rolls_forward_by_itself() -> None:
    snapshot = worked_snapshot()
    for by, closing in (
        (["entity"], {("N", "EUR"): D(430), ("S", "EUR"): D(80), ("S", "USD"): D(120)}),
        (["channel"], {("paper", "EUR"): D(500), ("portal", "EUR"): D(80), ("portal", "USD"): D(120)}),
        (["currency"], {("EUR",): D(510), ("USD",): D(120)}),
    ):
        months = ledger_months(snapshot, by=by)
        table = exact_roll_forward(months)
        keys = list(dict.fromkeys([*by, "currency"]))
        found = dict(zip(table[keys].itertuples(index=False, name=None), table["closing"], strict=True))
        assert {key: found[key] for key in closing} == closing
        assert set(table["difference"]) == {D(0)}
        assert roll_forward(months)["closing"].groupby("month_end").sum().iloc[-1] == pytest.approx(606)


def test_control_accounts_that_tie_and_one_that_does_not() -> None:
    ledger = worked()
    north = Reconciliation(entity="N", on=AS_OF, ledger=D("430.00"), control=D("430.00"))
    south = Reconciliation(entity="S", on=AS_OF, ledger=D("176.00"), control=D("176.00"))
    assert reconcile(ledger_months(ledger.as_of(AS_OF), by=["entity"])) == [north, south]
    assert (north.difference, south.difference) == (D(0), D(0))
    ledger.tables["control"][1]["balance"] = D("176.01")
    found = reconcile(ledger_months(ledger.as_of(AS_OF), by=["entity"]))
    assert [r.difference for r in found] == [D("0.00"), D("-0.01")]
    # one balance for the whole company
    ledger.tables["control"] = []
    ledger.row("control", on=AS_OF, balance="606.00")
    months = ledger_months(ledger.as_of(AS_OF), by=["entity"])
    assert reconcile(months) == [Reconciliation(entity="", on=AS_OF, ledger=D("606.00"), control=D("606.00"))]
    assert unreconciled(months) == {}


def test_what_cannot_be_reconciled_is_told() -> None:
    ledger = worked()
    ledger.tables["control"].pop()
    assert unreconciled(ledger_months(ledger.as_of(AS_OF), by=["entity"])) == {"S": D("176.00")}
    earlier = ledger_months(ledger.as_of("2024-03-30"), by=["entity"])
    assert reconcile(earlier) == []  # no balance of that day
    with pytest.raises(ValueError, match=r"reconcile needs months by \('entity',\), got \(\)"):
        reconcile(ledger_months(ledger.as_of(AS_OF)))


def test_a_cent_is_rounded_half_away_from_zero_as_a_general_ledger_does() -> None:
    # 0.05 USD at 0.90 is 0.045: half a cent, which to even would be 0.04
    ledger = Ledger(rates=worked().rates[:1]).invoice("A", "K", "2024-01-31", None, "0.05", currency="USD")
    ledger.row("control", on="2024-01-31", balance="0.05")
    (found,) = reconcile(ledger_months(ledger.as_of("2024-01-31"), by=["entity"]))
    assert found.ledger == D("0.05")


def test_empty_books_roll_nothing_forward() -> None:
    whole, by_entity = (ledger_months(empty_snapshot(), by=by) for by in ([], ["entity"]))
    assert len(exact_roll_forward(whole)) == len(exact_roll_forward(by_entity)) == 0
    assert roll_forward(whole).to_numpy().tolist() == [[0.0] * 8]  # so that a report has a month to show
    assert len(roll_forward(by_entity)) == 0
    assert reconcile(by_entity) == []
