"""Whether a published run is still what its manifest says, and so all the runs before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis.faults import UsageFault
from analysis.run.manifest import MANIFEST, members, read_manifest, sha256_of, unsealed
from analysis.run.purge_log import PURGE_LOG, Purge, purges

_RUN_ID = re.compile(r"[0-9a-f-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a published run is not what its manifest says."""

    path: str
    kind: Literal["changed", "missing", "added"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def verify(report: Path) -> list[Difference]:
    """What differs between a published run and its manifest; empty where nothing does.

    Every hash is derived again: of each file, of the manifest itself, and of the manifest of each earlier period,
    which the one after it names; a later run that names this one has to name it as it is. Files that the manifest
    does not know are differences as well. Of a purged run only the manifest is left, and the log of purges says so.
    Raises UsageFault where ``report`` is no folder.
    """
    if not report.is_dir():
        raise UsageFault(f"{report}: is not a published report (no such folder)")
    folder = report.resolve()
    differences, content = _of_run(folder)
    if content is not None:
        differences.extend(_of_chain(content.get("previous"), folder.parent))
        differences.extend(_of_successors(folder))
    return differences


def intact(folder: Path) -> bool:
    """Whether the files of a run are those of its manifest, all of them (none purged), and no other."""
    differences, content = _of_run(folder)
    return not differences and content is not None and _purge_of(folder)[0] is None


def purge_of(report: Path) -> Purge | None:
    """The purge of a run, where its personal data were removed."""
    return _purge_of(report.resolve())[0]


def _of_run(folder: Path) -> tuple[list[Difference], dict[str, Any] | None]:
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError:
        return [Difference(path=MANIFEST, kind="missing", detail="nothing can be verified without it")], None
    try:
        content, as_written = unsealed(text)
        claimed = {name: (entry["sha256"], entry["size"]) for name, entry in content["outputs"].items()}
        as_written = as_written and content["run_id"] == folder.name
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Difference(path=MANIFEST, kind="changed", detail="cannot be read as a manifest")], None
    differences = [] if as_written else [Difference(path=MANIFEST, kind="changed", detail="is not as it was written")]
    purge, log = _purge_of(folder)
    differences.extend(log)
    if purge is None:
        differences.extend(_of_files(claimed, dict(members(folder))))
    else:
        differences.extend(_of_purged(purge, folder))
    return differences, content


def _of_files(claimed: Mapping[str, tuple[str, int]], found: Mapping[str, Path]) -> Iterable[Difference]:
    for name in sorted({*claimed, *found} - {MANIFEST}):
        if name not in found:
            yield Difference(path=name, kind="missing")
        elif name not in claimed:
            yield Difference(path=name, kind="added")
        elif found[name].is_symlink() or not found[name].is_file():
            yield Difference(path=name, kind="changed", detail="is no regular file")
        elif (size := found[name].stat().st_size) != claimed[name][1]:
            yield Difference(path=name, kind="changed", detail=f"{size} bytes instead of {claimed[name][1]}")
        elif sha256_of(found[name]) != claimed[name][0]:
            yield Difference(path=name, kind="changed", detail="other content of the same size")


def _purge_of(folder: Path) -> tuple[Purge | None, list[Difference]]:
    """The purge of the run in ``folder``, and what is wrong with the log of purges."""
    logged, sound = purges(folder.parent.parent)
    broken = [] if sound else [Difference(path=PURGE_LOG, kind="changed", detail="is not as it was written")]
    return next((purge for purge in logged if purge.run_id == folder.name), None), broken


def _of_purged(purge: Purge, folder: Path) -> Iterable[Difference]:
    if sha256_of(folder / MANIFEST) != purge.manifest_sha256:
        yield Difference(path=MANIFEST, kind="changed", detail=f"is not the one of the purge on {purge.purged_on}")
    for name, _ in members(folder):
        if name != MANIFEST:
            yield Difference(path=name, kind="added", detail=f"is there although purged on {purge.purged_on}")


def _of_chain(previous: Mapping[str, str] | None, runs: Path) -> Iterable[Difference]:
    """Back from manifest to manifest; where one cannot be read the chain ends."""
    seen: set[str] = set()
    while previous and previous["run_id"] not in seen:
        seen.add(previous["run_id"])
        name, what = f"{previous['run_id']}/{MANIFEST}", f"manifest of {previous['as_of']}"
        folder = runs / previous["run_id"]
        if not _RUN_ID.fullmatch(previous["run_id"]) or not (folder / MANIFEST).is_file():
            yield Difference(path=name, kind="missing", detail=what)
        elif sha256_of(folder / MANIFEST) != previous["sha256"]:
            yield Difference(path=name, kind="changed", detail=what)
        previous = (read_manifest(folder) or {}).get("previous")


def _of_successors(folder: Path) -> Iterable[Difference]:
    own = sha256_of(folder / MANIFEST)
    for other in sorted(folder.parent.iterdir()):
        named = ((read_manifest(other) or {}) if other != folder else {}).get("previous") or {}
        if named.get("run_id") == folder.name and named.get("sha256") != own:
            yield Difference(path=MANIFEST, kind="changed", detail=f"is not the one that {other.name} followed")
