"""What a run is made of: everything that its numbers may depend on, and whether another was made of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.run.manifest import digest

PRINTED_FORECAST, LAST_REPORT, SHARED_EDITION = "printed forecast", "last report", "shared edition"
OF_REPORTS = frozenset({PRINTED_FORECAST, LAST_REPORT, SHARED_EDITION})
"""Tables of inputs that come from earlier reports instead of from the company's books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """As-of and known-by date, company file, code, parameters, and the inputs once they are read.

    ``inputs`` are objects with ``sha256``, and ``table`` where they are tables.
    """

    as_of: str
    known_by: str
    company: Mapping[str, str]
    code: Mapping[str, str]
    parameters: Mapping[str, str]
    inputs: Sequence[Mapping[str, Any]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the manifest, with a hash over all of it but the names of the inputs."""
        stated = self._stated()
        if self.inputs is None:
            return stated
        return {**stated, "inputs": [dict(one) for one in self.inputs], "content_sha256": self.content_sha256}

    @property
    def content_sha256(self) -> str:
        """Equal for runs that are made of the same; before the inputs are read, of the rest."""
        if self.inputs is None:
            return digest(self._stated())
        return digest({**self._stated(), "inputs": _hashes(self.inputs, leaving_out=frozenset())})

    def made(self, manifest: Mapping[str, Any], *, leaving_out: frozenset[str] = frozenset()) -> bool:
        """Whether the run of ``manifest`` was made of the same; inputs of the tables ``leaving_out`` do not count."""
        stated = self._stated()
        same = all(stated[name] == manifest.get(name) for name in stated)
        inputs = [_hashes(found or (), leaving_out=leaving_out) for found in (manifest.get("inputs"), self.inputs)]
        return same and inputs[0] == inputs[1]

    def _stated(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of,
            "known_by": self.known_by,
            "company": dict(self.company),
            "code": dict(self.code),
            "parameters": dict(self.parameters),
        }


def _hashes(inputs: Sequence[Mapping[str, Any]], *, leaving_out: frozenset[str]) -> list[str]:
    return sorted(str(one["sha256"]) for one in inputs if one.get("table") not in leaving_out)
