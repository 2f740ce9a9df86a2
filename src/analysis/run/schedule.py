"""Notebooks in order: independent ones at the same time, a later one when those it needs are done."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from analysis.run.notebooks import Notebook

_JOIN_SECONDS = 30.0


def run_in_order(
    notebooks: Sequence[Notebook],
    work: Callable[[Notebook], None],
    *,
    workers: int,
    give_up: Callable[[], None],
    overdue: Callable[[], None] = lambda: None,
) -> None:
    """Calls ``work`` for each notebook, at most ``workers`` at once; the first error ends them all and is raised.

    ``give_up`` must make running work end soon; it is called until no work is left, whatever ended
    the schedule. ``overdue`` is asked some times a second and may raise.
    """
    waiting = list(notebooks)
    running: dict[str, threading.Thread] = {}
    done: set[str] = set()
    ended: queue.Queue[tuple[str, BaseException | None]] = queue.Queue()

    def attempt(notebook: Notebook) -> None:
        try:
            work(notebook)
        except BaseException as error:  # carried to the thread that waits
            ended.put((notebook.name, error))
        else:
            ended.put((notebook.name, None))

    try:
        while waiting or running:
            ready = [notebook for notebook in waiting if done.issuperset(notebook.needs)]
            for notebook in ready[: workers - len(running)]:
                waiting.remove(notebook)
                # A daemon: a stuck notebook must not keep the command alive for ever.
                running[notebook.name] = threading.Thread(target=attempt, args=(notebook,), daemon=True)
                running[notebook.name].start()
            overdue()
            try:
                name, error = ended.get(timeout=0.2)
            except queue.Empty:
                continue
            running.pop(name).join()
            if error is not None:
                raise error
            done.add(name)
    finally:
        deadline = time.monotonic() + _JOIN_SECONDS
        while any(thread.is_alive() for thread in running.values()) and time.monotonic() < deadline:
            give_up()
            for thread in running.values():
                thread.join(timeout=0.5)
