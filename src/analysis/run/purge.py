"""Removing the personal data of old runs: everything but their manifests."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from analysis.faults import UsageFault
from analysis.run.manifest import MANIFEST, members, sha256_of
from analysis.run.publication import ReportsFolder
from analysis.run.purge_log import PURGE_LOG, Purge, log_purges, purges


def purge(reports: Path, *, older_than_months: int, today: date) -> list[Purge]:
    """Purges every run whose as-of date lies ``older_than_months`` or more before ``today``; the purged ones.

    First the log says so, then the files go: what a purge that was cut off left behind is a difference to
    ``verify``, and the next purge removes it. Raises UsageFault where there are no reports or the log was
    changed, BusyFault where a run holds a period that is to be purged.
    """
    if not (reports / "runs").is_dir():
        raise UsageFault(f"{reports}: holds no reports")
    folder, done = ReportsFolder(reports), []
    with folder.lock("purges"):
        logged, sound = purges(folder.root)
        if not sound:
            raise UsageFault(f"{folder.root / PURGE_LOG}: is not as it was written; nothing was purged")
        known = {purge.run_id for purge in logged}
        for run_id, period in folder.all_runs():
            if _months_between(date.fromisoformat(period), today) < older_than_months:
                continue
            with folder.lock(period):
                found = _purge_to_be(folder.runs / run_id, period, older_than_months=older_than_months, today=today)
                if run_id not in known:
                    log_purges(folder.root, [found])
                if found.files:
                    _strip(folder.runs / run_id)
                    done.append(found)
    return done


def _purge_to_be(run: Path, period: str, *, older_than_months: int, today: date) -> Purge:
    going = [path for name, path in members(run) if name != MANIFEST]
    return Purge(
        run_id=run.name,
        as_of=period,
        purged_on=today.isoformat(),
        older_than_months=older_than_months,
        files=len(going),
        bytes=sum(path.lstat().st_size for path in going),
        manifest_sha256=sha256_of(run / MANIFEST) if (run / MANIFEST).is_file() else "",
    )


def _strip(run: Path) -> None:
    for path in sorted(run.iterdir()):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MANIFEST:
            path.unlink()


def _months_between(earlier: date, later: date) -> int:
    """Whole months from one day to the other; the last one counts from the same day of the month."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (later.day < earlier.day)
