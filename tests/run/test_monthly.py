"""The monthly run on real ledgers: what is published is whole, agrees with itself, and is the same each time."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader
from read_back import misprinted, that_do_not_foot, unlike_the_findings

from analysis.faults import InvariantFault
from analysis.ledger.company import load_company
from analysis.ledger.simulate import simulate, write_world
from analysis.reporting import words
from analysis.run import Limits, Published, Silence, run, verify
from analysis.run.footing_rules import RULES
from analysis.run.lineage import lineage
from analysis.run.monthly import FROZEN, REPORT, WORKBOOK, monthly_recipe

_ROOT = Path(__file__).resolve().parents[2]
_SAMPLE = _ROOT / "data" / "sample" / "company.toml"


def published(company: Path, on: str, reports: Path) -> Published:
    day = date.fromisoformat(on)
    recipe = monthly_recipe(load_company(company), as_of=day, known_by=day, notebooks=_ROOT / "notebooks")
    return run(recipe, reports=reports, period=on, parameters={}, limits=Limits(), progress=Silence())


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return published(_SAMPLE, "2026-10-31", tmp_path_factory.mktemp("sample") / "reports")


def text_of(pdf: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(pdf).pages).split())


def findings_of(done: Published) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads((done.report / "findings.json").read_text())


def test_the_sample_is_published_whole_and_verifies(sample: Published):
    assert verify(sample.report) == []
    found = {path.name for path in sample.report.iterdir()}
    told = {REPORT, "credit-risk-report-board.pdf", WORKBOOK, "index.html", "quarantine.csv"}
    files = told | {*FROZEN, "findings.json", "log.jsonl", "manifest.json"}
    assert found == files | {"tables", "figures", "notebooks", "pages"}
    asked = {
        "1_ledger",
        "2_receivables",
        "3_time_to_payment",
        "4_segments",
        "5_credit_risk",
        "6_cash",
        "9_monthly_report",
    }
    assert {path.name for path in (sample.report / "notebooks").iterdir()} == {f"{name}.ipynb" for name in asked}
    assert {path.stem for path in (sample.report / "pages").iterdir()} == asked | {"tables"}


def test_every_number_is_read_back_out_of_the_pack_and_the_workbook(sample: Published):
    findings = findings_of(sample)
    wrong, compared = misprinted(sample.report / REPORT, findings["numbers"])
    assert wrong == []
    assert compared > 80
    assert unlike_the_findings(sample.report / WORKBOOK, findings) == []


def test_every_table_that_states_a_total_foots(sample: Published):
    wrong, summed = that_do_not_foot(findings_of(sample)["tables"])
    assert wrong == []
    assert summed > 40


def test_numbers_foot_to_the_rows_that_they_are_the_sum_of(sample: Published):
    numbers = findings_of(sample)["numbers"]
    assert set(RULES) <= set(numbers)
    for id in RULES:
        told = lineage(sample.report, id)
        assert told.footings, id
        assert all(one.foots for one in told.footings), id
        assert told.cell is not None, id


def test_the_pages_of_the_run_link_to_what_was_published_and_fetch_nothing(sample: Published):
    pages = [sample.report / "index.html", *(sample.report / "pages").iterdir()]
    for page in pages:
        content = page.read_text()
        assert "default-src 'none'" in content
        assert not re.search(r"<script|<link|<iframe|(src|href|srcset|action)=\"(?!data:image/)[a-z]+:", content, re.I)
        for target in re.findall(r' href="([^"#]+)', content):
            assert (page.parent / target).exists(), target


def test_every_key_figure_of_page_1_is_the_finding_after_rounding(sample: Published):
    first = " ".join(PdfReader(sample.report / REPORT).pages[0].extract_text().split())
    numbers = findings_of(sample)["numbers"]
    for id in ("receivables", "overdue_share", "median_days", "dso_countback", "effectiveness"):
        number = numbers[id]
        shown = words.quantity(number["value"], unit=str(number["unit"]))  # type: ignore[arg-type]
        assert " ".join(shown.split()) in first, id


def test_the_pages_are_bookmarked_tagged_and_say_no_undefined_value(sample: Published):
    reader = PdfReader(sample.report / REPORT)
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    # eleven questions: page 1, the books, receivables, time to payment, cash, exposure, watch list, risk, segments,
    # expected loss, trust; and twelve parts of the appendix: what did not fit of eight of them, who owes, lists, checks
    # and definitions
    assert len(titles) == 11 + 12
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"] == True  # noqa: E712
    assert not re.search(r"\b(nan|None|inf|NaT)\b", text_of(sample.report / REPORT))


def test_receivables_of_the_sample_by_hand(sample: Published):
    """Invoices less entries, row by row in Decimal from the CSV files, at the rates of the as-of date."""
    folder = _SAMPLE.parent

    def rows(name: str) -> list[dict[str, str]]:
        with (folder / name).open(newline="") as file:
            return list(csv.DictReader(file))

    rate = {"EUR": Decimal(1)}
    for row in sorted(rows("fx_rates.csv"), key=lambda r: r["on"]):
        rate[row["currency"]] = Decimal(row["rate"])
    currency = {row["invoice_id"]: row["currency"] for row in rows("invoices.csv")}
    owed = sum((Decimal(row["amount"]) * rate[row["currency"]] for row in rows("invoices.csv")), Decimal(0))
    for row in rows("entries.csv"):
        if row["kind"] != "recovery":
            code = currency[row["invoice_id"]] if row["invoice_id"] else row.get("currency") or "EUR"
            owed -= Decimal(row["amount"]) * rate[code]
    assert findings_of(sample)["numbers"]["receivables"]["value"] == pytest.approx(float(owed), abs=0.005)


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path):
    """A small and short ledger: two runs of the sample take minutes."""
    write_world(simulate(n_invoices=900, seed=5, months=14), tmp_path)
    one, again = (published(tmp_path / "company.toml", "2026-10-31", tmp_path / name) for name in ("one", "again"))
    assert again.run_id == one.run_id
    pages = sorted(path.relative_to(one.report) for path in one.report.rglob("*.html"))
    for name in (REPORT, WORKBOOK, *FROZEN, "findings.json", "quarantine.csv", *pages):
        assert (again.report / name).read_bytes() == (one.report / name).read_bytes(), name


def test_a_ledger_that_does_not_tie_is_not_published(tmp_path: Path):
    (tmp_path / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount\nI1,C1,2026-01-05,2026-02-04,100.00\n"
    )
    (tmp_path / "control.csv").write_text("on,balance\n2026-02-28,100.01\n")
    (tmp_path / "company.toml").write_text(
        '[company]\nname = "One"\ncurrency = "EUR"\n'
        '[tables]\ninvoices.file = "invoices.csv"\ncontrol.file = "control.csv"\n'
    )
    with pytest.raises(InvariantFault, match=r"inv3_control_1.*100\.00.*100\.01"):
        published(tmp_path / "company.toml", "2026-02-28", tmp_path / "reports")
    assert not (tmp_path / "reports" / "2026-02-28").exists()


def test_the_pack_of_the_empty_day_before_the_first_invoice_says_so(tmp_path: Path):
    done = published(_SAMPLE, "2020-01-31", tmp_path / "reports")
    text = text_of(done.report / REPORT)
    assert "The books hold nothing up to this date" in text
    assert not re.search(r"\b(nan|None|inf|NaT)\b", text)
