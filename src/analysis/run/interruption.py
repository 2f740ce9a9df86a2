"""What ends a run from outside: a signal, or the time limit of the whole run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from analysis.faults import Fault, RunFault

_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
# How long after its time limit a run that does not react is cut off.
_PATIENCE_SECONDS = 15.0


class StoppedFault(Fault):
    """The run was stopped by a signal; the exit code is the shell's, 128 plus its number."""

    reason = "stopped"

    def __init__(self, signum: int) -> None:
        self.public = f"stopped by {signal.Signals(signum).name}; nothing was published"
        super().__init__(self.public)
        self.exit_code = 128 + signum


class OverdueFault(RunFault):
    """The run as a whole took longer than it may."""

    reason = "timeout"

    def __init__(self, seconds: float) -> None:
        self.public = f"the run took longer than its limit of {seconds:g} s; nothing was published"
        super().__init__(self.public)


class Interruption(BaseException):
    """Raised in the main thread when the run must end; no ``Exception``, so that no stage can swallow it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Interruptible:
    """While entered, a stopping signal or ``seconds`` gone by raise Interruption in the main thread, once.

    After that, and from ``deafen()`` on, signals are ignored: what remains is short and must be
    whole (publishing, cleaning up). A run that does not react to its time limit (a query inside the
    engine) is cut off: ``last_resort`` is called in a thread, then the process ends with exit code 5.
    Outside the main thread Python receives no signals, and nothing of this happens.
    """

    def __init__(self, *, seconds: float, last_resort: Callable[[Fault], None]) -> None:
        self._seconds = seconds
        self._last_resort = last_resort
        self._deaf = False
        # Whoever takes it ends the run: the main thread, or the one that cuts it off. Never both.
        self._ending = threading.RLock()
        self._previous: dict[int, Any] = {}
        self._cut_off = threading.Timer(seconds + _PATIENCE_SECONDS, self._end)
        self._cut_off.daemon = True

    def __enter__(self) -> Interruptible:
        if threading.current_thread() is threading.main_thread():
            for name in (*_STOPPING, "SIGALRM"):
                signum = getattr(signal, name)
                self._previous[signum] = signal.signal(signum, self._heard)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            self._cut_off.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.deafen()
        if self._previous:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for signum, handler in self._previous.items():
            # None: a handler that Python did not install and cannot put back
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)

    def deafen(self) -> None:
        """Ignores signals and the time limit from now on; never returns where the cut-off has begun."""
        self._deaf = True
        self._cut_off.cancel()
        self._ending.acquire()

    def _heard(self, signum: int, frame: FrameType | None) -> None:
        if self._deaf:
            return
        self._deaf = True
        overdue = signum == signal.SIGALRM
        raise Interruption(OverdueFault(self._seconds) if overdue else StoppedFault(signum))

    def _end(self) -> None:
        if self._ending.acquire(blocking=False):
            fault = OverdueFault(self._seconds)
            self._last_resort(fault)
            os._exit(fault.exit_code)
