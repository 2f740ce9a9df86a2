"""The board reads no customer's name, outsiders neither name nor number nor what one customer owes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject
from small_books import Ledger
from test_pack import AS_OF, hand_over_all, trade
from test_small_ledgers import handed

from analysis.ledger.opening import Opened, opened
from analysis.ledger.publishing import Publishing
from analysis.reporting import charts
from analysis.reporting.editions import FILES, Edition, further_editions
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.nameless import WITHHELD, names_of, without_names
from analysis.reporting.pdf import typeset
from analysis.reporting.pseudonyms import Pseudonyms

ON = date.fromisoformat(AS_OF)
KEY = Pseudonyms(key=b"a key for tests, and for nothing else", company="Acme")
# Names no report would print by chance: plain, long, Chinese, Arabic, and code of Typst, HTML and mathtext.
NAMES = (
    "Quibblewick Zanzibar Holdings",
    "Vexillology and Haberdashery of Llanfairpwllgwyngyll and Sons, formerly Brothers",
    "\u91d1\u9f8d\u8cbf\u6613\u6709\u9650\u516c\u53f8",
    "\u0634\u0631\u0643\u0629 \u0627\u0644\u0646\u062e\u064a\u0644",
    "#sys.inputs Wobblethorpe *bold* $x^2$",
    "<script>Grizzlemoor</script> & Co",
    "$\\frac{Snodgrass}{2}$",
)


def books() -> Ledger:
    """The ledger of the pack's tests, its customers numbered and named so that each is found wherever it turns up."""
    ledger = trade()
    for table in ("invoices", "entries", "customers"):
        for row in ledger.tables[table]:
            if row.get("customer_id"):
                row["customer_id"] = f"XQ-{row['customer_id']}-7731"
    for place, row in enumerate(ledger.tables["customers"]):
        row["name"] = NAMES[place] if place < len(NAMES) else f"Zyxthorn {place:02} Ltd"
    return ledger


def asking_for_all(found: Opened) -> Opened:
    """The ledger of a company that wants every edition."""
    company = found.company.model_copy(update={"report": Publishing(editions=("management", "board", "shared"))})
    return replace(found, snapshot=replace(found.snapshot, company=company))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Collected, Opened, Path]:
    """Everything the notebooks hand over of these books, but for what needs the model of payments."""
    folder, ledger = tmp_path_factory.mktemp("editions"), books()
    hand_over_all(ledger, folder)
    handed(ledger, folder, on=ON)
    stray = Findings("7_forgotten", output_dir=folder, run_id="r1")
    # a sentence, a chart and an alternative text that nobody marked
    stray.sentence("kept_cash_told", f"Nobody foresaw what {NAMES[0]} and XQ-K03-7731 would do.")
    stray.figure("stray_alt", charts.sparkline([1.0, 2.0]), caption="Course", alt=f"{NAMES[2]} rises.")
    owed = pd.DataFrame({"name": [NAMES[5]], "open": [9.0], "overdue": [0.0], "share": [1.0]})
    stray.figure("stray_bars", charts.ranked_bars(owed, currency="EUR"), caption="Bars", alt="One bar.")
    text = "If {} failed, up to EUR 9.00 k would be lost."
    stray.sentence("what_if_told", text.format(NAMES[1]), nameless=text.format("the largest debtor"))
    stray.close()
    return gather(folder), asking_for_all(opened(ledger.books(), ON, known_by=ON)), folder


def editions_of(made: tuple[Collected, Opened, Path], **more: Any) -> dict[str, Edition]:
    collected, found, folder = made
    more = {"pseudonyms": KEY, **more}
    listed = further_editions(collected, found, figures=folder / "figures", known_by=ON, **more)
    return {edition.file: edition for edition in listed}


@pytest.fixture(scope="module")
def set_as_pdf(made: tuple[Collected, Opened, Path]) -> dict[str, tuple[Edition, Path]]:
    folder, done = made[2], {}
    for file, edition in editions_of(made).items():
        typeset(edition.pages, figures=folder / "figures", out=folder / file, as_of=ON)
        done[file] = (edition, folder / file)
    return done


def strings_of(thing: Any, seen: set[int]) -> Iterator[str]:
    """Every string of an object of a PDF: titles, alternative texts, metadata, and streams as they are unpacked."""
    if isinstance(thing, IndirectObject):
        if thing.idnum in seen:
            return
        seen.add(thing.idnum)
        thing = thing.get_object()
    if isinstance(thing, StreamObject):
        content = thing.get_data()
        yield content.decode("latin-1")
        yield content.decode("utf-8", errors="ignore")
        yield content.decode("utf-16-be", errors="ignore")
    if isinstance(thing, DictionaryObject):
        for key, part in thing.items():
            yield str(key)
            yield from strings_of(part, seen)
    elif isinstance(thing, ArrayObject):
        for part in thing:
            yield from strings_of(part, seen)
    elif isinstance(thing, str | bytes):
        yield thing if isinstance(thing, str) else thing.decode("latin-1")


def all_text(pdf: Path) -> str:
    reader = PdfReader(pdf)
    pages = "\n".join(page.extract_text() for page in reader.pages)
    inside = "\n".join(strings_of(reader.trailer, set()))
    return pages + "\n" + inside


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00a0\u200b]+", "", text)


def names_in(text: str, found: Opened) -> list[str]:
    """Customers whose number or name, or a long part of it, is in a text; blanks and line ends do not count."""
    known = found.snapshot.customers.select("customer_id", "name").execute()
    told = {str(part) for column in known for part in known[column]}
    told |= {"Quibblewick", "Vexillology", "Wobblethorpe", "Grizzlemoor", "Snodgrass", "Zyxthorn", "XQ-K"}
    packed = squeezed(text)
    return sorted(name for name in told if squeezed(name) in packed)


def test_the_full_report_names_them_so_that_the_search_can_find_them(made):
    collected, found, folder = made
    said = squeezed(collected.as_json().decode())
    assert "Zyxthorn" in said
    assert names_in(collected.as_json().decode(), found)
    svg = (folder / "figures" / "largest_debtors.svg").read_text(encoding="utf-8")
    assert names_in(svg, found)


@pytest.mark.parametrize("edition", ["board", "shared"])
def test_no_byte_of_an_edition_names_or_numbers_a_customer(edition, made, set_as_pdf):
    _, found, _ = made
    made_edition, pdf = set_as_pdf[FILES[edition]]
    assert names_in(all_text(pdf), found) == []
    assert names_in(json.dumps(made_edition.pages, ensure_ascii=False), found) == []
    assert names_in((made_edition.findings or b"").decode(), found) == []
    assert names_in(pdf.read_bytes().decode("latin-1"), found) == []


def test_the_board_reads_its_six_pages_on_at_most_eight_sheets(set_as_pdf):
    edition, pdf = set_as_pdf[FILES["board"]]
    kickers = [page["kicker"] for page in edition.pages["pages"]]
    assert kickers == ["Summary", "The books", "Cash", "Exposure", "Expected loss", "How far to trust this"]
    reader = PdfReader(pdf)
    assert len(reader.pages) <= 8
    text = squeezed(all_text(pdf))
    assert squeezed("If the largest debtor failed, up to EUR 9.00 k would be lost.") in text
    assert squeezed(f"{WITHHELD}") in text  # the sentence that nobody had marked
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part>2<", metadata)
    assert re.search(r"pdfuaid:part>1<", metadata)


def test_the_same_findings_say_the_same_in_every_edition(made, set_as_pdf):
    collected = made[0]
    shared = json.loads(set_as_pdf[FILES["shared"]][0].findings)
    for id, number in shared["numbers"].items():
        assert number["value"] == collected.numbers[id]["value"], id
        assert number["history"] is number["last_month"] is None
        assert number["inputs"] == {}
    text = squeezed(all_text(set_as_pdf[FILES["board"]][1]))
    assert squeezed(collected.sentences["headline"]["text"]) in text


def test_sums_of_few_customers_are_gaps_and_the_rest_is_what_the_report_says(made, set_as_pdf):
    collected, found, _ = made
    shared = json.loads(set_as_pdf[FILES["shared"]][0].findings)
    table, whole = shared["tables"]["ageing_by_segment"], collected.tables["ageing_by_segment"]
    columns = table["columns"][1:]
    reported = {row[0]: dict(zip(whole["columns"], row, strict=True)) for row in whole["rows"]}
    minimum = found.company.policy.group_minimum
    items = found.snapshot.items.filter(found.snapshot.items["open_balance"] > 0).execute()
    gaps = 0
    for line, *cells in table["rows"]:
        for column, cell in zip(columns, cells, strict=True):
            if cell is not None:
                assert cell == pytest.approx(reported[line][column], abs=0.51)
                if line != "total" and column == "total":
                    assert items[items["size"] == line]["customer_id"].nunique() >= minimum
            gaps += cell is None
    assert gaps
    assert {f"{line}:{column}" for line, *cells in table["rows"] for column, cell in zip(columns, cells, strict=True)
            if cell is None} <= set(shared["withheld"])  # fmt: skip
    assert not set(shared["sums"]) & set(shared["withheld"])


def test_pseudonyms_stay_and_hang_on_the_key(made):
    first, again = (editions_of(made)[FILES["shared"]].findings for _ in range(2))
    assert first == again
    other = Pseudonyms(key=b"another key, also for tests alone", company="Acme")
    changed = json.loads(editions_of(made, pseudonyms=other)[FILES["shared"]].findings)
    before = json.loads(first)
    debtors, others = ({row[0] for row in one["tables"]["debtors"]["rows"]} for one in (before, changed))
    assert len(debtors) == 10
    assert not debtors & others
    assert before["pseudonym_key"] != changed["pseudonym_key"]
    # what was withheld last month is withheld now
    cell = next(id for id in before["sums"] if ":" in id and before["sums"][id] > 0)
    earlier = {"sums": {}, "withheld": [cell]}
    assert cell in json.loads(editions_of(made, earlier=earlier)[FILES["shared"]].findings)["withheld"]


def test_without_a_key_there_is_no_shared_edition(made):
    assert set(editions_of(made, pseudonyms=None)) == {FILES["board"]}


def test_a_text_of_the_report_that_holds_a_name_is_replaced_and_others_stay(made):
    collected, found, folder = made
    clean = without_names(collected, names=names_of(found), figures=folder / "figures")
    assert clean.sentences["kept_cash_told"]["text"] == WITHHELD
    assert clean.figures["stray_alt"]["alt"] == WITHHELD
    assert clean.sentences["owed_told"]["text"] == collected.sentences["owed_told"]["text"]
    assert {"top_exposures", "watch_all"}.isdisjoint(clean.tables)
    assert {"largest_debtors", "stray_bars"}.isdisjoint(clean.figures)
    assert names_in(json.dumps(clean.tables, ensure_ascii=False), found) == []


@pytest.mark.parametrize("customers", [0, 3])
def test_a_company_of_few_customers_shares_nothing_and_has_all_editions(customers, tmp_path):
    ledger = Ledger()
    for place in range(customers):
        ledger.invoice(str(place), f"XQ-{place}-7731", "2026-09-01", "2026-10-01", "1000")
    collected = hand_over_all(ledger, tmp_path)
    found = asking_for_all(opened(ledger.books(), ON, known_by=ON))
    for edition in editions_of((collected, found, tmp_path)).values():
        typeset(edition.pages, figures=tmp_path / "figures", out=tmp_path / edition.file, as_of=ON)
        text = all_text(tmp_path / edition.file)
        assert "XQ-" not in text
        assert not re.search(
            r"\b(nan|NaN|None|NaT)\b", " ".join(p.extract_text() for p in PdfReader(tmp_path / edition.file).pages)
        )
    shared = json.loads(editions_of((collected, found, tmp_path))[FILES["shared"]].findings)
    assert not any(shared["sums"].values())
