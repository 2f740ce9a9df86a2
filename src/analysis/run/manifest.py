"""The manifest of a published run: what went in and what came out, sealed."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import analysis

MANIFEST = "manifest.json"
_SEAL = "seal"
_DISTRIBUTION = "paycurve"


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
        for name, path in members(folder)
        if name != MANIFEST
    }


def sealed(content: Mapping[str, Any]) -> bytes:
    """The manifest's bytes: ``content`` with a hash over itself, so that an edit of the manifest shows too."""
    return (json.dumps({**content, _SEAL: digest(dict(content))}, indent=2, sort_keys=True) + "\n").encode()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest in ``folder``; None where there is none, or it cannot be read as one."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def unsealed(text: bytes) -> tuple[dict[str, Any], bool]:
    """The content of a manifest without its seal, and whether it is as it was written.

    Raises ValueError, KeyError, TypeError or AttributeError where ``text`` is no manifest.
    """
    content = json.loads(text)
    seal = content.pop(_SEAL)
    return content, sealed(content) == text and seal == digest(content)


def members(folder: Path) -> Iterable[tuple[str, Path]]:
    """Everything below ``folder`` but the folders themselves, with its path as text."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix(), path
