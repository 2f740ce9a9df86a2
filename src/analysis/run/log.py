"""The log of a run for machines: one JSON object a line, when each step and cell began and how it ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from analysis.faults import Fault
from analysis.run.failure import public_message

LOG = "log.jsonl"


class RunLog:
    """Events in the order in which they came, each ``at`` so many seconds after the start.

    Nothing of it comes out of the books: a fault is told by its class and its public message.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def note(self, event: str, **facts: Any) -> None:
        """One event; may be called from any thread."""
        with self._lock:
            self._events.append({"at": round(self._clock() - self._began, 3), "event": event, **facts})

    def note_fault(self, step: str, fault: Fault) -> None:
        """A step that ended with ``fault``."""
        self.note("failed", step=step, fault=type(fault).__name__, message=public_message(fault))

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        with self._lock:
            return list(self._events)

    def as_bytes(self) -> bytes:
        """All events so far as the content of the file."""
        return "".join(json.dumps(event, sort_keys=True) + "\n" for event in self.events).encode()
