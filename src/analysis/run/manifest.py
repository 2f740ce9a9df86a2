"""The manifest of a published run: what went in, what came out, and whether both are still so."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import analysis
from analysis.faults import UsageFault

MANIFEST = "manifest.json"
_SEAL = "seal"
_DISTRIBUTION = "paycurve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a published run is not what its manifest says."""

    path: str
    kind: Literal["changed", "missing", "added"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def code_version(notebooks: Mapping[str, str]) -> dict[str, str]:
    """Version of the package, and one SHA-256 over its source files and ``notebooks`` (name to SHA-256).

    Without an installed distribution the version reads "unknown"; the hash says what ran all the same.
    """
    package = Path(analysis.__file__).parent
    sources = {
        path.relative_to(package).as_posix(): sha256_of(path)
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    try:
        version = metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        version = "unknown"
    return {"version": version, "sha256": digest({"package": sources, "notebooks": dict(notebooks)})}


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the project depends on, and of Python."""
    versions = {"python": platform.python_version()}
    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        requirements = []
    for requirement in requirements:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        if name and "extra ==" not in requirement:
            try:
                versions[name.group()] = metadata.version(name.group())
            except metadata.PackageNotFoundError:
                versions[name.group()] = "absent"
    return versions


def outputs_of(folder: Path) -> dict[str, dict[str, str | int]]:
    """SHA-256 and size in bytes of every file below ``folder`` but the manifest, by its path."""
    return {
        name: {"sha256": sha256_of(path), "size": path.stat().st_size}
        for name, path in _members(folder)
        if name != MANIFEST
    }


def sealed(content: Mapping[str, Any]) -> bytes:
    """The manifest's bytes: ``content`` with a hash over itself, so that an edit of the manifest shows too."""
    return (json.dumps({**content, _SEAL: digest(dict(content))}, indent=2, sort_keys=True) + "\n").encode()


def verify(report: Path) -> list[Difference]:
    """What differs between a published run and its manifest; empty where nothing does.

    Every hash is derived again: of each file, of the manifest itself, and of the manifest of the
    earlier period that this one names. Files that the manifest does not know are differences as
    well. Raises UsageFault where ``report`` is no folder.
    """
    if not report.is_dir():
        raise UsageFault(f"{report}: is not a published report (no such folder)")
    folder = report.resolve()
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError:
        return [Difference(path=MANIFEST, kind="missing", detail="nothing can be verified without it")]
    try:
        content = json.loads(text)
        claimed = {name: (entry["sha256"], entry["size"]) for name, entry in content["outputs"].items()}
        seal = content.pop(_SEAL)
        intact = sealed(content) == text and seal == digest(content) and content["run_id"] == folder.name
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Difference(path=MANIFEST, kind="changed", detail="cannot be read as a manifest")]
    differences = [] if intact else [Difference(path=MANIFEST, kind="changed", detail="is not as it was written")]
    differences.extend(_of_files(claimed, dict(_members(folder))))
    differences.extend(_of_chain(content.get("previous"), folder.parent))
    return differences


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


def _of_chain(previous: Mapping[str, str] | None, runs: Path) -> Iterable[Difference]:
    if not previous:
        return
    path = runs / previous["run_id"] / MANIFEST
    name = f"{previous['run_id']}/{MANIFEST}"
    if not path.is_file():
        yield Difference(path=name, kind="missing", detail=f"manifest of {previous['as_of']}")
    elif sha256_of(path) != previous["sha256"]:
        yield Difference(path=name, kind="changed", detail=f"manifest of {previous['as_of']}")


def _members(folder: Path) -> Iterable[tuple[str, Path]]:
    """Everything below ``folder`` but the folders themselves, with its path as text."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix(), path
