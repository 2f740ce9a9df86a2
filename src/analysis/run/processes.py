"""The processes of a run: the clean environment they start in, and their certain end.

A kernel lives in a session of its own and may start workers that outlive it, so neither a signal to
the group nor a list of children finds them all. Every process of a run therefore carries the path of
the run's scratch folder in its environment, and on Linux orphans are handed to the run instead of to
the system; whatever is found either way is ended, also by a later run when this one was killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

MARK = "PAYCURVE_SCRATCH"

# What a kernel needs of the parent's environment. Everything else stays out: start-up files and search
# paths that change figures, and secrets such as a database password.
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
    "MPLCONFIGDIR",
)
# Several threads add up the parts of a matrix product in another order, and so the number of cores would show in the
# last digits; notebooks run side by side anyway.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Processes of the standard library's own housekeeping: they end with the run, and ending them earlier
# breaks whoever uses multiprocessing after it.
_HOUSEKEEPING = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
_PR_SET_CHILD_SUBREAPER = 36


def kernel_environment(scratch: Path, *, parent: Mapping[str, str]) -> dict[str, str]:
    """The environment of every kernel of the run that works in ``scratch``; makes the folders it names.

    Two runs of the same books on one machine see the same environment whoever starts them: no user
    site, no start-up file of Python or IPython, no module of the working directory, UTC, a fixed
    hash seed, one thread of linear algebra.
    """
    ipython, temporary = scratch / "ipython", scratch / "tmp"
    for folder in (ipython, temporary):
        folder.mkdir(mode=0o700, exist_ok=True)
    matplotlibrc = ipython / "matplotlibrc"
    matplotlibrc.touch()
    return {
        **{name: parent[name] for name in _PASSED_ON if name in parent},
        **dict.fromkeys(_ONE_THREAD, "1"),
        "IPYTHONDIR": str(ipython),
        "JUPYTER_CONFIG_DIR": str(ipython),
        "MATPLOTLIBRC": str(matplotlibrc),
        "MPLBACKEND": "agg",
        "TMPDIR": str(temporary),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        MARK: str(scratch),
    }


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Has orphaned descendants handed to this process, on Linux; elsewhere the mark alone must find them."""
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def descendants() -> frozenset[psutil.Process]:
    """All processes that stem from this one."""
    return frozenset(psutil.Process().children(recursive=True))


def stop_processes(scratch: Path, *, before: frozenset[psutil.Process] | None = None, grace_seconds: float = 2) -> int:
    """Ends every process marked with ``scratch`` and every descendant that is not in ``before``; their number.

    First politely (SIGTERM), after ``grace_seconds`` not (SIGKILL). Without ``before`` only marked
    processes are ended, which is what the leftovers of another, killed run are. Descendants that
    carry another run's mark are that run's own.
    """
    ended: set[psutil.Process] = set()
    for _ in range(3):  # a process may start another while it is being ended
        found = _belonging(scratch, before)
        if not found:
            break
        ended |= found
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        _, alive = psutil.wait_procs(list(found), timeout=grace_seconds)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=5)
    return len(ended)


def _belonging(scratch: Path, before: frozenset[psutil.Process] | None) -> set[psutil.Process]:
    own = psutil.Process()
    stemming = set() if before is None else descendants() - before
    found = set()
    for process in {*psutil.process_iter(), *stemming}:
        if process == own or not process.is_running() or _is_others_zombie(process, own):
            continue
        mark = _mark_of(process)
        if mark == str(scratch) or (mark is None and process in stemming and not _is_housekeeping(process)):
            found.add(process)
    return found


def _is_others_zombie(process: psutil.Process, own: psutil.Process) -> bool:
    """Whether it has ended and waits for a parent other than this process to notice."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.ppid() != own.pid
    except psutil.Error:
        return True


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _is_housekeeping(process: psutil.Process) -> bool:
    try:
        command = " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return False
    return any(name in command for name in _HOUSEKEEPING)
