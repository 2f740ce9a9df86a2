"""The contract, and that its page says what the code does."""

from __future__ import annotations

import re

import pytest
from contract_pages import PAGE, between, contract_tables, defaults, facts_of_code, row_rules

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.reading import SQL_TYPES

TEXT = PAGE.read_text(encoding="utf-8")


# As the design states them; bold ones are needed where the table is given.
_DESIGN = {
    "invoices": "**invoice_id** **customer_id** **issued_on** **due_on** **amount** currency entity channel "
    "delivered_on recorded_on paid_on paid_amount disputed",
    "entries": "**entry_id** **booked_on** **amount** **kind** invoice_id customer_id method recorded_on",
    "customers": "**customer_id** name parent_id segment industry country size onboarded_on",
    "limits": "customer_id valid_from credit_limit terms_days reviewed_on",
    "ratings": "customer_id provider rated_on recorded_on score grade",
    "disputes": "dispute_id invoice_id opened_on closed_on reason amount outcome",
    "contacts": "contact_id customer_id invoice_id made_on channel kind reached promised_on promised_amount",
    "tickets": "ticket_id customer_id opened_at first_reply_at resolved_at category channel csat",
    "orders": "order_id customer_id ordered_on delivered_on invoice_id amount",
    "fx_rates": "currency on rate",
    "control": "entity on balance",
}


@pytest.mark.parametrize("name", list(_DESIGN))
def test_the_contract_has_what_the_design_names(name: str) -> None:
    wanted = _DESIGN[name].split()
    assert {column.strip("*") for column in wanted} <= set(TABLES[name].names)
    assert {column.strip("*") for column in wanted if column.startswith("**")} <= set(TABLES[name].mandatory)
    assert set(TABLES) == set(_DESIGN)


def test_names_say_their_kind() -> None:
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert set(table.unique) <= set(table.names)
        for column in table.columns:
            assert column.meaning
            assert column.name.endswith("_on") <= (column.kind is Kind.DATE)
            assert column.name.endswith("_at") == (column.kind is Kind.TIMESTAMP)
            assert column.name.endswith("_days") <= (column.kind is Kind.INTEGER)
            assert column.name.endswith("_id") <= (column.kind is Kind.TEXT)
    assert set(SQL_TYPES) == set(Kind)


def test_minor_units_of_iso_4217() -> None:
    # ISO 4217 list one: a sample of each class
    assert {code: MINOR_UNITS[code] for code in ("JPY", "KRW", "EUR", "USD", "CHF", "KWD", "BHD", "TND")} == {
        "JPY": 0,
        "KRW": 0,
        "EUR": 2,
        "USD": 2,
        "CHF": 2,
        "KWD": 3,
        "BHD": 3,
        "TND": 3,
    }


def test_the_page_has_every_table_and_column() -> None:
    assert between(TEXT, "tables") == contract_tables(), "run: python tests/books/contract_pages.py"


def test_the_page_has_every_rule() -> None:
    assert between(TEXT, "rules") == row_rules(), "run: python tests/books/contract_pages.py"
    of_files = TEXT.partition("Of files and of the books as a whole")[2]
    told = set(re.findall(r"^\| `([a-z_{}]+)`", of_files, flags=re.M))
    told = {name.replace("{column}", "{...}").replace("row_share", "{...}_share") for name in told}
    assert facts_of_code() == told


def test_the_page_has_every_key_with_its_default() -> None:
    keys = TEXT.partition("## company.toml")[2].partition("How values are read")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \|", keys, flags=re.M)
    assert dict(rows) == defaults()


@pytest.mark.parametrize("place", [0, 1])
def test_the_examples_of_the_page_are_understood(place: int) -> None:
    import tomllib

    example = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.S)[place]
    assert Company.model_validate(tomllib.loads(example)).tables["invoices"].columns["invoice_id"]
