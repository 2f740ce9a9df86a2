"""Commands about published reports: whether they are as they were, and what is left of old ones."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.arguments import ReportFolder, app, notebooks_folder
from analysis.cli.machine_line import machine_line
from analysis.faults import UsageFault, VerifyFault

if TYPE_CHECKING:
    from analysis.run import Difference, Published


@app.command()
def verify(
    report: ReportFolder,
    rerun: Annotated[
        Path | None,
        typer.Option("--rerun", metavar="COMPANY.toml", help="make the run again and compare what comes of it"),
    ] = None,
) -> None:
    """Derive every hash of a published report again and say what differs."""
    from analysis.run import verify as differences_of
    from analysis.run.verification import purge_of

    with machine_line("verify", report=str(report)) as line:
        differences = differences_of(report)
        purge = purge_of(report)
        if rerun is not None and not differences:
            differences = _made_again(report, company=rerun)
        line["differences"] = [str(difference) for difference in differences]
        line["purged_on"] = purge.purged_on if purge else None
        if differences:
            raise VerifyFault("\n".join(f"{report}: {difference}" for difference in differences))
        how = f"purged on {purge.purged_on}; its manifest is as it was" if purge else "as it was published"
        typer.echo(f"{report}: {how}{', and comes out the same when made again' if rerun else ''}", err=True)


@app.command()
def purge(
    reports: Annotated[Path, typer.Argument(metavar="REPORTS", help="folder of all reports of one company")],
    older_than: Annotated[str, typer.Option("--older-than", metavar="MONTHS", help="such as 24m")],
    today: Annotated[str, typer.Option("--today", metavar="DATE", help="the day to count from; today if absent")] = "",
) -> None:
    """Remove the personal data of old runs; their manifests stay and verify says that they were purged."""
    from analysis.ledger.opening import iso_date
    from analysis.run.purge import purge as purged

    with machine_line("purge", reports=str(reports)) as line:
        months = re.fullmatch(r"([1-9]\d{0,3})m", older_than)
        if months is None:
            raise UsageFault(f"--older-than is {older_than!r}; write a number of months as 24m")
        on: date = iso_date(today, name="--today") if today else datetime.now(UTC).date()
        done = purged(reports, older_than_months=int(months[1]), today=on)
        line["purged"] = [one.run_id for one in done]
        for one in done:
            typer.echo(f"{one.run_id}: {one.files} files removed, its manifest stays", err=True)
        if not done:
            typer.echo(f"{reports}: nothing is older than {months[1]} months", err=True)


def _made_again(report: Path, *, company: Path) -> list[Difference]:
    from analysis.ledger.company import load_company
    from analysis.ledger.opening import iso_date
    from analysis.run import Limits, progress_on, run
    from analysis.run.manifest import read_manifest
    from analysis.run.monthly import monthly_recipe
    from analysis.run.rerun import rerun

    folder = report.resolve()
    manifest, settings = read_manifest(folder) or {}, load_company(company)
    on, known_by = (iso_date(str(manifest.get(name)), name=name) for name in ("as_of", "known_by"))

    def make(scratch: Path, run_id: str) -> Published:
        recipe = monthly_recipe(
            settings,
            as_of=on,
            known_by=known_by,
            notebooks=notebooks_folder(),
            reports=None if manifest.get("backfilled") else folder.parents[1],
        )
        return run(
            recipe,
            reports=scratch,
            period=on.isoformat(),
            parameters={},
            limits=Limits(),
            progress=progress_on(sys.stderr),
            run_id=run_id,
        )

    return rerun(report, make)
