"""Ledgers that lack nearly everything: pages of segments and credit risk say so once, and draw nothing of nought."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from small_books import Ledger

from analysis.ledger.opening import opened
from analysis.measures.history import history_of
from analysis.models import segments as payers
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import appendix, definitions_told, exposure, losses, risk, segments, watch_list
from analysis.reporting.sections.exposed import exposed
from analysis.reporting.sections.ledger import OPEN_ITEMS_ONLY

AS_OF = date(2025, 12, 31)
SECTIONS = (exposure, watch_list, risk, segments, losses)


def one_customer(*, pays: bool) -> Ledger:
    """One invoice of 100 a month for two years from one customer, paid ten days late or not at all."""
    ledger = Ledger()
    for month in range(24):
        issued = date(2024 + month // 12, month % 12 + 1, 5)
        due = issued + timedelta(days=14)
        ledger.invoice(f"I{month}", "A", issued.isoformat(), due.isoformat(), "100")
        if pays:
            ledger.entry("payment", "100", (due + timedelta(days=10)).isoformat(), f"I{month}")
    return ledger


def handed(ledger: Ledger, folder: Path, *, on: date = AS_OF) -> Collected:
    """What both notebooks hand over of a ledger."""
    books = opened(ledger.books(), on, known_by=on)
    history = history_of(books.snapshot)
    findings = Findings("5_credit_risk", output_dir=folder, run_id="r1")
    found = payers.payer_segments(history)
    segments.hand_over(findings, books, found, change=payers.around(history, found, on=date(2025, 6, 30)))
    assessed, expected = risk.risk_of(books), losses.losses_of(history)
    classes = risk.classes_by_customer(assessed)
    risk.hand_over(findings, books, assessed)
    watch_list.hand_over(findings, books, watch_list.watch_of(books, risk_class=risk.classes_by_mark(assessed)))
    losses.hand_over(findings, history, expected)
    owed = exposed(
        books,
        expected_loss=losses.by_customer(expected),
        risk_class=classes,
        probability=risk.chances_by_customer(assessed),
    )
    exposure.hand_over(findings, owed)
    findings.close()
    return gather(folder)


def whole(section: ModuleType, collected: Collected) -> Page:
    """The page of a section with what it keeps for the appendix."""
    content = section.page(collected)
    more = section.detail(collected) if hasattr(section, "detail") else []
    return Page.model_validate({**content, "blocks": [*content.get("blocks", []), *more]})


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    collected = handed(one_customer(pays=True), tmp_path_factory.mktemp("paid"))
    return {section.__name__.rpartition(".")[2]: whole(section, collected) for section in SECTIONS}


@pytest.fixture(scope="module")
def unpaid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    collected = handed(one_customer(pays=False), tmp_path_factory.mktemp("unpaid"))
    return {section.__name__.rpartition(".")[2]: whole(section, collected) for section in SECTIONS}


def said(page: Page) -> str:
    return page.model_dump_json().replace("\N{NO-BREAK SPACE}", " ")


def test_one_customer_that_paid_all_has_pages_without_nonsense(paid: dict[str, Page]):
    for name, page in paid.items():
        assert not re.search(r"(?i)[\" ](nan|none|inf|nat)[\", .]", said(page)), name
    assert paid["exposure"].unavailable == "nobody owes anything"
    assert "only 1 customer can be followed" in paid["risk"].unavailable
    assert paid["watch_list"].title.startswith("No customer is on the watch list")
    assert "No customer pays later than it used to" in said(paid["watch_list"])
    assert paid["losses"].title == "Nobody owes anything, so no loss is expected"
    assert "one kind of payers" in paid["segments"].title.replace("\N{NO-BREAK SPACE}", " ")


def test_nothing_is_drawn_or_listed_of_nought(paid: dict[str, Page]):
    kinds = {name: [block.kind for block in page.blocks] for name, page in paid.items()}
    assert set(kinds["losses"]) == {"lead"}
    assert "table" not in kinds["watch_list"]
    # one segment: nobody can change, so no matrix says so
    assert "figure" not in kinds["segments"]


def test_open_items_alone_judge_nobody(unpaid: dict[str, Page]):
    for name in ("watch_list", "risk", "segments"):
        assert unpaid[name].unavailable == OPEN_ITEMS_ONLY
    assert "open items only" in unpaid["losses"].unavailable
    # by hand: 24 invoices of 100 and one debtor; what was invoiced against policy would count the unpaid alone
    told = said(unpaid["exposure"])
    assert f"What was invoiced against policy cannot be told: {OPEN_ITEMS_ONLY}." in told
    assert "became 91 days late" not in told
    assert told.count(OPEN_ITEMS_ONLY) == 1


def test_lists_go_on_in_the_appendix():
    columns, units = ["customer", "excess"], {"excess": "EUR"}
    rows = [[f"C{place}", 1000.0 - place] for place in range(30)]
    parts = {"caption": "Customers over their limit", "columns": columns, "units": units}
    nothing: dict[str, dict[str, object]] = {part: {} for part in ("sentences", "figures", "unavailable", "invariants")}
    for count, shown, note in (
        (5, None, ""),
        (6, 6, ""),
        (30, 25, "The first 25 of 30; all are in the appendix workbook, sheet breaches."),
    ):
        collected = Collected(
            run_id="r", notebooks=("n",), numbers={}, tables={"breaches": parts | {"rows": rows[:count]}}, **nothing
        )
        content = json.loads(json.dumps(appendix._lists(collected)))
        if shown is None:
            assert content == []
        else:
            (table,) = content[0]["blocks"]
            assert (len(table["rows"]), table["note"]) == (shown, note)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(8770.0, "8,770"), (20_097_772.21, "20,097,772.21"), (0.05, "0.0500"), (0.0, "0"), (4.5, "4.50")],
)
def test_an_input_is_shown_as_it_was_used(amount: float, text: str):
    assert definitions_told.input_told(amount) == text
