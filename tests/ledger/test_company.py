"""company.toml: what is understood, and how it is told what is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from analysis.faults import UsageFault
from analysis.ledger.company import Company, Policy, load_company

PLAIN = '[company]\nname = "Acme"\ncurrency = "EUR"\n[tables.invoices]\nfile = "a.csv"\n'


def loaded(folder: Path, text: str) -> Company:
    (folder / "company.toml").write_text(text, encoding="utf-8")
    return load_company(folder / "company.toml")


def test_the_least_that_a_company_must_say(tmp_path: Path) -> None:
    company = loaded(tmp_path, PLAIN)
    assert (company.name, company.currency, company.root) == ("Acme", "EUR", tmp_path.resolve())
    assert company.policy.ageing_days == (30, 60, 90, 120)
    assert company.policy.quarantine_row_share_max == 0.005
    assert company.policy.quarantine_value_share_max == 0.001
    assert company.format_of("invoices").date == "%Y-%m-%d"


def test_a_table_states_only_where_its_notation_differs(tmp_path: Path) -> None:
    text = PLAIN + 'format.date = "%d/%m/%Y"\n[format]\ndecimal = ","\ndate = "%d.%m.%Y"\n'
    form = loaded(tmp_path, text).format_of("invoices")
    assert (form.date, form.decimal, form.encoding) == ("%d/%m/%Y", ",", "utf-8")


def test_everything_a_company_can_say(tmp_path: Path) -> None:
    text = """
[company]
name = "Acme"
currency = "EUR"
root = ".."
[format]
date = "excel"
timestamp = "%d.%m.%Y %H:%M"
timezone = "Europe/Berlin"
decimal = ","
grouping = "."
delimiter = ";"
encoding = "cp1252"
[policy]
ageing_days = [15, 45]
terms_days = 30
unapplied_cash = "leave"
settled_tolerance = 0.01
[targets]
dso_countback = 40
overdue_share = 0.2
effectiveness = 0.9
[[rates]]
currency = "USD"
on = 2026-01-31
rate = 0.92
source = "European Central Bank"
[tables.invoices]
file = ["a.csv", "b.csv"]
columns = { invoice_id = "Beleg" }
constants = { currency = "EUR" }
labels = { channel = { P = "paper" } }
totals_row = { column = "Beleg", value = "Summe" }
allow_empty = true
extracted_on = 2026-01-31
"""
    company = loaded(tmp_path, text)
    assert company.root == tmp_path.resolve().parent
    assert company.policy.settled_tolerance == Decimal("0.01")
    assert company.targets.dso_countback == 40
    assert [company.targets.of(id) for id in ("overdue_share", "median_days", "gini")] == [0.2, None, None]
    assert (company.rates[0].on, company.rates[0].rate) == (date(2026, 1, 31), 0.92)
    assert company.tables["invoices"].file == ("a.csv", "b.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            PLAIN.replace("name =", "nmae ="),
            ("company.nmae: unknown key; did you mean 'name'?", "company.name: is missing"),
        ),
        (PLAIN + "[polcy]\n", ("polcy: unknown key; did you mean 'policy'?",)),
        (PLAIN + "[policy]\nterm_days = 30\n", ("policy.term_days", "'terms_days'")),
        (PLAIN + "[policy]\nterms_days = 400\n", ("policy.terms_days", "365")),
        (PLAIN + "[policy]\nageing_days = [60, 30]\n", ("policy.ageing_days", "ascending")),
        (PLAIN + "[targets]\ndso_count_back = 30\n", ("targets.dso_count_back", "'dso_countback'")),
        (PLAIN + "[targets]\noverdue_share = 25\n", ("targets.overdue_share", "less than or equal to 1")),
        (PLAIN + "[targets]\nmedian_days = nan\n", ("targets.median_days", "finite")),
        (PLAIN + "[policy]\nquarantine_row_share_max = 5\n", ("policy.quarantine_row_share_max", "1")),
        (PLAIN + 'columns.invoice = "Nr"\n', ("tables.invoices.columns", "'invoice'", "'invoice_id'")),
        (PLAIN + 'labels.chanel = { a = "b" }\n', ("tables.invoices.labels", "'channel'")),
        (PLAIN + 'constants.amout = "1"\n', ("tables.invoices.constants", "'amount'")),
        (PLAIN + 'format.decmal = ","\n', ("tables.invoices.format", "'decimal'")),
        (PLAIN + 'format.decimal = ";"\n', ("decimal",)),
        (PLAIN + '[tables.invoicse]\nfile = "b.csv"\n', ("'invoicse'", "'invoices'")),
        (PLAIN.replace("[tables.invoices]", "[tables.entries]"), ("invoices is missing",)),
        (PLAIN.replace("EUR", "EURO"), ("company.currency", "'EURO'", "ISO 4217")),
        (PLAIN.replace("EUR", "XYZ"), ("company.currency", "'XYZ'", "ISO 4217")),
        (PLAIN + '[[rates]]\ncurrency = "USD"\non = 2026-01-01\nrate = 0\nsource = "x"\n', ("rates.0.rate", "0")),
        (PLAIN + '[[rates]]\ncurrency = "USD"\non = 2026-01-01\nrate = 1.1\n', ("rates.0.source: is missing",)),
        (PLAIN + '[format]\ndecimal = ","\ngrouping = ","\n', ("format", "both ','")),
        (PLAIN + '[format]\nencoding = "utf8"\n', ("format.encoding", "'utf-8'")),
        (PLAIN + '[format]\ndate = "%d/%m"\n', ("format.date", "year")),
        (PLAIN + '[format]\ntimezone = "CET/Berlin"\n', ("format.timezone", "Europe/Berlin")),
        (PLAIN + 'path = "x"\n', ("tables.invoices.path",)),
        ("path = 'x'\n" + PLAIN, ("'path'",)),
        ("[company\n", ("not valid TOML",)),
        (PLAIN + "[company]\nname = 'twice'\n", ("not valid TOML",)),
    ],
)
def test_what_is_not_understood_is_named_with_its_neighbour(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    with pytest.raises(UsageFault) as refused:
        loaded(tmp_path, text)
    assert "company.toml" in str(refused.value)
    assert all(part in str(refused.value) for part in said), str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=r"gone\.toml: cannot be read"):
        load_company(tmp_path / "gone.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageFault, match=r"b\.toml: is not valid TOML"):
        load_company(tmp_path / "b.toml")


@pytest.mark.parametrize("name", ["ibm-ar", "yellevate", "highradius-open", "classicmodels"])
def test_the_companies_shipped_for_tests_are_understood(name: str) -> None:
    company = load_company(Path(__file__).parents[1] / "companies" / f"{name}.toml")
    assert "invoices" in company.tables


@pytest.mark.parametrize("bounds", [[0.05, 0.02, 0.15, 0.4], [0.02, 0.02, 0.15, 0.4], [0.0, 0.05, 0.15, 0.4]])
def test_boundaries_of_risk_classes_rise(bounds):
    with pytest.raises(ValueError, match="ascending"):
        Policy(risk_classes=tuple(bounds))
