"""Which header of an export is which column of the contract, by its name and by its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache

from analysis.ledger.contract import TABLES, Column, Kind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.exports.headers import FILE_WORDS, FLAG_LABELS, HEADERS, KIND_LABELS, label_of, tokens
from analysis.ledger.exports.notation import are_dates, are_numbers, date_notation
from analysis.ledger.exports.sample import Sample

# What a table can do without, because company.toml can state it for all rows.
_STATED = {"invoices": ("due_on",), "entries": ("kind",)}
# Words that stand in too many headers to tell a column alone.
_COMMON = frozenset(
    tokens(
        """account amount balance belegnummer betrag bill case category channel client cliente code company country
        credit currency customer data date datum debtor decision document due entity entry fecha group industry invoice
        issue konto kunde limit method montant name note number order parent payment period rate rating reason reference
        result sector segment size source status subject terms ticket total type value"""
    )
)
_NAMED_MIN = 0.45
_FILE_NAME_BONUS = 4.0
# Two headers whose names speak for a column about as clearly; the values decide, or a person.
_CLOSE = 0.12
# A column of booking kinds has a handful of values, one of free text has thousands.
_CHOICES_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """A table of the contract as found in one sample; ``doubts`` are by contract column."""

    table: str
    sample: Sample
    columns: dict[str, str]
    missing: tuple[str, ...] = ()
    score: float = 0.0
    doubts: dict[str, str] = field(default_factory=dict)


def matched(sample: Sample, table: str) -> Match:
    """The columns of one contract table among the headers of a sample."""
    candidates = {column.name: _candidates(sample, table, column) for column in TABLES[table].columns}
    mandatory = TABLES[table].mandatory
    chosen = _best_pairs(candidates, mandatory, taken={})
    if table == "invoices" and {"issued_on", "due_on"} <= chosen.keys():
        chosen["issued_on"] = _issue_date(sample, chosen, candidates["issued_on"])
    chosen |= _best_pairs(candidates, [name for name in TABLES[table].names if name not in mandatory], taken=chosen)
    columns = {name: chosen[name] for name in TABLES[table].names if name in chosen}
    absent = [name for name in mandatory if name not in columns]
    missing = tuple(name for name in absent if name not in _STATED.get(table, ()))
    score = sum((2 if name in mandatory else 1) * candidates[name][header] for name, header in columns.items())
    score += _FILE_NAME_BONUS * _speaks_of(sample, table) - 0.3 * len(absent)
    return Match(
        table=table,
        sample=sample,
        columns=columns,
        missing=missing,
        score=score,
        doubts=_rivals(sample, columns, candidates),
    )


@cache
def _names(table: str, column: str) -> tuple[tuple[str, ...], ...]:
    written = [column, *HEADERS[table].get(column, "").split("|")]
    return tuple(dict.fromkeys(tokens(name) for name in written))


def _candidates(sample: Sample, table: str, column: Column) -> dict[str, float]:
    """Headers that may be a column, with a score from 0 to 1 by name; values that cannot be it exclude."""
    scores = {header: _named(_telling(header), _names(table, column.name)) for header in sample.columns}
    is_key = TABLES[table].key == column.name
    return {
        header: score * (0.6 if is_key and not hardly_repeats(sample.columns[header]) else 1.0)
        for header, score in scores.items()
        if score >= _NAMED_MIN and _plausible(sample, header, column)
    }


def _telling(header: str) -> tuple[str, ...]:
    """Words of a header without a currency's code: ``Amount in USD`` is an amount."""
    words = tokens(header)
    told = tuple(word for word in words if word.upper() not in MINOR_UNITS)
    return words if told == words or not told else tuple(word for word in told if word != "in")


def _named(header: tuple[str, ...], names: tuple[tuple[str, ...], ...]) -> float:
    joined, words = "".join(header), set(header)
    best = 0.0
    for rank, name in enumerate(names):
        if not name:
            continue
        place = rank / len(names)
        if joined and joined == "".join(name):
            best = max(best, 1.0 - 0.3 * place)
        elif words.issuperset(name) and (len(name) > 1 or (len(name[0]) > 4 and name[0] not in _COMMON)):
            best = max(best, 0.65 - 0.2 * place)
    return best


def _plausible(sample: Sample, header: str, column: Column) -> bool:
    """Whether the values of a column can be of the kind that the contract asks for."""
    values = [value for value in sample.columns[header] if value.strip()]
    typed = sample.typed.get(header)
    if not values:
        return not column.mandatory
    if column.name == "currency":
        return all(value.strip().upper() in MINOR_UNITS for value in set(values))
    if column.choices:
        return len(set(values)) <= _CHOICES_MAX and any(
            label_of(value, KIND_LABELS) or value in column.choices for value in set(values)
        )
    match column.kind:
        case Kind.DATE | Kind.TIMESTAMP:
            return typed in ("date", "timestamp") or (typed in (None, "number") and are_dates(values))
        case Kind.MONEY | Kind.NUMBER | Kind.INTEGER:
            return typed == "number" or (typed is None and are_numbers(values))
        case Kind.FLAG:
            return typed == "flag" or all(label_of(value, FLAG_LABELS) for value in set(values))
        case _:
            letters = sum(any(sign.isalpha() for sign in value) for value in values)
            return typed not in ("date", "timestamp") and (column.name != "name" or letters > len(values) / 2)


def hardly_repeats(values: Sequence[str]) -> bool:
    """Whether hardly a value repeats; an export may hold a few rows twice."""
    return len(set(values)) >= 0.9 * len(values)


def _speaks_of(sample: Sample, table: str) -> bool:
    words = tokens(sample.path.stem) + tokens(sample.sheet or "") + tokens(sample.table or "")
    return any(set(tokens(name)) <= set(words) for name in (table, *FILE_WORDS.get(table, "").split("|")) if name)


def _best_pairs(
    candidates: dict[str, dict[str, float]], names: Iterable[str], *, taken: dict[str, str]
) -> dict[str, str]:
    """A header for each of the named columns, the surest pair first, no header twice."""
    pairs = [(score, name, header) for name in names for header, score in candidates[name].items()]
    chosen: dict[str, str] = {}
    for _, name, header in sorted(pairs, key=lambda pair: -pair[0]):
        if name not in chosen and header not in chosen.values() and header not in taken.values():
            chosen[name] = header
    return chosen


def _issue_date(sample: Sample, chosen: dict[str, str], candidates: dict[str, float]) -> str:
    """Among dates named about as clearly, terms run from the one that the fewest due dates precede."""
    first = chosen["issued_on"]
    close = {
        header: score
        for header, score in candidates.items()
        if header == first or (score >= candidates[first] - _CLOSE and header not in chosen.values())
    }
    due = _days(sample, chosen["due_on"])
    return min(close, key=lambda header: (_earlier(due, _days(sample, header)), -close[header]))


def due_before_issue(sample: Sample, *, issued_on: str, due_on: str) -> int:
    """Rows of the sample whose due date is before the date in the column ``issued_on``."""
    return _earlier(_days(sample, due_on), _days(sample, issued_on))


def _earlier(due: list[str], issued: list[str]) -> int:
    return sum(bool(a and b) and a < b for a, b in zip(due, issued, strict=True))


def _days(sample: Sample, header: str) -> list[str]:
    """Dates of a column in ISO form; empty where they cannot be read."""
    values = sample.columns[header]
    if sample.typed.get(header) in ("date", "timestamp"):
        return values
    pattern = date_notation([values], day_first=sample.delimiter == ";").pattern
    return [_iso(value, pattern) for value in values]


@lru_cache(maxsize=1 << 16)
def _iso(value: str, pattern: str) -> str:
    try:
        return datetime.strptime(value.strip(), pattern).date().isoformat()  # noqa: DTZ007  ledger dates have no zone
    except ValueError:
        return ""


def _rivals(sample: Sample, columns: dict[str, str], candidates: dict[str, dict[str, float]]) -> dict[str, str]:
    """Columns for which another, unused header is named about as clearly and holds other values."""
    doubts = {}
    for name, header in columns.items():
        others = [
            other
            for other, score in candidates[name].items()
            if other not in columns.values()
            and "_".join(tokens(header)) != "_".join(tokens(name))
            and score >= candidates[name][header] - _CLOSE
            and sample.columns[other] != sample.columns[header]
        ]
        if others:
            doubts[name] = f"or is it {' or '.join(_told(sample, name, one, columns) for one in others)}?"
    return doubts


def _told(sample: Sample, name: str, header: str, columns: dict[str, str]) -> str:
    """A rival header, and what speaks against it."""
    if name != "issued_on" or "due_on" not in columns:
        return repr(header)
    n_before = due_before_issue(sample, issued_on=header, due_on=columns["due_on"])
    return f"{header!r} (later than {n_before} due dates)" if n_before else repr(header)
