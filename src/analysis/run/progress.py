"""What a person, or a log, sees of a run while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text


class Progress(Protocol):
    """Is told of each step (a stage or a notebook), from several threads at once; entered for the run."""

    def __enter__(self) -> Progress: ...

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None: ...

    def begin(self, step: str, *, cells: int = 0) -> None:
        """A step begins; ``cells`` of a notebook."""

    def cell(self, step: str, number: int) -> None:
        """The cell with this number, from 1, begins."""

    def end(self, step: str, *, fault: str | None = None) -> None:
        """A step ended, well or with a fault told in one line."""


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        return None

    def begin(self, step: str, *, cells: int = 0) -> None:
        return None

    def cell(self, step: str, number: int) -> None:
        return None

    def end(self, step: str, *, fault: str | None = None) -> None:
        return None


class PlainLines(Silence):
    """One line per event, without colour or clock time: whoever keeps the log adds his own.

    >>> import sys
    >>> lines = PlainLines(sys.stdout, clock=iter([0.0, 4.1]).__next__)
    >>> lines.begin("2_receivables", cells=9)
    2_receivables: started
    >>> lines.end("2_receivables")
    2_receivables: done in 4.1 s
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._began: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, step: str, *, cells: int = 0) -> None:
        with self._lock:
            self._began[step] = self._clock()
            self._say(f"{step}: started")

    def end(self, step: str, *, fault: str | None = None) -> None:
        with self._lock:
            seconds = self._clock() - self._began[step]
            how = f"failed after {seconds:.1f} s: {fault}" if fault else f"done in {seconds:.1f} s"
            self._say(f"{step}: {how}")

    def _say(self, line: str) -> None:
        # A log that is gone (closed, its disk full) is no reason to lose the report.
        with suppress(OSError, ValueError):
            print(line, file=self._stream, flush=True)


@dataclass(slots=True)
class _Row:
    began: float
    cells: int
    cell: int = 0
    cell_began: float = 0.0
    ended: float | None = None
    fault: str | None = None


class LiveLines(Silence):
    """One line per step on a terminal, kept up to date: mark, name, running cell, seconds."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=8)

    def __enter__(self) -> LiveLines:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._live.stop()

    def begin(self, step: str, *, cells: int = 0) -> None:
        with self._lock:
            self._rows[step] = _Row(began=self._clock(), cells=cells)

    def cell(self, step: str, number: int) -> None:
        with self._lock:
            self._rows[step].cell, self._rows[step].cell_began = number, self._clock()

    def end(self, step: str, *, fault: str | None = None) -> None:
        with self._lock:
            self._rows[step].ended, self._rows[step].fault = self._clock(), fault

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        with self._lock:
            now = self._clock()
            for step, row in self._rows.items():
                table.add_row(*_line(step, row, now))
        return table


def _line(step: str, row: _Row, now: float) -> tuple[Text, Text, Text, Text]:
    """Mark, name, seconds, and what is to be said beside: text only, so that a name is never markup."""
    seconds = Text(f"{(now if row.ended is None else row.ended) - row.began:.1f} s")
    if row.fault:
        return Text("\N{BALLOT X}", style="red"), Text(step), seconds, Text(row.fault, style="red")
    if row.ended is not None:
        return Text("\N{CHECK MARK}", style="green"), Text(step), seconds, Text("")
    beside = f"cell {row.cell} of {row.cells}, {now - row.cell_began:.0f} s" if row.cell else ""
    if row.cells and not row.cell:
        beside = "starting its kernel"
    return Text("\N{MIDDLE DOT}"), Text(step, style="bold"), seconds, Text(beside, style="dim")


def progress_on(stream: TextIO) -> Progress:
    """The display that fits ``stream``: live on a terminal, plain lines in a log."""
    console = Console(file=stream)
    return LiveLines(console) if console.is_terminal and not console.is_dumb_terminal else PlainLines(stream)
