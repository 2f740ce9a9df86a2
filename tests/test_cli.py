"""The command as its user meets it: messages, remedies and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis.cli.account import slug
from analysis.cli.machine_line import machine_line
from analysis.faults import DataFault

_INVOICES = """invoice number,customer number,invoice date,due date,gross amount
1001,C1,2026-01-05,2026-02-04,100.00
1002,C2,2026-01-06,2026-02-05,250.50
1003,C1,2026-02-06,2026-03-08,40.00
"""
_PAYMENTS = """payment id,payment date,amount,invoice number
P1,2026-02-01,100.00,1001
P2,2026-02-20,50.50,1002
"""
_COMPANY = """[company]
name = "Made for a test"
currency = "EUR"
[tables.invoices]
file = "invoices.csv"
columns.invoice_id = "invoice number"
columns.customer_id = "customer number"
columns.issued_on = "invoice date"
columns.due_on = "due date"
columns.amount = "gross amount"
[tables.entries]
file = "payments.csv"
columns = { entry_id = "payment id", booked_on = "payment date", invoice_id = "invoice number" }
constants.kind = "payment"
[tables.control]
file = "control.csv"
"""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A company of three invoices: 240.00 open on 28 February 2026, by hand 250.50 - 50.50 + 40.00."""
    (tmp_path / "invoices.csv").write_text(_INVOICES)
    (tmp_path / "payments.csv").write_text(_PAYMENTS)
    (tmp_path / "control.csv").write_text("on,balance\n2026-02-28,240.00\n")
    (tmp_path / "company.toml").write_text(_COMPANY)
    return tmp_path


def paycurve(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from analysis.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180, check=False)


def test_check_of_sound_books_ends_with_0_and_says_so(books: Path):
    done = paycurve("check", "company.toml", "--as-of", "2026-02-28", cwd=books)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hold together as of 2026-02-28" in done.stdout


def test_check_as_json_counts_what_came_in(books: Path):
    done = paycurve("check", "company.toml", "--json", cwd=books)
    found = json.loads(done.stdout)
    assert {row["table"]: row["rows"] for row in found["rows"]} == {"invoices": 3, "entries": 2, "control": 1}
    assert found["not_reconciled"] == []


def test_a_control_account_that_differs_by_a_cent_ends_with_4_and_names_both_sides(books: Path):
    (books / "control.csv").write_text("on,balance\n2026-02-28,240.01\n")
    done = paycurve("check", "company.toml", "--as-of", "2026-02-28", cwd=books)
    assert done.returncode == 4
    assert "240.00" in done.stderr
    assert "240.01" in done.stderr
    assert "Traceback" not in done.stderr


def test_rejected_books_end_with_3_and_name_file_column_and_remedy(books: Path):
    (books / "invoices.csv").write_text(_INVOICES.replace("gross amount", "total"))
    done = paycurve("check", "company.toml", cwd=books)
    assert done.returncode == 3
    told = " ".join((done.stdout + done.stderr).split())
    assert "invoices.csv" in told
    assert "'gross amount'" in told
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (DataFault("row 7: Acme owes 12.34"), 3, "the data were rejected; the run's own output says more"),
        (ZeroDivisionError("Acme"), 1, "ZeroDivisionError"),
        (KeyboardInterrupt(), 1, "KeyboardInterrupt"),
    ],
)
def test_the_last_line_tells_how_it_ended_and_nothing_of_the_books(capsys, raised, code, said):
    with pytest.raises(type(raised)), machine_line("report", company="acme.toml"):
        raise raised
    told = json.loads(capsys.readouterr().out)
    assert told.pop("seconds") >= 0
    assert told == {"command": "report", "company": "acme.toml", "exit_code": code, "message": said}


def test_report_on_rejected_books_publishes_nothing(books: Path):
    (books / "invoices.csv").write_text(_INVOICES.replace("100.00", "1.000,00").replace("250.50", "2,5,0"))
    done = paycurve("report", "company.toml", "--as-of", "2026-02-28", cwd=books)
    assert done.returncode == 3
    assert "invoices.csv" in done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["command"], told["as_of"], told["report"], told["exit_code"]) == ("report", "2026-02-28", None, 3)
    assert (books / "reports" / "failed" / told["run_id"] / "status.json").is_file()
    assert told["seconds"] > 0
    assert "invoices.csv" not in done.stdout, "what may quote the books goes to the person, not into a log"
    assert not (books / "reports" / "2026-02-28").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "nowhere.toml"], "nowhere.toml"),
        (["check", "company.toml", "--as-of", "31.10.2026"], "2026-10-31"),
        (["report", "company.toml"], "--as-of"),
        (["reprot", "company.toml"], "report"),
        (["verify", "reports/2020-01-31"], "no such folder"),
        (["backfill", "company.toml", "--from", "2026-03", "--to", "2026-01"], "lies after"),
        (
            ["backfill", "company.toml", "--from", "2026-01", "--to", "2026-03", "--known-by", "2026-03-01"],
            "before 2026-03-31",
        ),
        (["purge", "nowhere", "--older-than", "24m"], "holds no reports"),
        (["purge", "nowhere", "--older-than", "2y"], "24m"),
        (["init", "no-such-file.csv", "--out", "new.toml"], "no-such-file.csv"),
    ],
)
def test_a_wrong_command_ends_with_2_and_says_what_would_be_right(books: Path, arguments: list[str], said: str):
    done = paycurve(*arguments, cwd=books)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_key_ends_with_2_and_the_nearest_one(books: Path):
    (books / "company.toml").write_text(_COMPANY + "[policy]\nterm_days = 30\n")
    done = paycurve("check", "company.toml", cwd=books)
    assert done.returncode == 2
    assert "terms_days" in done.stderr


def test_init_proposes_a_file_that_check_accepts(books: Path):
    (books / "company.toml").unlink()
    done = paycurve("init", "invoices.csv", "payments.csv", cwd=books)
    assert done.returncode == 0, done.stderr
    text = (books / "company.toml").read_text()
    (books / "company.toml").write_text(text.replace('"XXX"', '"EUR"'))
    assert paycurve("check", "company.toml", cwd=books).returncode == 0


def test_init_never_replaces_a_configuration(books: Path):
    done = paycurve("init", "invoices.csv", cwd=books)
    assert done.returncode == 2
    assert (books / "company.toml").read_text() == _COMPANY


def test_simulate_writes_books_that_hold_together(tmp_path: Path):
    assert paycurve("simulate", "world", "--invoices", "600", "--seed", "3", cwd=tmp_path).returncode == 0
    done = paycurve("check", "world/company.toml", "--as-of", "2026-10-31", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_names_every_command(tmp_path: Path):
    done = paycurve("--help", cwd=tmp_path)
    assert all(name in done.stdout for name in ("init", "check", "report", "verify", "simulate", "backfill", "purge"))


def test_a_forecast_of_three_invoices_goes_by_the_due_date_rule_that_they_can_carry(books: Path):
    done = paycurve("forecast", "company.toml", "--as-of", "2026-02-28", "--out", "F.parquet", cwd=books)
    assert done.returncode == 0, done.stderr
    assert "average delay is used: the books hold no past day to judge by" in done.stderr
    made = pd.read_parquet(books / "F.parquet").set_index("invoice_id")
    assert sorted(made.index) == ["1002", "1003"]
    unpaid = made[[f"unpaid_{day}" for day in range(1, 91)]]
    # paid three days early, the only paid one (1001): 1003 is due on 8 March, so it is expected on the 5th, in 5 days
    assert unpaid.loc["1003"].tolist() == [1.0] * 4 + [0.0] * 86
    assert made.loc["1003", ["median_day", "low_day", "high_day"]].tolist() == [5, 5, 5]
    # long due: tomorrow
    assert unpaid.loc["1002"].tolist() == [0.0] * 90
    assert made["balance"].to_dict() == {"1002": 200.0, "1003": 40.0}


def test_a_forecast_goes_into_a_parquet_file_in_a_folder_that_is_there(books: Path):
    wrong = paycurve("forecast", "company.toml", "--as-of", "2026-02-28", "--out", "F.csv", cwd=books)
    assert (wrong.returncode, "F.parquet" in wrong.stderr) == (2, True)
    nowhere = paycurve("forecast", "company.toml", "--as-of", "2026-02-28", "--out", "no/F.parquet", cwd=books)
    assert (nowhere.returncode, "make it first" in nowhere.stderr) == (2, True)


def test_a_customer_that_is_not_in_the_books_ends_with_2_and_names_the_nearest(books: Path):
    done = paycurve("customer", "company.toml", "C3", "--as-of", "2026-02-28", cwd=books)
    assert done.returncode == 2
    assert "no customer 'C3' in the books as of 2026-02-28; the nearest are C2, C1" in done.stderr
    assert list(books.glob("*.pdf")) == []


@pytest.mark.parametrize("id", ["../C1", "/etc/passwd", "..", "", "C1.pdf/", "株式会社", "a\x00b", "C 1", "c1"])
def test_no_number_of_a_customer_leads_out_of_the_folder_or_into_the_file_of_another(id: str):
    name = slug(id)
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert name not in {slug("C1"), slug("C-1")}
