"""What was known on a date: balances, due days and outcomes, and nothing that came later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.ledger.application import applied_parts, on_account
from analysis.ledger.balances import balance_stretches, invoice_items, running_balances
from analysis.ledger.company import Company
from analysis.ledger.dimensions import (
    DIMENSIONS,
    NOT_STATED,
    customers_seen,
    entries_with_dimensions,
    invoices_with_dimensions,
)
from analysis.ledger.exchange import rate_on, rates_known
from analysis.ledger.facts import Fact
from analysis.ledger.misfits import misfits
from analysis.ledger.orders import orders_known
from analysis.ledger.spells import spells

if TYPE_CHECKING:
    from analysis.ledger.books import Books

__all__ = ["DIMENSIONS", "NOT_STATED", "Snapshot", "as_of", "load_snapshot"]

_PARTS = (
    "items",
    "balances",
    "spells",
    "entries",
    "unapplied",
    "customers",
    "disputes",
    "contacts",
    "limits",
    "ratings",
    "orders",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The ledger as it was known on a date. Money is in document currency, ``DECIMAL(18,3)``.

    - ``items``: one row per invoice: dimensions, ``open_balance`` (negative where it is overpaid),
      ``settled_on`` (the day from which the balance stayed at zero within the tolerance), ``outcome``,
      ``days`` (from issue to settlement, or to the as-of date while open), ``days_past_due`` (on the
      as-of date, settled or not; null without a due date). Invoices of zero are left out.
    - ``balances``: one row per invoice and stretch of days with the same balance other than zero:
      ``from_on`` (included), ``until_on`` (excluded, null while it lasts), ``is_rest`` (settled within the
      tolerance).
    - ``spells``: one row per invoice and spell of being open, with the days from which the books showed it
      (:func:`analysis.ledger.spells.spells`).
    - ``entries``: bookings visible on the date, in the parts in which they were applied: ``invoice_id``
      and ``applied_on`` (null while on account); dimensions of the invoice, else of the customer.
    - ``unapplied``: cash and credits on account, as stretches like ``balances``.
    - ``customers``: one row per customer seen and per head of their groups.
    - ``disputes`` and ``contacts``: those opened and made by the date; a dispute closed later is open.
    - ``limits``: those that held on the date or before; ``ratings``: those of the date or before that had arrived
      (``recorded_on``, the day of the rating where the books do not say).
    - ``orders``: those placed by the date, with the day on which the books showed their invoice, if they did
      (:func:`analysis.ledger.orders.orders_known`).
    - ``control``: balances of the control account up to the date; ``rates``: exchange rates known on it.
    - ``excluded``: rows of the books left out, by reason; ``facts``: entries that do not fit their invoice.
    """

    company: Company
    as_of: date
    known_by: date
    con: Backend
    items: ibis.Table
    balances: ibis.Table
    spells: ibis.Table
    entries: ibis.Table
    unapplied: ibis.Table
    customers: ibis.Table
    disputes: ibis.Table
    contacts: ibis.Table
    limits: ibis.Table
    ratings: ibis.Table
    orders: ibis.Table
    control: pd.DataFrame
    rates: pd.DataFrame
    excluded: dict[str, int]
    facts: tuple[Fact, ...] = ()

    @property
    def open_items_only(self) -> bool:
        """Whether the books hold no booking at all: an extract of what is open says nothing about the past."""
        return bool(self.entries.count().execute() == 0)

    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of which the books hold at least two different values."""
        counts = self.items.aggregate(**{d: self.items[d].nunique() for d in DIMENSIONS}).execute().iloc[0]
        return tuple(d for d in DIMENSIONS if counts[d] > 1)

    def rate_on(self, currency: str, on: date) -> float:
        """Value of one unit of ``currency`` in the company's: the latest rate up to ``on``, else the first known."""
        return 1.0 if currency == self.company.currency else rate_on(self.rates, currency, on)

    def value(self, amounts: pd.Series, currencies: pd.Series) -> pd.Series:
        """Amounts of several currencies in the company's, all at the rate of the as-of date."""
        rates = {currency: self.rate_on(currency, self.as_of) for currency in currencies.unique()}
        return amounts.astype(float) * currencies.map(rates).astype(float)

    def save(self, folder: Path) -> None:
        """Write the snapshot as Parquet, for the notebooks of one run."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            self.con.to_parquet(getattr(self, part), folder / f"{part}.parquet")
        self.control.to_parquet(folder / "control.parquet")
        self.rates.to_parquet(folder / "rates.parquet")
        stated = {
            "as_of": self.as_of.isoformat(),
            "known_by": self.known_by.isoformat(),
            "excluded": self.excluded,
            "facts": [fact.as_dict() for fact in self.facts],
        }
        (folder / "snapshot.json").write_text(json.dumps(stated, indent=1, ensure_ascii=False), encoding="utf-8")


def load_snapshot(company: Company, folder: Path) -> Snapshot:
    """A snapshot as :meth:`Snapshot.save` wrote it."""
    con = ibis.duckdb.connect()
    stated = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    return Snapshot(
        company=company,
        as_of=date.fromisoformat(stated["as_of"]),
        known_by=date.fromisoformat(stated["known_by"]),
        con=con,
        control=pd.read_parquet(folder / "control.parquet"),
        rates=pd.read_parquet(folder / "rates.parquet"),
        excluded={reason: int(rows) for reason, rows in stated["excluded"].items()},
        facts=tuple(Fact(**fact) for fact in stated["facts"]),
        **{part: con.read_parquet(folder / f"{part}.parquet", table_name=part) for part in _PARTS},
    )


def as_of(books: Books, on: date, *, known_by: date | None = None) -> Snapshot:
    """The books as of a date, as they were known on ``known_by`` (the same day where not stated).

    An entry counts when it was booked by ``on`` and recorded by ``known_by``; so does an invoice. A
    ``known_by`` after ``on`` is the date as restated since. Whatever was known later, rows and attributes of
    customers without business alike, has no influence.
    Raises DataFault where a currency has no exchange rate up to the date.
    """
    known_by = known_by or on
    con, company = books.con, books.company
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    seen = (invoices["issued_on"] <= on) & (invoices["recorded_on"] <= known_by)
    booked = entries.filter((entries["booked_on"] <= on) & (entries["recorded_on"] <= known_by))

    def kept(name: str, rows: ibis.Table) -> ibis.Table:
        return con.create_table(f"{name}_{on:%Y%m%d}_{known_by:%Y%m%d}", rows, overwrite=True)

    visible = invoices.filter(seen & (invoices["amount"] > 0))
    customers = kept("customers", customers_seen(visible, booked, books.tables["customers"]))
    visible = kept("invoices", invoices_with_dimensions(visible, customers))
    booked = kept("booked", booked.mutate(entity=booked["entity"].fill_null(NOT_STATED)))
    rates = rates_known(books, visible, booked, on=on)
    parts = applied_parts(con, visible, booked, company)
    parts = kept("entries", entries_with_dimensions(parts, visible, customers))
    running = kept("running", running_balances(visible, parts))
    return Snapshot(
        company=company,
        as_of=on,
        known_by=known_by,
        con=con,
        items=kept("items", invoice_items(visible, running, company, on=on)),
        balances=kept("balances", balance_stretches(visible, running, company)),
        spells=kept("spells", spells(visible, running, company)),
        entries=parts,
        unapplied=kept("unapplied", on_account(parts)),
        customers=customers,
        disputes=kept("disputes", _disputes(books, visible, on=on)),
        contacts=kept("contacts", _contacts(books, on=on)),
        limits=kept("limits", _limits(books, on=on)),
        ratings=kept("ratings", _ratings(books, on=on, known_by=known_by)),
        orders=kept("orders", orders_known(books.tables["orders"], visible, company, on=on)),
        control=_control(books, on=on),
        rates=rates,
        excluded=_excluded(books, on=on, known_by=known_by),
        facts=misfits(visible, booked),
    )


def _disputes(books: Books, invoices: ibis.Table, *, on: date) -> ibis.Table:
    """Disputes of visible invoices opened by the day, without what was decided later."""
    disputes = books.tables["disputes"].semi_join(invoices, "invoice_id")
    disputes = disputes.filter(disputes["opened_on"] <= on)
    closed = disputes["closed_on"] <= on
    return disputes.mutate(
        closed_on=ibis.ifelse(closed, disputes["closed_on"], ibis.null("date")),
        outcome=ibis.ifelse(closed, disputes["outcome"], ibis.null("string")),
    )


def _contacts(books: Books, *, on: date) -> ibis.Table:
    contacts = books.tables["contacts"]
    return contacts.filter(contacts["made_on"] <= on)


def _limits(books: Books, *, on: date) -> ibis.Table:
    limits = books.tables["limits"]
    return limits.filter(limits["valid_from"] <= on)


def _ratings(books: Books, *, on: date, known_by: date) -> ibis.Table:
    ratings = books.tables["ratings"]
    ratings = ratings.mutate(recorded_on=ratings["recorded_on"].fill_null(ratings["rated_on"]))
    return ratings.filter((ratings["rated_on"] <= on) & (ratings["recorded_on"] <= known_by))


def _control(books: Books, *, on: date) -> pd.DataFrame:
    control = books.tables["control"]
    frame = control.filter(control["on"] <= on).select("entity", "on", "balance").execute()
    return frame.assign(balance=frame["balance"].astype(object)).sort_values(["on", "entity"], ignore_index=True)


def _excluded(books: Books, *, on: date, known_by: date) -> dict[str, int]:
    """Rows of the books that the snapshot leaves out, by reason."""
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    later = (invoices["issued_on"] > on) | (invoices["recorded_on"] > known_by)
    entry_later = (entries["booked_on"] > on) | (entries["recorded_on"] > known_by)
    of_invoices = invoices.aggregate(
        invoices_later=later.sum().fill_null(0),
        invoices_of_zero=(~later & (invoices["amount"] == 0)).sum().fill_null(0),
    )
    found = of_invoices.cross_join(entries.aggregate(entries_later=entry_later.sum().fill_null(0))).execute().iloc[0]
    return {reason: int(found[reason]) for reason in ("invoices_later", "entries_later", "invoices_of_zero")}
