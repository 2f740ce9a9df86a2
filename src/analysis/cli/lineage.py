"""The command that tells where a number of a published report comes from."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.arguments import ReportFolder, app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from analysis.run.footing import Footing
    from analysis.run.lineage import Lineage


@app.command()
def explain(
    report: ReportFolder,
    finding: Annotated[str, typer.Argument(metavar="FINDING_ID", help="such as overdue_share; see findings.json")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="rows of each sum to show; all with --json")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, for machines")] = False,
) -> None:
    """Where a number comes from: definition, inputs, the notebook's cell, and the rows that sum to it."""
    from analysis.run.lineage import lineage

    told = lineage(report, finding)
    if as_json:
        typer.echo(json.dumps(_as_dict(told), indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    # a log has no width of its own, and must not cut a name in two
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=120)
    _print(console, told, rows=rows)


def _as_dict(told: Lineage) -> dict[str, Any]:
    from dataclasses import asdict

    sums = [{**asdict(one), "parts": [list(part) for part in one.parts], "foots": one.foots} for one in told.footings]
    return {
        **{name: getattr(told, name) for name in ("id", "kind", "report_id", "as_of", "known_by", "intact")},
        "found": {name: part for name, part in told.found.items() if name != "made_by"},
        "definition": asdict(told.definition) if told.definition else None,
        "made_by": {
            "notebook": told.notebook,
            "handed_over_by": told.handed_over_by,
            "written_by": told.written_by,
            "cell": asdict(told.cell) if told.cell else None,
        },
        "sentences": dict(told.sentences),
        "tables": dict(told.tables),
        "footings": sums,
    }


def _print(console: Console, told: Lineage, *, rows: int) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, text in _lines(told):
        grid.add_row(name, Text(text))
    console.print(grid)
    if told.cell is not None:
        console.print()
        console.print(Text(f"notebooks/{told.notebook}.ipynb, cell {told.cell.place}", style="dim"))
        console.print(Text("\n".join(f"    {line}" for line in told.cell.source.rstrip().splitlines())))
    for one in told.footings:
        of = f", which is its {one.of}" if one.of else ""
        console.print()
        console.print(Text(f"{one.how[:1].upper()}{one.how[1:]}{of}", style="bold"))
        console.print(_rows(one, told, most=rows))


def _lines(told: Lineage) -> Iterator[tuple[str, str]]:
    """Name and text of each line, as far as there is anything to say."""
    yield "finding", f"{told.id} ({told.kind.removesuffix('s') if told.kind != 'unavailable' else 'not available'})"
    known = f", known by {told.known_by}" if told.known_by not in ("", told.as_of) else ""
    yield "report", f"{told.report_id}{f', as of {told.as_of}' if told.as_of else ''}{known}"
    if told.intact is False:
        yield "warning", "findings.json is not as it was published; see paycurve verify"
    if told.kind == "numbers":
        yield from _of_number(told)
    for name in ("text", "caption", "alt", "reason", "formula", "file"):
        if told.found.get(name):
            yield name, str(told.found[name])
    for id in told.found.get("uses", ()):
        yield "uses", str(id)
    if told.definition is not None:
        one = told.definition
        parts = ("definition", one.name), ("formula", one.formula), ("meaning", one.reading), ("trap", one.trap)
        yield from (*parts, ("source", one.source))
    yield from _of_authors(told)
    yield from (("sentence", f"{id}: {text}") for id, text in told.sentences.items())
    yield from (("table", f"tables/{id}.csv holds it, in {heading!r}") for id, heading in told.tables.items())
    if told.kind == "numbers" and not told.footings:
        yield "rows", "the report holds no rows that it is the sum of"


def _of_number(told: Lineage) -> Iterator[tuple[str, str]]:
    from analysis.reporting import blocks, words
    from analysis.reporting.sections.definitions_told import input_told

    number = told.found
    unit, value = number["unit"], blocks.value_of(number)
    yield "what", number["label"]
    yield "value", words.quantity(value, unit=unit)
    if value is not None and value == value and not told.found.get("not_reached"):
        yield "in full", f"{value!r} ({unit})"
    if interval := blocks.interval(number):
        yield "interval", interval
    for key, name in (("last_month", "last month"), ("last_year", "last year"), ("target", "target")):
        if number[key] is not None:
            yield name, words.quantity(number[key], unit=unit)
    if number.get("count") is not None:
        yield "count", words.count(number["count"])
    for name, amount in number["inputs"].items():
        yield "input", f"{name.replace('_', ' ')} = {words.NOT_DEFINED if amount is None else input_told(amount)}"


def _of_authors(told: Lineage) -> Iterator[tuple[str, str]]:
    if not told.notebook:
        yield "made by", "not kept in this report, which is older than the record of it"
        return
    yield "notebook", f"{told.notebook}{'' if told.cell else ' (the cell was not found in it)'}"
    yield "handed over", f"by {told.handed_over_by}"
    if told.written_by != told.handed_over_by:
        yield "written", f"by {told.written_by}"


def _rows(one: Footing, told: Lineage, *, most: int) -> Any:
    """The parts of a sum as a table, with the sum and whether it is the figure."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from analysis.reporting.blocks import is_currency

    unit = str(told.found["unit"])
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(one.source)
    table.add_column(unit if is_currency(unit) and not one.of else "", justify="right")
    for label, amount in one.parts[:most]:
        table.add_row(Text(label), _exact(amount))
    if len(one.parts) > most:
        rest = one.parts[most:]
        more = "one more row" if len(rest) == 1 else f"{len(rest):,} more rows"
        table.add_row(more, _exact(math.fsum(amount for _, amount in rest)))
    table.add_section()
    table.add_row("comes to", _exact(one.sum), style="bold")
    table.add_row(one.of or "the number", _exact(one.value))
    table.add_row(*_verdict(one))
    return table


def _verdict(one: Footing) -> tuple[str, str]:
    if one.foots:
        return "foots", f"yes, within the rounding of {one.tolerance:.3g}" if one.tolerance else "yes"
    return "does not foot, a difference of", _exact(one.sum - one.value)


def _exact(amount: float) -> str:
    """A figure as it is kept, to the thousandth where it is no whole number; small ones in full."""
    if float(amount).is_integer():
        return f"{amount:,.0f}"
    return f"{amount:,.3f}" if abs(amount) >= 1 else f"{amount:.6g}"
