"""The folder that is published: what the report step left, the executed notebooks, the log and the manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from analysis.faults import RunFault
from analysis.run.log import LOG, RunLog
from analysis.run.manifest import MANIFEST, library_versions, outputs_of, sealed
from analysis.run.publication import make_durable, require_plain_files


def assemble(scratch: Path, *, log: RunLog, stated: Mapping[str, Any], now: Callable[[], str]) -> Path:
    """Completes ``scratch/publish`` with notebooks, log and sealed manifest, and writes it to the disk.

    ``stated`` is what the manifest says beside libraries, outputs and the time of its end. Raises RunFault where
    there is nothing to publish, something that is no plain file, or a file in the place of the run's own.
    """
    finished = scratch / "publish"
    require_plain_files(finished)
    if not any(finished.iterdir()):
        raise RunFault("report: nothing was left in publish/; there is nothing to publish")
    for name in ("notebooks", LOG, MANIFEST):
        if os.path.lexists(finished / name):
            raise RunFault(f"report: publish/{name} is the run's own to write")
    (scratch / "notebooks").rename(finished / "notebooks")
    log.note("assembled", run_id=stated["run_id"])
    (finished / LOG).write_bytes(log.as_bytes())
    content = {**stated, "libraries": library_versions(), "outputs": outputs_of(finished), "ended": now()}
    (finished / MANIFEST).write_bytes(sealed(content))
    make_durable(finished)
    return finished
