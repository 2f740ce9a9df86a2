"""The notebooks of a run: what they are, which wait for which, and the parameters each one declares."""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import keyword
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from analysis.faults import UsageFault

Value = str | int | float | bool

# What a run hands to every notebook that declares it; nobody else may set these.
STANDARD = ("as_of", "known_by", "company", "output_dir", "prepared", "run_id")
# Without these two a notebook cannot leave a completion record that belongs to this run.
NEEDED = ("output_dir", "run_id")


@dataclass(frozen=True, slots=True)
class NotebookStep:
    """One notebook of a run and the names of those (file names without suffix) whose findings it needs."""

    path: Path
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name without suffix; names the notebook in messages and its completion record."""
        return self.path.stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook as it was read, once: later edits of the file do not reach the run.

    ``declared`` maps each parameter to the type it is annotated with, or else the type of its default.
    ``cells`` counts all cells, as a reader of the file would; ``parameters_cell`` is the number, from 1,
    of the one with the parameters.
    """

    name: str
    needs: tuple[str, ...]
    content: bytes
    cells: int
    parameters_cell: int
    declared: Mapping[str, str | None]

    @property
    def sha256(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()

    def number(self, index: int) -> int:
        """Number, from 1, of a cell in the notebook as written, from its index in the executed one.

        papermill puts the values behind the parameters cell; a reader of the file knows of no such cell.
        """
        return index + 1 if index < self.parameters_cell else index


def read_notebooks(steps: Sequence[NotebookStep]) -> tuple[Notebook, ...]:
    """The notebooks of ``steps``, in an order in which each stands after those it needs.

    Raises UsageFault where a file cannot be read, two notebooks share a name, one needs an unknown
    notebook or (in the end) itself, or one does not declare ``output_dir`` and ``run_id``.
    """
    notebooks: dict[str, Notebook] = {}
    for step in steps:
        if step.name in notebooks:
            raise UsageFault(f"{step.path}: a second notebook is called {step.name!r}; their findings would mix")
        notebooks[step.name] = _read(step)
    for notebook in notebooks.values():
        for need in notebook.needs:
            if need not in notebooks:
                raise UsageFault(
                    f"{notebook.name}: needs {need!r}, which is not in this run{_nearest(need, notebooks)}"
                )
    try:
        order = TopologicalSorter({n.name: n.needs for n in notebooks.values()}).static_order()
        ranks = {name: rank for rank, name in enumerate(order)}
    except CycleError as error:
        raise UsageFault(f"notebooks wait for each other: {' -> '.join(error.args[1])}") from None
    return tuple(sorted(notebooks.values(), key=lambda n: ranks[n.name]))


def distribute(
    notebooks: Sequence[Notebook], given: Mapping[str, Value], *, standard: Mapping[str, str]
) -> dict[str, dict[str, Value]]:
    """The parameters of each notebook, by its name: what it declares of ``given`` and of ``standard``.

    Parameter names end up as code in the kernel and unknown ones are silently ignored by papermill;
    so UsageFault names any that no notebook declares, with the nearest valid one, and any value that
    is not of the declared type or would not arrive unchanged.
    """
    declared = {name for notebook in notebooks for name in notebook.declared}
    for name, value in given.items():
        if name in STANDARD:
            if value != standard.get(name):
                raise UsageFault(f"parameter {name!r} is set by the run; it cannot be given")
        elif name not in declared:
            valid = sorted(declared - set(STANDARD))
            raise UsageFault(f"unknown parameter {name!r}{_nearest(name, valid)}")
        _check_value(name, value)
    for notebook in notebooks:
        for name in notebook.declared:
            if name in given and name not in STANDARD:
                _check_type(notebook, name, given[name])
    values: dict[str, Value] = {**given, **standard}
    return {n.name: {name: values[name] for name in n.declared if name in values} for n in notebooks}


def _read(step: NotebookStep) -> Notebook:
    try:
        content = step.path.read_bytes()
    except OSError as error:
        raise UsageFault(f"{step.path}: cannot be read ({error.strerror})") from None
    try:
        cells = json.loads(content)["cells"]
        tags = [cell["metadata"].get("tags", ()) if cell["cell_type"] == "code" else () for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageFault(f"{step.path}: is not a notebook of format 4") from None
    tagged = [number for number, tag in enumerate(tags, start=1) if "parameters" in tag]
    if len(tagged) != 1:
        raise UsageFault(f"{step.path}: needs one code cell with the tag 'parameters', has {len(tagged)}")
    if any("injected-parameters" in tag for tag in tags):
        raise UsageFault(f"{step.path}: holds the parameters of an earlier run (a cell tagged 'injected-parameters')")
    declared = _declared(cells[tagged[0] - 1], step.path)
    missing = [name for name in NEEDED if name not in declared]
    if missing:
        raise UsageFault(
            f"{step.path}: does not declare {' and '.join(missing)}; without it no completion record can be told apart"
        )
    return Notebook(
        name=step.name,
        needs=tuple(step.needs),
        content=content,
        cells=len(cells),
        parameters_cell=tagged[0],
        declared=declared,
    )


def _declared(cell: Mapping[str, Any], path: Path) -> dict[str, str | None]:
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UsageFault(f"{path}: the parameters cell is not Python (line {error.lineno})") from None
    declared: dict[str, str | None] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            declared[node.target.id] = ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign):
            kind = type(node.value.value).__name__ if isinstance(node.value, ast.Constant) else None
            declared.update({target.id: kind for target in node.targets if isinstance(target, ast.Name)})
    return declared


def _check_value(name: str, value: Value) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageFault(f"parameter {name!r} is not a name")
    if not isinstance(value, (str, int, float, bool)):
        raise UsageFault(f"parameter {name!r}: {type(value).__name__} cannot be passed; use text, a number or a flag")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageFault(f"parameter {name!r}: {value} is not a finite number")
    if isinstance(value, str) and ("\0" in value or _has_surrogate(value)):
        raise UsageFault(f"parameter {name!r} holds a character that cannot be passed (NUL or half of a pair)")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _check_type(notebook: Notebook, name: str, value: Value) -> None:
    wanted = notebook.declared[name]
    if wanted not in ("str", "int", "float", "bool") or type(value).__name__ == wanted:
        return
    if wanted == "float" and type(value) is int:
        return
    raise UsageFault(f"parameter {name!r}: {notebook.name} expects {wanted}, got {type(value).__name__}")


def _nearest(name: str, valid: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; valid are {', '.join(sorted(valid))}" if list(valid) else "; none can be given"
