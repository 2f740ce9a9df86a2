"""Six public ledgers, each summed once more from its raw file with the csv module and exact decimals."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from analysis.ledger.books import Books, open_books
from analysis.ledger.company import load_company
from analysis.ledger.snapshot import Snapshot, as_of
from analysis.measures.ageing import ageing
from analysis.measures.exposure import exposures
from analysis.measures.months import LedgerMonths, ledger_months, month_table
from analysis.measures.roll_forward import exact_roll_forward
from analysis.measures.settlement import settlement_counts
from analysis.models.survival import payment_curve

HERE = Path(__file__).parent
DATES = {
    "ibm-ar": date(2013, 6, 30),
    "ibm-ar-120-rows": date(2013, 6, 30),
    "ibm-ar-no-zeros": date(2013, 6, 30),
    "yellevate": date(2021, 6, 30),
    "highradius-open": date(2020, 5, 22),
    "classicmodels": date(2005, 5, 31),
}
FILES = {
    "ibm-ar": "ibm-ar/WA_Fn-UseC_-Accounts-Receivable.csv",
    "ibm-ar-120-rows": "ibm-ar/variant-120-extra-rows-missing-paperless.csv",
    "ibm-ar-no-zeros": "ibm-ar/variant-ids-lost-leading-zeros.csv",
    "yellevate": "yellevate/variant-text-dates-and-labels.csv",
    "highradius-open": "highradius-open/open_items_sample_a.csv",
    "classicmodels": "classicmodels/invoices.csv",
}
# header of number, customer, issue, due, amount and settlement in each flat file, and how it writes dates
_IBM = ("invoiceNumber", "customerID", "InvoiceDate", "DueDate", "InvoiceAmount", "SettledDate", "%m/%d/%Y")
_YELLEVATE = ("invoice_number", "customer_id", "invoice_date", "due_date", "invoice_amount", "settled_date", "%Y-%B-%d")
FLAT = {"ibm-ar": _IBM, "ibm-ar-120-rows": _IBM, "ibm-ar-no-zeros": _IBM, "yellevate": _YELLEVATE}


@cache
def opened(name: str) -> tuple[Books, Snapshot, LedgerMonths]:
    books = open_books(load_company(HERE / f"{name}.toml"))
    snapshot = as_of(books, DATES[name])
    return books, snapshot, ledger_months(snapshot)


def raw(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data" / FILES[name]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def flat(shared: Path, name: str) -> Iterator[tuple[str, str, date, date, Decimal, date]]:
    """Each distinct row of a flat file: number, customer, issue, due, amount, settlement."""
    number, customer, *days, amount, settled, pattern = FLAT[name]
    seen = set()
    for row in raw(shared, name):
        if tuple(row.values()) not in seen:
            seen.add(tuple(row.values()))
            issued, due, paid = (datetime.strptime(row[c], pattern).date() for c in (*days, settled))  # noqa: DTZ007
            yield row[number], row[customer], issued, due, Decimal(row[amount]), paid


@pytest.mark.parametrize("name", DATES)
def test_the_books_hold_together(shared: Path, name: str) -> None:
    del shared
    books, snapshot, months = opened(name)
    assert all(difference == 0 for difference in exact_roll_forward(months)["difference"])
    last = month_table(months).iloc[-1]
    assert last["open_balance"] > 0
    total = ageing(snapshot).loc["total"]
    assert total["total"] == pytest.approx(last["open_balance"], abs=0.005)
    for dimension in snapshot.dimensions():
        assert ageing(snapshot, by=dimension)["total"].sum() == pytest.approx(last["open_balance"], abs=0.005)
    who = exposures(snapshot)
    for column in ("open_balance", "overdue", "credit_balances", "unapplied"):
        assert who[column].sum() == pytest.approx(last[column], abs=0.005)
    counts = settlement_counts(snapshot)
    accepted = books.tables["invoices"].filter(lambda t: (t["issued_on"] <= snapshot.as_of) & (t["amount"] > 0))
    assert counts[["events", "censored"]].to_numpy().sum() == accepted.count().execute()


@pytest.mark.parametrize("name", FLAT)
def test_flat_ledgers_equal_their_file(shared: Path, name: str) -> None:
    on = DATES[name]
    _, snapshot, _ = opened(name)
    rows = [row for row in flat(shared, name) if row[2] <= on]
    still = [row for row in rows if row[5] > on]
    late = [row for row in still if row[3] < on]
    total = ageing(snapshot).loc["total"]
    items = snapshot.items.execute()
    assert len(items) == len(rows)
    assert (items["outcome"] == "paid").sum() == len(rows) - len(still)
    assert items["open_balance"].sum() == sum(row[4] for row in still)
    assert total["overdue"] == pytest.approx(float(sum(row[4] for row in late)))
    assert total["1-30"] == pytest.approx(float(sum(row[4] for row in late if (on - row[3]).days <= 30)))
    # identifiers are text and stay as they were written
    assert set(items["invoice_id"]) == {row[0] for row in rows}
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in still:
        owed[row[1]] += row[4]
    found = exposures(snapshot)["open_balance"].to_dict()
    assert found == pytest.approx({customer: float(amount) for customer, amount in owed.items()})
    waited = sorted((row[5] - row[2]).days for row in rows if row[5] <= on)
    assert sorted(items[items["outcome"] == "paid"]["days"]) == waited


def test_ibm_ar_as_the_requirements_state_it(shared: Path) -> None:
    # issue 2: 1,930 invoices, 1,846 paid, 5,119.85 open: 72 not due, 12 one to thirty days late; median 26 days
    del shared
    _, snapshot, months = opened("ibm-ar")
    items = snapshot.items.execute()
    outcomes = items["outcome"].value_counts().to_dict()
    assert (len(items), outcomes) == (1930, {"paid": 1846, "open": 84})
    assert items["open_balance"].sum() == Decimal("5119.85")
    now = months.positions[months.positions["month_end"] == "2013-06-30"]
    assert now.groupby("due_bucket")["invoices"].sum().to_dict() == {"not due": 72, "1-30": 12}
    assert payment_curve(settlement_counts(snapshot)).median_days == 26


def test_the_variant_without_zeros_says_the_same_as_the_original(shared: Path) -> None:
    del shared
    tables = [month_table(opened(name)[2]) for name in ("ibm-ar", "ibm-ar-no-zeros")]
    assert tables[0].equals(tables[1])


def test_highradius_open_items(shared: Path) -> None:
    """All open: amounts by currency, and days past due, straight from the file."""
    on = DATES["highradius-open"]
    books, snapshot, _ = opened("highradius-open")
    kept_out = set(books.kept_out.loc[books.kept_out["table"] == "invoices", "row"]) if len(books.kept_out) else set()
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    ages: dict[str, Decimal] = defaultdict(Decimal)
    for number, row in enumerate(raw(shared, "highradius-open"), start=2):
        issued = date.fromisoformat(row["baseline_create_date"])
        if number in kept_out or issued > on:
            continue
        amount, late = Decimal(row["total_open_amount"]), (on - date.fromisoformat(row["due_in_date"])).days
        by_currency[row["invoice_currency"]] += amount
        bucket = "not due" if late <= 0 else "1-30" if late <= 30 else "31-60" if late <= 60 else "later"
        ages[bucket] += amount * (Decimal("0.7143") if row["invoice_currency"] == "CAD" else 1)
    found = snapshot.items.execute().groupby("currency")["open_balance"].sum().to_dict()
    assert found == by_currency
    total = ageing(snapshot).loc["total"]
    for bucket in ("not due", "1-30", "31-60"):
        assert total[bucket] == pytest.approx(float(ages[bucket]))
    later = total[["61-90", "91-120", "over 120"]].sum()
    assert later == pytest.approx(float(ages["later"]))


def test_classicmodels_cash_that_names_no_order(shared: Path) -> None:
    """Receivables are what was shipped less what was paid, whatever the cash was applied to."""
    on = DATES["classicmodels"]
    _, snapshot, months = opened("classicmodels")
    shipped: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in raw(shared, "classicmodels"):
        if row["shippedDate"] <= on.isoformat():
            shipped[row["customerNumber"]].append((date.fromisoformat(row["shippedDate"]), Decimal(row["amount"])))
    paid: dict[str, Decimal] = defaultdict(Decimal)
    with (shared / "data/classicmodels/payments.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["paymentDate"] <= on.isoformat():
                paid[row["customerNumber"]] += Decimal(row["amount"])
    net = {c: sum((a for _, a in shipped[c]), Decimal(0)) - paid[c] for c in {*shipped, *paid}}
    last = month_table(months).iloc[-1]
    assert last["receivables"] == pytest.approx(float(sum(net.values())))
    # no customer has both cash waiting and an open order, so each owes or is owed its net balance
    assert last["open_balance"] == pytest.approx(float(sum(amount for amount in net.values() if amount > 0)))
    assert last["unapplied"] == pytest.approx(float(-sum(amount for amount in net.values() if amount < 0)))
    who = exposures(snapshot)
    owed = {customer: float(amount) for customer, amount in net.items() if amount > 0}
    assert who.loc[who["open_balance"] > 0, "open_balance"].to_dict() == pytest.approx(owed)
    # terms of thirty days are stated in company.toml
    items = snapshot.items.execute()
    assert set(items["due_on"] - items["issued_on"]) == {timedelta(days=30)}
