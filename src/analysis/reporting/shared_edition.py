"""The edition that leaves the house: debtors under pseudonyms, and no figure that tells what one of them owes.

It is not the report with parts blacked out: it is made of the few findings listed here, each of the whole company or
checked by :mod:`analysis.reporting.disclosure`. It compares with no earlier month, because the file of that month may
have withheld what a comparison would tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from analysis.reporting import blocks, cards, words
from analysis.reporting.gathering import Collected
from analysis.reporting.pseudonyms import Pseudonyms
from analysis.reporting.records import as_json, plain
from analysis.reporting.sections import trust
from analysis.reporting.shared_cells import NOT_DUE, OVER_90, OVERDUE, TOP, TOTAL, SharedCells

FINDINGS = "findings-shared.json"
TITLE = "Credit risk report, shared edition"
NO_KEY = "the shared edition was not made: no key for its pseudonyms is stated (see docs/editions.md)"
_WHOLE = f"{TOTAL}:{TOTAL}"
# Figures of the whole company, each with the sums that must be free to be told for it to be.
_FIGURES: dict[str, tuple[str, ...]] = {
    "open_balance": (_WHOLE,),
    "overdue_share": (_WHOLE, OVERDUE),
    "over_90_share": (_WHOLE, OVER_90),
    "top_share": (_WHOLE, TOP, f"not {TOP}"),
    "median_days": (_WHOLE,),
    "dso_countback": (_WHOLE,),
    "cash_30_days": (_WHOLE,),
    "expected_loss": (_WHOLE,),
}
_KEPT = ("value", "unit", "label", "definition", "low", "high", "better", "undefined", "not_reached")
_SENTENCES = ("age_told", "checks_told")
# Records of forecasts: shares and ratios over years of customers, and the sentences they belong to.
_RECORD = (
    *("cash_gross_error", "cash_bias", "cash_coverage", "risk_calibration_slope", "risk_skill_base"),
    *("risk_skill_own_rate", "alert_precision", "alert_recall", "payer_stability", "payer_gain"),
)
_RECORD_TOLD = ("record_light_told", "monitor_told", "cash_told", "risk_told", "watch_told", "payer_segments_told")
_RECORD_TABLES, _FIGURES_SHOWN = ("record_light", "forecasters"), ("cash_fan", "risk_calibration")
_PRINTED_TOLD = (*_SENTENCES, "record_light_told", "monitor_told", "cash_told")


def shared(nameless: Collected, cells: SharedCells, debtors: pd.DataFrame, *, currency: str) -> Collected:
    """The findings of the shared edition: what is listed here, without history, comparison or inputs."""
    free = {id for id, needs in _FIGURES.items() if not cells.withheld.intersection(needs)}
    numbers = {id: _bare(nameless.numbers[id]) for id in _FIGURES if id in free and id in nameless.numbers}
    whole = _WHOLE not in cells.withheld
    trusted = nameless if whole else replace(nameless, numbers={}, tables={}, figures={}, sentences={})
    gaps = cells.table.reset_index()
    tables = {
        "ageing_by_segment": _table(gaps, caption="Open invoices by days past due", currency=currency),
        "debtors": _table(debtors, caption="The largest debtors, under pseudonyms", currency=""),
    }
    if whole and "cash_weeks" in nameless.tables:
        tables["cash_weeks"] = {**nameless.tables["cash_weeks"], "file": ""}
    told = {id: nameless.sentences[id] for id in _SENTENCES if id in nameless.sentences}
    return replace(
        nameless,
        notebooks=(),
        numbers={**numbers, **{id: _bare(trusted.numbers[id]) for id in _RECORD if id in trusted.numbers}},
        sentences={**told, **{id: trusted.sentences[id] for id in _RECORD_TOLD if id in trusted.sentences}},
        tables={**tables, **{id: trusted.tables[id] for id in _RECORD_TABLES if id in trusted.tables}},
        figures={id: trusted.figures[id] for id in _FIGURES_SHOWN if id in trusted.figures},
        unavailable={},
        invariants={},
    )


def shared_json(found: Collected, cells: SharedCells, *, pseudonyms: Pseudonyms, as_of: date) -> bytes:
    """The bytes of ``findings-shared.json``: what the edition prints, and what it withholds, without values."""
    parts = {part: getattr(found, part) for part in ("numbers", "tables")}
    printed = {"sentences": {id: found.sentences[id] for id in _PRINTED_TOLD if id in found.sentences}}
    return as_json(
        {
            "edition": "shared",
            "run_id": found.run_id,
            "as_of": as_of.isoformat(),
            "pseudonym_key": pseudonyms.fingerprint,
            "fewest_customers": cells.minimum,
            "sums": {id: value for id, value in sorted(cells.printed.items()) if not id.startswith("not ")},
            "withheld": sorted(cells.withheld),
            **parts,
            **printed,
        }
    )


def pages(found: Collected, cells: SharedCells, about: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
    """The page model of the shared edition; ``about`` stands on every page."""
    content = [_front(found, cells, as_of=as_of), _owed(found, cells)]
    if "cash_weeks" in found.tables:
        content.append(_cash(found))
    content.append(trust.page(found))
    return {"metadata": about, "pages": content}


def _front(found: Collected, cells: SharedCells, *, as_of: date) -> dict[str, Any]:
    figures = [cards.card(found, id, as_of=as_of) for id in _FIGURES if id in found.numbers]
    missing = len(_FIGURES) - len(figures)
    said = "Debtors stand under pseudonyms. Nothing is compared with earlier months."
    if missing:
        said += f" {words.plural(missing, 'key figure')} of this edition cannot be given or would tell of one customer."
    content: list[blocks.Block] = [{"kind": "lead", "sentences": (_rule(cells), said)}]
    if figures:
        content.append({"kind": "key_figures", "cards": figures})
    told = [found.sentences[id]["text"] for id in _SENTENCES if id in found.sentences]
    if told:
        content.append({"kind": "note", "text": " ".join(told)})
    return {"kicker": "Summary", "title": _headline(found, as_of=as_of), "blocks": content}


def _headline(found: Collected, *, as_of: date) -> str:
    owed, late = (found.numbers.get(id, {}) for id in ("open_balance", "overdue_share"))
    if owed.get("value") is None:
        return "What is owed would tell of single customers and is withheld"
    amount = words.money(owed["value"], currency=owed["unit"])
    past = f", {words.share(late['value'])} of it past due" if late.get("value") is not None else ""
    return f"{amount} of invoices is open on {words.day(as_of)}{past}"


def _rule(cells: SharedCells) -> str:
    return (
        f"Sums of fewer than {words.count(cells.minimum)} customers, or of which one makes up over 70% or two over "
        "85%, are withheld, and so are others by which they could be worked out."
    )


def _owed(found: Collected, cells: SharedCells) -> dict[str, Any]:
    table = blocks.table(found, "ageing_by_segment", total=True)
    gone = int(cells.table.isna().to_numpy().sum())
    table["note"] = f"{words.DASH}: withheld." if gone else ""
    held = f"{words.plural(gone, 'sum')} of the ageing {'is' if gone == 1 else 'are'} withheld"
    not_due, whole = cells.of(NOT_DUE), cells.of(_WHOLE)
    if not_due is None or not whole:
        title = held if gone else "Nothing is owed"
    else:
        title = f"{words.share(not_due / whole)} of what is owed is not yet due" + (f"; {held}" if gone else "")
    content = [table]
    if found.tables["debtors"]["rows"]:
        content.append(blocks.table(found, "debtors", left=["of the book", "overdue"]))
    return {"kicker": "Receivables", "title": title, "blocks": content}


def _cash(found: Collected) -> dict[str, Any]:
    content = [*blocks.if_any(blocks.figure(found, "cash_fan")), blocks.table(found, "cash_weeks")]
    return {"kicker": "Cash", "title": found.sentences["cash_told"]["text"].removesuffix("."), "blocks": content}


def _bare(number: Any) -> dict[str, Any]:
    """A number without what went into it and without earlier months."""
    nothing: dict[str, Any] = {
        "last_month": None,
        "last_year": None,
        "target": None,
        "inputs": {},
        "count": None,
        "history": None,
    }
    return {**{name: number[name] for name in _KEPT if name in number}, **nothing}


def _table(frame: pd.DataFrame, *, caption: str, currency: str) -> dict[str, Any]:
    columns = [str(column) for column in frame.columns]
    rows = [[plain(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    units = dict.fromkeys(columns[1:], currency) if currency else {}
    return {"caption": caption, "columns": columns, "rows": rows, "units": units, "file": ""}
