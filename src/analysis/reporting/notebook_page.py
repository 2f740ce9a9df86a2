"""An executed notebook as a page to read: its words, what it showed, and its code behind a line to unfold.

nbconvert's own pages fetch scripts from elsewhere and pass on what a cell left as it is; here everything is written
anew by ``safe_markup``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.faults import RunFault
from analysis.reporting import web_page
from analysis.reporting.safe_markup import from_html, from_markdown, said, said_in_lines

# Cells that say where a run found and left its files: paths of one machine, and no part of an answer.
_UNTOLD = {"parameters", "injected-parameters"}
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)


def read_notebook(path: Path) -> Mapping[str, Any]:
    """An executed notebook. Raises RunFault where the file cannot be read as one."""
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(cell["cell_type"], str) for cell in found["cells"]):
            raise TypeError("a cell of no type")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFault(f"{path.name}: cannot be read as a notebook ({type(error).__name__})") from None
    return found


def question(notebook: Mapping[str, Any]) -> str:
    """The question that a notebook answers, which is its first heading; blank without one."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (found := _HEADING.search(_joined(cell["source"]))):
            return found[1]
    return ""


def body(notebook: Mapping[str, Any]) -> list[str]:
    """The cells of a notebook as markup, in their order, without its first heading, which is the page's own."""
    parts, section, first = [], "", True
    for cell in notebook["cells"]:
        source = _joined(cell["source"])
        if cell["cell_type"] == "markdown":
            if found := _HEADING.findall(source):
                section = found[-1]
                if first:
                    source, first = _HEADING.sub("", source, count=1), False
            parts.append(from_markdown(source))
        elif cell["cell_type"] == "code" and source and not _UNTOLD & {*cell.get("metadata", {}).get("tags", [])}:
            parts.append(f"<details><summary>Code</summary><pre><code>{said_in_lines(source)}</code></pre></details>")
            parts.extend(_outputs(cell.get("outputs", []), section=section))
    return parts


def _outputs(outputs: Iterable[Mapping[str, Any]], *, section: str) -> Iterable[str]:
    for output in outputs:
        kind = output.get("output_type")
        if kind in ("execute_result", "display_data"):
            shown = _shown(output.get("data", {}), section=section)
        elif kind == "stream":
            shown = _preformatted(_joined(output.get("text", "")))
        else:
            shown = _preformatted(f"{output.get('ename', '')}: {output.get('evalue', '')}") if kind == "error" else ""
        if shown:
            yield f'<div class="output">{shown}</div>'


def _shown(data: Mapping[str, Any], *, section: str) -> str:
    """The first form of an output that can be shown: picture, table, words, and plain text in place of all others."""
    alt = f"Chart: {section}" if section else "Chart"
    try:
        if "image/png" in data:
            png = base64.b64decode("".join(_joined(data["image/png"]).split()), validate=True)
            return web_page.picture(png, kind="png", alt=alt)
    except binascii.Error:
        return ""
    if "image/svg+xml" in data:
        # within <img> a browser neither runs what a drawing holds nor fetches what it names
        return web_page.picture(_joined(data["image/svg+xml"]).encode(), kind="svg+xml", alt=alt)
    if "text/html" in data and (tables := from_html(_joined(data["text/html"]))):
        label = said(f"Table: {section}" if section else "Table")
        return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{tables}</div>'
    if "text/markdown" in data:
        return from_markdown(_joined(data["text/markdown"]))
    return _preformatted(_joined(data.get("text/plain", "")))


def _preformatted(text: str) -> str:
    return f"<pre>{said_in_lines(text.rstrip())}</pre>" if text.strip() else ""


def _joined(text: str | list[str]) -> str:
    """Text of a notebook's file, which keeps it whole or line by line."""
    return text if isinstance(text, str) else "".join(text)
