"""Commands that make reports: of one period, and of many past ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.cli.arguments import AsOf, CompanyFile, KnownBy, Reports, TimeLimit, app, notebooks_folder
from analysis.cli.machine_line import machine_line
from analysis.faults import UsageFault


@app.command()
def report(
    company: CompanyFile,
    as_of: AsOf,
    reports: Reports = Path("reports"),
    known_by: KnownBy = "",
    workers: Annotated[int, typer.Option("--workers", min=1, help="notebooks run side by side")] = 2,
    time_limit: TimeLimit = 1800,
    anew: Annotated[bool, typer.Option("--anew", help="also where nothing changed since it was published")] = False,
    turn: Annotated[int, typer.Option("--turn", hidden=True)] = -1,
) -> None:
    """The monthly run: notebooks, checks, PDF, published in one step as REPORTS/DATE."""
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date
    from analysis.run import Limits, progress_on, run
    from analysis.run.monthly import REPORT, monthly_recipe

    with machine_line("report", company=str(company), as_of=as_of, report=None, run_id=None, alarms=[]) as line:
        on = iso_date(as_of, name="--as-of")
        recipe = monthly_recipe(
            load_company(company),
            as_of=on,
            known_by=iso_date(known_by, name="--known-by") if known_by else on,
            notebooks=notebooks_folder(),
            # a backfilled report is made of the books alone, so that months can be made side by side
            reports=reports if turn < 0 else None,
            workers=workers,
            await_turn=None if turn < 0 else lambda: _end_of(turn),
        )
        published = run(
            recipe,
            reports=reports,
            period=on.isoformat(),
            parameters={},
            limits=Limits(run_seconds=time_limit),
            progress=progress_on(sys.stderr),
            anew=anew,
        )
        line.update(
            report=str(published.report / REPORT),
            run_id=published.run_id,
            manifest_sha256=published.manifest_sha256,
            made=published.made,
            alarms=list(published.alarms),
        )
        if not published.made:
            typer.echo(f"{published.report}: is published already, made of the same; nothing to do (--anew)", err=True)
        for alarm in published.alarms:
            typer.echo(f"alarm: {alarm['message']}", err=True)


@app.command()
def backfill(
    company: CompanyFile,
    first: Annotated[str, typer.Option("--from", metavar="MONTH", help="the first month, as 2026-01")],
    last: Annotated[str, typer.Option("--to", metavar="MONTH", help="the last month, as 2026-10")],
    reports: Reports = Path("reports"),
    known_by: KnownBy = "",
    workers: Annotated[int, typer.Option("--workers", min=1, help="months made side by side")] = 1,
    time_limit: TimeLimit = 1800,
) -> None:
    """Reports of past months, each as of its last day; what is published and unchanged is skipped."""
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date
    from analysis.run.backfill import backfill as backfilled
    from analysis.run.backfill import month_ends, worst

    def command(period: str, turn: int) -> list[str]:
        options: dict[str, object] = {
            "--as-of": period,
            "--reports": reports,
            "--time-limit": time_limit,
            "--turn": turn,
        }
        if known_by:
            options["--known-by"] = known_by
        # one core for each month where there are several at once
        options["--workers"] = 2 if workers == 1 else 1
        given = [str(part) for option in options.items() for part in option]
        return [sys.executable, "-P", "-m", "analysis.cli", "report", str(company), *given]

    with machine_line("backfill", company=str(company), first=first, last=last) as line:
        load_company(company)
        periods = month_ends(first, last)
        if known_by and iso_date(known_by, name="--known-by").isoformat() < periods[-1]:
            raise UsageFault(f"--known-by {known_by} lies before {periods[-1]}, the last of the months")
        outcomes = backfilled(
            periods,
            command,
            workers=workers,
            say=lambda text: typer.echo(text, err=True),
            limit_seconds=float(time_limit * len(periods)),
        )
        line["periods"] = [_told(outcome.period, outcome.exit_code, outcome.told) for outcome in outcomes]
        line["exit_code"] = worst(outcomes)
    if worst(outcomes):
        raise typer.Exit(worst(outcomes))


def _told(period: str, exit_code: int, told: Any) -> dict[str, Any]:
    kept = ("report", "run_id", "made", "alarms", "message", "seconds")
    return {"as_of": period, "exit_code": exit_code, **{name: told[name] for name in kept if told and name in told}}


def _end_of(descriptor: int) -> None:
    """Waits until whoever holds the other end of the pipe lets go of it."""
    while os.read(descriptor, 1):
        continue
