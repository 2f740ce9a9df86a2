"""The cell of an executed notebook in which a finding is handed over, told from its code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reporting.authorship import NOTEBOOK_ITSELF


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of code: its place among all cells of the notebook, from 1, and its source."""

    place: int
    source: str


def cell_of(notebook: Mapping[str, Any], id: str, *, handed_over_by: str) -> Cell | None:
    """The first cell that calls the function ``handed_over_by`` ("module.function"), under whatever name it has there.

    Where the notebook itself handed the finding over, the cell that writes its id. None where no cell does.
    """
    names: dict[str, str] = {}
    for place, cell in enumerate(notebook["cells"], start=1):
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] != "code" or (tree := _parsed(source)) is None:
            continue
        names |= dict(_imported(tree))
        found = _says(tree, id) if handed_over_by == NOTEBOOK_ITSELF else handed_over_by in _called(tree, names)
        if found:
            return Cell(place=place, source=source)
    return None


def _parsed(source: str) -> ast.Module | None:
    """The code of a cell; None where it is no plain Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that a cell imports, each with what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.asname or one.name, one.name) for one in node.names)


def _called(tree: ast.Module, names: Mapping[str, str]) -> set[str]:
    """Functions that a cell calls, by module and name."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = set()
    for dotted in (ast.unparse(call) for call in calls):
        first, dot, rest = dotted.partition(".")
        found.add(f"{names.get(first, first)}{dot}{rest}")
    return found


def _says(tree: ast.Module, id: str) -> bool:
    """Whether a cell hands a finding of this id over itself."""
    return any(
        isinstance(node, ast.Call) and any(isinstance(one, ast.Constant) and one.value == id for one in node.args[:1])
        for node in ast.walk(tree)
    )
