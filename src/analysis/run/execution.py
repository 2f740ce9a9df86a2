"""One notebook, executed by papermill in a clean kernel.

Importing this module costs a second or two (papermill), so a run does it only when it needs it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from analysis.run.judgement import NotebookFault, exited, in_one_line, judge_cells, judge_record, raised
from analysis.run.notebooks import Notebook, Value

_START_SECONDS = 120
_ENGINE = "paycurve"
_INJECTED = "injected-parameters"

# What goes wrong is told by the fault that is raised; the libraries' own log would tell it twice.
_log = logging.getLogger("analysis.run.execution")
_log.addHandler(logging.NullHandler())
_log.propagate = False
logging.getLogger("papermill").addHandler(logging.NullHandler())


@dataclass(slots=True)
class _Watch:
    """What is seen of a notebook while it runs."""

    notebook: Notebook
    on_cell: Callable[[int], None]
    stopping: Event
    cell_seconds: int
    start: dict[str, Any]
    config: Config
    log: Path
    cell: int | None = None
    asked_to_exit: int | None = None

    def cell_begins(self, cell: Any, cell_index: int) -> None:
        self.cell = self.notebook.number(cell_index)
        self.on_cell(self.cell)

    def cell_ends(self, cell: Any, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        # ``exit()`` in a cell raises nothing: it asks the front end to end the kernel.
        payload = execute_reply["content"].get("payload") or []
        if any(item.get("source") == "ask_exit" for item in payload):
            self.asked_to_exit = self.notebook.number(cell_index)


class _OwnKernel(AsyncKernelManager):
    """A kernel of the very Python that runs this; a user's own kernel specification cannot replace it."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


class _Engine(NBClientEngine):
    """papermill's engine, with a clean kernel and an eye on each cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, watch: _Watch, **_: Any) -> None:
        client = PapermillNotebookClient(
            nb_man,
            kernel_name=kernel_name,
            kernel_manager_class=_OwnKernel,
            config=watch.config,
            log=_log,
            timeout=watch.cell_seconds,
            startup_timeout=_START_SECONDS,
            # papermill's 4 s for the last output of a cell are too few on a busy machine
            iopub_timeout=60,
            # the tag raises-exception would let an error pass
            force_raise_errors=True,
            record_timing=False,
            # whatever the kernel holds is written by then, and a stuck one would delay the end
            shutdown_kernel="immediate",
            on_cell_start=watch.cell_begins,
            on_cell_executed=watch.cell_ends,
        )
        if watch.stopping.is_set():
            raise DeadKernelError("the run is being stopped")
        with watch.log.open("wb") as log:
            client.execute(**watch.start, stdout=log, stderr=log)


papermill_engines.register(_ENGINE, _Engine)


def execute(
    notebook: Notebook,
    *,
    parameters: Mapping[str, Value],
    scratch: Path,
    environment: Mapping[str, str],
    cell_seconds: int,
    stopping: Event,
    on_cell: Callable[[int], None] = lambda number: None,
) -> None:
    """Runs ``notebook`` in ``scratch`` and leaves it, as executed, in ``scratch/notebooks``.

    ``on_cell`` hears the number of each cell as it begins. Raises NotebookFault where the notebook
    did not succeed (see ``judgement``); a kernel that ends because ``stopping`` is set is one that died.
    """
    work, records = scratch / "work" / notebook.name, scratch / "kernels"
    for folder in (work, records, scratch / "notebooks"):
        folder.mkdir(parents=True, exist_ok=True)
    source, executed = records / f"{notebook.name}.ipynb", scratch / "notebooks" / f"{notebook.name}.ipynb"
    source.write_bytes(notebook.content)
    # Sockets of the file system, in a folder of their own: no other user can reach them, no other kernel can have
    # taken the port, and a machine without any network will do. Its path is short because the system allows 107 bytes.
    sockets = tempfile.mkdtemp(prefix="paycurve-")
    kernel = {"transport": "ipc", "ip": f"{sockets}/k", "connection_file": str(records / f"{notebook.name}.json")}
    watch = _Watch(
        notebook=notebook,
        on_cell=on_cell,
        stopping=stopping,
        cell_seconds=cell_seconds,
        start={"cwd": str(work), "env": dict(environment)},
        config=Config({"KernelManager": kernel}),
        log=records / f"{notebook.name}.log",
    )
    try:
        node = papermill.execute_notebook(
            _plain(source),
            _plain(executed),
            parameters=dict(parameters),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            watch=watch,
        )
    except Exception as error:
        raise _failure(error, watch) from None
    finally:
        _close_loop()
        shutil.rmtree(sockets, ignore_errors=True)
    judge_cells(node, notebook)
    if watch.asked_to_exit is not None:
        raise exited(notebook.name, watch.asked_to_exit)
    judge_record(notebook, Path(str(parameters["output_dir"])), run_id=str(parameters["run_id"]))
    _write_timeless(node, executed)


def _failure(error: Exception, watch: _Watch) -> NotebookFault:
    name, cell = watch.notebook.name, watch.cell
    if isinstance(error, PapermillExecutionError):
        return raised(name, watch.notebook.number(error.cell_index), str(error.ename), str(error.evalue))
    if isinstance(error, CellTimeoutError):
        what = f"took longer than its limit of {watch.cell_seconds} s"
        return NotebookFault(name, reason="timeout", what=what, cell=cell)
    if watch.asked_to_exit is not None:
        return exited(name, watch.asked_to_exit)
    if isinstance(error, DeadKernelError) or "Kernel died" in str(error):
        what = "the kernel died (out of memory, or ended from outside)" if cell else "the kernel did not start"
        return NotebookFault(name, reason="kernel_died", what=what, cell=cell, detail=_last_line(watch.log))
    return NotebookFault(name, reason="incomplete", what=type(error).__name__, cell=cell, detail=in_one_line(error))


def _write_timeless(node: NotebookNode, path: Path) -> None:
    """The executed notebook without clock times and random ids, so that equal runs leave equal notebooks."""
    node.metadata["papermill"] = {"parameters": node.metadata["papermill"]["parameters"]}
    for cell in node.cells:
        cell.metadata.pop("papermill", None)
        if _INJECTED in cell.metadata.get("tags", ()):
            cell.id = _INJECTED
    nbformat.write(node, path)


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return in_one_line(lines[-1]) if lines else ""
    return ""


def _plain(path: Path) -> str:
    """The path as papermill takes it: it fills in names between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _close_loop() -> None:
    """Closes the event loop that the kernel client made for this thread, with what is left waiting in it."""
    loop = ensure_event_loop()
    waiting = asyncio.all_tasks(loop)
    for task in waiting:
        task.cancel()
    if waiting:
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
    loop.close()
