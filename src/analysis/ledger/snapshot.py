"""What was known on a date: balances, due days and outcomes, and nothing that came later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.faults import DataFault
from analysis.ledger.allocation import Event, exact_then_oldest
from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind, Outcome
from analysis.ledger.reading import MONEY

if TYPE_CHECKING:
    from analysis.ledger.books import Books

DIMENSIONS = ("entity", "currency", "channel", "segment", "industry", "country", "size", "parent_id", "disputed")
NOT_STATED = "(not stated)"
_CASH = (EntryKind.PAYMENT, EntryKind.DISCOUNT, EntryKind.REVERSAL)
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
    applied, unapplied = _applied(con, visible, booked, books.company, label=label)
    running = con.create_table(f"running_{label}", _running(visible, applied), overwrite=True)
    items = con.create_table(f"items_{label}", _items(visible, running, books.company, on=on), overwrite=True)
    return Snapshot(
        company=books.company,
        as_of=on,
        known_by=known_by,
        con=con,
        items=items,
        balances=con.create_table(f"balances_{label}", _balances(visible, running), overwrite=True),
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


def _applied(
    con: Backend, visible: ibis.Table, booked: ibis.Table, company: Company, *, label: str
) -> tuple[ibis.Table, ibis.Table]:
    """Entries as applied to invoices, and what stands on account until then."""
    of_invoice = visible.select("issued_on", _id="invoice_id")
    joined = booked.left_join(of_invoice, booked["invoice_id"] == of_invoice["_id"])
    named = joined.filter(joined["_id"].notnull())
    named = named.mutate(applied_on=ibis.greatest(named["booked_on"], named["issued_on"]))
    columns = ("entry_id", "invoice_id", "customer_id", "entity", "currency", "kind", "amount", "booked_on")
    named = named.select(*columns, "applied_on")
    loose = joined.filter(joined["_id"].isnull() & (joined["kind"] != EntryKind.RECOVERY)).select(*columns)
    parts = _allocations(con, visible, named, loose, company, label=label)
    found = parts.select("entry_id", "applied_on", "part", _to="invoice_id")
    given = loose.drop("invoice_id", "amount").inner_join(found, "entry_id")
    given = given.rename(invoice_id="_to", amount="part").select(*columns, "applied_on")
    spent = parts.group_by("entry_id").aggregate(_given=parts["part"].sum()).rename(_entry="entry_id")
    left = loose.left_join(spent, loose["entry_id"] == spent["_entry"])
    rest = left.mutate(amount=(left["amount"] - left["_given"].fill_null(0)).cast(MONEY), applied_on=ibis.null("date"))
    rest = rest.filter(rest["amount"] != 0).select(*columns, "applied_on")
    applied = ibis.union(named, given)
    waiting = applied.filter((applied["applied_on"] > applied["booked_on"]) & (applied["kind"] != EntryKind.RECOVERY))
    on_account = ibis.union(waiting, rest).select(
        "entry_id", "customer_id", "entity", "currency", "kind", "amount", from_on="booked_on", until_on="applied_on"
    )
    return con.create_table(f"applied_{label}", applied, overwrite=True), on_account


def _allocations(
    con: Backend, visible: ibis.Table, named: ibis.Table, loose: ibis.Table, company: Company, *, label: str
) -> ibis.Table:
    """Which invoice each payment that names none is applied to; empty where the policy leaves it."""
    schema = ibis.schema({"entry_id": "string", "invoice_id": "string", "part": MONEY, "applied_on": "date"})
    cash = loose.filter((loose["kind"] == EntryKind.PAYMENT) & (loose["amount"] > 0) & loose["invoice_id"].isnull())
    empty = con.create_table(f"allocated_{label}", schema=schema, overwrite=True)
    if company.policy.unapplied_cash == "leave" or cash.count().execute() == 0:
        return empty
    whose = cash.select("customer_id").distinct()
    events = ibis.union(
        _events(visible.semi_join(whose, "customer_id"), on="issued_on", step=0, reference="invoice_id"),
        _events(
            named.filter(named["kind"] != EntryKind.RECOVERY).semi_join(whose, "customer_id"),
            on="applied_on",
            step=1,
            reference="invoice_id",
        ),
        _events(cash, on="booked_on", step=2, reference="entry_id"),
    ).to_pyarrow()
    applications = exact_then_oldest(
        Event(
            account=(row["customer_id"], row["currency"], row["entity"] or ""),
            on=row["on"],
            step=row["step"],
            reference=row["reference"],
            amount=row["amount"],
        )
        for row in events.to_pylist()
    )
    rows = [(a.entry_id, a.invoice_id, Decimal(a.amount), a.applied_on) for a in applications]
    if not rows:
        return empty
    frame = pd.DataFrame(rows, columns=list(schema.names))
    return con.create_table(f"allocated_{label}", ibis.memtable(frame, schema=schema), overwrite=True)


def _events(rows: ibis.Table, *, on: str, step: int, reference: str) -> ibis.Table:
    return rows.select(
        "customer_id", "currency", "entity", "amount", on=rows[on], step=ibis.literal(step), reference=rows[reference]
    )


def _running(visible: ibis.Table, applied: ibis.Table) -> ibis.Table:
    """Balance of each invoice after each day on which it changed."""
    lowers = applied.filter(applied["kind"] != EntryKind.RECOVERY)
    kind, amount = lowers["kind"], lowers["amount"]
    daily = lowers.group_by("invoice_id", "applied_on").aggregate(
        lowered=amount.sum(),
        cash=amount.sum(where=kind.isin(_CASH)).fill_null(0),
        credited=amount.sum(where=kind == EntryKind.CREDIT_NOTE).fill_null(0),
        written_off=amount.sum(where=kind == EntryKind.WRITE_OFF).fill_null(0),
    )
    gross = visible.select("amount", _id="invoice_id")
    daily = daily.inner_join(gross, daily["invoice_id"] == gross["_id"]).drop("_id")
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="applied_on")
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    after = (daily["amount"] - daily["lowered"].sum().over(so_far)).cast(MONEY)
    return daily.mutate(balance=after, until_on=daily["applied_on"].lead().over(in_order))


def _items(visible: ibis.Table, running: ibis.Table, company: Company, *, on: date) -> ibis.Table:
    tolerance = ibis.literal(company.policy.settled_tolerance, MONEY)
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    is_open = running["balance"] > tolerance
    was_open = is_open.lag().over(in_order).fill_null(True)
    steps = running.mutate(_settles=~is_open & was_open, _last=running["until_on"].isnull())
    by_cause = ibis.cases(
        ((steps["cash"] >= steps["credited"]) & (steps["cash"] >= steps["written_off"]), Outcome.PAID.value),
        (steps["credited"] >= steps["written_off"], Outcome.CREDITED.value),
        else_=Outcome.WRITTEN_OFF.value,
    )
    steps = steps.mutate(_cause=by_cause)
    ends = steps.group_by("invoice_id").aggregate(
        open_balance=steps["balance"].sum(where=steps["_last"]),
        cash=steps["cash"].sum(),
        credited=steps["credited"].sum(),
        written_off=steps["written_off"].sum(),
        _settled_on=steps["applied_on"].max(where=steps["_settles"]),
        _cause=steps["_cause"].argmax(steps["applied_on"], where=steps["_settles"]),
    )
    joined = visible.left_join(ends, "invoice_id").drop("invoice_id_right")
    open_balance = joined["open_balance"].fill_null(joined["amount"]).cast(MONEY)
    settled = open_balance <= tolerance
    settled_on = ibis.ifelse(settled, joined["_settled_on"], ibis.null("date"))
    outcome = ibis.ifelse(settled, joined["_cause"], Outcome.OPEN.value)
    until = settled_on.fill_null(ibis.literal(on))
    days_past_due = ibis.literal(on).delta(joined["due_on"], unit="day")
    return joined.select(
        "invoice_id",
        "customer_id",
        *DIMENSIONS,
        "issued_on",
        "due_on",
        "recorded_on",
        "amount",
        open_balance=open_balance,
        **{c: joined[c].fill_null(0).cast(MONEY) for c in ("cash", "credited", "written_off")},
        settled_on=settled_on,
        outcome=outcome,
        days=until.delta(joined["issued_on"], unit="day"),
        days_past_due=days_past_due,
    )


def _balances(visible: ibis.Table, running: ibis.Table) -> ibis.Table:
    """Stretches of days over which an invoice had one balance other than zero."""
    firsts = running.group_by("invoice_id").aggregate(_until=running["applied_on"].min())
    start = visible.left_join(firsts, "invoice_id")
    start = start.select("invoice_id", from_on="issued_on", until_on="_until", balance="amount")
    start = start.filter(start["until_on"].isnull() | (start["until_on"] > start["from_on"]))
    later = running.select("invoice_id", "until_on", "balance", from_on="applied_on")
    stretches = ibis.union(start, later.filter(later["balance"] != 0).select(start.columns))
    facts = visible.select("customer_id", *DIMENSIONS, "issued_on", "due_on", _id="invoice_id")
    return stretches.inner_join(facts, stretches["invoice_id"] == facts["_id"]).drop("_id")


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


def open_balance_total(items: ibis.Table) -> ir.DecimalScalar:
    """Open balance over all invoices of a snapshot, in document currency."""
    return items["open_balance"].sum()
