"""A first ``company.toml`` for the exports of a company, for a person to finish."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.faults import UsageFault
from analysis.ledger.company import Format
from analysis.ledger.contract import TABLES, EntryKind, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.exports.columns import Match, matched
from analysis.ledger.exports.headers import FLAG_LABELS, KIND_LABELS, label_of, tokens
from analysis.ledger.exports.notation import date_notation, number_notation
from analysis.ledger.exports.oddities import oddity
from analysis.ledger.exports.sample import samples_of
from analysis.ledger.exports.tables import assigned
from analysis.ledger.exports.toml import Line, lines_of

# ISO 4217: the code for transactions where no currency is involved; it stands until a person states one.
_NO_CURRENCY = "XXX"
_USUAL_TERMS_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed configuration: the text of ``company.toml``, what is unsure, and contract column = header by table."""

    text: str
    unsure: tuple[str, ...]
    mapping: dict[str, dict[str, str]]


def propose(files: Sequence[Path], *, root: Path | None = None, written_to: Path) -> Proposal:
    """A ``company.toml`` for ``files`` that ``load_company`` accepts, with what a person must settle marked.

    Looks at the first 10,000 rows or 4 MB of each CSV, Excel, Parquet or DuckDB file. ``root`` is the
    folder below which all of them lie (their common folder where absent); the text names it relative
    to ``written_to``, the place of the new ``company.toml``. Nothing is written.

    Raises UsageFault for what is no regular file of a known kind, or lies outside ``root``.
    """
    if not files:
        raise UsageFault("name at least one export")
    samples = [sample for file in dict.fromkeys(files) for sample in samples_of(file)]
    samples = [sample for sample in samples if sample.columns]
    if not samples:
        raise UsageFault(f"{files[0]}: holds no table with a header")
    below = _root(files, root)
    tables, unused = assigned(samples)
    tables[0], twice = _paid_once(tables)
    repeated = _customers_of_invoices(tables)
    drawn = [*tables, [repeated]] if repeated else tables
    notations = {matches[0].table: _notation(matches) for matches in drawn}
    usual = notations["invoices"]
    # where every column is called as in the contract, the reader needs no list of them
    terse = all(name == header for matches in drawn for name, header in matches[0].columns.items())
    lines = [
        *_company(tables, below, written_to),
        *_format(usual),
        *(
            line
            for matches in drawn
            for line in _table(
                matches, below, _differing(notations[matches[0].table], usual), repeated=repeated, terse=terse
            )
        ),
        *_policy(tables),
        Line(section="report", key="editions", value=("management", "board"), note="shared: see docs/editions.md"),
    ]
    general = [*dict.fromkeys(doubt for sample in samples for doubt in sample.doubts), *unused, *twice, *_books(tables)]
    return Proposal(
        text=lines_of(lines, general=general),
        unsure=(*(f"{line.key}: {line.unsure}" for line in lines if line.unsure), *general),
        mapping={matches[0].table: dict(matches[0].columns) for matches in drawn},
    )


def _root(files: Sequence[Path], root: Path | None) -> Path:
    folders = [file.resolve().parent for file in files]
    if root is None:
        return Path(os.path.commonpath(folders))
    outside = [file for file, folder in zip(files, folders, strict=True) if not folder.is_relative_to(root.resolve())]
    if outside:
        raise UsageFault(f"{outside[0]}: lies outside the root {root}")
    return root.resolve()


def _customers_of_invoices(tables: list[list[Match]]) -> Match | None:
    """The customers that stand on each row of the invoices, where no file holds them and something tells of them."""
    if any(matches[0].table == "customers" for matches in tables):
        return None
    invoices = tables[0][0]
    customers = matched(invoices.sample, "customers")
    customer = invoices.columns.get("customer_id")
    told = {name: header for name, header in customers.columns.items() if header not in invoices.columns.values()}
    if customer is None or not told:
        return None
    return Match(table="customers", sample=invoices.sample, columns={"customer_id": customer, **told})


def _paid_once(tables: list[list[Match]]) -> tuple[list[Match], list[str]]:
    """The invoices without their paid date where bookings tell of payments too, because both would count."""
    if not any(matches[0].table == "entries" for matches in tables) or "paid_on" not in tables[0][0].columns:
        return tables[0], []
    flat = ("paid_on", "paid_amount")
    header = tables[0][0].columns["paid_on"]
    kept = [
        replace(one, columns={name: header for name, header in one.columns.items() if name not in flat})
        for one in tables[0]
    ]
    return kept, [f"{header!r} of the invoices tells of payments as the entries do; the entries are used"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notation:
    """How the files of one table write dates and numbers: keys of ``[format]`` seen there, and doubts about them."""

    seen: dict[str, str]
    doubts: dict[str, str]


def _notation(matches: list[Match]) -> _Notation:
    first = matches[0].sample
    by_kind: dict[Kind, list[list[str]]] = {}
    for one in matches:
        for name, header in one.columns.items():
            kind = TABLES[one.table].column(name).kind
            typed = one.sample.typed.get(header)
            if typed is None or (typed == "number" and kind in (Kind.DATE, Kind.TIMESTAMP)):
                by_kind.setdefault(kind, []).append(one.sample.columns[header])
    numbers = number_notation([*by_kind.get(Kind.MONEY, []), *by_kind.get(Kind.NUMBER, [])])
    day_first = numbers.decimal == "," or first.delimiter == ";"
    seen: dict[str, str] = {}
    if first.path.suffix.lower() in (".csv", ".txt", ".tsv"):
        seen |= {"delimiter": first.delimiter, "encoding": first.encoding}
    if by_kind.get(Kind.MONEY) or by_kind.get(Kind.NUMBER):
        seen |= {"decimal": numbers.decimal, "grouping": numbers.grouping}
    doubts = {"decimal": numbers.doubt} if numbers.doubt else {}
    for key, kind in (("date", Kind.DATE), ("timestamp", Kind.TIMESTAMP)):
        columns = [column for column in by_kind.get(kind, []) if any(cell.strip() for cell in column)]
        if columns:
            dates = date_notation(columns, day_first=day_first)
            seen[key] = dates.pattern
            if dates.doubt:
                doubts[key] = dates.doubt
    return _Notation(seen=seen, doubts=doubts)


def _company(tables: list[list[Match]], below: Path, written_to: Path) -> list[Line]:
    relative = os.path.relpath(below, written_to.resolve().parent).replace(os.sep, "/")
    codes = Counter(
        value.strip().upper()
        for matches in tables
        for one in matches
        for value in one.sample.columns.get(one.columns.get("currency", ""), [])
        if value.strip()
    )
    words = [word.upper() for one in tables[0] for word in tokens(one.columns.get("amount", ""))]
    named = [word for word in words if word in MINOR_UNITS]
    currency = codes.most_common(1)[0][0] if codes else (named[0] if named else _NO_CURRENCY)
    doubt = "" if codes or named else "the files name no currency; state it"
    if len(codes) > 1:
        others = ", ".join(sorted(codes.keys() - {currency}))
        doubt = f"the commonest; {others} needs a [[rates]] entry with currency, on, rate and source"
    return [
        Line(section="company", key="name", value=below.name or "company", note="as the report prints it"),
        Line(section="company", key="currency", value=currency, unsure=doubt),
        Line(section="company", key="root", value=relative),
    ]


def _format(usual: _Notation) -> list[Line]:
    """The notation of the invoices; the date pattern always, the rest where it is not the default or in doubt."""
    stated = {**Format().model_dump(), **usual.seen}
    shown = [key for key, value in stated.items() if value != getattr(Format(), key) or key in ("date", *usual.doubts)]
    return [Line(section="format", key=key, value=stated[key], unsure=usual.doubts.get(key, "")) for key in shown]


def _differing(own: _Notation, usual: _Notation) -> _Notation:
    """What a table writes otherwise than the invoices do."""
    stated = {**Format().model_dump(), **usual.seen}
    seen = {key: value for key, value in own.seen.items() if value != stated[key]}
    return _Notation(seen=seen, doubts={key: doubt for key, doubt in own.doubts.items() if key in seen})


def _table(
    matches: list[Match], below: Path, differing: _Notation, *, repeated: Match | None, terse: bool
) -> list[Line]:
    first = matches[0]
    section, sample = f"tables.{first.table}", first.sample
    files = [one.sample.path.resolve().relative_to(below).as_posix() for one in matches]
    lines = [Line(section=section, key="file", value=files[0] if len(files) == 1 else files)]
    for key, value in (("sheet", sample.sheet), ("table", sample.table)):
        if value is not None:
            lines.append(Line(section=section, key=key, value=value))
    if first is repeated:
        lines.append(Line(section=section, key="repeated", value=True, note="the commonest value on their invoices"))
    lines += [
        Line(section=section, key=f"format.{key}", value=value, unsure=differing.doubts.get(key, ""))
        for key, value in differing.seen.items()
    ]
    for name, header in first.columns.items():
        unsure = " ".join(part for part in (first.doubts.get(name, ""), oddity(first, name)) if part)
        if not terse or unsure:
            lines.append(Line(section=section, key=f"columns.{name}", value=header, unsure=unsure))
    lines += [
        Line(section=section, key=f"columns.{name}", value="?", unsure="no header was recognised; name it")
        for name in first.missing
    ]
    if first.table == "entries" and "kind" not in first.columns:
        note = "or map the column that tells payments from credit notes and write-offs"
        lines.append(Line(section=section, key="constants.kind", value="payment", note=note))
    return lines + _labels(first, section)


def _labels(one: Match, section: str) -> list[Line]:
    lines = []
    for name, header in one.columns.items():
        column = TABLES[one.table].column(name)
        choices = tuple(EntryKind) if name == "kind" and column.choices else ()
        if (column.kind is not Kind.FLAG and not choices) or one.sample.typed.get(header) == "flag":
            continue
        values = [value.strip() for value, _ in Counter(one.sample.columns[header]).most_common(20) if value.strip()]
        values = [value for value in values if value not in choices]
        read = {value: label_of(value, KIND_LABELS if choices else FLAG_LABELS) for value in values}
        unread = [value for value, meaning in read.items() if meaning is None]
        unsure = f"what is {unread[0]!r}?" if unread else ""
        known = {value: meaning for value, meaning in read.items() if meaning is not None}
        if known:
            lines.append(Line(section=section, key=f"labels.{name}", value=known, unsure=unsure))
    return lines


def _policy(tables: list[list[Match]]) -> list[Line]:
    if "due_on" in tables[0][0].columns:
        return []
    unsure = "no due date in the export; state the terms from the invoice date"
    return [Line(section="policy", key="terms_days", value=_USUAL_TERMS_DAYS, unsure=unsure)]


def _books(tables: list[list[Match]]) -> list[str]:
    """What the books as a whole leave open."""
    names = [matches[0].table for matches in tables]
    if "entries" in names or "paid_on" in tables[0][0].columns:
        return []
    return ["nothing tells what was paid: every invoice counts as open, as in a list of open items"]
