"""What a run consists of, what it may take, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.faults import UsageFault
from analysis.run.notebooks import NotebookStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits in seconds: of each notebook cell, and of the whole run."""

    cell_seconds: int = 900
    run_seconds: float = 1800

    def __post_init__(self) -> None:
        if self.cell_seconds < 1 or self.run_seconds <= 0:
            raise UsageFault(
                f"time limits must be positive, got {self.cell_seconds} s a cell, {self.run_seconds} s a run"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """What a run consists of.

    ``prepare(scratch)`` fills ``prepared/`` and returns what it did as a JSON object whose ``inputs``
    is a list of objects with at least ``sha256``. ``finish(scratch)`` gathers the findings, checks the
    invariants and leaves the report in ``publish/``. Either raises a Fault to end the run.
    ``known_by`` is the as-of date where it is None. At most ``workers`` notebooks run at the same time.
    ``name`` is the company's: one reports folder holds the reports of one company. A ``backfilled`` run is made of
    the books alone, without earlier reports; ``await_turn`` returns when it may be published, after those before it.
    """

    company: Path
    notebooks: Sequence[NotebookStep]
    prepare: Callable[[Path], Mapping[str, Any]]
    finish: Callable[[Path], None]
    known_by: str | None = None
    workers: int = 2
    name: str = ""
    backfilled: bool = False
    await_turn: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published run: its id, its folder, the period's link that now leads to it, seconds by step.

    ``made`` is False where the period was published already, made of the same, and nothing was done. ``alarms``
    are what ``prepare`` wants somebody to hear, each with ``rule`` and ``message``.
    """

    run_id: str
    folder: Path
    report: Path
    seconds: Mapping[str, float]
    manifest_sha256: str
    alarms: tuple[Mapping[str, str], ...] = ()
    made: bool = True
