"""The findings of all notebooks of a run, brought together once each is complete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.faults import RunFault
from analysis.reporting.records import PARTS, SUFFIX, as_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The findings of all notebooks of a run, by id."""

    run_id: str
    notebooks: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, Any]]
    sentences: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Any]]
    unavailable: Mapping[str, Mapping[str, Any]]
    invariants: Mapping[str, Mapping[str, Any]]

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids of the invariants that do not hold."""
        return tuple(id for id, found in self.invariants.items() if not found["holds"])

    def as_json(self) -> bytes:
        """All findings as the bytes of ``findings.json``: sorted, without dates of making."""
        parts = {part: getattr(self, part) for part in PARTS}
        return as_json({"run_id": self.run_id, "notebooks": list(self.notebooks), **parts})


def gather(output_dir: str | Path, *, leaving_out: str = "") -> Collected:
    """The findings of all notebooks in ``output_dir``, but for those of the notebook ``leaving_out``.

    Raises RunFault where there are none, one is incomplete or unreadable, an id is used by two notebooks, a table
    or chart is missing, or the files are of different runs.
    """
    folder = Path(output_dir)
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    owner: dict[str, str] = {}
    runs: dict[str, str] = {}
    for path in sorted(folder.glob("*" + SUFFIX)):
        if path.name == leaving_out + SUFFIX:
            continue
        content = _read(path)
        runs[path.name] = content["run_id"]
        for part in PARTS:
            for id, found in content[part].items():
                if id in owner:
                    raise RunFault(f"{path.name}: id {id!r} is already used by {owner[id]}; give one another name")
                owner[id] = path.name
                parts[part][id] = found
                if "file" in found and not (folder / found["file"]).is_file():
                    raise RunFault(f"{path.name}: {found['file']} is missing from {folder}")
    if not runs:
        raise RunFault(f"{folder}: holds no findings; did a notebook run and close them?")
    if len(set(runs.values())) > 1:
        told = ", ".join(f"{name} of {run}" for name, run in runs.items())
        raise RunFault(f"{folder}: holds findings of different runs: {told}")
    notebooks = tuple(name.removesuffix(SUFFIX) for name in runs)
    return Collected(run_id=next(iter(runs.values())), notebooks=notebooks, **parts)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFault(f"{path}: cannot be read as findings: {error}") from None
    if (
        not isinstance(content, dict)
        or content.get("complete") is not True
        or not isinstance(content.get("run_id"), str)
    ):
        raise RunFault(f"{path}: is not complete; its notebook did not reach the end")
    if missing := [part for part in PARTS if not isinstance(content.get(part), dict)]:
        raise RunFault(f"{path}: lacks {missing[0]}")
    return content
