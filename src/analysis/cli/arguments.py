"""The command itself, and the arguments that its parts have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis import __version__
from analysis.faults import UsageFault

_REPOSITORY = Path(__file__).resolve().parents[3]

app = typer.Typer(
    help="Trade receivables: when customers pay, who may not, what it costs and what to do.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

CompanyFile = Annotated[Path, typer.Argument(metavar="COMPANY.toml", help="the company's configuration")]
AsOf = Annotated[str, typer.Option("--as-of", metavar="DATE", help="the date of the report, as 2026-10-31")]
KnownBy = Annotated[
    str, typer.Option("--known-by", metavar="DATE", help="last day of recording; the date itself where not given")
]
Reports = Annotated[Path, typer.Option("--reports", help="folder of all reports of this company")]
TimeLimit = Annotated[int, typer.Option("--time-limit", min=1, help="seconds for the whole run")]
ReportFolder = Annotated[Path, typer.Argument(metavar="REPORT", help="a published report")]


def notebooks_folder() -> Path:
    """Where the notebooks of the monthly run lie; UsageFault where they do not."""
    folder = _REPOSITORY / "notebooks"
    if not folder.is_dir():
        raise UsageFault(f"{folder}: the notebooks are not there; run paycurve from its repository")
    return folder


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"paycurve {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="show it")] = False,
) -> None:
    del version
