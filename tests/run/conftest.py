"""A workshop of tiny notebooks: the run is tested without a ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest

from analysis.run import Limits, NotebookStep, Published, Recipe, Silence, run

PERIOD = "2026-10-31"
PARAMETERS = 'as_of: str = ""\noutput_dir: str = "draft"  # where = here\nrun_id: str = ""\n'
RECORD = (
    "import json, pathlib\n"
    'pathlib.Path(output_dir, "{name}.findings.json").write_text(json.dumps({{"complete": True, "run_id": run_id}}))'
)


class Workshop:
    """Makes notebooks, runs them, and knows what must not change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reports = root / "reports"
        self.company = root / "company.toml"
        self.company.write_text('company.name = "Acme"\n', encoding="utf-8")

    def notebook(
        self, name: str, *cells: str, needs: tuple[str, ...] = (), record: str = RECORD, declares: str = ""
    ) -> NotebookStep:
        """Cell 1 is the title, 2 the parameters, 3 and on ``cells``, the last one leaves the record."""
        parameters = nbformat.v4.new_code_cell(PARAMETERS + declares, id="parameters")
        parameters.metadata.tags = ["parameters"]
        code = [nbformat.v4.new_code_cell(cell, id=f"cell-{n}") for n, cell in enumerate(cells)]
        last = nbformat.v4.new_code_cell(record.format(name=name), id="record")
        node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Question", id="title"), parameters])
        node.cells += [*code, last]
        path = self.root / f"{name}.ipynb"
        nbformat.write(node, path)
        return NotebookStep(path, needs)

    def prepare(self, scratch: Path) -> dict:
        (scratch / "prepared" / "invoices.parquet").write_bytes(b"rows")
        (scratch / "quarantine.csv").write_text("row,reason\n", encoding="utf-8")
        return {"inputs": [{"file": "invoices.csv", "sha256": "ab" * 32}], "rows": 3}

    def finish(self, scratch: Path) -> None:
        publish = scratch / "publish"
        (publish / "tables").mkdir()
        (publish / "tables" / "ageing.csv").write_text("bucket,amount\n", encoding="utf-8")
        (publish / "credit-risk-report.pdf").write_bytes(b"%PDF-1.7 tiny")
        records = sorted(path.name for path in (scratch / "output").glob("*.findings.json"))
        (publish / "findings.json").write_text(json.dumps(records), encoding="utf-8")

    def recipe(self, *steps: NotebookStep, **changes: object) -> Recipe:
        parts = {"company": self.company, "notebooks": steps, "prepare": self.prepare, "finish": self.finish}
        return Recipe(**{**parts, **changes})

    def run(
        self,
        *steps: NotebookStep,
        period: str = PERIOD,
        parameters: dict | None = None,
        limits: Limits | None = None,
        progress: object = None,
        anew: bool = True,
        run_id: str | None = None,
        **changes: object,
    ) -> Published:
        """All runs of a workshop are made of the same, so that only one made ``anew`` does anything twice."""
        return run(
            self.recipe(*steps, **changes),
            reports=self.reports,
            period=period,
            parameters=parameters or {},
            limits=limits or Limits(cell_seconds=60, run_seconds=120),
            progress=progress or Silence(),
            anew=anew,
            run_id=run_id,
        )

    def earlier(self) -> Published:
        """A report of the period that was published before, without a notebook (and so at once)."""

        def finish(scratch: Path) -> None:
            (scratch / "publish" / "findings.json").write_text('{"dso": 42}', encoding="utf-8")

        return self.run(finish=finish)

    def contents(self, folder: Path | None = None) -> dict[str, bytes]:
        """Every file below, byte by byte, and where every link leads; without locks and records of failure."""
        folder = folder or self.reports
        return {
            str(path.relative_to(folder)): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            for path in folder.rglob("*")
            if (path.is_symlink() or path.is_file()) and not {"failed", ".locks"} & {*path.relative_to(folder).parts}
        }

    def status(self) -> dict:
        """The only thing that the only failed run left."""
        (path,) = [path for path in (self.reports / "failed").rglob("*") if not path.is_dir()]
        assert path.name == "status.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def statuses(self) -> list[dict]:
        """What each failed run left, in no order."""
        return [json.loads(p.read_text(encoding="utf-8")) for p in self.reports.glob("failed/*/status.json")]

    @contextmanager
    def nothing_happens(self) -> Iterator[None]:
        """No published byte changes inside, no scratch is left, no process of a run lives on."""
        before, processes = self.contents(), set(psutil.Process().children(recursive=True))
        yield
        assert self.contents() == before
        assert list((self.reports / ".scratch").iterdir()) == []
        assert set(psutil.Process().children(recursive=True)) - processes == set()

    def driver(self, *steps: NotebookStep, prepare: str = "pass", finish: str = "pass", before: str = "pass") -> Path:
        """A program that runs ``steps`` as the command does and ends with the fault's exit code."""
        path = self.root / "driver.py"
        listed = ", ".join(f"NotebookStep(Path({str(s.path)!r}), {s.needs!r})" for s in steps)
        path.write_text(
            textwrap.dedent(
                f"""\
                import os, signal, subprocess, sys, time
                from pathlib import Path
                from analysis.faults import Fault
                from analysis.run import Limits, NotebookStep, PlainLines, Recipe, run
                {before}
                def prepare(scratch):
                    {prepare}
                    return {{"inputs": [{{"sha256": "ab" * 32}}]}}
                def finish(scratch):
                    {finish}
                    (scratch / "publish" / "findings.json").write_text("new")
                recipe = Recipe(
                    company=Path({str(self.company)!r}), notebooks=[{listed}], prepare=prepare, finish=finish
                )
                try:
                    run(recipe, reports=Path({str(self.reports)!r}), period={PERIOD!r}, parameters={{}},
                        limits=Limits(cell_seconds=60, run_seconds=float(sys.argv[1])), progress=PlainLines(sys.stderr),
                        anew=True)
                except Fault as fault:
                    print(fault, file=sys.stderr)
                    sys.exit(fault.exit_code)
                """
            ),
            encoding="utf-8",
        )
        return path

    def start(self, driver: Path, *, run_seconds: float = 100) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, str(driver), str(run_seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
        )


@pytest.fixture
def workshop(tmp_path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def read_until() -> Callable[[subprocess.Popen, str], Sequence[str]]:
    """Reads the driver's log until a line that begins so."""

    def read(process: subprocess.Popen, beginning: str) -> Sequence[str]:
        lines: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if line.startswith(beginning):
                return lines
        raise AssertionError(f"never said {beginning!r}: {''.join(lines)}")

    return read
