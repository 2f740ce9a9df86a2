"""Whether the report of a period stands as it is, so that a run would only make it again."""

from __future__ import annotations

from pathlib import Path

from analysis.run.manifest import library_versions, read_manifest
from analysis.run.origin import OF_REPORTS, Origin
from analysis.run.publication import ReportsFolder
from analysis.run.verification import intact


def standing_run(folder: ReportsFolder, origin: Origin, *, period: str, backfilled: bool) -> Path | None:
    """The current run of ``period``, where it was made of the same, by the same libraries, and nobody touched it.

    For a ``backfilled`` run inputs that come from earlier reports do not count: it is made without them.
    """
    current = folder.current(period)
    manifest = read_manifest(current) if current else None
    if current is None or manifest is None or manifest.get("libraries") != library_versions():
        return None
    leaving_out = OF_REPORTS if backfilled else frozenset[str]()
    return current if origin.made(manifest, leaving_out=leaving_out) and intact(current) else None
