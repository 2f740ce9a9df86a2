"""The way in for notebooks: a ledger as of a date, from the company's exports or from a prepared run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.faults import UsageFault
from analysis.ledger.acceptance import freshness, opening_items
from analysis.ledger.books import Books, open_books
from analysis.ledger.company import Company, load_company
from analysis.ledger.facts import Fact
from analysis.ledger.snapshot import Snapshot, as_of, load_snapshot

PRINTED = "printed"
"""Folder within a prepared run: forecasts of cash that earlier reports printed, named by their day."""
_FATES = ["accepted", "identical_copy", "totals_row", "quarantined"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A ledger as of a date, and what the checks of its books found.

    ``facts`` holds one row per thing found (see :class:`analysis.ledger.facts.Fact`); ``control`` rows and
    amounts by table, currency and fate (document currency); ``files`` table, name, SHA-256, bytes and
    rows as read of each input.
    """

    snapshot: Snapshot
    facts: pd.DataFrame
    control: pd.DataFrame
    files: pd.DataFrame

    @property
    def company(self) -> Company:
        return self.snapshot.company

    def save(self, folder: Path) -> None:
        """Write everything to ``folder``, for the notebooks of one run."""
        self.snapshot.save(folder)
        for name in ("facts", "control", "files"):
            frame: pd.DataFrame = getattr(self, name)
            (folder / f"{name}.json").write_text(json.dumps(frame.astype(object).to_dict("records"), default=str))


def open_ledger(company: str | Path, *, as_of: str, known_by: str = "", prepared: str = "") -> Opened:
    """The ledger of a company as of a date (ISO), as it was known on ``known_by`` (the same day where blank).

    ``prepared`` is the folder that a run has made ready; blank reads and checks the company's exports.
    Raises UsageFault for a date that is none, DataFault for books that cannot be used.
    """
    settings = load_company(company)
    on, known = iso_date(as_of, name="as_of"), iso_date(known_by or as_of, name="known_by")
    if prepared:
        folder = Path(prepared)
        frames = {name: _table(folder / f"{name}.json", columns) for name, columns in _COLUMNS.items()}
        return Opened(snapshot=load_snapshot(settings, folder), **frames)
    return opened(open_books(settings), on, known_by=known)


def opened(books: Books, on: date, *, known_by: date) -> Opened:
    """Books as of a date, with what their checks found."""
    snapshot = as_of(books, on, known_by=known_by)
    of_the_whole = [fact for fact in (freshness(books, on), opening_items(books, on)) if fact is not None]
    facts = [*books.facts, *snapshot.facts, *of_the_whole]
    return Opened(
        snapshot=snapshot,
        facts=pd.DataFrame([fact.as_dict() for fact in facts], columns=_COLUMNS["facts"]),
        control=books.control.reindex(columns=_COLUMNS["control"]),
        files=pd.DataFrame(
            [{column: getattr(file, column) for column in _COLUMNS["files"]} for file in books.files],
            columns=_COLUMNS["files"],
        ),
    )


def fates(control: pd.DataFrame) -> pd.DataFrame:
    """Rows of each table by fate: accepted, identical copies left out, totals rows, quarantined, and their sum."""
    rows = control.pivot_table(index="table", columns="fate", values="rows", aggfunc="sum", sort=False)
    rows = rows.reindex(columns=_FATES).fillna(0).astype(int).rename_axis(columns=None)
    return rows.assign(read=rows.sum(axis=1))


def iso_date(text: str, *, name: str) -> date:
    """A date written as 2026-10-31; UsageFault names what was given instead."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"{name} is {text!r}; write a date as 2026-10-31") from None


def _table(path: Path, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text()), columns=columns)


_COLUMNS = {
    "facts": list(asdict(Fact(table="", disposition="warn", rule="", message=""))),
    "control": ["table", "fate", "currency", "rows", "amount"],
    "files": ["table", "name", "sha256", "n_bytes", "n_rows"],
}
