"""Files of a company, taken into a private folder: opened once, hashed, decoded, never followed."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analysis.faults import DataFault, UsageFault
from analysis.ledger.company import Source

_CHUNK = 1 << 20
READABLE = (".csv", ".txt", ".tsv", ".xlsx", ".parquet", ".duckdb", ".db")
_REFUSED = {
    ".xlsm": "holds macros; save it as .xlsx",
    ".xls": "is the old Excel format; save it as .xlsx",
    ".xlsb": "is the binary Excel format; save it as .xlsx",
}
# Read as Latin-1, the UTF-8 bytes of accented letters begin with these signs.
_MOJIBAKE = ("Ã©", "Ã¼", "Ã¶", "Ã¤", "Ã¨", "Ã±", "Ã§", "ÃŸ", "â€™", "â€“")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """One input file as it was taken in."""

    name: str  # as the company calls it, relative to its root
    copy: Path  # private copy, UTF-8 with line feeds where it is text
    sha256: str  # of the bytes as they were found
    n_bytes: int
    mojibake: bool = False


def files_of(source: Source, *, root: Path) -> list[str]:
    """Names of the files of a source, relative to the root; a folder stands for its readable files in order.

    Raises UsageFault for a name that leaves the root, a URL or a pattern, DataFault for a missing one.
    """
    named = [source.file] if isinstance(source.file, str) else list(source.file)
    found: list[str] = []
    for name in named:
        if "://" in name or any(sign in name for sign in "*?[") or name.startswith("~") or "\0" in name:
            raise UsageFault(f"file = {name!r}: must be a plain file or folder, neither an address nor a pattern")
        path = root / name
        if not path.resolve().is_relative_to(root):
            raise UsageFault(f"file = {name!r}: lies outside the company's root {root}; set company.root")
        if path.is_dir():
            inside = sorted(f for f in path.iterdir() if f.suffix.lower() in READABLE and not f.name.startswith("."))
            if not inside:
                raise DataFault(f"{name}: the folder holds no readable file ({', '.join(READABLE)})")
            found += [f"{name.rstrip('/')}/{f.name}" for f in inside]
        else:
            found.append(name)
    return found


def take_in(name: str, *, root: Path, folder: Path, encoding: str) -> TakenFile:
    """Copy one file into ``folder``; text is decoded to UTF-8 and hashed in the same reading.

    Raises DataFault where it is missing, no regular file, empty, or not in the declared encoding
    (naming the byte).
    """
    path = root / name
    suffix = path.suffix.lower()
    if suffix in _REFUSED:
        raise DataFault(f"{name}: {_REFUSED[suffix]}")
    if suffix not in READABLE:
        raise DataFault(f"{name}: not a kind of file that can be read ({', '.join(READABLE)})")
    copy = folder / f"{len(list(folder.iterdir())):03d}{suffix}"
    digest, n_bytes, mojibake = hashlib.sha256(), 0, False
    is_text = suffix in (".csv", ".txt", ".tsv")
    with _opened(path, name=name) as found, copy.open("wb") as out:
        chunks = _hashed(found, digest)
        for chunk in _as_utf8(chunks, name=name, encoding=encoding) if is_text else chunks:
            n_bytes += len(chunk)
            if is_text and not mojibake:
                mojibake = any(sign.encode() in chunk for sign in _MOJIBAKE)
            out.write(chunk)
    if n_bytes == 0:
        raise DataFault(f"{name}: the file is empty; was the export finished?")
    return TakenFile(name=name, copy=copy, sha256=digest.hexdigest(), n_bytes=path.stat().st_size, mojibake=mojibake)


def _opened(path: Path, *, name: str) -> BinaryIO:
    """The file, opened without following a link and without waiting on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        near = sorted(f.name for f in path.parent.iterdir())[:5] if path.parent.is_dir() else []
        raise DataFault(
            f"{name}: there is no such file{'; the folder holds ' + ', '.join(near) if near else ''}"
        ) from None
    except OSError as error:
        raise DataFault(f"{name}: cannot be opened ({error.strerror}); links are not followed") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DataFault(f"{name}: is not a regular file")
    return os.fdopen(handle, "rb")


def _hashed(file: BinaryIO, digest: hashlib._Hash) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        yield chunk


def _as_utf8(chunks: Iterator[bytes], *, name: str, encoding: str) -> Iterator[bytes]:
    """UTF-8 without a byte-order mark and with line feeds only, so that a mixed export reads as one."""
    first = next(chunks, b"")
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    declared = next((found for mark, found in marks if first.startswith(mark)), encoding)
    decoder = codecs.getincrementaldecoder(declared)(errors="strict")
    read, held_back = 0, ""
    for chunk in _chain(first, chunks):
        try:
            text = held_back + decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise _undecodable(name, declared, offset=read + error.start) from None
        read += len(chunk)
        # a carriage return at the end of a chunk may belong to a line feed in the next
        held_back = "\r" if text.endswith("\r") else ""
        yield text[: len(text) - len(held_back)].replace("\r\n", "\n").encode()
    try:
        rest = held_back + decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _undecodable(name, declared, offset=read) from None
    yield rest.encode()


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _undecodable(name: str, encoding: str, *, offset: int) -> DataFault:
    return DataFault(
        f"{name}: byte {offset:,} is not valid {encoding.removesuffix('-sig')}; "
        "state the encoding of the export as format.encoding (often cp1252)"
    )
