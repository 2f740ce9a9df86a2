"""The log of purges: which runs lost their personal data, when and why; each line holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PURGE_LOG = "purges.jsonl"
_MODE = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """One purged run: how many files and bytes went, by which rule, and the manifest that stays (SHA-256)."""

    run_id: str
    as_of: str
    purged_on: str
    older_than_months: int
    files: int
    bytes: int
    manifest_sha256: str


def purges(reports: Path) -> tuple[list[Purge], bool]:
    """All purges of a reports folder, and whether their log is as it was written."""
    try:
        lines = (reports / PURGE_LOG).read_bytes().splitlines(keepends=True)
    except OSError:
        return [], True
    found: list[Purge] = []
    before = b""
    try:
        for line in lines:
            content = json.loads(line)
            chained, seal = content.pop("previous"), content.pop("seal")
            purge = Purge(**content)
            if line != _line(purge, before) or chained != _hash(before) or seal != _seal(purge, before):
                return found, False
            found.append(purge)
            before = line
    except (ValueError, KeyError, TypeError, AttributeError):
        return found, False
    return found, True


def log_purges(reports: Path, added: Sequence[Purge]) -> None:
    """Writes further lines, whole and on the disk; the caller holds the lock of the log."""
    path = reports / PURGE_LOG
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    before = lines[-1] if lines else b""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, _MODE)
    try:
        os.fchmod(descriptor, _MODE)
        for purge in added:
            before = _line(purge, before)
            os.write(descriptor, before)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(purge: Purge, before: bytes) -> bytes:
    content = {**asdict(purge), "previous": _hash(before), "seal": _seal(purge, before)}
    return (json.dumps(content, sort_keys=True) + "\n").encode()


def _seal(purge: Purge, before: bytes) -> str:
    return _hash(json.dumps({**asdict(purge), "previous": _hash(before)}, sort_keys=True).encode())


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest() if line else ""
