"""Names that tell nobody who is meant, and are the same from month to month for whoever holds the same key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analysis.faults import UsageFault

KEY_VARIABLE = "PAYCURVE_PSEUDONYM_KEY"
KEY_FILE_VARIABLE = "PAYCURVE_PSEUDONYM_KEY_FILE"
LEAST_KEY_BYTES = 16
_MOST_KEY_BYTES = 4096
# 50 bits: among 10,000 customers two share a pseudonym once in 20 million keys.
_LETTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """Pseudonyms by HMAC-SHA-256 (RFC 2104): without the key nobody can try out names or numbers of customers."""

    key: bytes = field(repr=False)
    company: str

    def of(self, customer_id: str) -> str:
        """The pseudonym of a customer: ``D-`` and ten letters and digits."""
        return "D-" + self._digest(f"customer\0{self.company}\0{customer_id}")[:_LETTERS]

    @property
    def fingerprint(self) -> str:
        """Tells whether two files were made with one key, and nothing about the key."""
        return self._digest(f"key\0{self.company}")[:_LETTERS]

    def _digest(self, text: str) -> str:
        made = hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.b32encode(made).decode()


def pseudonyms_of(company: str, environment: Mapping[str, str], *, reports: Path | None = None) -> Pseudonyms | None:
    """Pseudonyms by the key of the environment; None where it holds none.

    ``PAYCURVE_PSEUDONYM_KEY`` holds the key, or ``PAYCURVE_PSEUDONYM_KEY_FILE`` the path of a file with it. Raises
    UsageFault, without the key in its text, where both are stated, the key has fewer than 16 bytes, or the file
    cannot be read, is open to others than its owner, or lies within ``reports``.
    """
    stated, path = environment.get(KEY_VARIABLE, ""), environment.get(KEY_FILE_VARIABLE, "")
    if stated and path:
        raise UsageFault(f"both {KEY_VARIABLE} and {KEY_FILE_VARIABLE} are stated; state one")
    if not stated and not path:
        return None
    where = KEY_VARIABLE if stated else f"{KEY_FILE_VARIABLE} ({path})"
    key = stated.encode() if stated else _read(Path(path), where=where, reports=reports)
    if len(key) < LEAST_KEY_BYTES:
        raise UsageFault(f"{where}: the key has {len(key)} bytes; {LEAST_KEY_BYTES} random ones are the least")
    return Pseudonyms(key=key, company=company)


def _read(path: Path, *, where: str, reports: Path | None) -> bytes:
    if reports is not None and path.resolve().is_relative_to(reports.resolve()):
        raise UsageFault(f"{where}: lies within the folder of reports, whose readers must not have it; move it")
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(_MOST_KEY_BYTES)
    except OSError as error:
        raise UsageFault(f"{where}: cannot be read ({error.strerror})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise UsageFault(f"{where}: others than its owner may read it; chmod 600 it")
    return content.strip()
