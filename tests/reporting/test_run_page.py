"""The pages of a run show what was found and do nothing: no script, no request, no link out of the folder."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import demo_pack as demo
import nbformat.v4 as nb
import pandas as pd
import pytest
from hostile_names import SHOWN_AS_WRITTEN, WITHOUT_SIGNS

from analysis.faults import RunFault
from analysis.reporting import notebook_page
from analysis.reporting.findings import Findings, gather
from analysis.reporting.run_page import write_run_pages
from analysis.reporting.safe_markup import from_html, from_markdown

FETCHING = {"script", "link", "iframe", "frame", "object", "embed", "base", "form", "audio", "video", "source", "svg"}
VOID = {"meta", "img", "br"}
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
).decode()


class Seen(HTMLParser):
    """Everything of a page that a browser could act on, its text, and whether each tag is closed where it should."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def harmless(path: Path, root: Path) -> Seen:
    """The page at ``path``, of which nothing runs, is fetched or leads out of ``root``."""
    content = path.read_bytes()
    page = Seen(content)
    assert page.open == []
    assert FETCHING & set(page.tags) == set()
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "srcset")] == []
    assert b"http://" not in content.replace(b"\n", b"") or "http://" not in "".join(v for _, _, v in page.attributes)
    for tag, name, value in page.attributes:
        if name == "src":
            assert value.startswith(("data:image/png;base64,", "data:image/svg+xml;base64,"))
        elif name == "href":
            assert tag == "a"
            target = (path.parent / unquote(value.split("#")[0])).resolve() if value.split("#")[0] else path
            assert not re.match(r"[a-z]+:", value)
            assert target.is_relative_to(root), value
        elif tag != "meta":
            assert "://" not in value or name in ("aria-label", "alt", "id"), (tag, name, value)
    policies = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]
    assert len(policies) == 1
    style = re.search(rb"<style>(.*?)</style>", content, flags=re.DOTALL)
    assert style is not None
    named = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{named}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert b"url(" not in style[1]
    assert b"@import" not in style[1]
    return page


def notebook(folder: Path, *cells, name: str = "1_books") -> Path:
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(nb.new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def shown(**data: str):
    return nb.new_output(
        "execute_result", data={kind.replace("__", "/").replace("_", "+"): v for kind, v in data.items()}
    )


def code(source: str, *outputs, tags: tuple[str, ...] = ()):
    cell = nb.new_code_cell(source, outputs=list(outputs), execution_count=1)
    cell.metadata.tags = list(tags)
    return cell


def written(collected, content, folder: Path, *notebooks: Path, figures: Path | None = None) -> Path:
    out = folder / "report"
    (out / "figures").mkdir(parents=True)
    write_run_pages(
        collected,
        content,
        out,
        figures=figures or folder / "figures",
        notebooks=notebooks,
        documents={"credit-risk-report.pdf": "The pack", "appendix.xlsx": "Appendix workbook"},
        machine={"findings.json": "every number, once", "tables": "raw CSV"},
    )
    return out


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    demo.find_all(folder)
    collected = demo.find_tables(folder)
    asked = notebook(folder, nb.new_markdown_cell("# Who owes what?\n\nAnd since when."))
    content = demo.pack(collected)
    return collected, content, written(collected, content, folder, asked)


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_index_tells_what_the_pack_tells(demonstration):
    collected, content, out = demonstration
    page = harmless(out / "index.html", out)
    text = plain(page.text)
    first = content["pages"][0]
    blocks = {block["kind"]: block for block in first["blocks"]}
    for said in (first["title"], *blocks["lead"]["sentences"], "Report demo-1", "As of 31 October 2026"):
        assert plain(said) in text
    assert plain("known by 3 November 2026") in text
    cards = blocks["key_figures"]["cards"]
    assert all(plain(card["label"] + card["value"]) in text for card in cards)
    assert all(plain(part["text"]) in text for card in cards for part in card.get("against", ()))
    assert {card["sparkline"]["alt"] for card in cards if card.get("sparkline")} <= set(page.values("alt"))
    assert all(plain(other["title"]) in text for other in content["pages"][1:] if lead_of(other))
    assert {"credit-risk-report.pdf", "appendix.xlsx", "findings.json", "tables"} <= set(page.values("href"))
    assert {f"pages/tables.html#{id}" for id in collected.tables} <= set(page.values("href"))


def lead_of(page: dict) -> list[str]:
    return [text for block in page.get("blocks", ()) if block["kind"] == "lead" for text in block["sentences"]]


def test_every_link_to_a_page_finds_it(demonstration):
    collected, _, out = demonstration
    pages = {path: harmless(path, out) for path in out.rglob("*.html")}
    assert {path.name for path in pages} == {"index.html", "tables.html", "1_books.html"}
    for path, page in pages.items():
        for link in page.values("href"):
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            if target.suffix == ".html":
                assert not anchor or anchor in pages[target].values("id"), link
    assert set(collected.tables) <= set(pages[out / "pages" / "tables.html"].values("id"))
    assert "Who owes what?" in pages[out / "index.html"].text
    assert pages[out / "pages" / "1_books.html"].text.count("Who owes what?") == 2  # the title, and the heading


def test_a_page_can_be_used_without_seeing_it(demonstration):
    for path in demonstration[2].rglob("*.html"):
        page = harmless(path, demonstration[2])
        assert page.values("lang") == ["en"]
        assert page.tags.count("h1") == 1
        assert page.tags.count("main") == 1
        assert page.tags.count("title") == 1
        levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
        assert page.tags.count("img") == len([alt for alt in page.values("alt") if alt])
        assert page.tags.count("th") == len(page.values("scope"))


def test_tables_show_every_row_and_foot(tmp_path):
    findings = Findings("1_books", output_dir=tmp_path, run_id="r1")
    frame = pd.DataFrame({"who": ["a", "b", "total"], "open": [0.10, 1234.25, 1234.35], "part": [0.25, 0.75, 1.0]})
    findings.table("owed", frame, caption="Owed", units={"open": "EUR", "part": "share"})
    findings.table("nothing", frame.iloc[:0], caption="Nobody")
    findings.close()
    out = written(gather(tmp_path), minimal(), tmp_path)
    page = harmless(out / "pages" / "tables.html", out)
    cells = [plain(text) for text in page.texts if text.strip()]
    at = cells.index("Who")
    assert cells[at : at + 14] == [
        *("Who", "Open", "EUR", "Part", "%"),
        *("a", "0.10", "25.0", "b", "1,234.25", "75.0", "total", "1,234.35", "100"),
    ]
    classes = page.values("class")
    assert (classes.count("total"), classes.count("text")) == (1, 4)  # names stand left, figures right
    assert "Norows." in cells


def minimal(name: str = "Acme") -> dict:
    metadata = {"company": name, "title": "Credit risk report", "as_of": "2026-10-31", "known_by": "2026-10-31"}
    lead = {"kind": "lead", "sentences": [name]}
    decided = {"kind": "decisions", "items": [{"wanted": name, "owner": name, "due": name}]}
    row = {"kind": "row", "blocks": [{"kind": "lead", "sentences": [f"beside {name}"]}]}
    return {
        "metadata": metadata | {"report_id": name, "language": "en"},
        "pages": [
            {"kicker": "Summary", "title": name, "blocks": [lead, decided, {"kind": "note", "text": name}]},
            {"kicker": name, "title": name, "blocks": [row]},
            {"kicker": name, "title": name, "unavailable": name},
        ],
    }


def test_hostile_names_are_shown_and_do_nothing(tmp_path):
    names = [*SHOWN_AS_WRITTEN, *WITHOUT_SIGNS]
    for place, name in enumerate(names):
        folder = tmp_path / str(place)
        folder.mkdir()
        findings = Findings("1_books", output_dir=folder, run_id="r1")
        findings.table("names", pd.DataFrame({name: [name]}), caption=name)
        findings.close()
        table = f"<table><tr><td>{name}</td></tr></table>"
        cell = code(name, shown(text__html=table, text__plain=name), nb.new_output("stream", text=name))
        asked = notebook(folder, nb.new_markdown_cell(f"# {name}"), nb.new_markdown_cell(name), cell)
        out = written(gather(folder), minimal(name), folder, asked)
        seen = {path.name: harmless(path, out) for path in out.rglob("*.html")}
        said = plain(WITHOUT_SIGNS.get(name, name))
        assert plain(seen["index.html"].text).count(said) >= 9
        assert plain(seen["tables.html"].text).count(said) >= 3
        assert plain(seen["1_books.html"].text).count(said) >= 2  # as code and as what was printed


def test_a_notebook_is_shown_cell_by_cell(tmp_path):
    frame = pd.DataFrame({"open": [1.5]}, index=pd.Index(["<b>A</b>"], name="customer"))
    asked = notebook(
        tmp_path,
        nb.new_markdown_cell("# Who owes what?\n\nA *word* first.\n\n## By name"),
        code("path = '/secret/place'", tags=("parameters",)),
        code("path = '/secret/place'", tags=("injected-parameters",)),
        code("frame < 2", shown(text__html=frame.to_html(), text__plain="plain")),
        code("chart", shown(image__png=PIXEL, text__plain="<chart>")),
        code("Markdown(said)", shown(text__markdown="**much**", text__plain="object")),
        code("print(1)", nb.new_output("stream", text="\x1b[31mone\x1b[0m\n")),
        code("raise E", nb.new_output("error", ename="E", evalue="<i>", traceback=[])),
        code("app", shown(application__javascript="alert(1)")),
    )
    out = written(demo.find_tables(tmp_path), minimal(), tmp_path, asked)
    page = harmless(out / "pages" / "1_books.html", out)
    body = "\n".join(notebook_page.body(notebook_page.read_notebook(asked)))
    assert page.text.count("/secret/place") == 0
    assert "<p>A <em>word</em> first.</p>" in body
    assert "<code>frame &lt; 2</code>" in body
    assert '<th scope="row">&lt;b&gt;A&lt;/b&gt;</th>\n      <td>1.5</td>'.replace("\n      ", "") in body
    assert 'alt="Chart: By name"' in body
    assert "<strong>much</strong>" in body
    assert "<pre>one</pre>" in body
    assert "<pre>E: &lt;i&gt;</pre>" in body
    assert "alert" not in body
    assert [body.index(part) for part in ("frame &lt; 2", "data:image", "much", "one")] == sorted(
        body.index(part) for part in ("frame &lt; 2", "data:image", "much", "one")
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<div><style>td{}</style><p>x</p></div>", ""),
        ("<table onload=f()><tr><td onclick='f()' style='x'>a", "<table><tr><td>a</td></tr></table>"),
        ("<table><tr><td>a</table><script>f()</script>", "<table><tr><td>a</td></tr></table>"),
        ("<table><tr><td>a<td>b</tr></table>", "<table><tr><td>a</td><td>b</td></tr></table>"),
        ("<table><tr><td><a href='http://x'>a</a><img src=x></td></tr></table>", "<table><tr><td>a</td></tr></table>"),
        ("<table><tr><td>&lt;b&gt;&amp;amp;</td></tr></table>", "<table><tr><td>&lt;b&gt;&amp;amp;</td></tr></table>"),
        (
            "<table><tr><td colspan='2' rowspan='x'>a</td></tr></table>",
            '<table><tr><td colspan="2">a</td></tr></table>',
        ),
        ("</td></table><table><tr><td><script>1</td>", "<table><tr><td></td></tr></table>"),
        ("<table><thead><tr><th>h</table>", '<table><thead><tr><th scope="col">h</th></tr></thead></table>'),
    ],
)
def test_of_html_only_the_text_of_tables_stays(text, kept):
    assert from_html(text) == kept


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[a](http://x)", "<p>[a](http://x)</p>"),
        ("<http://x>", "<p>&lt;http://x&gt;</p>"),
        ("![a](b.png)", "<p>![a](b.png)</p>"),
        ("[a]: http://x\n\n[a]", "<p>[a]: http://x</p>\n<p>[a]</p>"),
        ("<script>1</script>", "<p>&lt;script&gt;1&lt;/script&gt;</p>"),
        (
            "| a |\n| -: |\n| 1 |",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>",
        ),
    ],
)
def test_markdown_brings_neither_links_nor_pictures_nor_html(text, made):
    assert from_markdown(text) == made


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', '{"cells": [[]]}'])
def test_a_file_that_is_no_notebook_is_a_fault(tmp_path, content):
    (tmp_path / "1_books.ipynb").write_text(content)
    with pytest.raises(RunFault, match=r"1_books\.ipynb: cannot be read as a notebook"):
        notebook_page.read_notebook(tmp_path / "1_books.ipynb")


def test_the_accent_is_that_of_the_company_and_only_ever_a_colour(tmp_path):
    content = minimal()
    content["metadata"]["accent"] = "#123abc"
    out = written(demo.find_tables(tmp_path), content, tmp_path)
    harmless(out / "index.html", out)
    assert "--accent: #123abc;" in (out / "index.html").read_text()
    content["metadata"]["accent"] = "red} body{display:none"
    with pytest.raises(ValueError, match="is no colour like #"):
        write_run_pages(gather(tmp_path), content, out, figures=out, notebooks=[], documents={}, machine={})


def test_the_same_findings_give_the_same_pages(demonstration, tmp_path):
    collected, content, out = demonstration
    asked = notebook(tmp_path, nb.new_markdown_cell("# Who owes what?\n\nAnd since when."))
    again = written(collected, content, tmp_path, asked, figures=out.parent / "figures")
    assert {p.relative_to(again): p.read_bytes() for p in again.rglob("*.html")} == {
        p.relative_to(out): p.read_bytes() for p in out.rglob("*.html")
    }
