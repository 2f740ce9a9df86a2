"""One attempt at a run: from checked parameters to the published run, or to the record of its failure."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.faults import Fault, RunFault, UsageFault
from analysis.run.failure import fault_of, status_of
from analysis.run.interruption import Interruptible, Interruption, OverdueFault
from analysis.run.manifest import MANIFEST, code_version, digest, library_versions, outputs_of, sealed, sha256_of
from analysis.run.notebooks import Notebook, Value, distribute, read_notebooks
from analysis.run.processes import descendants, kernel_environment, stop_processes
from analysis.run.progress import Progress
from analysis.run.publication import ReportsFolder, make_durable, period_of, remove_scratch, require_plain_files
from analysis.run.recipe import Limits, Published, Recipe
from analysis.run.schedule import run_in_order


class Attempt:
    """A recipe with checked parameters; UsageFault, before anything is written, where they are not right."""

    def __init__(
        self, recipe: Recipe, *, period: str, parameters: Mapping[str, Value], limits: Limits, progress: Progress
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
        self._origin: dict[str, Any] = {
            "as_of": period,
            "known_by": self._standard["known_by"],
            "company": {"file": recipe.company.name, "sha256": configuration},
            "code": code_version({notebook.name: notebook.sha256 for notebook in self._notebooks}),
            "parameters": {name: str(value) for name, value in self._parameters.items()},
        }
        self._started = _now()
        self._deadline = time.monotonic() + limits.run_seconds
        self._before = descendants()
        self._stopping = threading.Event()
        self._stage = "start"
        self._seconds: dict[str, float] = {}
        self._folder: ReportsFolder | None = None
        self._scratch: Path | None = None
        self._run_id: str | None = None

    def carry_out(self, folder: ReportsFolder, interruptible: Interruptible) -> Published:
        """Does it all, once; the caller holds the period's lock. Whatever goes wrong is raised as a Fault."""
        self._folder = folder
        try:
            folder.current(self._period)
            folder.clear_stale_scratch(self._period)
            self._scratch = folder.new_scratch(self._period)
            with self._step("prepare"):
                summary = self._prepare(self._scratch)
            self._run_notebooks(self._scratch)
            with self._step("report"):
                self._recipe.finish(self._scratch)
            stop_processes(self._scratch, before=self._before)
            with self._step("publish"):
                finished = self._assemble(self._scratch, summary)
                interruptible.deafen()
                report = folder.publish(finished, period=self._period, run_id=self._known_run_id())
        except BaseException as error:
            interruptible.deafen()
            fault = fault_of(error, stage=self._stage)
            self._clean()
            self._record(fault)
            raise fault from (None if isinstance(error, (Fault, Interruption)) else error)
        self._clean()
        run_id = self._known_run_id()
        return Published(run_id=run_id, folder=folder.runs / run_id, report=report, seconds=dict(self._seconds))

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
            self._origin["inputs"] = summary.pop("inputs")
            hashes = sorted(str(entry["sha256"]) for entry in self._origin["inputs"])
        except (KeyError, TypeError, ValueError) as error:
            raise RunFault(f"prepare: does not say what went in ({type(error).__name__}: {error})") from None
        self._origin["content_sha256"] = digest({**self._origin, "inputs": hashes})
        return summary

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
                    on_cell=lambda number: self._progress.cell(notebook.name, number),
                )

        run_in_order(
            self._notebooks,
            work,
            workers=self._recipe.workers,
            give_up=self._stop,
            overdue=self._check_time,
        )
        stop_processes(scratch, before=self._before)

    def _assemble(self, scratch: Path, summary: Mapping[str, Any]) -> Path:
        """The folder to publish: what ``finish`` left, the executed notebooks, the manifest."""
        finished = scratch / "publish"
        require_plain_files(finished)
        if not any(finished.iterdir()):
            raise RunFault("report: nothing was left in publish/; there is nothing to publish")
        for name in ("notebooks", MANIFEST):
            if os.path.lexists(finished / name):
                raise RunFault(f"report: publish/{name} is the run's own to write")
        (scratch / "notebooks").rename(finished / "notebooks")
        assert self._folder is not None
        content = {
            **self._origin,
            "run_id": self._known_run_id(),
            "prepared": summary,
            "libraries": library_versions(),
            "outputs": outputs_of(finished),
            "previous": self._folder.previous(self._period),
            "started": self._started,
            "ended": _now(),
        }
        (finished / MANIFEST).write_bytes(sealed(content))
        make_durable(finished)
        return finished

    def _known_run_id(self) -> str:
        """The run's id: from inputs, configuration, code and parameters, as far as they are known."""
        if self._run_id is None:
            assert self._folder is not None
            content = self._origin.get("content_sha256") or digest(self._origin)
            self._run_id = self._folder.new_run_id(self._period, content)
        return self._run_id

    @contextmanager
    def _step(self, name: str, *, stage: str | None = None, cells: int = 0) -> Iterator[None]:
        began = time.monotonic()
        self._stage = stage or name
        self._progress.begin(name, cells=cells)
        try:
            yield
        except BaseException as error:
            # What ends because the run was given up has no fault of its own.
            told = "stopped" if self._stopping.is_set() else str(fault_of(error, stage=name))
            self._progress.end(name, fault=told)
            raise
        self._seconds[name] = time.monotonic() - began
        self._progress.end(name)

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
                self._folder.record_failure(run_id, status)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
