"""Every row of the books against the rules: what is used, what is kept out and why, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.engine import dropped, stored, viewed
from analysis.ledger.facts import Fact, excerpt_of
from analysis.ledger.reading import as_read, refuse_unreadable_constants, texts_of
from analysis.ledger.relations import near_ids, related
from analysis.ledger.repeated import commonest, spellings
from analysis.ledger.rules import currency_of, rules_for
from analysis.ledger.sources import RawTable
from analysis.ledger.totals import totals_facts
from analysis.ledger.trade_rules import Rule

# A list for a person; the counts are of all rows.
_LISTED_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedTable:
    """One table after its checks.

    ``accepted`` holds the contract's columns of the rows that are used; ``kept_out`` one row per row that
    is not (the first hundred thousand), with file, row, why (the rules) and the cells as written;
    ``control`` counts rows and amounts of the files per currency and fate (accepted, quarantined,
    identical_copy, totals_row), in document currency; ``sizes`` the same with absolute amounts. ``mapped``
    are the columns that the export has.
    """

    name: str
    accepted: ibis.Table
    kept_out: pd.DataFrame
    control: pd.DataFrame
    sizes: pd.DataFrame
    facts: tuple[Fact, ...]
    mapped: tuple[str, ...]


def check_table(con: Backend, raw: RawTable, company: Company, *, books: Mapping[str, ibis.Table]) -> CheckedTable:
    """Read one table and apply all rules to it; ``books`` are the tables accepted before, for references."""
    name, source = raw.name, company.tables[raw.name]
    refuse_unreadable_constants(con, name, company)
    # the bare texts are used many times over: as a view of their own the engine works each out once
    texts = viewed(con, f"texts_{name}", texts_of(raw, company))
    read = stored(con, f"read_{name}", as_read(texts, raw, company))
    rows = related(read, raw, books, company)
    rows = rows.mutate(_is_header=_repeats_header(rows, raw))
    rules = rules_for(name, company, mapped=raw.mapped, typed=raw.typed)
    judged = _with_fate(stored(con, f"judged_{name}", _judged(rows, rules, raw, company)))
    money = _money_column(raw)
    counted = _counted(judged, raw, company, money=money)
    facts = totals_facts(judged, raw, company, money=money)
    if (counted["rules_broken"] > 0).any():
        facts += _facts(judged, rules, raw, money=money)
    facts += near_ids(judged, raw) + _list_cut(counted, raw)
    accepted = judged.filter(judged["_fate"] == "accepted").select(*TABLES[name].names, "_file", "_row")
    if source.repeated:
        facts += spellings(accepted, raw)
        accepted = commonest(accepted, raw.mapped)
    checked = CheckedTable(
        name=name,
        accepted=stored(con, f"accepted_{name}", accepted),
        kept_out=_kept_out(judged, raw) if (counted["fate"] != "accepted").any() else pd.DataFrame(),
        control=counted[["table", "fate", "currency", "rows", "amount"]],
        sizes=counted[["table", "fate", "currency", "rows", "absolute"]],
        facts=tuple(facts),
        mapped=raw.mapped,
    )
    dropped(con, f"read_{name}", f"judged_{name}")
    return checked


def _repeats_header(rows: ibis.Table, raw: RawTable) -> ir.BooleanValue:
    shown = [rows[f"_raw_{c}"] == header for c, header in list(raw.headers.items())[:3]]
    return ibis.and_(*shown).fill_null(False) if shown else ibis.literal(False)


def _judged(rows: ibis.Table, rules: Sequence[Rule], raw: RawTable, company: Company) -> ibis.Table:
    """Rows with the rules they break: ``_reason`` those that keep a row out, ``_noted`` the others.

    Both hold ids of rules, each followed by a blank. A declared totals row is no row of the table, so
    no rule looks at it.
    """
    texts = {}
    for key, kept_out in (("_reason", True), ("_noted", False)):
        named = [
            ibis.ifelse(rule.broken(rows), rule.id + " ", "")
            for rule in rules
            if (rule.disposition == "quarantine") is kept_out
        ]
        texts[key] = ibis.ifelse(rows["_totals"], "", ibis.literal("").concat(*named))
    kept = [*TABLES[raw.name].names, *(f"_raw_{c}" for c in raw.mapped), "_file", "_row", "_order", "_copy", "_totals"]
    return rows.select(*kept, **texts, _code=currency_of(rows, company))


def _with_fate(judged: ibis.Table) -> ibis.Table:
    """What became of each row: exactly one thing, so that the fates add up to the file."""
    fate = ibis.cases(
        (judged["_totals"], "totals_row"),
        (judged["_reason"] != "", "quarantined"),
        (judged["_copy"], "identical_copy"),
        else_="accepted",
    )
    return judged.mutate(_fate=fate)


def _facts(judged: ibis.Table, rules: Sequence[Rule], raw: RawTable, *, money: str | None) -> list[Fact]:
    """One query counts what each rule found, a second one fetches an example of each.

    A warning is of rows that are used, so one that is kept out anyway raises none.
    """
    broken = judged.filter((judged["_reason"] != "") | (judged["_noted"] != ""))
    each = broken.select(
        rule=(broken["_reason"] + broken["_noted"]).split(" ").unnest(),
        used=broken["_reason"] == "",
        order=broken["_order"],
        amount=broken[money] if money else ibis.null("decimal(18, 3)"),
    )
    warnings = [rule.id for rule in rules if rule.disposition == "warn"]
    each = each.filter((each["rule"] != "") & (each["used"] | ~each["rule"].isin(warnings)))
    counted = each.group_by("rule").aggregate(
        rows=each.count(), order=each["order"].min(), amount=each["amount"].sum().cast("float64")
    )
    found = counted.execute().set_index("rule")
    if found.empty:
        return []
    shown = ["_file", "_row", "_order", *(f"_raw_{c}" for c in raw.mapped)]
    wanted = sorted({int(order) for order in found["order"]})
    examples = judged.filter(judged["_order"].isin(wanted)).select(shown).execute().set_index("_order")
    return [
        _fact(rule, raw, examples.loc[found.loc[rule.id, "order"]], found.loc[rule.id], has_amount=money is not None)
        for rule in rules
        if rule.id in found.index
    ]


def _fact(rule: Rule, raw: RawTable, example: pd.Series, found: pd.Series, *, has_amount: bool) -> Fact:
    amount = 0.0 if pd.isna(found["amount"]) else float(found["amount"])
    return Fact(
        table=raw.name,
        disposition=rule.disposition,
        rule=rule.id,
        message=rule.message,
        remedy=rule.remedy,
        file=str(example["_file"]),
        row=int(example["_row"]),
        column=raw.headers.get(rule.column, rule.column),
        excerpt=excerpt_of(example.get(f"_raw_{rule.column}")),
        rows=int(found["rows"]),
        amount=amount if has_amount else None,
    )


def _kept_out(judged: ibis.Table, raw: RawTable) -> pd.DataFrame:
    """Rows that are not used, as they were written; the file for the person who mends the source."""
    rows = judged.filter(judged["_fate"] != "accepted").order_by("_order").limit(_LISTED_MAX)
    harmless = ibis.cases((rows["_fate"] == "quarantined", ""), else_=rows["_fate"])
    columns = {c: rows[f"_raw_{c}"] for c in raw.mapped}
    why = (rows["_reason"] + harmless).strip()
    frame = rows.select(file=rows["_file"], row=rows["_row"], why=why, **columns).execute()
    frame.insert(0, "table", raw.name)
    return frame


def _list_cut(counted: pd.DataFrame, raw: RawTable) -> list[Fact]:
    """That not all rows kept out are listed; so many are a wrong mapping rather than wrong rows."""
    left_out = int(counted.loc[counted["fate"] != "accepted", "rows"].sum())
    if left_out <= _LISTED_MAX:
        return []
    return [
        Fact(
            table=raw.name,
            disposition="warn",
            rule="list_cut",
            message=f"{left_out:,} rows are not used; the first {_LISTED_MAX:,} are listed",
            remedy="look at what is said of many rows first: a column or format may be declared wrongly",
            file=raw.files[0].name,
            rows=left_out,
        )
    ]


def _counted(judged: ibis.Table, raw: RawTable, company: Company, *, money: str | None) -> pd.DataFrame:
    """Rows and amounts by currency and fate, as exact decimals; an unreadable amount counts as none.

    ``absolute`` is the sum without signs and without implausible amounts: what a share of value is of.
    ``rules_broken`` counts the rows of which some rule has something to say.
    """
    if money is None:
        sums = {"amount": ibis.null("decimal(38, 3)"), "absolute": ibis.null("decimal(38, 3)")}
    else:
        size = judged[money].abs()
        sums = {
            "amount": judged[money].sum().fill_null(0),
            "absolute": size.sum(where=size <= company.policy.amount_max).fill_null(0),
        }
    broken = ((judged["_reason"] != "") | (judged["_noted"] != "")).sum()
    grouped = judged.group_by(fate="_fate", currency="_code")
    frame = grouped.aggregate(rows=judged.count(), rules_broken=broken, **sums).execute()
    frame.insert(0, "table", raw.name)
    if money is None:
        frame["currency"] = ""
    return frame.sort_values(["currency", "fate"], ignore_index=True)


def _money_column(raw: RawTable) -> str | None:
    """The column that a table's control total is of."""
    return next((c.name for c in TABLES[raw.name].columns if c.kind is Kind.MONEY and c.name in raw.mapped), None)
