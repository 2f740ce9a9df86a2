"""Markup that only shows: text, Markdown and tables of notebooks as HTML that can neither run nor fetch anything.

Nothing is passed through. Text is escaped, Markdown is parsed with neither HTML nor links nor pictures, and of HTML
only the cells of its tables are kept, as text, in tags that are written anew.
"""

from __future__ import annotations

import html
import re
from functools import cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from analysis.reporting import words

# What would lead out of the page, or brings markup of its own; it stands there as it was written.
_LEFT_AS_TEXT = ["autolink", "html_block", "html_inline", "image", "link", "reference"]
_COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PARTS = ("thead", "tbody", "tfoot", "tr", "th", "td")
_SILENT = ("style", "script", "template", "title", "noscript", "iframe", "object")
_SPANS = ("colspan", "rowspan")


def said(text: str) -> str:
    """``text`` as HTML shows it, in an element or in an attribute.

    >>> said('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(words.printable(text), quote=True)


def said_in_lines(text: str) -> str:
    """Text of several lines, such as code or what a program printed, without its codes for colours."""
    return "\n".join(said(line) for line in _COLOUR_CODES.sub("", text).split("\n"))


def from_markdown(text: str) -> str:
    """Markdown as HTML: headings, lists, emphasis, code and tables; links, pictures and HTML stay as they were written.

    >>> from_markdown("*much* <b>[x](y)</b>")
    '<p><em>much</em> &lt;b&gt;[x](y)&lt;/b&gt;</p>'
    """
    lines = "\n".join(words.printable(line) for line in text.split("\n"))
    made: str = _parser().render(lines)
    # the alignment of a table's columns is written as a style, which the page's policy would refuse
    return re.sub(r'(<t[hd]) style="text-align:\w+"', r"\1", made).strip()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(_LEFT_AS_TEXT)


def from_html(text: str) -> str:
    """The tables of a piece of HTML, made anew of their text; blank where there are none.

    >>> from_html('<table onclick="f()"><tr><td><b>1</b><script>f()</script></td></tr></table>')
    '<table><tr><td>1</td></tr></table>'
    """
    tables = _Tables()
    tables.feed(text)
    tables.close()
    return tables.made()


class _Tables(HTMLParser):
    """Writes the tags of tables anew, each closed once, and escapes the text of their cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def made(self) -> str:
        """All tables; what was left open is closed."""
        while self._open:
            self._close(self._open[-1])
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table" and not self._open:
            self._begin(tag, "")
        elif tag in _PARTS and self._open:
            if tag in ("th", "td"):
                self._end_cell()
            spans = "".join(f' {name}="{value}"' for name, value in attrs if name in _SPANS and _is_span(value))
            scope = f' scope="{"col" if "thead" in self._open else "row"}"' if tag == "th" else ""
            self._begin(tag, spans + scope)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._open:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("th", "td") and not self._silent:
            self._parts.append(said_in_lines(data))

    def _begin(self, tag: str, attributes: str) -> None:
        self._parts.append(f"<{tag}{attributes}>")
        self._open.append(tag)

    def _close(self, tag: str) -> None:
        while True:
            inner = self._open.pop()
            self._parts.append(f"</{inner}>")
            if inner == tag:
                return

    def _end_cell(self) -> None:
        if self._open[-1] in ("th", "td"):
            self._close(self._open[-1])


def _is_span(value: str | None) -> bool:
    return value is not None and re.fullmatch(r"[1-9][0-9]{0,3}", value) is not None
