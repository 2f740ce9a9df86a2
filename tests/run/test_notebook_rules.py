"""What no committed notebook may do, because a run could not see it: each rule names the cell that breaks it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").rglob("*.ipynb"))
_ENDS = ("exit", "quit", "sys.exit", "os._exit", "os.abort")
_UNSEEN = ("threading.Thread", "Thread", "multiprocessing.Process", "Process", "subprocess.Popen", "Popen")


def breaches(notebook: dict) -> list[str]:
    """Cells, from 1, that hide their failure, end the kernel, or set a parameter behind the run's back."""
    cells = [(n, cell) for n, cell in enumerate(notebook["cells"], start=1) if cell["cell_type"] == "code"]
    declared = {name for _, cell in cells if "parameters" in _tags(cell) for name in _assigned(_tree(cell))}
    found = []
    for number, cell in cells:
        if "raises-exception" in _tags(cell):
            found.append(f"cell {number}: the tag raises-exception lets an error pass")
        if any(line.lstrip().startswith(("!", "%%", "%", "?")) for line in _source(cell).splitlines()):
            found.append(f"cell {number}: a shell line or magic fails without an error")
            continue
        for node in ast.walk(_tree(cell)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in _ENDS or (isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node)):
                found.append(f"cell {number}: ends the notebook early")
            if called in _UNSEEN:
                found.append(f"cell {number}: nobody hears of a fault in a thread or process")
        if "parameters" not in _tags(cell):
            again = declared & set(_assigned(_tree(cell)))
            found += [f"cell {number}: sets the parameter {name} again" for name in sorted(again)]
    return found


def _tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def _source(cell: dict) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def _tree(cell: dict) -> ast.Module:
    return ast.parse(_source(cell))


def _assigned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_hides_nothing_from_its_run(path):
    assert breaches(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "tags", "said"),
    [
        ("!cp books.csv /tmp", [], "cell 2: a shell line"),
        ("%%bash\nfalse", [], "cell 2: a shell line"),
        ("exit()", [], "cell 2: ends the notebook early"),
        ("import sys\nif not rows:\n    sys.exit(0)", [], "cell 2: ends the notebook early"),
        ("raise SystemExit", [], "cell 2: ends the notebook early"),
        ("1 / 0", ["raises-exception"], "cell 2: the tag raises-exception"),
        ("import threading\nthreading.Thread(target=work).start()", [], "cell 2: nobody hears"),
        ('as_of = "2026-09-30"', [], "cell 2: sets the parameter as_of again"),
        ("for as_of in days:\n    show(as_of)", [], "cell 2: sets the parameter as_of again"),
    ],
)
def test_a_breach_is_seen_and_its_cell_named(source, tags, said):
    cells = [
        {"cell_type": "code", "source": ['as_of: str = ""\n', "top = 3"], "metadata": {"tags": ["parameters"]}},
        {"cell_type": "code", "source": source, "metadata": {"tags": tags}},
    ]
    (found,) = breaches({"cells": cells})
    assert found.startswith(said)
    assert breaches({"cells": cells[:1]}) == []
