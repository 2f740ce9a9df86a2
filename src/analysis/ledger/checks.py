"""Every row of the books against the rules: what is used, what is kept out and why, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from analysis.ledger.company import Company
from analysis.ledger.contract import TABLES, Kind
from analysis.ledger.facts import Fact, excerpt_of
from analysis.ledger.reading import cleaned
from analysis.ledger.repeated import commonest, spellings
from analysis.ledger.rules import rules_for
from analysis.ledger.sources import RawTable
from analysis.ledger.trade_rules import Disposition, Rule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedTable:
    """One table after its checks.

    ``accepted`` holds the contract's columns of the rows that are used; ``kept_out`` one row per row
    that is not, with file, row, reason and the cells as written; ``control`` counts rows and amounts
    read, accepted and kept out, per currency, in document currency.
    """

    name: str
    accepted: ibis.Table
    kept_out: pd.DataFrame
    control: pd.DataFrame
    facts: tuple[Fact, ...]


def check_table(
    con: Backend, read: ibis.Table, raw: RawTable, company: Company, *, invoice_ids: ibis.Table | None = None
) -> CheckedTable:
    """Apply all rules to one table; ``invoice_ids`` are those of the accepted invoices, for references."""
    name, source = raw.name, company.tables[raw.name]
    read = read.mutate(_is_header=_repeats_header(read, raw), _totals=_declared_totals(read, raw, company))
    rules = rules_for(name, company, mapped=raw.mapped)
    read = con.create_table(f"read_{name}", read, overwrite=True)
    facts = [_totals_fact(read, raw, company)] if source.totals_row else []
    body = read.filter(~read["_totals"])
    facts += _broken(body, rules, raw)
    flagged = body.mutate(_reason=_reason([r for r in rules if r.disposition == "quarantine"], body))
    flagged = _unknown_references(flagged, name, invoice_ids)
    flagged = flagged if source.repeated else _copies(flagged, name)
    totals = read.filter(read["_totals"]).mutate(_reason=ibis.literal("totals_row"))
    judged = con.create_table(f"judged_{name}", ibis.union(flagged, totals.select(flagged.columns)), overwrite=True)
    facts += _reference_facts(judged, raw) + _id_facts(judged, raw)
    accepted = judged.filter(judged["_reason"] == "").select(*TABLES[name].names, "_file", "_row")
    if source.repeated:
        facts += spellings(accepted, raw)
        accepted = commonest(accepted)
    accepted = con.create_table(f"accepted_{name}", accepted, overwrite=True)
    return CheckedTable(
        name=name,
        accepted=accepted,
        kept_out=_kept_out(judged, raw),
        control=_control(judged, raw, company),
        facts=tuple(fact for fact in facts if fact is not None),
    )


def _repeats_header(read: ibis.Table, raw: RawTable) -> ir.BooleanValue:
    shown = [read[f"_raw_{c}"] == header for c, header in list(raw.headers.items())[:3]]
    return ibis.and_(*shown).fill_null(False) if shown else ibis.literal(False)


def _declared_totals(read: ibis.Table, raw: RawTable, company: Company) -> ir.BooleanValue:
    marker = company.tables[raw.name].totals_row
    if marker is None:
        return ibis.literal(False)
    column = next((c for c, header in raw.headers.items() if marker.column in (c, header)), None)
    if column is None:
        return ibis.literal(False)
    return (cleaned(read[f"_raw_{column}"]) == marker.value).fill_null(False)


def _totals_fact(read: ibis.Table, raw: RawTable, company: Company) -> Fact | None:
    """A declared totals row that does not equal the rows above it is a damaged export."""
    money = _money_column(raw)
    if money is None:
        return None
    sums = read.group_by("_totals").aggregate(rows=read.count(), amount=read[money].sum()).execute()
    by = {bool(row["_totals"]): row for _, row in sums.iterrows()}
    stated, summed = by.get(True), by.get(False)
    if stated is not None and summed is not None and stated["amount"] == summed["amount"]:
        return None
    said = "is not there" if stated is None else f"says {stated['amount']}"
    return Fact(
        table=raw.name,
        disposition="reject",
        rule="totals_row",
        message=f"the totals row {said}, the rows sum to {summed['amount'] if summed is not None else 0}",
        remedy="export again; rows are missing or the totals row is not of these rows",
        file=raw.files[0].name,
        rows=1,
    )


def _broken(body: ibis.Table, rules: Sequence[Rule], raw: RawTable) -> list[Fact]:
    """One query counts all rules, a second one fetches an example of each that is broken."""
    money = _money_column(raw)
    conditions = {f"r{i}": rule.broken(body) for i, rule in enumerate(rules)}
    counts = {f"{key}_n": test.sum() for key, test in conditions.items()}
    if money:
        counts |= {f"{key}_a": body[money].sum(where=test) for key, test in conditions.items()}
    counts |= {f"{key}_o": body["_order"].min(where=test) for key, test in conditions.items()}
    found = body.aggregate(**counts).execute().iloc[0]
    hit = [(f"r{i}", rule) for i, rule in enumerate(rules) if found[f"r{i}_n"] and found[f"r{i}_n"] > 0]
    if not hit:
        return []
    orders = {int(found[f"{key}_o"]) for key, _ in hit}
    examples = body.filter(body["_order"].isin(orders)).execute().set_index("_order")
    return [
        _fact(
            rule,
            raw,
            examples.loc[int(found[f"{key}_o"])],
            rows=int(found[f"{key}_n"]),
            amount=_as_float(found[f"{key}_a"]) if money else None,
        )
        for key, rule in hit
    ]


def _fact(rule: Rule, raw: RawTable, example: pd.Series, *, rows: int, amount: float | None) -> Fact:
    header = raw.headers.get(rule.column, "") if rule.column else ""
    cell = example.get(f"_raw_{rule.column}") if rule.column else None
    return Fact(
        table=raw.name,
        disposition=rule.disposition,
        rule=rule.id,
        message=rule.message,
        remedy=rule.remedy,
        file=str(example["_file"]),
        row=int(example["_row"]),
        column=header,
        excerpt=excerpt_of(cell),
        rows=rows,
        amount=amount,
    )


def _reason(rules: Sequence[Rule], body: ibis.Table) -> ir.StringValue:
    """Ids of the quarantine rules that a row breaks, joined; empty for a good row."""
    reason = ibis.literal("")
    for rule in rules:
        reason = reason + ibis.ifelse(rule.broken(body), rule.id + " ", "")
    return reason.strip()


def _unknown_references(flagged: ibis.Table, name: str, invoice_ids: ibis.Table | None) -> ibis.Table:
    if name not in ("entries", "disputes") or invoice_ids is None:
        return flagged
    known = invoice_ids.select(_known_id="invoice_id").distinct()
    joined = flagged.left_join(known, flagged["invoice_id"] == known["_known_id"])
    unknown = joined["invoice_id"].notnull() & joined["_known_id"].isnull()
    return joined.mutate(_reason=_also(joined["_reason"], unknown, "unknown_invoice")).drop("_known_id")


def _also(reason: ir.StringValue, test: ir.BooleanValue, rule: str) -> ir.StringValue:
    return ibis.ifelse(test, (reason + " " + rule).strip(), reason)


def _copies(flagged: ibis.Table, name: str) -> ibis.Table:
    """Of identical rows one is kept; rows that share a key and differ are all kept out."""
    key = list(TABLES[name].unique)
    sound = flagged.filter(flagged["_reason"] == "")
    doubles = sound.group_by(key).aggregate(
        _n=sound.count(), _first=sound["_order"].min(), _low=sound["_whole"].min(), _high=sound["_whole"].max()
    )
    doubles = doubles.filter(doubles["_n"] > 1).rename({f"_key_{c}": c for c in key})
    matches = [flagged[c].identical_to(doubles[f"_key_{c}"]) for c in key]
    joined = flagged.left_join(doubles, matches)
    sound_row = joined["_reason"] == ""
    differ = (joined["_low"] != joined["_high"]).fill_null(False) & sound_row
    copy = (joined["_low"] == joined["_high"]).fill_null(False) & (joined["_order"] != joined["_first"]) & sound_row
    reason = ibis.cases((differ, "differing_copies"), (copy, "identical_copy"), else_=joined["_reason"])
    return joined.mutate(_reason=reason).select(flagged.columns)


_KEPT_OUT_MESSAGES: dict[str, tuple[Disposition, str, str]] = {
    "unknown_invoice": (
        "quarantine",
        "names an invoice that is not in the books, or that was kept out",
        "complete the invoices, or blank the reference to treat it as unapplied",
    ),
    "differing_copies": (
        "quarantine",
        "the same number occurs on rows that differ; all of them are kept out",
        "find out which is right; nothing is guessed",
    ),
    "identical_copy": ("warn", "an identical copy of an earlier row is left out", "none needed"),
}


def _reference_facts(judged: ibis.Table, raw: RawTable) -> list[Fact]:
    money, facts = _money_column(raw), []
    for rule, (disposition, message, remedy) in _KEPT_OUT_MESSAGES.items():
        rows = judged.filter(judged["_reason"].contains(rule))
        measures = {"n": rows.count(), "order": rows["_order"].min()}
        found = rows.aggregate(**measures, **({"a": rows[money].sum()} if money else {})).execute().iloc[0]
        if not found["n"]:
            continue
        example = rows.filter(rows["_order"] == int(found["order"])).execute().iloc[0]
        column = "invoice_id" if rule == "unknown_invoice" else TABLES[raw.name].unique[0]
        shown = Rule(
            id=rule,
            disposition=disposition,
            message=message,
            remedy=remedy,
            column=column,
            broken=lambda t: t["_short"],
        )
        amount = _as_float(found["a"]) if money else None
        facts.append(_fact(shown, raw, example, rows=int(found["n"]), amount=amount))
    return facts


def _id_facts(judged: ibis.Table, raw: RawTable) -> list[Fact]:
    """Ids that differ only by case or leading zeros stay apart, but somebody should look."""
    ids = [c for c in raw.mapped if c.endswith("_id") and TABLES[raw.name].column(c).kind is Kind.TEXT]
    if not ids:
        return []
    measures: dict[str, ir.Value] = {}
    for column in ids:
        value = judged[column]
        measures |= {
            f"{column}|": value.nunique(),
            f"{column}|case": value.lower().nunique(),
            f"{column}|leading zeros": value.re_replace("^0+", "").nunique(),
        }
    counts = judged.aggregate(**measures).execute().iloc[0]
    return [
        Fact(
            table=raw.name,
            disposition="warn",
            rule=f"near_{column}",
            message=f"{counts[f'{column}|'] - counts[f'{column}|{how}']} id(s) differ from another only by {how}",
            remedy="they are kept apart; correct the source if they are one",
            file=raw.files[0].name,
            column=raw.headers[column],
            rows=int(counts[f"{column}|"] - counts[f"{column}|{how}"]),
        )
        for column in ids
        for how in ("case", "leading zeros")
        if counts[f"{column}|{how}"] < counts[f"{column}|"]
    ]


def _kept_out(judged: ibis.Table, raw: RawTable) -> pd.DataFrame:
    """Rows that are not used, as they were written; the file for the person who mends the source."""
    rows = judged.filter(judged["_reason"] != "").order_by("_order")
    columns = {c: rows[f"_raw_{c}"] for c in raw.mapped}
    frame = rows.select(file=rows["_file"], row=rows["_row"], reason=rows["_reason"], **columns).execute()
    frame.insert(0, "table", raw.name)
    return frame


def _control(judged: ibis.Table, raw: RawTable, company: Company) -> pd.DataFrame:
    """Rows and amounts by currency and fate; amounts as exact decimals, unreadable ones as none."""
    money = _money_column(raw)
    has_currency = "currency" in TABLES[raw.name].names
    fate = ibis.cases(
        (judged["_reason"] == "", "accepted"),
        (judged["_reason"] == "identical_copy", "identical_copy"),
        (judged["_reason"] == "totals_row", "totals_row"),
        else_="quarantined",
    )
    keyed = judged.mutate(
        fate=fate, _code=judged["currency"].fill_null(company.currency) if has_currency else ibis.literal("")
    )
    counted = keyed.group_by("fate", "_code").aggregate(
        rows=keyed.count(), amount=keyed[money].sum() if money else ibis.null("decimal(38, 3)")
    )
    frame = counted.execute().rename(columns={"_code": "currency"})
    frame.insert(0, "table", raw.name)
    return frame.sort_values(["currency", "fate"], ignore_index=True)


def _money_column(raw: RawTable) -> str | None:
    return next((c.name for c in TABLES[raw.name].columns if c.kind is Kind.MONEY and c.name in raw.mapped), None)


def _as_float(value: object) -> float:
    return 0.0 if value is None or value != value else float(value)  # type: ignore[arg-type]
