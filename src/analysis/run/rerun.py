"""A published run made once more, apart from all reports, and held against what was published."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from analysis.faults import UsageFault, VerifyFault
from analysis.run.manifest import MANIFEST, library_versions, read_manifest
from analysis.run.recipe import Published
from analysis.run.verification import Difference, purge_of

# Executed notebooks name the folder they ran in, pages show them, and a log tells the time.
_OF_THE_RUN = ("notebooks/", "log.jsonl")


def rerun(report: Path, make: Callable[[Path, str], Published]) -> list[Difference]:
    """What a run gives otherwise when it is made again; empty where every table, figure and page is the same.

    ``make(reports, run_id)`` makes the run under the same id in a scratch folder, which is removed afterwards.
    Compared byte for byte is every output but executed notebooks, pages for a browser and the log. Where anything
    differs it is also said what the run was made of otherwise: inputs, configuration, code, libraries. Raises
    UsageFault for what is no published run, VerifyFault for a run whose data were purged.
    """
    folder = report.resolve()
    before = read_manifest(folder)
    if before is None or "outputs" not in before:
        raise UsageFault(f"{report}: is not a published report, or its manifest cannot be read")
    if (purge := purge_of(report)) is not None:
        raise VerifyFault(f"{report}: was purged on {purge.purged_on}; there is nothing to compare with")
    with tempfile.TemporaryDirectory(prefix="paycurve-rerun-") as scratch:
        made = make(Path(scratch) / "reports", str(before["run_id"]))
        after = read_manifest(made.folder) or {}
    found = _of_outputs(before["outputs"], after["outputs"])
    return [*found, *_of_origin(before, after)] if found else []


def _of_outputs(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[Difference]:
    found = []
    for name in sorted({*before, *after}):
        if name.startswith(_OF_THE_RUN) or name.endswith(".html"):
            continue
        if name not in after:
            found.append(Difference(path=name, kind="missing", detail="when the run is made again"))
        elif name not in before:
            found.append(Difference(path=name, kind="added", detail="when the run is made again"))
        elif before[name]["sha256"] != after[name]["sha256"]:
            found.append(Difference(path=name, kind="changed", detail="when the run is made again"))
    return found


def _of_origin(before: dict[str, object], after: dict[str, object]) -> list[Difference]:
    """What may explain the differences."""
    found = [name for name in ("company", "code", "parameters", "known_by") if before.get(name) != after.get(name)]
    if {str(one) for one in _hashes(before)} != {str(one) for one in _hashes(after)}:
        found.append("inputs")
    if before.get("libraries") != library_versions():
        found.append("libraries")
    return [Difference(path=MANIFEST, kind="changed", detail=f"{name}: not those of the run") for name in found]


def _hashes(manifest: dict[str, object]) -> list[object]:
    inputs = manifest.get("inputs")
    return [one.get("sha256") for one in inputs] if isinstance(inputs, list) else []
