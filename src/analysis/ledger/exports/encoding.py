"""In which encoding and with which separator a text export was written."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# In this order where they read equally well: what office programs of Western Europe write comes first.
_LEGACY = ("cp1252", "cp1250", "mac-roman", "cp850", "latin-1")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A guess with the reason to doubt it, which is empty where there is none."""

    value: str
    doubt: str = ""


def encoding_of(raw: bytes) -> Guess:
    """The encoding that the first bytes of a file are written in, as ``format.encoding`` calls it.

    A byte-order mark decides; then whether the bytes are valid UTF-8, which other text hardly ever
    is; then in which of the older encodings the words look like words.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return Guess(value=name)
    if _is_utf_16(raw):
        return Guess(value="utf-16", doubt="the file looks like UTF-16 but has no byte-order mark")
    try:
        # the sample may end within a character, so what is incomplete at its end is no fault
        text = codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        name = max(("cp1251", *_LEGACY), key=lambda one: (_reads_well(raw, one), one == "cp1252"))
        return Guess(value=name, doubt=f"the encoding is not named in the file; it reads {_example(raw, name)!r}")
    if any(sign in text for sign in ("Ã©", "Ã¼", "Ã¶", "Ã¤", "Ã¨", "â€™")):
        return Guess(value="utf-8", doubt="accented letters were spoilt before the export (Ã¼ for ü); export again")
    return Guess(value="utf-8")


def decoded(raw: bytes, encoding: str) -> str:
    """Text of the first bytes of a file; what its end cuts in two is left out."""
    marked = "utf-8-sig" if encoding == "utf-8" else encoding
    return codecs.getincrementaldecoder(marked)(errors="replace").decode(raw)


def delimiter_of(text: str) -> Guess:
    """The sign that splits the most lines into the same number of fields, at least two."""
    lines = text.splitlines()[:200]
    found = {sign: _regularity(lines, sign) for sign in DELIMITERS}
    best = max(DELIMITERS, key=lambda sign: found[sign])
    if found[best] <= (0.0, 0):
        return Guess(value=",", doubt="no separator splits the lines into columns; is this a table?")
    return Guess(value=best)


def _regularity(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of lines with the commonest number of fields, and that number."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    except csv.Error:
        return (0.0, 0)
    if not widths:
        return (0.0, 0)
    width, n_lines = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (round(n_lines / sum(widths.values()), 1), width) if width > 1 else (0.0, 0)


def _is_utf_16(raw: bytes) -> bool:
    """Whether every other byte of the beginning is zero, as in Latin text with two bytes a letter."""
    head = raw[:2000]
    zeros = max(head[0::2].count(0), head[1::2].count(0))
    return len(head) >= 4 and zeros > 0.4 * (len(head) / 2)


def _words(raw: bytes, encoding: str) -> list[str]:
    """Words with letters beyond ASCII as they read in an encoding."""
    text = raw.decode(encoding, errors="replace")
    return [word for word in re.findall(r"[^\s,;|\t\"]*[^\x00-\x7f][^\s,;|\t\"]*", text)[:2000] if word]


def _reads_well(raw: bytes, encoding: str) -> float:
    """Share of the words with other than ASCII signs that are cased and spelt like words."""
    words = _words(raw, encoding)
    if encoding == "cp1251":
        # Cyrillic words are Cyrillic throughout; a Western word has a few accented letters among ASCII ones
        return sum(bool(re.fullmatch(r"[\u0400-\u04ff]{3,}[.:]?", word)) for word in words) / max(len(words), 1)
    return sum(_is_a_word(word) for word in words) / max(len(words), 1)


def _is_a_word(word: str) -> bool:
    odd = [sign for sign in word if ord(sign) > 127 and not sign.isalpha() and sign not in "€£°§«»–’\u00a0"]
    parts = _LETTERS.findall(word)
    cased = all(part.islower() or part.isupper() or part[1:].islower() for part in parts)
    mostly_ascii = sum(ord(sign) > 127 for sign in word) <= max(1, len(word) // 2)
    return not odd and "\ufffd" not in word and cased and mostly_ascii


def _example(raw: bytes, encoding: str) -> str:
    words = [word for word in _words(raw, encoding) if _is_a_word(word)] or _words(raw, encoding)
    return words[0][:30] if words else ""
