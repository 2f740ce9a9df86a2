"""The reports folder: where a run works, where it is published, and the one step that makes it current.

``runs/<run id>/`` holds each published run and is never changed again; ``<as-of>`` is a relative
symbolic link to the current run of that period; ``failed/<run id>/status.json`` tells of a run that
failed. Hidden beside them: ``.scratch/`` (runs at work) and ``.locks/``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from analysis.faults import BusyFault, RunFault, UsageFault
from analysis.run.lock import PeriodLock, require_file_locks
from analysis.run.manifest import MANIFEST, read_manifest, sha256_of
from analysis.run.processes import stop_processes

_FOLDER_MODE, _FILE_MODE = 0o750, 0o640
_RUN_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-[0-9a-f]{8}-\d+")


def period_of(text: str) -> str:
    """``text`` if it is an ISO date; UsageFault otherwise (it becomes the name of a folder)."""
    with suppress(ValueError):
        if date.fromisoformat(text).isoformat() == text:
            return text
    raise UsageFault(f"as-of {text!r} is not a date like 2026-10-31")


class ReportsFolder:
    """The folder that holds all periods of one company. UsageFault where it is not a folder or not ours."""

    def __init__(self, root: Path) -> None:
        require_file_locks()
        try:
            root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        except FileExistsError:
            raise UsageFault(f"{root}: is not a folder") from None
        except OSError as error:
            raise UsageFault(f"{root}: cannot be made ({error.strerror})") from None
        self.root = root.resolve()
        self.runs, self.failed = self.root / "runs", self.root / "failed"
        self._scratch, self._locks = self.root / ".scratch", self.root / ".locks"
        for folder in (self.runs, self._scratch, self._locks):
            _own_folder(folder)

    def lock(self, period: str) -> PeriodLock:
        """The lock of one period; enter it."""
        return PeriodLock(self._locks, period)

    def current(self, period: str) -> Path | None:
        """Folder of the current run of a period, None before its first.

        UsageFault where what stands under that name is not a link of ours: it is left untouched.
        """
        link = self.root / period
        if not os.path.lexists(link):
            return None
        leads_to = str(link.readlink()) if link.is_symlink() else ""
        match = _RUN_ID.fullmatch(leads_to.removeprefix("runs/"))
        if match is None or match.group(1) != period or leads_to != f"runs/{match.group()}":
            raise UsageFault(f"{link}: was not made by a run; move it away, then run again")
        return self.runs / match.group()

    def previous(self, period: str) -> dict[str, str] | None:
        """As-of date, run id and manifest's SHA-256 of the latest earlier period that is published."""
        for name in sorted((entry.name for entry in self.root.iterdir()), reverse=True):
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) and name < period:
                with suppress(UsageFault, OSError):
                    folder = self.current(name)
                    if folder is not None:
                        return {"as_of": name, "run_id": folder.name, "sha256": sha256_of(folder / MANIFEST)}
        return None

    def last_manifest(self, period: str) -> dict[str, Any] | None:
        """The manifest of the latest earlier period that is published; None before the first."""
        earlier = self.previous(period)
        return read_manifest(self.runs / earlier["run_id"]) if earlier else None

    def all_runs(self) -> list[tuple[str, str]]:
        """Run id and period of every published run, also of those that are no longer current."""
        found = ((entry, _RUN_ID.fullmatch(entry.name)) for entry in sorted(self.runs.iterdir()))
        return [(entry.name, match.group(1)) for entry, match in found if match and not entry.is_symlink()]

    def require_company(self, name: str, *, period: str) -> None:
        """UsageFault where the current or the latest earlier report is of another company than ``name``."""
        here = self.current(period)
        for manifest in (read_manifest(here) if here else None, self.last_manifest(period)):
            other = (manifest or {}).get("company", {}).get("name")
            if name and other and other != name:
                raise UsageFault(
                    f"{self.root}: holds the reports of {other!r}; give {name!r} a folder of its own (--reports)"
                )

    def new_run_id(self, period: str, content: str) -> str:
        """Name of the next run: period, the first eight digits of ``content`` (a hash) and a running number."""
        number, stem = 1, f"{period}-{content[:8]}"
        while any(os.path.lexists(place / f"{stem}-{number}") for place in (self.runs, self.failed)):
            number += 1
        return f"{stem}-{number}"

    def new_scratch(self, period: str) -> Path:
        """A private folder to work in, on the same file system as the published runs.

        Its name is that of the period, so that paths seen by the notebooks are the same in every run;
        the caller holds the period's lock and has cleared what an earlier run left. Proves that the
        file system has symbolic links: without them no run could be made current.
        """
        scratch = self._scratch / period
        scratch.mkdir(mode=0o700)
        try:
            (scratch / "link").symlink_to("nowhere")
            (scratch / "link").unlink()
        except (OSError, NotImplementedError) as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise UsageFault(
                f"{self.root}: the file system cannot make symbolic links ({error}); choose another one for the reports"
            ) from None
        return scratch

    def clear_stale_scratch(self, period: str) -> None:
        """Ends the processes and removes the scratch folders of runs that were killed.

        For ``period`` the caller holds the lock; another period's leftovers are cleared only while
        its lock can be had, since a living run may own them.
        """
        for scratch in sorted(self._scratch.iterdir()):
            if scratch.stem == period:
                _clear(scratch)
            else:
                with suppress(BusyFault, OSError), PeriodLock(self._locks, scratch.stem, patience_seconds=0):
                    _clear(scratch)

    def publish(self, finished: Path, *, period: str, run_id: str) -> Path:
        """Moves ``finished``, which becomes the run, into place and makes it current; the link that leads to it.

        Two renames: after the first the run exists whole but is not current, after the second it is.
        A reader of the period's folder sees the earlier run or this one, never a mixture.
        """
        self.current(period)
        target, link = self.runs / run_id, self.root / period
        finished.rename(target)
        _sync(self.runs)
        waiting = self._scratch / f"{period}.link"
        try:
            waiting.unlink(missing_ok=True)
            waiting.symlink_to(Path("runs") / run_id, target_is_directory=True)
            waiting.replace(link)
        except BaseException:
            waiting.unlink(missing_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            raise
        _sync(self.root)
        return link

    def record_failure(self, run_id: str, status: Mapping[str, Any]) -> Path:
        """Leaves ``failed/<run id>/status.json``, whole or not at all."""
        _own_folder(self.failed)
        folder = self.failed / run_id
        folder.mkdir(mode=_FOLDER_MODE)
        waiting = folder / ".status.json"
        waiting.write_text(json.dumps(status, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        waiting.chmod(_FILE_MODE)
        _sync(waiting)
        return waiting.rename(folder / "status.json")


def require_plain_files(folder: Path) -> None:
    """RunFault where something below ``folder`` is neither a file nor a folder.

    A link could show a reader what lies elsewhere, and reading from a pipe never ends.
    """
    for path in _depth_first(folder):
        kind = path.lstat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise RunFault(f"{path.relative_to(folder)}: is neither a file nor a folder; it cannot be published")


def make_durable(folder: Path) -> None:
    """Gives the files and folders below ``folder`` their final access rights and writes them to the disk."""
    for path in _depth_first(folder):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        _sync(path)


def remove_scratch(scratch: Path) -> None:
    """Removes a scratch folder, also where a dying process still writes into it."""
    for _ in range(5):
        shutil.rmtree(scratch, ignore_errors=True)
        if not os.path.lexists(scratch):
            return


def _clear(scratch: Path) -> None:
    stop_processes(scratch)
    if scratch.is_symlink() or not scratch.is_dir():
        scratch.unlink()
    else:
        remove_scratch(scratch)


def _own_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=_FOLDER_MODE)
    except FileExistsError:
        pass
    except OSError as error:
        raise UsageFault(f"{folder}: cannot be made ({error.strerror})") from None
    if folder.is_symlink() or not folder.is_dir():
        raise UsageFault(f"{folder}: is in the way; the run needs a folder of this name and follows no link")


def _depth_first(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _depth_first(entry)
        else:
            yield entry
    yield folder


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
