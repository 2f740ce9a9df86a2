"""Commands about the books themselves: propose a configuration, check them, make up some."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.arguments import CompanyFile, app
from analysis.faults import DataFault, InvariantFault, UsageFault

if TYPE_CHECKING:
    from analysis.ledger.books import Books


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="exports of the ledger")],
    out: Annotated[Path, typer.Option("--out", help="where to write the proposal")] = Path("company.toml"),
) -> None:
    """Propose a company.toml for the exports it is shown; a person finishes it."""
    from analysis.ledger.propose import propose

    if out.exists():
        raise UsageFault(f"{out} exists already; give another --out, or move it away")
    proposal = propose(files, written_to=out)
    out.write_text(proposal.text, encoding="utf-8")
    typer.echo(f"{out}: written; look through it, then run: paycurve check {out}", err=True)
    for doubt in proposal.unsure:
        typer.echo(f"  unsure: {doubt}", err=True)


@app.command()
def check(
    company: CompanyFile,
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="last booking where not given")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="findings as JSON, for machines")] = False,
) -> None:
    """Validate and reconcile the books; say what is wrong, row by row."""
    from analysis.ledger.acceptance import last_booking
    from analysis.ledger.books import examine
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date

    settings = load_company(company)
    stated = iso_date(as_of, name="--as-of") if as_of else None
    books = examine(settings)
    on = stated or last_booking(books)
    broken = [] if books.rejections or on is None else _reconciled(books, on)
    if as_json:
        _print_json(books, broken)
    else:
        _print_table(books, on, broken)
    if books.rejections:
        raise DataFault(f"{len(books.rejections)} finding(s) for which these books cannot be used")
    if broken:
        raise InvariantFault("\n".join(broken))


@app.command()
def simulate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="where to write the ledger")],
    invoices: Annotated[int, typer.Option("--invoices", min=1, help="how many invoices")] = 24_000,
    seed: Annotated[int, typer.Option("--seed", help="the same seed gives the same ledger")] = 1,
) -> None:
    """Write a made-up ledger whose true behaviour is known, with its company.toml."""
    from analysis.ledger.simulate import simulate as simulated
    from analysis.ledger.simulate import write_world

    write_world(simulated(n_invoices=invoices, seed=seed), directory)
    typer.echo(f"{directory}: written; try: paycurve check {directory / 'company.toml'}", err=True)


def _reconciled(books: Books, on: date) -> list[str]:
    """What does not tie: ledger against control account, and movements against balances."""
    from analysis.ledger.snapshot import as_of
    from analysis.measures.months import ledger_months
    from analysis.measures.roll_forward import exact_roll_forward, reconcile

    months = ledger_months(as_of(books, on), by=["entity"])
    broken = [
        f"{row['entity']}, {row['currency']}: movements and balances differ by {row['difference']}"
        for row in exact_roll_forward(months).to_dict("records")
        if row["difference"]
    ]
    tolerance = books.company.policy.control_tolerance
    return broken + [
        f"{one.entity or books.company.name}: ledger {one.ledger}, control account {one.control}, "
        f"difference {one.difference} on {one.on}, by what was recorded up to that day"
        for one in reconcile(months)
        if abs(one.difference) > tolerance
    ]


def _print_json(books: Books, broken: list[str]) -> None:
    import json

    found = {
        "facts": [fact.as_dict() for fact in books.facts],
        "rows": books.control.astype({"amount": str}).to_dict("records"),
        "not_reconciled": broken,
    }
    typer.echo(json.dumps(found, indent=2, default=str))


def _print_table(books: Books, on: date | None, broken: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from analysis.ledger.opening import fates

    # a log has no width of its own, and must not cut a name in two
    console = Console() if sys.stdout.isatty() else Console(width=200)
    if books.facts:
        table = Table("", "where", "what", "rows", "remedy", title="Findings", title_justify="left", show_lines=False)
        table.columns[3].justify = "right"
        order = {"reject": 0, "quarantine": 1, "warn": 2}
        for fact in sorted(books.facts, key=lambda f: order[f.disposition]):
            place = [fact.file or fact.table, f"row {fact.row:,}" if fact.row else "", fact.column]
            where = ", ".join(part for part in place if part)
            shown = f"{fact.message} ({fact.excerpt!r})" if fact.excerpt else fact.message
            style = {"reject": "red", "quarantine": "yellow", "warn": "dim"}[fact.disposition]
            cells = (where, shown, f"{fact.rows:,}" if fact.rows else "", fact.remedy)
            table.add_row(Text(fact.disposition, style=style), *map(Text, cells))
        console.print(table)
    if len(books.control):
        rows = Table("table", "read", "used", "copies", "totals", "kept out", title="Rows", title_justify="left")
        for name, row in fates(books.control).iterrows():
            counts = (row[c] for c in ("read", "accepted", "identical_copy", "totals_row", "quarantined"))
            rows.add_row(str(name), *(f"{count:,}" for count in counts))
        console.print(rows)
    if on is not None and not books.rejections and not broken:
        console.print(f"The books hold together as of {on}.", highlight=False)
