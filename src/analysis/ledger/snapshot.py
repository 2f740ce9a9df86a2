"""What was known on a date: balances, due days and outcomes, and nothing that came later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault
from analysis.ledger.balances import DIMENSIONS, apply_entries, balance_stretches, invoice_items, running_balances
from analysis.ledger.company import Company

if TYPE_CHECKING:
    from analysis.ledger.books import Books

NOT_STATED = "(not stated)"
_PARTS = ("items", "balances", "entries", "unapplied", "customers")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The ledger as it was known on a date. Money is in document currency, ``DECIMAL(18,3)``.

    - ``items``: one row per invoice: dimensions, ``open_balance``, ``settled_on`` (the day from which the
      balance stayed at zero within the tolerance), ``outcome``, ``days`` (from issue to settlement, or to
      the as-of date while open), ``days_past_due``.
    - ``balances``: one row per invoice and stretch of days with the same balance other than zero:
      ``from_on`` (included), ``until_on`` (excluded, null while it lasts).
    - ``entries``: bookings visible on the date, with the customer's dimensions.
    - ``unapplied``: cash and credits on account, as stretches like ``balances``.
    - ``customers``: one row per customer seen.
    - ``rates``: exchange rates into the company's currency known on the date.
    """

    company: Company
    as_of: date
    known_by: date
    con: Backend
    items: ibis.Table
    balances: ibis.Table
    entries: ibis.Table
    unapplied: ibis.Table
    customers: ibis.Table
    control: pd.DataFrame
    rates: pd.DataFrame
    excluded: dict[str, int]

    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of which the books hold at least two different values."""
        counts = self.items.aggregate(**{d: self.items[d].nunique() for d in DIMENSIONS}).execute().iloc[0]
        return tuple(d for d in DIMENSIONS if counts[d] > 1)

    def rate_on(self, currency: str, on: date) -> float:
        """Value of one unit of ``currency`` in the company's: the latest rate up to ``on``, else the first known."""
        if currency == self.company.currency:
            return 1.0
        known = self.rates[self.rates["currency"] == currency].sort_values("on")
        up_to = known[known["on"] <= pd.Timestamp(on)]
        chosen = up_to.iloc[-1] if len(up_to) else known.iloc[0]
        return float(chosen["rate"])

    def save(self, folder: Path) -> None:
        """Write the snapshot as Parquet, for the notebooks of one run."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            self.con.to_parquet(getattr(self, part), folder / f"{part}.parquet")
        self.control.to_parquet(folder / "control.parquet")
        self.rates.to_parquet(folder / "rates.parquet")
        dates = {"as_of": self.as_of.isoformat(), "known_by": self.known_by.isoformat()}
        pd.Series(dates | {k: str(v) for k, v in self.excluded.items()}).to_json(folder / "snapshot.json")


def load_snapshot(company: Company, folder: Path) -> Snapshot:
    """A snapshot as :meth:`Snapshot.save` wrote it."""
    con = ibis.duckdb.connect()
    stated = pd.read_json(folder / "snapshot.json", typ="series", dtype=False, convert_dates=False)
    return Snapshot(
        company=company,
        as_of=date.fromisoformat(stated.pop("as_of")),
        known_by=date.fromisoformat(stated.pop("known_by")),
        con=con,
        control=pd.read_parquet(folder / "control.parquet"),
        rates=pd.read_parquet(folder / "rates.parquet"),
        excluded={str(k): int(v) for k, v in stated.items()},
        **{part: con.read_parquet(folder / f"{part}.parquet", table_name=part) for part in _PARTS},
    )


def as_of(books: Books, on: date, *, known_by: date | None = None) -> Snapshot:
    """The books as of a date, as they were known on ``known_by`` (the same day where not stated).

    An entry counts when it was booked by ``on`` and recorded by ``known_by``; so does an invoice.
    Raises DataFault where a currency has no exchange rate up to the date.
    """
    known_by = known_by or on
    con, label = books.con, f"{on:%Y%m%d}_{known_by:%Y%m%d}"
    customers = con.create_table(f"customers_{label}", _customers(books), overwrite=True)
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    seen = (invoices["issued_on"] <= on) & (invoices["recorded_on"] <= known_by)
    visible = _with_dimensions(invoices.filter(seen & (invoices["amount"] > 0)), customers)
    visible = con.create_table(f"invoices_{label}", visible, overwrite=True)
    booked = entries.filter((entries["booked_on"] <= on) & (entries["recorded_on"] <= known_by))
    booked = con.create_table(f"entries_{label}", _with_dimensions(booked, customers), overwrite=True)
    applied, unapplied = apply_entries(con, visible, booked, books.company, label=label)
    running = con.create_table(f"running_{label}", running_balances(visible, applied), overwrite=True)
    items = con.create_table(f"items_{label}", invoice_items(visible, running, books.company, on=on), overwrite=True)
    return Snapshot(
        company=books.company,
        as_of=on,
        known_by=known_by,
        con=con,
        items=items,
        balances=con.create_table(f"balances_{label}", balance_stretches(visible, running), overwrite=True),
        entries=booked,
        unapplied=con.create_table(f"unapplied_{label}", _with_dimensions(unapplied, customers), overwrite=True),
        customers=customers,
        control=_control(books, on=on),
        rates=_rates(books, visible, booked, on=on),
        excluded=_excluded(books, on=on, known_by=known_by),
    )


def _customers(books: Books) -> ibis.Table:
    """Every customer seen in invoices or entries, with attributes where the books hold them."""
    ids = [books.tables[t].select("customer_id") for t in ("invoices", "entries")]
    seen = ibis.union(*ids, distinct=True).rename(_seen="customer_id")
    known = books.tables["customers"]
    joined = seen.left_join(known, seen["_seen"] == known["customer_id"])
    return joined.select(
        customer_id="_seen",
        name=joined["name"].fill_null(joined["_seen"]),
        parent_id=joined["parent_id"].fill_null(joined["_seen"]),
        **{c: joined[c].cast("string") for c in ("segment", "industry", "country", "size")},
        onboarded_on=joined["onboarded_on"],
    )


def _with_dimensions(rows: ibis.Table, customers: ibis.Table) -> ibis.Table:
    """Rows with all dimensions as text and never null, because a null group is lost in many a sum."""
    own = customers.select("segment", "industry", "country", "size", "parent_id", _owner="customer_id")
    joined = rows.left_join(own, rows["customer_id"] == own["_owner"]).drop("_owner")
    for dimension in ("channel", "disputed"):
        if dimension not in joined.columns:
            joined = joined.mutate(**{dimension: ibis.null("string")})
    disputed = joined["disputed"]
    if disputed.type().is_boolean():
        joined = joined.mutate(disputed=ibis.cases((disputed, "disputed"), (~disputed, "clean"), else_=None))
    return joined.mutate(**{d: joined[d].cast("string").fill_null(NOT_STATED) for d in DIMENSIONS})


def _control(books: Books, *, on: date) -> pd.DataFrame:
    control = books.tables["control"]
    frame = control.filter(control["on"] <= on).select("entity", "on", "balance").execute()
    return frame.assign(balance=frame["balance"].astype(object)).sort_values(["on", "entity"], ignore_index=True)


def _rates(books: Books, visible: ibis.Table, booked: ibis.Table, *, on: date) -> pd.DataFrame:
    """Rates known on the date; a rate stated in the configuration goes before the table's of that day."""
    stated = pd.DataFrame(
        [(r.currency, pd.Timestamp(r.on), r.rate) for r in books.company.rates], columns=["currency", "on", "rate"]
    )
    listed = books.tables["fx_rates"].select("currency", "on", "rate").execute()
    frames = [f.assign(on=pd.to_datetime(f["on"])) for f in (listed, stated) if len(f)]
    columns = ["currency", "on", "rate"]
    rates = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    rates = rates[pd.to_datetime(rates["on"]) <= pd.Timestamp(on)]
    rates = rates.drop_duplicates(["currency", "on"], keep="last").sort_values(["currency", "on"], ignore_index=True)
    used = ibis.union(visible.select("currency"), booked.select("currency"), distinct=True).execute()["currency"]
    missing = sorted(set(used) - set(rates["currency"]) - {books.company.currency})
    if missing:
        raise DataFault(
            f"there is no exchange rate for {', '.join(missing)} into {books.company.currency} "
            f"on or before {on}; add tables.fx_rates, or [[rates]]"
        )
    return rates[columns]


def _excluded(books: Books, *, on: date, known_by: date) -> dict[str, int]:
    """Rows of the books that the snapshot leaves out, by reason."""
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    later = (invoices["issued_on"] > on) | (invoices["recorded_on"] > known_by)
    entry_later = (entries["booked_on"] > on) | (entries["recorded_on"] > known_by)
    return {
        "invoices_later": int(invoices.filter(later).count().execute()),
        "entries_later": int(entries.filter(entry_later).count().execute()),
        "invoices_of_zero": int(invoices.filter(~later & (invoices["amount"] == 0)).count().execute()),
    }
