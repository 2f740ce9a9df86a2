"""One attempt at a run: from checked parameters to the published run, or to the record of its failure."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.faults import Fault, RunFault, UsageFault
from analysis.run.assembly import assemble
from analysis.run.failure import fault_of, status_of
from analysis.run.interruption import Interruptible, Interruption, OverdueFault
from analysis.run.log import RunLog
from analysis.run.manifest import MANIFEST, code_version, sha256_of
from analysis.run.notebooks import Notebook, Value, distribute, read_notebooks
from analysis.run.origin import Origin
from analysis.run.processes import descendants, kernel_environment, stop_processes
from analysis.run.progress import Progress
from analysis.run.publication import ReportsFolder, period_of, remove_scratch
from analysis.run.recipe import Limits, Published, Recipe
from analysis.run.schedule import run_in_order
from analysis.run.standing import standing_run


class Attempt:
    """A recipe with checked parameters; UsageFault, before anything is written, where they are not right.

    ``anew`` makes a report that is published already; ``run_id`` is that of the run which is made once more.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        period: str,
        parameters: Mapping[str, Value],
        limits: Limits,
        progress: Progress,
        anew: bool = False,
        run_id: str | None = None,
    ) -> None:
        self._recipe, self._period, self._limits, self._progress = recipe, period, limits, progress
        self._parameters = dict(parameters)
        self._notebooks = read_notebooks(recipe.notebooks)
        self._standard = {
            "as_of": period,
            "known_by": period_of(recipe.known_by or period),
            "company": str(recipe.company.resolve()),
        }
        distribute(self._notebooks, self._parameters, standard=self._standard)
        try:
            configuration = sha256_of(recipe.company)
        except OSError as error:
            raise UsageFault(f"{recipe.company}: cannot be read ({error.strerror})") from None
        named = {"name": recipe.name} if recipe.name else {}
        self._origin = Origin(
            as_of=period,
            known_by=self._standard["known_by"],
            company={"file": recipe.company.name, "sha256": configuration, **named},
            code=code_version({notebook.name: notebook.sha256 for notebook in self._notebooks}),
            parameters={name: str(value) for name, value in self._parameters.items()},
        )
        self._anew, self._run_id = anew, run_id
        self._log = RunLog()
        self._started = _now()
        self._deadline = time.monotonic() + limits.run_seconds
        self._before = descendants()
        self._stopping = threading.Event()
        self._stage = "start"
        self._seconds: dict[str, float] = {}
        self._folder: ReportsFolder | None = None
        self._scratch: Path | None = None
        self._log.note("run", as_of=period, started=self._started)

    def carry_out(self, folder: ReportsFolder, interruptible: Interruptible) -> Published:
        """Does it all, once; the caller holds the period's lock. Whatever goes wrong is raised as a Fault."""
        self._folder = folder
        try:
            folder.require_company(self._recipe.name, period=self._period)
            folder.clear_stale_scratch(self._period)
            self._scratch = folder.new_scratch(self._period)
            with self._step("prepare"):
                summary = self._prepare(self._scratch)
            standing = (
                None
                if self._anew
                else standing_run(folder, self._origin, period=self._period, backfilled=self._recipe.backfilled)
            )
            if standing is None:
                self._make(self._scratch)
                with self._step("publish"):
                    self._recipe.await_turn()
                    stated = self._stated(folder, summary)
                    finished = assemble(self._scratch, log=self._log, stated=stated, now=_now)
                    interruptible.deafen()
                    folder.publish(finished, period=self._period, run_id=self._known_run_id())
        except BaseException as error:
            interruptible.deafen()
            fault = fault_of(error, stage=self._stage)
            self._clean()
            self._record(fault)
            raise fault from (None if isinstance(error, (Fault, Interruption)) else error)
        self._clean()
        run = standing or folder.runs / self._known_run_id()
        return self._published(run, folder.root / self._period, summary, made=standing is None)

    def abandon(self, fault: Fault) -> None:
        """Cleans up from another thread, when the main one does not come back from a stage."""
        self._clean()
        self._record(fault)
        with suppress(Exception):
            self._progress.end(self._stage, fault=str(fault))
            self._progress.__exit__(None, None, None)

    def _prepare(self, scratch: Path) -> dict[str, Any]:
        for name in ("prepared", "output", "notebooks", "publish"):
            (scratch / name).mkdir(mode=0o700)
        summary = dict(self._recipe.prepare(scratch))
        try:
            json.dumps(summary)
            origin = replace(self._origin, inputs=summary.pop("inputs"))
            self._log.note("inputs", content_sha256=origin.content_sha256)
        except (KeyError, TypeError, ValueError) as error:
            raise RunFault(f"prepare: does not say what went in ({type(error).__name__}: {error})") from None
        self._origin = origin
        return summary

    def _published(self, run: Path, report: Path, summary: Mapping[str, Any], *, made: bool) -> Published:
        return Published(
            run_id=run.name,
            folder=run,
            report=report,
            seconds=dict(self._seconds),
            manifest_sha256=sha256_of(run / MANIFEST),
            alarms=tuple(summary.get("alarms", ())),
            made=made,
        )

    def _make(self, scratch: Path) -> None:
        self._run_notebooks(scratch)
        with self._step("report"):
            self._recipe.finish(scratch)
        stop_processes(scratch, before=self._before)

    def _run_notebooks(self, scratch: Path) -> None:
        # Here, not above: papermill takes a second or two to import, which `verify` need not wait for.
        from analysis.run.execution import execute

        places = {
            "output_dir": str(scratch / "output"),
            "prepared": str(scratch / "prepared"),
            "run_id": self._known_run_id(),
        }
        values = distribute(self._notebooks, self._parameters, standard={**self._standard, **places})
        environment = kernel_environment(scratch, parent=os.environ)
        self._stage = "notebooks"

        def work(notebook: Notebook) -> None:
            with self._step(notebook.name, stage="notebooks", cells=notebook.cells):
                execute(
                    notebook,
                    parameters=values[notebook.name],
                    scratch=scratch,
                    environment=environment,
                    cell_seconds=self._limits.cell_seconds,
                    stopping=self._stopping,
                    on_cell=lambda number: self._cell(notebook.name, number),
                )

        run_in_order(
            self._notebooks,
            work,
            workers=self._recipe.workers,
            give_up=self._stop,
            overdue=self._check_time,
        )
        stop_processes(scratch, before=self._before)

    def _stated(self, folder: ReportsFolder, summary: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **self._origin.as_dict(),
            "backfilled": self._recipe.backfilled,
            "run_id": self._known_run_id(),
            "prepared": summary,
            "previous": folder.previous(self._period),
            "started": self._started,
        }

    def _known_run_id(self) -> str:
        """The run's id: from inputs, configuration, code and parameters, as far as they are known."""
        if self._run_id is None:
            assert self._folder is not None
            self._run_id = self._folder.new_run_id(self._period, self._origin.content_sha256)
        return self._run_id

    @contextmanager
    def _step(self, name: str, *, stage: str | None = None, cells: int = 0) -> Iterator[None]:
        began = time.monotonic()
        self._stage = stage or name
        self._progress.begin(name, cells=cells)
        self._log.note("begins", step=name)
        try:
            yield
        except BaseException as error:
            # What ends because the run was given up has no fault of its own.
            fault = fault_of(error, stage=name)
            self._progress.end(name, fault="stopped" if self._stopping.is_set() else str(fault))
            self._log.note_fault(name, fault)
            raise
        self._seconds[name] = time.monotonic() - began
        self._progress.end(name)
        self._log.note("ends", step=name)

    def _cell(self, name: str, number: int) -> None:
        self._progress.cell(name, number)
        self._log.note("cell", step=name, cell=number)

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise OverdueFault(self._limits.run_seconds)

    def _stop(self) -> None:
        self._stopping.set()
        if self._scratch is not None:
            stop_processes(self._scratch, before=self._before)

    def _clean(self) -> None:
        self._stop()
        if self._scratch is not None:
            remove_scratch(self._scratch)

    def _record(self, fault: Fault) -> None:
        # Nothing was begun, or the disk is full: the fault that is raised matters more than its record.
        if self._scratch is not None and self._folder is not None:
            with suppress(OSError):
                run_id = self._known_run_id()
                status = status_of(fault, run_id=run_id, as_of=self._period, stage=self._stage)
                self._folder.record_failure(run_id, {**status, "log": self._log.events})
                fault.run_id = run_id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
