"""How rows of the books stand to each other: copies, references to invoices, ids that look alike."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES
from analysis.ledger.facts import Fact, excerpt_of
from analysis.ledger.reading import SQL_TYPES
from analysis.ledger.sources import RawTable

_OF_INVOICE = ("invoice_id", "customer_id", "issued_on", "amount", "currency", "paid_on")
_NEVER = ibis.literal(False)
_FAR = ibis.literal("9999-12-31").cast("date")


def related(rows: ibis.Table, raw: RawTable, books: Mapping[str, ibis.Table], company: Company) -> ibis.Table:
    """Rows with what the rules need to know of other rows; ``books`` are the tables accepted before.

    Adds ``_differs`` and ``_copy``; where a row may name an invoice its ``_invoice_<column>`` and
    ``_invoice_known`` (true where it names none); for disputes ``_open_twice`` and ``_settled_before``.
    """
    rows = rows.mutate(_differs=_NEVER, _copy=_NEVER) if company.tables[raw.name].repeated else _copies(rows, raw.name)
    if raw.name == "invoices" or "invoice_id" not in TABLES[raw.name].names:
        return rows
    if "invoice_id" not in raw.mapped or "invoices" not in books:
        absent = {f"_invoice_{c}": ibis.null(SQL_TYPES[TABLES["invoices"].column(c).kind]) for c in _OF_INVOICE}
        return rows.mutate(**absent, _invoice_known=~_NEVER, _open_twice=_NEVER, _settled_before=_NEVER)
    rows = _of_invoice(rows, books["invoices"], company)
    return _disputed(rows, books) if raw.name == "disputes" else rows


def _copies(rows: ibis.Table, name: str) -> ibis.Table:
    """Of identical rows one is kept; rows that share a key and differ are all kept out, whatever else they break."""
    table = TABLES[name]
    key = list(table.unique)
    numbered = rows.filter(~rows["_totals"], *[rows[c].notnull() for c in key if c in table.mandatory])
    doubles = numbered.group_by(key).aggregate(
        _n=numbered.count(),
        _first=numbered["_order"].min(),
        _low=numbered["_whole"].min(),
        _high=numbered["_whole"].max(),
    )
    doubles = doubles.filter(doubles["_n"] > 1).rename({f"_key_{c}": c for c in key})
    same = [
        rows[c] == doubles[f"_key_{c}"] if c in table.mandatory else rows[c].identical_to(doubles[f"_key_{c}"])
        for c in key
    ]
    joined = rows.left_join(doubles, same)
    differ = joined["_low"] != joined["_high"]
    copy = (joined["_low"] == joined["_high"]) & (joined["_order"] != joined["_first"])
    return joined.select(*rows.columns, _differs=differ.fill_null(False), _copy=copy.fill_null(False))


def _of_invoice(rows: ibis.Table, invoices: ibis.Table, company: Company) -> ibis.Table:
    invoices = invoices.mutate(currency=invoices["currency"].fill_null(company.currency))
    found = invoices.select(**{f"_invoice_{c}": invoices[c] for c in _OF_INVOICE})
    joined = rows.left_join(found, rows["invoice_id"] == found["_invoice_invoice_id"])
    known = joined["invoice_id"].isnull() | joined["_invoice_invoice_id"].notnull()
    return joined.mutate(_invoice_known=known)


def _disputed(rows: ibis.Table, books: Mapping[str, ibis.Table]) -> ibis.Table:
    """Whether an earlier dispute of the invoice was still open, and whether the invoice was settled by then."""
    before = ibis.window(group_by="invoice_id", order_by=["opened_on", "_order"], preceding=(None, 1))
    last_end = rows["closed_on"].fill_null(_FAR).max().over(before)
    rows = rows.mutate(_open_twice=(last_end > rows["opened_on"]).fill_null(False) & rows["invoice_id"].notnull())
    settled = (rows["_invoice_paid_on"] <= rows["opened_on"]).fill_null(False)
    if "entries" not in books:
        return rows.mutate(_settled_before=settled)
    entries = books["entries"].select(_of="invoice_id", _booked_on="booked_on", _part="amount")
    applied = rows.select("_order", "invoice_id", "opened_on").inner_join(
        entries, [rows["invoice_id"] == entries["_of"], entries["_booked_on"] <= rows["opened_on"]]
    )
    lowered = applied.group_by("_order").aggregate(_lowered=applied["_part"].sum()).rename(_place="_order")
    joined = rows.left_join(lowered, rows["_order"] == lowered["_place"])
    paid = (joined["_lowered"] >= joined["_invoice_amount"]).fill_null(False)
    settled = (joined["_invoice_paid_on"] <= joined["opened_on"]).fill_null(False)
    return joined.mutate(_settled_before=settled | paid).drop("_place", "_lowered")


def near_ids(rows: ibis.Table, raw: RawTable) -> list[Fact]:
    """Ids that differ only by case, leading zeros or blanks: they stay apart, but somebody should look."""
    ids = [column for column in raw.mapped if column.endswith("_id")]
    if not ids:
        return []
    written = ibis.union(*(rows.select(column=ibis.literal(c), value=rows[c], row=rows["_order"]) for c in ids))
    first = written.filter(written["value"].notnull()).group_by("column", "value").aggregate(row=written["row"].min())
    folded = first.mutate(folded=first["value"].lower().re_replace(r"[\s\x{a0}]+", "").re_replace("^0+", ""))
    groups = folded.group_by("column", "folded").aggregate(
        ids=folded.count(), low=folded["value"].min(), high=folded["value"].max(), row=folded["row"].max()
    )
    groups = groups.filter(groups["ids"] > 1)
    found = groups.group_by("column").aggregate(
        more=(groups["ids"] - 1).sum(),
        row=groups["row"].min(),
        low=groups["low"].argmin(groups["row"]),
        high=groups["high"].argmin(groups["row"]),
    )
    facts = []
    for one in found.order_by("column").execute().itertuples(index=False):
        number, row = divmod(int(one.row), 10**11)
        facts.append(
            Fact(
                table=raw.name,
                disposition="warn",
                rule=f"near_{one.column}",
                message=f"{int(one.more):,} id(s) differ from another only by case, leading zeros or blanks",
                remedy="they are kept apart; correct the source if they are one",
                file=raw.files[number].name,
                row=row,
                column=raw.headers[one.column],
                excerpt=f"{excerpt_of(one.low)} and {excerpt_of(one.high)}",
                rows=int(one.more),
            )
        )
    return facts
