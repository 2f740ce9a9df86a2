"""The command that forecasts each open invoice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.arguments import AsOf, CompanyFile, KnownBy, app
from analysis.faults import UsageFault


@app.command()
def forecast(
    company: CompanyFile,
    as_of: AsOf,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.parquet", help="where to write it")],
    known_by: KnownBy = "",
) -> None:
    """Per open invoice: chance to be unpaid on each of the next 90 days, median day, and never."""
    from analysis.ledger.books import open_books
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date
    from analysis.ledger.snapshot import as_of as snapshot_of
    from analysis.measures.history import history_of

    if out.suffix != ".parquet":
        raise UsageFault(f"{out}: a forecast is written as Parquet; name the file {out.stem}.parquet")
    if not out.parent.is_dir():
        raise UsageFault(f"{out.parent}: is no folder to write {out.name} into; make it first")
    settings = load_company(company)
    on = iso_date(as_of, name="--as-of")
    known = iso_date(known_by, name="--known-by") if known_by else on
    typer.echo("reading and checking the books", err=True)
    history = history_of(snapshot_of(open_books(settings), on, known_by=known))
    typer.echo("judging models and naive rules on past days, then forecasting", err=True)
    from analysis.models.forecast import payment_forecast

    made = payment_forecast(history)
    frame = made.frame()
    frame.to_parquet(out, index=False)
    # it names customers, as a report does
    out.chmod(0o640)
    typer.echo(made.forecaster.chosen.verdict, err=True)
    typer.echo(f"{out}: {len(frame):,} open invoices", err=True)
