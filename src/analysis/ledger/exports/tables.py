"""Which tables of the contract a set of exports holds."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.ledger.contract import TABLES
from analysis.ledger.exports.columns import Match, hardly_repeats, matched
from analysis.ledger.exports.sample import Sample


def assigned(samples: Sequence[Sample]) -> tuple[list[list[Match]], list[str]]:
    """Each table of the contract with the samples that hold it, invoices first, and what stays unused.

    Samples with the same headers are parts of one table. Where no sample is clearly invoices, the
    likeliest is taken, because without invoices there are no receivables to report.
    """
    found = [{table: matched(sample, table) for table in TABLES} for sample in samples]
    chosen: list[Match | None] = []
    for by_table in found:
        whole = [one for one in by_table.values() if _is_whole(one)]
        chosen.append(max(whole, key=lambda one: one.score, default=None))
    if not any(one is not None and one.table == "invoices" for one in chosen):
        likeliest = max(
            range(len(samples)), key=lambda i: (-len(found[i]["invoices"].missing), _invoices_rank(found[i]))
        )
        chosen[likeliest] = found[likeliest]["invoices"]
    tables: dict[str, list[Match]] = {}
    unused = []
    for sample, one, by_table in zip(samples, chosen, found, strict=True):
        if one is None:
            unused.append(f"{sample.label}: {_nearest(by_table)}; it is left out")
            continue
        tables.setdefault(one.table, []).append(one)
    for name, matches in tables.items():
        matches.sort(key=lambda one: -one.score)
        first = matches[0]
        parts = [one for one in matches if _same_form(one.sample, first.sample)]
        unused += [f"{one.sample.label}: also looks like {name}; it is left out" for one in matches if one not in parts]
        tables[name] = sorted(parts, key=lambda one: one.sample.path.name)
    return [tables[name] for name in TABLES if name in tables], unused


def _is_whole(one: Match) -> bool:
    """Whether nothing is missing that only the export can tell, and more than a number is told."""
    key = TABLES[one.table].key
    repeats = key is not None and key in one.columns and not hardly_repeats(one.sample.columns[one.columns[key]])
    return not one.missing and len(one.columns) > 1 and not (repeats and one.table == "customers")


def _nearest(by_table: dict[str, Match]) -> str:
    """What a sample that is no whole table lacks most nearly."""
    one = max(by_table.values(), key=lambda one: one.score - 2 * len(one.missing))
    if len(one.columns) > 1 and one.missing:
        return f"looks like {one.table}, but no header for {', '.join(one.missing)} was recognised"
    return "no table of the contract was recognised"


def _invoices_rank(by_table: dict[str, Match]) -> float:
    """How much more a sample looks like invoices than like anything else."""
    others = (one.score for name, one in by_table.items() if name != "invoices" and not one.missing)
    return by_table["invoices"].score - max(others, default=0.0)


def _same_form(one: Sample, other: Sample) -> bool:
    return (one.columns.keys(), one.encoding, one.delimiter, one.path.suffix) == (
        other.columns.keys(),
        other.encoding,
        other.delimiter,
        other.path.suffix,
    )
