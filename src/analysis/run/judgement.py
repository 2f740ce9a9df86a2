"""Whether a notebook succeeded.

Neither papermill's return nor the executed file proves it: ``sys.exit(0)`` in a cell returns normally,
and after a kernel's death the file marks every cell completed. A notebook succeeded only if papermill
returned, every code cell ran without an error, and the last cell left the completion record of this
very run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.faults import RunFault
from analysis.run.notebooks import Notebook

if TYPE_CHECKING:  # slow to import, and not needed to judge
    from nbformat import NotebookNode


class NotebookFault(RunFault):
    """A notebook did not succeed.

    ``reason`` is cell_error, kernel_died, timeout, exited_early or incomplete; ``cell`` counts the
    cells of the notebook from 1 (None: no one cell); ``public`` is the message without any value
    out of the books, for the status that stays behind.
    """

    def __init__(self, notebook: str, *, reason: str, what: str, cell: int | None = None, detail: str = "") -> None:
        self.notebook, self.reason, self.cell = notebook, reason, cell
        place = f"{notebook}, cell {cell}" if cell else notebook
        self.public = f"{place}: {what}"
        super().__init__(f"{self.public}: {detail}" if detail else self.public)


def judge_cells(node: NotebookNode, notebook: Notebook) -> None:
    """NotebookFault unless every code cell of the executed notebook ran and none shows an error."""
    name = notebook.name
    for index, cell in enumerate(node.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                raise raised(name, notebook.number(index), output.ename, output.evalue)
        if cell.execution_count is None:
            raise NotebookFault(name, reason="incomplete", what="was not executed", cell=notebook.number(index))


def judge_record(notebook: Notebook, output_dir: Path, *, run_id: str) -> None:
    """NotebookFault unless the notebook left its completion record, complete and of this very run."""
    record = output_dir / f"{notebook.name}.findings.json"
    try:
        content = json.loads(record.read_bytes())
        complete, belongs = content["complete"] is True, content["run_id"] == run_id
    except OSError:
        what = "left no completion record; does its last cell close the findings?"
    except (ValueError, KeyError, TypeError):
        what = "left a completion record that cannot be read"
    else:
        if complete and belongs:
            return
        what = "left the completion record of another run" if complete else "left its findings incomplete"
    raise NotebookFault(notebook.name, reason="incomplete", what=what)


def raised(name: str, cell: int, error: str, text: str) -> NotebookFault:
    """The fault of a cell that raised ``error`` (the name of its class); SystemExit is an early end."""
    if error == "SystemExit":
        return exited(name, cell)
    return NotebookFault(name, reason="cell_error", what=error, cell=cell, detail=in_one_line(text))


def exited(name: str, cell: int) -> NotebookFault:
    """The fault of a cell that ended the notebook before its end."""
    return NotebookFault(name, reason="exited_early", what="ended the notebook (SystemExit)", cell=cell)


def in_one_line(text: object) -> str:
    """``text`` without line breaks, cut at 300 characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= 300 else f"{line[:299]}\N{HORIZONTAL ELLIPSIS}"
