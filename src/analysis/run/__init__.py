"""One run: the ledger is prepared, notebooks ask their questions, the report is set and published.

Either all of it succeeds and the report of the period is replaced in one step, or nothing is published,
the earlier report stays as it was, and ``failed/<run id>/status.json`` says what went wrong.

A run works in a private scratch folder beside the published runs::

    prepared/        Parquet files made by ``prepare``; the notebooks' ``prepared``
    quarantine.csv   rows kept out, by ``prepare``
    output/          findings, tables and figures of the notebooks; their ``output_dir``
    notebooks/       as executed
    publish/         what ``finish`` leaves here is published, with notebooks and manifest
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.run.attempt import Attempt
from analysis.run.interruption import Interruptible, Interruption, OverdueFault, StoppedFault
from analysis.run.judgement import NotebookFault
from analysis.run.notebooks import NotebookStep, Value
from analysis.run.processes import adopting_orphans
from analysis.run.progress import LiveLines, PlainLines, Progress, Silence, progress_on
from analysis.run.publication import ReportsFolder, period_of
from analysis.run.recipe import Limits, Published, Recipe
from analysis.run.verification import Difference, verify

__all__ = [
    "Difference",
    "Limits",
    "LiveLines",
    "NotebookFault",
    "NotebookStep",
    "OverdueFault",
    "PlainLines",
    "Progress",
    "Published",
    "Recipe",
    "Silence",
    "StoppedFault",
    "progress_on",
    "run",
    "verify",
]


def run(
    recipe: Recipe,
    *,
    reports: Path,
    period: str,
    parameters: Mapping[str, Value],
    limits: Limits,
    progress: Progress,
    anew: bool = False,
    run_id: str | None = None,
) -> Published:
    """Carries out ``recipe`` for the as-of date ``period`` and publishes the result under ``reports``.

    Where the period is published already, made of the same inputs, configuration, code, parameters and libraries,
    and whole, nothing is made and the result says so, unless ``anew``. ``run_id`` is given where a run is made once
    more, to be compared.

    Raises UsageFault before anything starts where a parameter, a notebook or the reports folder is
    not right, BusyFault where another run holds the period, RunFault where a notebook or the
    typesetting failed or the time is over, StoppedFault after SIGINT, SIGTERM or SIGHUP, and
    whatever Fault ``prepare`` and ``finish`` raise. No process of the run outlives it. Signals and
    the time limit of ``prepare`` and ``finish`` work in the main thread only; several runs at once
    belong in several processes.
    """
    attempt = Attempt(
        recipe,
        period=period_of(period),
        parameters=parameters,
        limits=limits,
        progress=progress,
        anew=anew,
        run_id=run_id,
    )
    folder = ReportsFolder(reports)
    try:
        with (
            Interruptible(seconds=limits.run_seconds, last_resort=attempt.abandon) as interruptible,
            folder.lock(period),
            adopting_orphans(),
            progress,
        ):
            return attempt.carry_out(folder, interruptible)
    except Interruption as interruption:
        raise interruption.fault from None
