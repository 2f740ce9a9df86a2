"""Lines of a ``company.toml``, written so that no name in a file can become anything but a string."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.faults import UsageFault

Value = str | bool | int | Sequence[str] | Mapping[str, str]
_WIDTH = 118
_HEAD = "# Proposed by paycurve init. Settle what is marked unsure, then run: paycurve check company.toml"

# What no export tells and every company may state.
_TARGETS = (
    "",
    "# What management wants to reach is printed beside the figure; docs/ledger.md names the keys.",
    "# [targets]",
    "# dso_countback = 45",
    "# overdue_share = 0.20",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key of a section with its value, and what a reader should know or settle."""

    section: str
    key: str
    value: Value
    note: str = ""
    unsure: str = ""


def lines_of(lines: Iterable[Line], *, general: Iterable[str] = ()) -> str:
    """The text of a file with these lines by section, headed by what concerns no single line."""
    out = [_HEAD, *(f"# unsure: {_comment(sentence)}" for sentence in general)]
    section = None
    for line in lines:
        if line.section != section:
            out += ["", f"[{line.section}]"]
            section = line.section
        comment = f"unsure: {line.unsure}" if line.unsure else line.note
        written = f"{line.key} = {_value(line.value)}"
        if not comment:
            out.append(written)
        elif len(written) + len(comment) + 4 <= _WIDTH:
            out.append(f"{written}  # {_comment(comment)}")
        else:
            out += [f"# {_comment(comment)}", written]
    return "\n".join([*out, *_TARGETS]) + "\n"


def _value(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _string(value)
        case Mapping():
            return "{ " + ", ".join(f"{_key(old)} = {_string(new)}" for old, new in value.items()) + " }"
        case _:
            return "[" + ", ".join(_string(part) for part in value) + "]"


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _string(text)


def _string(text: str) -> str:
    """A basic TOML string; what is not plainly visible is written as its code."""
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UsageFault(f"{text!a}: this name is not valid Unicode; rename it")
    return '"' + "".join(_sign(sign) for sign in text) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    # control signs, invisible signs, direction overrides and unusual blanks look like something they are not
    if unicodedata.category(sign)[0] in "CZ" and sign != " ":
        return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
    return sign


def _comment(text: str) -> str:
    return "".join(sign if unicodedata.category(sign)[0] not in "CZ" or sign == " " else "?" for sign in text)
