"""The company's mark on page 1: read once, bounded, and refused where it could do more than be looked at."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from analysis.faults import UsageFault
from analysis.ledger.company import Company

MOST_BYTES = 256 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
# Width and height stand after the signature and the heading of the first chunk.
_PNG_SIZE = slice(16, 24)
_MOST_PIXELS = 16_000_000
# What fetches, runs or grows. A picture within the picture may be one of another file.
_ACTIVE = re.compile(
    rb"(?i)<!doctype|<!entity|<script|<foreignobject|<image|@import|url\(\s*['\"]?(?!#)|href\s*=\s*['\"](?!#)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture file as it was read: its name, kind (``png`` or ``svg``) and content."""

    name: str
    kind: str
    content: bytes

    def as_input(self) -> dict[str, Any]:
        """What went into a run, as its manifest lists it."""
        digest = hashlib.sha256(self.content).hexdigest()
        return {"table": "logo", "name": self.name, "sha256": digest, "n_bytes": len(self.content), "n_rows": 0}


def logo_of(company: Company) -> Logo | None:
    """The logo that ``report.logo`` names; None where it names none.

    Raises UsageFault where the file lies outside the folder of ``company.toml``, cannot be read, is larger than 256
    KiB, is neither PNG nor SVG, or is an SVG with scripts, links, entities or pictures within it.
    """
    if company.report.logo is None:
        return None
    said = f"report.logo: {company.report.logo}"
    folder = company.path.parent.resolve()
    path = (folder / company.report.logo).resolve()
    if not path.is_relative_to(folder):
        raise UsageFault(f"{said} lies outside {folder}; copy it there")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageFault(f"{said} cannot be read ({error.strerror})") from None
    if len(content) > MOST_BYTES:
        raise UsageFault(f"{said} is larger than {MOST_BYTES // 1024} KiB; make it smaller")
    return Logo(name=path.name, kind=_kind(content, said=said), content=content)


def _kind(content: bytes, *, said: str) -> str:
    if content.startswith(_PNG):
        width, height = (int.from_bytes(part) for part in (content[_PNG_SIZE][:4], content[_PNG_SIZE][4:]))
        if not 0 < width * height <= _MOST_PIXELS:
            raise UsageFault(f"{said} has {width} x {height} pixels; at most 16 million can be shown")
        return "png"
    if b"<svg" not in content[:2048]:
        raise UsageFault(f"{said} is neither a PNG nor an SVG picture")
    if active := _ACTIVE.search(content):
        found = active[0].decode(errors="replace")
        raise UsageFault(
            f"{said} holds {found!r}: a logo may not run, fetch or include anything; export it as plain SVG"
        )
    try:
        ElementTree.fromstring(content)  # noqa: S314 - no DTD got this far, so nothing in it can grow
    except ElementTree.ParseError as error:
        raise UsageFault(f"{said} is no well-formed SVG: {error}") from None
    return "svg"
