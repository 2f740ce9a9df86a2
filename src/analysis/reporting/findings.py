"""What a notebook hands over: numbers, sentences, tables, charts and checks, each once and under its own id.

A notebook collects its findings and closes them last; only then is its file complete. A notebook that stopped half
way leaves no file, so a report can never be set from half of one.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.reporting import style
from analysis.reporting.authorship import made_by
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.records import PARTS, SUFFIX, as_json, plain, write_in_one_step
from analysis.reporting.words import Better

__all__ = ["MOST_ROWS", "Collected", "Findings", "gather"]

MOST_ROWS = 1_000
_ID = re.compile(r"[a-z][a-z0-9_]*")


class Findings:
    """The findings of one notebook.

    >>> findings = Findings("2_receivables", output_dir="reports/draft", run_id="r1")
    >>> findings.number("dso_days", 42.5, unit="days", label="DSO, count-back", definition="dso_countback")
    """

    def __init__(self, notebook: str, *, output_dir: str | Path, run_id: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", notebook):
            raise ValueError(f"notebook {notebook!r} is no plain name")
        self._notebook = notebook
        self._folder = Path(output_dir)
        self._run_id = run_id
        self._parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
        self._closed = False

    def number(
        self,
        id: str,
        value: float | None,
        *,
        unit: str,
        label: str,
        definition: str,
        low: float | None = None,
        high: float | None = None,
        last_month: float | None = None,
        last_year: float | None = None,
        target: float | None = None,
        better: Better = "neither",
        inputs: Mapping[str, float] | None = None,
        count: int | None = None,
        history: Sequence[float] | None = None,
        month_change: tuple[float, float] | None = None,
        year_change: tuple[float, float] | None = None,
        no_interval: str = "",
    ) -> None:
        """A number with its unit, interval, comparisons, the id of its definition and what went into it.

        ``unit`` is one that ``words.quantity`` knows. An undefined value (NaN) and one not reached (infinity, as
        a median may be) are kept as such; an absent comparison is ``None``. ``history`` holds the last months,
        oldest first, ending with this one. ``month_change`` and ``year_change`` are the limits of the change against
        the month and the year before; ``no_interval`` says why the number itself has none.
        """
        found: dict[str, Any] = {
            "value": value,
            "unit": unit,
            "label": label,
            "definition": definition,
            "low": low,
            "high": high,
            "last_month": last_month,
            "last_year": last_year,
            "target": target,
            "better": better,
            "inputs": dict(inputs or {}),
            "count": count,
            "history": None if history is None else list(history),
            "month_change": None if month_change is None else list(month_change),
            "year_change": None if year_change is None else list(year_change),
            "no_interval": no_interval,
        }
        if value is not None and not math.isfinite(value):
            found["not_reached" if value == math.inf else "undefined"] = True
        self._add("numbers", id, found)

    def sentence(self, id: str, text: str, uses: Sequence[str] = (), *, nameless: str = "") -> None:
        """A sentence for the report; ``uses`` names the numbers it was made from.

        ``nameless`` says the same without naming a customer, where ``text`` names one.
        """
        self._add("sentences", id, {"text": text, "uses": list(uses), **({"nameless": nameless} if nameless else {})})

    def table(
        self,
        id: str,
        frame: pd.DataFrame,
        *,
        caption: str,
        units: Mapping[str, str] | None = None,
        names: Sequence[str] = (),
        nameless: pd.DataFrame | None = None,
    ) -> None:
        """A small table, kept as rows and as ``tables/<id>.csv``; an index with a name becomes the first column.

        ``units`` gives the unit of a column, ``names`` the columns that may name or number a customer, ``nameless``
        the same table without any. Raises ValueError past 1,000 rows, for a column named twice, or for one of
        ``names`` that is not there.
        """
        flat = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
        columns = [str(column) for column in flat.columns]
        if len(flat) > MOST_ROWS:
            raise ValueError(f"table {id!r} has {len(flat)} rows; at most {MOST_ROWS} belong into a report")
        if doubled := sorted({column for column in columns if columns.count(column) > 1}):
            raise ValueError(f"table {id!r} names column {doubled[0]!r} twice")
        if unknown := [name for name in names if name not in columns]:
            raise ValueError(f"table {id!r} has no column {unknown[0]!r}, which is said to hold names")
        rows = _rows(flat)
        file = f"tables/{id}.csv"
        found = {"caption": caption, "columns": columns, "rows": rows, "units": dict(units or {}), "file": file}
        found |= {"names": list(names)} if names else {}
        found |= {} if nameless is None else {"nameless": _rows(nameless)}
        self._add("tables", id, found)
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows([columns, *rows])
        self._write(file, out.getvalue().encode(errors="backslashreplace"))

    def figure(self, id: str, drawn: Axes | Figure, *, caption: str, alt: str, names: bool = False) -> None:
        """A chart, kept as ``figures/<id>.svg``; ``alt`` says in words what it shows.

        ``names`` says that it may name customers.
        """
        if not alt.strip():
            raise ValueError(f"figure {id!r} needs an alternative text")
        file = f"figures/{id}.svg"
        self._add("figures", id, {"caption": caption, "alt": alt, "file": file, **({"names": True} if names else {})})
        self._write(file, style.picture(drawn))

    def frozen(self, name: str, frame: pd.DataFrame) -> None:
        """A table for machines and for later runs, kept as Parquet under its own name."""
        self._refuse_when_closed()
        if not _ID.fullmatch(name):
            raise ValueError(f"name {name!r} must be small letters, digits and underscores, a letter first")
        content = io.BytesIO()
        frame.to_parquet(content, index=False)
        self._write(f"{name}.parquet", content.getvalue())

    def unavailable(self, id: str, reason: str) -> None:
        """A question that these books cannot answer, and why."""
        self._add("unavailable", id, {"reason": reason})

    def invariant(
        self,
        id: str,
        formula: str,
        left: float | Decimal | int,
        right: float | Decimal | int,
        *,
        tolerance: float | Decimal | int = 0,
    ) -> None:
        """Two figures that must agree, with both sides; the run refuses to publish where they do not."""
        sides = [Decimal(str(side)) for side in (left, right, tolerance)]
        finite = all(side.is_finite() for side in sides)
        self._add(
            "invariants",
            id,
            {
                "formula": formula,
                # Text, because a sum in cents may have more digits than a float keeps.
                "left": str(left),
                "right": str(right),
                "tolerance": str(tolerance),
                "holds": finite and abs(sides[0] - sides[1]) <= sides[2],
            },
        )

    def close(self) -> Path:
        """Write ``<notebook>.findings.json`` in one step; the notebook's last act. Returns its path."""
        self._refuse_when_closed()
        content = {"notebook": self._notebook, "run_id": self._run_id, "complete": True, **self._parts}
        path = self._write(self._notebook + SUFFIX, as_json(content))
        self._closed = True
        return path

    def _add(self, part: str, id: str, found: Mapping[str, Any]) -> None:
        self._refuse_when_closed()
        if not _ID.fullmatch(id):
            raise ValueError(f"id {id!r} must be small letters, digits and underscores, a letter first")
        for known in PARTS:
            if id in self._parts[known]:
                raise ValueError(f"id {id!r} is used twice: it names one of the {known} already")
        self._parts[part][id] = {name: plain(value) for name, value in found.items()} | {
            "made_by": made_by(self._notebook)
        }

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ValueError(f"the findings of {self._notebook} are closed")

    def _write(self, name: str, content: bytes) -> Path:
        return write_in_one_step(self._folder / name, content)


def _rows(flat: pd.DataFrame) -> list[list[Any]]:
    return [[plain(cell) for cell in row] for row in flat.itertuples(index=False, name=None)]
