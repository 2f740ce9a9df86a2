"""Reports of many past periods: side by side, each in a process of its own, published in the order of their dates."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from analysis.faults import Fault, UsageFault
from analysis.run.interruption import Interruptible, Interruption

# From what waits to be tried again to what needs a person; whatever is not named is worse.
_BY_SEVERITY = (0, 75, 2, 3, 4, 5)
_MONTH = re.compile(r"(\d{4})-(\d{2})")


class BackfillFault(Fault):
    """A backfill was stopped, by a signal or its time limit; the exit code is that of a run so stopped."""

    def __init__(self, fault: Fault) -> None:
        self.exit_code = fault.exit_code
        self.public = "the backfill was stopped; what it published stays, and the same command goes on from there"
        super().__init__(self.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the report of one period ended: its exit code, and the JSON object it printed last (None without one)."""

    period: str
    exit_code: int
    told: Mapping[str, Any] | None


def month_ends(first: str, last: str) -> list[str]:
    """The last day of each month from ``first`` to ``last`` (as 2026-01), in ISO; UsageFault where they are none.

    >>> month_ends("2025-12", "2026-02")
    ['2025-12-31', '2026-01-31', '2026-02-28']
    """
    (year, month), until = _month(first), _month(last)
    if (year, month) > until:
        raise UsageFault(f"--from {first} lies after --to {last}")
    found = []
    while (year, month) <= until:
        found.append(date(year, month, monthrange(year, month)[1]).isoformat())
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def backfill(
    periods: Sequence[str],
    command: Callable[[str, int], Sequence[str]],
    *,
    workers: int,
    say: Callable[[str], None],
    limit_seconds: float,
) -> list[Outcome]:
    """Runs ``command(period, turn)`` for each period, at most ``workers`` at once; how each ended, in order.

    A command publishes the report of one period. Before it does it reads from the file descriptor ``turn`` until the
    end: that comes when every earlier period is over, so that each manifest names the one of the period before it,
    however long each took. One that fails keeps none of the others. ``say`` is told what commands write on stderr,
    each line with its period before it. Raises BackfillFault after a signal and after ``limit_seconds``; nothing
    that was started outlives it.
    """
    line = _Line(periods, command, workers=workers, say=say)
    try:
        with Interruptible(seconds=limit_seconds, last_resort=lambda fault: line.end()) as interruptible:
            try:
                return line.run()
            finally:
                interruptible.deafen()
                line.end()
    except Interruption as interruption:
        raise BackfillFault(interruption.fault) from None


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of the outcome that most needs a person; 0 where all ended well."""
    ranks = {code: rank for rank, code in enumerate(_BY_SEVERITY)}
    codes = [outcome.exit_code for outcome in outcomes]
    return max(codes, key=lambda code: ranks.get(code, len(ranks)), default=0)


class _Line:
    """The commands of a backfill: those that wait, those that run, and how the others ended."""

    def __init__(
        self,
        periods: Sequence[str],
        command: Callable[[str, int], Sequence[str]],
        *,
        workers: int,
        say: Callable[[str], None],
    ) -> None:
        self._periods, self._command, self._workers, self._say = list(periods), command, workers, say
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._turns: dict[str, int] = {}
        self._readers: dict[str, list[threading.Thread]] = {}
        self._last: dict[str, str] = {}
        self._ended: dict[str, Outcome] = {}

    def run(self) -> list[Outcome]:
        waiting = list(self._periods)
        while waiting or self._running:
            while waiting and len(self._running) < self._workers:
                self._start(waiting.pop(0))
            for period in [one for one, process in self._running.items() if process.poll() is not None]:
                self._finish(period)
            self._give_turns()
            time.sleep(0.05)
        return [self._ended[period] for period in self._periods]

    def end(self) -> None:
        """Ends whatever runs; each command cleans up for itself."""
        for process in self._running.values():
            process.terminate()
        for period in list(self._running):
            try:
                self._running[period].wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._running[period].kill()
            self._finish(period)

    def _start(self, period: str) -> None:
        turn, mine = os.pipe()
        try:
            process = subprocess.Popen(
                list(self._command(period, turn)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=(turn,),
            )
        except BaseException:
            os.close(mine)
            raise
        finally:
            os.close(turn)
        self._running[period], self._turns[period] = process, mine
        self._readers[period] = [
            threading.Thread(target=self._hear, args=(period, process.stderr), daemon=True),
            threading.Thread(target=self._keep_last, args=(period, process.stdout), daemon=True),
        ]
        for reader in self._readers[period]:
            reader.start()

    def _finish(self, period: str) -> None:
        process = self._running.pop(period)
        code = process.wait()
        for reader in self._readers.pop(period):
            reader.join(timeout=5)
        if period in self._turns:
            os.close(self._turns.pop(period))
        # the shell's way to tell of a process that a signal ended
        code = 128 - code if code < 0 else code
        self._ended[period] = Outcome(period=period, exit_code=code, told=_object(self._last.get(period, "")))

    def _give_turns(self) -> None:
        for period in self._periods:
            if period in self._turns:
                os.close(self._turns.pop(period))
            if period not in self._ended:
                return

    def _hear(self, period: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._say(f"{period}  {line.rstrip()}")

    def _keep_last(self, period: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._last[period] = line


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _month(text: str) -> tuple[int, int]:
    found = _MONTH.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise UsageFault(f"{text!r} is not a month like 2026-01")
    return int(found[1]), int(found[2])
