"""All tables of a report on one page: every row, in the words of the pack, and amounts to the cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting import blocks
from analysis.reporting.gathering import Collected
from analysis.reporting.safe_markup import said

_ROUNDED = "The last row is made of exact figures, so that it may differ by a last digit from the rounded ones above. "


def tables(collected: Collected) -> Iterator[str]:
    """Each table as markup, under the anchor of its id."""
    for id, found in collected.tables.items():
        yield f'<section id="{said(id)}">{_table(collected, id, found)}</section>'


def _table(collected: Collected, id: str, found: Mapping[str, Any]) -> str:
    caption = said(found["caption"])
    if not found["rows"] or not found["columns"]:
        return f"<h2>{caption}</h2>\n<p>No rows.</p>"
    total = blocks.ends_in_total(found["rows"])
    shown = blocks.table(collected, id, total=total, cents=True)
    texts = [_is_text(found["rows"], place) for place in range(len(found["columns"]))]
    units = shown["units"] or [""] * len(texts)
    heads = "".join(
        f'<th scope="col"{_class(text)}>{said(head)}{_unit(unit)}</th>'
        for head, unit, text in zip(shown["header"], units, texts, strict=True)
    )
    rows = [_row(row, texts) for row in shown["rows"]]
    if shown["total"] is not None:
        rows.append(_row(shown["total"], texts, kind=' class="total"'))
    body = "\n".join(rows)
    return (
        f'<h2>{caption}</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="{caption}">\n'
        f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
        f'<p class="small">{_ROUNDED if total else ""}{said(found["file"])}</p>'
    )


def _row(cells: Sequence[str], texts: Sequence[bool], *, kind: str = "") -> str:
    # a name may read from right to left; the browser sees that from its letters
    shown = "".join(
        f"<td{_class(text)}><bdi>{said(cell)}</bdi></td>" if text else f"<td>{said(cell)}</td>"
        for cell, text in zip(cells, texts, strict=True)
    )
    return f"<tr{kind}>{shown}</tr>"


def _is_text(rows: Sequence[Sequence[Any]], place: int) -> bool:
    return not any(isinstance(row[place], int | float) for row in rows)


def _class(text: bool) -> str:
    return ' class="text"' if text else ""


def _unit(unit: str) -> str:
    return f'<br><span class="unit">{said(unit)}</span>' if unit else ""
