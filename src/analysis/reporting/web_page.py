"""One page of HTML that needs nothing but itself: no script, no font, no picture and no style from elsewhere.

The policy in its head lets a browser apply this very style and show pictures that lie within the page, and nothing
else; should anything foreign ever get into the page, it would not run and nothing would be fetched for it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis.reporting import style, words
from analysis.reporting.safe_markup import said

_STYLE = Path(__file__).with_name("run_page.css")
_COLOURS = ("ink", "quiet", "rule", "faint", "good", "bad")
_PANEL = style.ramp(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands at the head of every page of a run: whose books, as of when, known by when, which report.

    ``accent`` is the colour of its links, in hexadecimal; ValueError for anything else.
    """

    company: str
    title: str
    as_of: str
    known_by: str
    report_id: str
    language: str
    accent: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.accent):
            raise ValueError(f"accent {self.accent!r} is no colour like {style.ACCENT}")

    @staticmethod
    def of(metadata: Mapping[str, Any]) -> Header:
        """From the metadata of a pack."""
        on, known = (words.day(date.fromisoformat(metadata[name])) for name in ("as_of", "known_by"))
        names = ("company", "title", "report_id", "language")
        accent = metadata.get("accent") or style.ACCENT
        return Header(as_of=on, known_by=known, accent=accent, **{name: str(metadata[name]) for name in names})

    def markup(self, heading: str) -> str:
        """The head of a page whose title is ``heading``."""
        vocabulary = words.VOCABULARY[self.language]
        dated = (
            f"{vocabulary['as_of']} {self.as_of}",
            f"{vocabulary['known_by']} {self.known_by}",
            f"{vocabulary['report']} {self.report_id}",
        )
        spans = "".join(f"<span>{said(part)}</span>" for part in dated)
        return (
            f'<header>\n<p class="kicker">{said(self.company)}: {said(self.title)}</p>\n'
            f'<h1>{said(heading)}</h1>\n<p class="dated">{spans}</p>\n</header>\n'
        )


def page(header: Header, heading: str, body: Iterable[str]) -> bytes:
    """The bytes of a page: its head, a title that is ``heading``, and ``body``, markup that is safe already."""
    css = _style(header.accent)
    # a style is named by what it holds, so that none but this one is applied
    named = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{named}'; img-src data:; base-uri 'none'; form-action 'none'"
    title = f"{heading} \N{EN DASH} {header.company}"
    parts = "\n".join(body)
    text = (
        f'<!DOCTYPE html>\n<html lang="{said(header.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex, nofollow">\n'
        f"<title>{said(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#content">Skip to the content</a>\n{header.markup(heading)}'
        f'<main id="content">\n{parts}\n</main>\n</body>\n</html>\n'
    )
    return text.encode(errors="replace")


def link(file: str, text: str, *, anchor: str = "") -> str:
    """A link to a file beside the page, or below; never to an address.

    >>> link("tables/a b.csv", "A & B")
    '<a href="tables/a%20b.csv">A &amp; B</a>'
    """
    return f'<a href="{quote(file, safe="/.-_")}{"#" + quote(anchor) if anchor else ""}">{said(text)}</a>'


def picture(content: bytes, *, kind: str, alt: str) -> str:
    """A picture that lies within the page; ``kind`` is png or svg+xml."""
    return f'<img src="data:image/{kind};base64,{base64.b64encode(content).decode()}" alt="{said(alt)}">'


@cache
def _style(accent: str) -> str:
    colours = {name: getattr(style, name.upper()) for name in _COLOURS}
    root = " ".join(f"--{name}: {colour};" for name, colour in {**colours, "accent": accent, "panel": _PANEL}.items())
    return f"\n:root {{ {root} }}\n{_STYLE.read_text(encoding='utf-8')}"
