"""The page of a run: its documents, key figures and findings, and the way to every table and notebook behind them.

``index.html`` lies beside the pack; ``pages/`` holds the tables and each executed notebook as pages of their own. All
of them show and neither run nor fetch anything (``web_page``), so that they can be opened from any folder, offline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.reporting import notebook_page, words
from analysis.reporting.gathering import Collected
from analysis.reporting.records import write_in_one_step
from analysis.reporting.safe_markup import said
from analysis.reporting.style import MARKS
from analysis.reporting.tables_page import tables
from analysis.reporting.web_page import Header, link, page, picture

INDEX, FOLDER, TABLES = "index.html", "pages", "tables.html"
_ANCHORS = {"Question by question": "questions", "Tables": "tables", "Charts": "charts", "For machines": "machine"}


def write_run_pages(
    collected: Collected,
    content: Mapping[str, Any],
    out: Path,
    *,
    figures: Path,
    notebooks: Sequence[Path],
    documents: Mapping[str, str],
    machine: Mapping[str, str],
) -> None:
    """Write ``index.html`` and ``pages/`` into the folder ``out``.

    ``content`` is the pack as ``pack.pack`` makes it, whose sentences and key figures are shown; ``figures`` is the
    folder of its charts; ``notebooks`` are executed. ``documents`` (for people) and ``machine`` (for programs) say of
    files beside the page what they are. The same findings give the same bytes. Raises RunFault where a notebook cannot
    be read.
    """
    header = Header.of(content["metadata"])
    asked = {path: notebook_page.read_notebook(path) for path in notebooks}
    titles = {path: notebook_page.question(asked[path]) or path.stem.replace("_", " ") for path in notebooks}
    for path, notebook in asked.items():
        back = f'<nav class="small">{link(f"../{INDEX}", "This report")}, {_file(f"../notebooks/{path.name}")}</nav>'
        body = [back, *notebook_page.body(notebook)]
        write_in_one_step(out / FOLDER / f"{path.stem}.html", page(header, titles[path], body))
    back = f'<nav class="small">{link(f"../{INDEX}", "This report")}</nav>'
    write_in_one_step(out / FOLDER / TABLES, page(header, "All tables", [back, *tables(collected)]))
    first, *others = content["pages"]
    ways = {
        "Question by question": [(link(f"{FOLDER}/{path.stem}.html", titles[path]), "") for path in notebooks],
        "Tables": _tables(collected),
        "Charts": _charts(collected),
        "For machines": [(_file(file), f": {said(told)}") for file, told in machine.items()],
    }
    body = [*_documents(documents, [heading for heading, found in ways.items() if found])]
    body += [*_first(first, figures), *_findings(others)]
    body += [part for heading, found in ways.items() for part in _ways(heading, found)]
    write_in_one_step(out / INDEX, page(header, str(first["title"]), body))


def _documents(documents: Mapping[str, str], headings: Sequence[str]) -> Iterator[str]:
    """What there is to open, and where on this page the rest is."""
    items = "".join(
        f'<li>{link(file, told)}<br><span class="small">{said(file)}</span></li>' for file, told in documents.items()
    )
    below = ", ".join(link("", heading, anchor=_ANCHORS[heading]) for heading in headings)
    lists = f'<ul class="documents">{items}</ul>\n<p class="small">Below: {below}</p>'
    yield f'<nav aria-label="Documents">\n{lists}\n</nav>'


def _first(first: Mapping[str, Any], figures: Path) -> Iterator[str]:
    """Page 1 of the pack: its sentences, key figures, decisions and remarks."""
    yield from _sentences(first)
    for block in _blocks(first):
        if block["kind"] == "key_figures":
            cards = "\n".join(_card(card, figures) for card in block["cards"])
            yield f'<h2>Key figures</h2>\n<ul class="cards">{cards}</ul>'
        elif block["kind"] == "decisions":
            items = "".join(map(_decision, block["items"]))
            yield f"<h2>Decisions wanted</h2>\n<ul>{items}</ul>"
        elif block["kind"] == "note":
            yield f'<p class="small">{said(block["text"])}</p>'


def _decision(item: Mapping[str, Any]) -> str:
    stake = [item["amount"]] if item.get("amount") else []
    told = ", ".join(said(part) for part in [*stake, item["owner"], item["due"]])
    return f'<li>{said(item["wanted"])} <span class="small">({told})</span></li>'


def _card(card: Mapping[str, Any], figures: Path) -> str:
    against = "".join(
        f'<li class="{part["verdict"]}">{said(part["label"])}: {_mark(part["verdict"])}{said(part["text"])}</li>'
        for part in card.get("against", ())
    )
    interval = f'<div class="small">{said(card["interval"])}</div>' if card.get("interval") else ""
    course = card.get("sparkline")
    drawn = picture((figures / course["file"]).read_bytes(), kind="svg+xml", alt=course["alt"]) if course else ""
    return (
        f'<li>{said(card["label"])}<div class="figure">{said(card["value"])}</div>{interval}'
        f'<ul class="against">{against}</ul>{drawn}</li>'
    )


def _mark(verdict: str) -> str:
    """The sign of good or bad, which colour alone must not carry, and its word for those who hear the page."""
    if not MARKS.get(verdict):
        return ""
    spoken = words.VOCABULARY["en"][verdict]
    return f'<span aria-hidden="true">{MARKS[verdict]}</span> <span class="hidden">{spoken}, </span>'


def _findings(pages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Title and sentences of every page that has sentences, and in one line what the books cannot answer."""
    yield "<h2>Findings, page by page</h2>"
    for one in pages:
        told = list(_sentences(one))
        if one.get("unavailable"):
            reason = f"{words.NOT_AVAILABLE} ({one['unavailable']})"
            yield f'<p class="small">{said(one["kicker"])}: {said(reason)}</p>'
        elif told:
            yield f'<h3>{said(one["title"])}</h3>\n<p class="small">{said(one["kicker"])}</p>\n' + "\n".join(told)


def _sentences(one: Mapping[str, Any]) -> Iterator[str]:
    for block in _blocks(one):
        if block["kind"] == "lead":
            yield from (f"<p>{said(sentence)}</p>" for sentence in block["sentences"])


def _blocks(one: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The blocks of a page, those that stand side by side one after the other."""
    for block in one.get("blocks") or ():
        yield from block["blocks"] if block["kind"] == "row" else (block,)


def _tables(collected: Collected) -> list[tuple[str, str]]:
    return [
        (link(f"{FOLDER}/{TABLES}", found["caption"], anchor=id), f' <span class="small">{said(_rows(found))}</span>')
        for id, found in collected.tables.items()
    ]


def _rows(found: Mapping[str, Any]) -> str:
    return words.plural(len(found["rows"]), "row")


def _charts(collected: Collected) -> list[tuple[str, str]]:
    return [
        (link(found["file"], found["caption"]), "")
        for id, found in collected.figures.items()
        if not id.startswith("spark_")
    ]


def _ways(heading: str, ways: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A list of links under a heading, each with what follows it; nothing where there are none."""
    if ways:
        items = "\n".join(f"<li>{way}{rest}</li>" for way, rest in ways)
        yield f'<h2 id="{_ANCHORS[heading]}">{said(heading)}</h2>\n<ul class="columns">\n{items}\n</ul>'


def _file(file: str) -> str:
    return link(file, file.removeprefix("../"))
