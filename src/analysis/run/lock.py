"""One run per period: the lock that a run holds on its reports folder and as-of date."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from analysis.faults import BusyFault, UsageFault

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# A record lock does not exclude a second holder within the same process; this set does.
_held: set[Path] = set()
_guard = threading.Lock()


def require_file_locks() -> None:
    """UsageFault on a system without the file locks (and signals) that a run needs."""
    if fcntl is None:
        raise UsageFault("a run needs the file locks of Linux or macOS; on Windows use its Linux subsystem")


class PeriodLock:
    """Held by entering it; BusyFault, naming the holder, where another run holds it.

    ``patience_seconds`` is for whoever holds it only for a moment, to clear up after a killed run.

    A POSIX record lock: the system releases it when the holder ends, however it ends, and a forked
    child does not inherit it. So a lock is never stale, and what the file says (process id, host,
    since when) only names the holder.
    """

    def __init__(self, folder: Path, period: str, *, patience_seconds: float = 1.0) -> None:
        self._path = folder / f"{period}.lock"
        self._period = period
        self._patience_seconds = patience_seconds
        self._descriptor: int | None = None

    def __enter__(self) -> PeriodLock:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                self._descriptor = self._taken()
            except BusyFault:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)
            else:
                return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        # Removed while it is held: whoever waits at the old file finds that it is not the one in the folder.
        with suppress(OSError):
            self._path.unlink()
        if self._descriptor is not None:
            os.close(self._descriptor)
        with _guard:
            _held.discard(self._path)

    def _taken(self) -> int:
        with _guard:
            if self._path in _held:
                raise BusyFault(f"{self._period}: another run of this process (pid {os.getpid()}) holds the period")
            _held.add(self._path)
        try:
            return self._locked()
        except BaseException:
            with _guard:
                _held.discard(self._path)
            raise

    def _locked(self) -> int:
        while True:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o640)
            except OSError as error:
                raise UsageFault(f"{self._path}: cannot be used as the lock ({error.strerror})") from None
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_current(descriptor):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, self._holder(), 0)
                    return descriptor
            except (BlockingIOError, PermissionError):
                raise BusyFault(self._busy(descriptor)) from None
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        return False

    def _holder(self) -> bytes:
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return json.dumps(holder).encode()

    def _busy(self, descriptor: int) -> str:
        content = b""
        for _ in range(10):  # the holder may have locked but not yet signed
            content = os.pread(descriptor, 4096, 0)
            if content:
                break
            time.sleep(0.05)
        os.close(descriptor)
        try:
            holder = json.loads(content)
            who = f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
        except (ValueError, KeyError, TypeError):
            who = "an unnamed process"
        return f"{self._period}: another run holds the period ({who}); wait until it ends, or stop it"
