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
TEXT_FILES = (".csv", ".txt", ".tsv")
READABLE = (*TEXT_FILES, ".xlsx", ".parquet", ".duckdb", ".db")
_REFUSED = {
    ".xlsm": "holds macros; save it as .xlsx",
    ".xls": "is the old Excel format; save it as .xlsx",
    ".xlsb": "is the binary Excel format; save it as .xlsx",
    ".gz": "is packed; unpack it",
    ".zip": "is packed; unpack it",
}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Read as Latin-1, the UTF-8 bytes of accented letters begin with these signs.
_MOJIBAKE = tuple(sign.encode() for sign in ("Ã©", "Ã¼", "Ã¶", "Ã¤", "Ã¨", "Ã±", "Ã§", "ÃŸ", "â€™", "â€“"))
_LONGEST_SIGN = max(map(len, _MOJIBAKE))


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """One input file as it was taken in."""

    name: str  # as the company calls it, relative to its root
    copy: Path  # private copy; UTF-8 with line feeds where it is text
    sha256: str  # of the bytes as they were found
    n_bytes: int  # as they were found
    mojibake: bool = False
    table: str = ""  # of the contract, once it is read
    n_rows: int = 0  # as they were read, before any check


def files_of(source: Source, *, root: Path) -> list[str]:
    """Names of the files of a source, relative to the root; a folder stands for its files in order of name.

    A folder's hidden files are left out, and so are those of a kind that no table comes in (a PDF, a
    read-me); kinds that are refused by name, such as a packed file, are not: their rows would be missing.
    Raises UsageFault for a name that leaves the root, an address or a pattern, DataFault for an empty folder.
    """
    named = [source.file] if isinstance(source.file, str) else list(source.file)
    if not named:
        raise UsageFault("file = []: names no file")
    found: list[str] = []
    for name in named:
        if "://" in name or any(sign in name for sign in "*?[") or name.startswith("~") or "\0" in name:
            raise UsageFault(f"file = {name!r}: must be a plain file or folder, neither an address nor a pattern")
        path = root / name
        try:
            if not path.resolve().is_relative_to(root):
                raise UsageFault(f"file = {name!r}: lies outside the company's root {root}; set company.root")
            listed = sorted(path.iterdir()) if path.is_dir() else None
        except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
            raise DataFault(
                f"{name}: cannot be opened ({getattr(error, 'strerror', None) or 'a loop of links'})"
            ) from None
        if listed is None:
            found.append(name)
            continue
        inside = [f.name for f in listed if f.suffix.lower() in (*READABLE, *_REFUSED) and not f.name.startswith(".")]
        if not inside:
            raise DataFault(f"{name}: the folder holds no readable file ({', '.join(READABLE)})")
        found += [f"{name.rstrip('/')}/{file}" for file in inside]
    return found


def take_in(name: str, *, root: Path, folder: Path, encoding: str) -> TakenFile:
    """Copy one file into ``folder``; text is decoded to UTF-8 and hashed in the same reading.

    Raises DataFault where it is missing, no regular file, of a refused kind, empty, or not in the
    declared encoding (naming the byte).
    """
    path = root / name
    suffix = path.suffix.lower()
    if suffix in _REFUSED:
        raise DataFault(f"{name}: {_REFUSED[suffix]}")
    if suffix not in READABLE:
        raise DataFault(f"{name}: not a kind of file that can be read ({', '.join(READABLE)})")
    copy = folder / f"{len(list(folder.iterdir())):03d}{suffix}"
    digest, mojibake, tail = hashlib.sha256(), False, b""
    with _opened(path, name=name) as found, copy.open("wb") as out:
        chunks = _hashed(found, digest, name=name)
        if suffix in TEXT_FILES:
            for chunk in _as_utf8(chunks, name=name, encoding=encoding):
                # a sign may lie across two chunks
                mojibake = mojibake or any(sign in tail + chunk for sign in _MOJIBAKE)
                tail = chunk[-_LONGEST_SIGN:]
                out.write(chunk)
        else:
            out.writelines(chunks)
        n_bytes = found.tell()
    if copy.stat().st_size == 0:
        raise DataFault(f"{name}: the file is empty; was the export finished?")
    if suffix in (".duckdb", ".db") and path.with_name(f"{path.name}.wal").exists():
        raise DataFault(f"{name}: has changes that are not yet in it ({path.name}.wal); close the database first")
    return TakenFile(name=name, copy=copy, sha256=digest.hexdigest(), n_bytes=n_bytes, mojibake=mojibake)


def _opened(path: Path, *, name: str) -> BinaryIO:
    """The file, opened without following a link and without waiting on a pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        near = sorted(f.name for f in path.parent.iterdir())[:5] if path.parent.is_dir() else []
        shown = f"; the folder holds {', '.join(near)}" if near else ""
        raise DataFault(f"{name}: there is no such file; check tables.*.file and company.root{shown}") from None
    except OSError as error:
        raise DataFault(f"{name}: cannot be opened ({error.strerror}); links are not followed") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DataFault(f"{name}: is not a regular file; state the path of an export")
    return os.fdopen(handle, "rb")


def _hashed(file: BinaryIO, digest: hashlib._Hash, *, name: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            yield chunk
    except OSError as error:
        raise DataFault(f"{name}: cannot be read ({error.strerror})") from None


def _as_utf8(chunks: Iterator[bytes], *, name: str, encoding: str) -> Iterator[bytes]:
    """UTF-8 without a byte-order mark and with line feeds only, so that a mixed export reads as one."""
    first = next(chunks, b"")
    declared = next((found for mark, found in _MARKS if first.startswith(mark)), encoding)
    if declared not in ("utf-16",) and _is_utf16(first):
        raise DataFault(f'{name}: every other byte is zero, as in UTF-16; set format.encoding = "utf-16"')
    decoder = codecs.getincrementaldecoder(declared)(errors="strict")
    read, held_back = 0, ""
    for chunk in _chain(first, chunks):
        # a sign that the chunks cut in two waits in the decoder and comes before this chunk
        begins = read - len(decoder.getstate()[0])
        try:
            text = held_back + decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise _undecodable(name, declared, offset=begins + error.start) from None
        read += len(chunk)
        # a carriage return at the end of a chunk may belong to a line feed in the next
        held_back = "\r" if text.endswith("\r") else ""
        yield text[: len(text) - len(held_back)].replace("\r\n", "\n").encode()
    begins = read - len(decoder.getstate()[0])
    try:
        rest = held_back + decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _undecodable(name, declared, offset=begins + error.start) from None
    yield rest.encode()


def _is_utf16(first: bytes) -> bool:
    """Whether text has a zero in every other byte, as Latin letters have in UTF-16."""
    head = first[:200]
    return len(head) >= 4 and (not any(head[1::2]) or not any(head[0::2]))


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _undecodable(name: str, encoding: str, *, offset: int) -> DataFault:
    return DataFault(
        f"{name}: byte {offset:,} (counted from 0) is not valid {encoding.removesuffix('-sig')}; "
        "state the encoding of the export as format.encoding (often cp1252)"
    )
