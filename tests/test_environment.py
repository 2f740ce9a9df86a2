"""The frame of the project stays in step with itself: dependencies, floors of the house, notebooks."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "analysis"
# design.md, "The house": a module imports only from floors above it in this list, or from its own.
FLOORS = ("ledger", "measures", "models", "decisions", "reporting", "run", "cli")
MODULE_LINES_MAX = 300
# conda-forge calls these otherwise than the Python package index does
NAMES_AT_CONDA = {"python-duckdb": "duckdb", "ibis-duckdb": "ibis-framework"}


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _bounds(requirements: list[str]) -> dict[str, str]:
    """Name -> bounds in one notation; extras do not count."""
    read = [Requirement(text) for text in requirements]
    return {_plain(one.name): ",".join(sorted(str(part) for part in one.specifier)) for one in read}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> dict[str, str]:
    project = _project()
    extras = [text for group in project["optional-dependencies"].values() for text in group]
    return _bounds(project["dependencies"] + extras)


def _of_conda(text: str) -> tuple[dict[str, str], str]:
    """Bounds named in an environment.yml, conda's and pip's together, and those of Python itself."""
    entries = [line.split("- ", 1)[1].strip() for line in text.splitlines() if re.match(r"\s+- ", line)]
    read = _bounds([entry for entry in entries if entry not in ("conda-forge", "pip", "pip:", "-e .")])
    python = read.pop("python")
    return {NAMES_AT_CONDA.get(name, name): bounds for name, bounds in read.items()}, python


def test_conda_environment_names_the_same_packages_with_the_same_bounds():
    named, python = _of_conda((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert named == _declared()
    assert python == _bounds([f"python{_project()['requires-python']}"])["python"]


def test_a_bound_that_differs_is_seen():
    named, python = _of_conda("dependencies:\n  - python >=3.11,<3.14\n  - python-duckdb >=2.1,<3\n")
    assert (named, python) == ({"duckdb": "<3,>=2.1"}, "<3.14,>=3.11")
    assert named["duckdb"] != _declared()["duckdb"]


def _pins(lock: str) -> dict[str, list[tuple[str, int]]]:
    """Package -> its pinned versions, each with its number of hashes."""
    pins: dict[str, list[tuple[str, int]]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", "\n" + lock):
        found = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block.strip())
        if found:
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}", block))
            pins.setdefault(_plain(found[1]), []).append((found[2], hashes))
    return pins


def test_lock_pins_every_dependency_within_its_bounds_and_with_hashes():
    pins = _pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert [name for name, found in pins.items() if not all(hashes for _, hashes in found)] == []
    loose = {
        name: bounds
        for name, bounds in _declared().items()
        if name not in pins or not all(Requirement(f"x{bounds}").specifier.contains(v) for v, _ in pins[name])
    }
    assert loose == {}


def test_lock_holds_pins_only_and_names_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert [line for line in entries if not re.match(r"[a-z0-9._-]+==\S+ ", line)] == []
    assert "://" not in lock


def test_a_pin_without_hash_is_seen():
    assert _pins("a==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\nb-c==2\n    # via a\n") == {
        "a": [("1.0", 1)],
        "b-c": [("2", 0)],
    }


def _imports(source: str, *, module: str) -> Iterator[str]:
    """Dotted names of this project that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(module.split(".")[: -node.level]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            # `from analysis import run` names a floor only in what follows the import
            found = [f"{base}.{alias.name}" for alias in node.names] if base == "analysis" else [base]
        else:
            continue
        yield from (name for name in found if name.split(".")[0] == "analysis")


def _breaches(source: str, *, module: str) -> list[str]:
    """Imports of a module that lead to a floor below its own."""
    own = module.split(".")[1]
    # the package itself, for its version, and the faults belong to no floor
    allowed = {"", "faults", "__version__", *FLOORS[: FLOORS.index(own) + 1 if own in FLOORS else 0]}
    return [name for name in _imports(source, module=module) if ([*name.split("."), ""])[1] not in allowed]


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_keeps_its_floor_and_its_size(path):
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    source = path.read_text(encoding="utf-8")
    assert _breaches(source, module=module) == []
    assert len(source.splitlines()) <= MODULE_LINES_MAX


@pytest.mark.parametrize(
    ("module", "source", "breaches"),
    [
        ("analysis.ledger.checks", "from analysis.ledger.contract import TABLES", []),
        ("analysis.ledger.checks", "from analysis.faults import DataFault", []),
        ("analysis.ledger.checks", "def f():\n    from analysis.measures import days", ["analysis.measures"]),
        ("analysis.measures.days", "from ..models import survival", ["analysis.models"]),
        ("analysis.models.survival", "import analysis.ledger.contract, analysis.run", ["analysis.run"]),
        ("analysis.models.survival", "from analysis import cli", ["analysis.cli"]),
        ("analysis.cli", "from analysis import run\nimport analysis.reporting.pdf", []),
        ("analysis.run.manifest", "import analysis", []),
        ("analysis.faults", "from analysis.ledger import contract", ["analysis.ledger"]),
    ],
)
def test_an_import_from_below_is_seen(module, source, breaches):
    assert _breaches(source, module=module) == breaches


def _injected(notebook: dict) -> list[int]:
    """Positions of cells that papermill wrote: a committed notebook that has one shows another run."""
    cells = notebook["cells"]
    return [i for i, cell in enumerate(cells) if "injected-parameters" in cell["metadata"].get("tags", [])]


def test_committed_notebooks_hold_no_injected_parameters():
    found = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "notebooks").rglob("*.ipynb")}
    assert {name: cells for name, notebook in found.items() if (cells := _injected(notebook))} == {}


def test_an_injected_cell_is_seen():
    tags = [["parameters"], ["injected-parameters"], []]
    assert _injected({"cells": [{"metadata": {"tags": one}} for one in tags]}) == [1]
