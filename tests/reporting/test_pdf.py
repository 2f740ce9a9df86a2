"""The PDF says what the pack says, in every process alike, tagged; a failing Typst is a fault, not a crash."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import demo_pack as demo
import pytest
from pypdf import PdfReader

from analysis.faults import RunFault
from analysis.reporting import pdf

AS_OF = date(2026, 10, 31)
HOSTILE = [
    '*bold* _it_ #sys.inputs $x^2$ `code` @ref <lbl> // gone ~ "q" ]',
    '#read("/etc/passwd")',
    "=cmd|' /C calc'!A0",
    "\\ / \\u{41} #{1+1} = heading - list",
    "'); DROP TABLE invoices; --",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("findings")
    return folder, demo.find_all(folder)


@pytest.fixture(scope="module")
def report(found):
    folder, collected = found
    pack = demo.pack(collected)
    done = pdf.typeset(pack, figures=folder / "figures", out=folder / "report.pdf", as_of=AS_OF)
    return pack, PdfReader(folder / "report.pdf"), done


def plain(text: str) -> str:
    """Text without what lines and breaks add to it."""
    return re.sub(r"[\s\u00a0\u200b\u00ad]+", "", text)


def words_of(reader: PdfReader) -> str:
    return plain("".join(page.extract_text() for page in reader.pages))


def minimal(**block) -> dict:
    return {
        "metadata": {
            "company": "A",
            "title": "T",
            "as_of": "2026-10-31",
            "known_by": "2026-10-31",
            "report_id": "r",
        },
        "pages": [{"kicker": "K", "title": "A finding", "blocks": [block or {"kind": "note", "text": "n"}]}],
    }


def strings(content) -> list[str]:
    if isinstance(content, dict):
        quiet = ("kind", "file", "alt", "verdict", "align", "accent", "language", "as_of", "known_by")
        return [text for name, part in content.items() if name not in quiet for text in strings(part)]
    if isinstance(content, list | tuple):
        return [text for part in content for text in strings(part)]
    return [content] if isinstance(content, str) else []


def test_every_word_of_the_pack_is_printed(report):
    pack, reader, _ = report
    printed = words_of(reader)
    shown = [re.sub(r"[株式会社サンプル]", pdf.PLACEHOLDER, text) for text in strings(pack)]
    absent = [text for text in shown if plain(text) not in printed and not text.startswith("Disputes Service")]
    assert [text for text in absent if text not in ("Disputes", "Service")] == []


def test_numbers_in_charts_are_text_in_the_pdf(report):
    _, reader, _ = report
    printed = words_of(reader)
    for number in ("+3.90", "−3.51", "6.15", "DSO,count-back42.4", "halfpaidbyday40,was46"):
        assert number in printed


def test_tagged_archivable_and_embedded(report):
    _, reader, _ = report
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    xmp = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part[^0-9]{1,3}1", xmp)
    assert re.search(r"pdfaid:part[^0-9]{1,3}2", xmp)
    assert re.search(r"pdfaid:conformance[^A-Z]{1,3}A", xmp)
    fonts = {}
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[inner["/BaseFont"]] = inner["/FontDescriptor"].get_object()
    assert {name.split("+")[1] for name in fonts} <= {"Lato-Regular", "Lato-Bold", "Lato-Italic", "DejaVuSans"}
    assert all({"/FontFile2", "/FontFile3"} & set(described) for described in fonts.values())


def structure(node, kinds: dict[str, int], alts: list[str]) -> None:
    node = node.get_object()
    if not hasattr(node, "get"):
        return
    if "/S" in node:
        kinds[node["/S"]] = kinds.get(node["/S"], 0) + 1
    if "/Alt" in node:
        alts.append(str(node["/Alt"]))
    below = node.get("/K")
    below = below.get_object() if below is not None else []
    for part in below if isinstance(below, list) else [below]:
        if hasattr(part, "get_object") and not isinstance(part.get_object(), int):
            structure(part, kinds, alts)


def test_the_tags_tell_headings_tables_and_what_charts_show(report):
    pack, reader, _ = report
    kinds: dict[str, int] = {}
    alts: list[str] = []
    structure(reader.trailer["/Root"]["/StructTreeRoot"], kinds, alts)
    assert kinds["/H1"] == 5  # pages with blocks
    assert kinds["/H2"] == 3  # sections of the appendix
    assert kinds["/TH"] >= 20
    figures = [block for page in pack["pages"] for block in page.get("blocks", []) if block["kind"] == "figure"]
    assert len(figures) == 7
    assert {figure["alt"] for figure in figures} <= set(alts)
    assert {"better", "worse"} <= set(alts)


def test_bookmarks_are_the_titles(report):
    pack, reader, _ = report
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    wanted = [page["title"] for page in pack["pages"] if "blocks" in page]
    assert [plain(title) for title in titles] == [plain(title) for title in wanted]


def test_each_page_carries_date_id_and_number(report):
    _, reader, _ = report
    for number, page in enumerate(reader.pages, start=1):
        text = plain(page.extract_text())
        assert "Asof31October2026,knownby3November2026" in text
        assert "Reportdemo-1" in text
        assert f"Page{number}of{len(reader.pages)}" in text


def test_no_text_is_smaller_than_nine_points(report):
    _, reader, _ = report
    sizes: dict[float, str] = {}

    def visit(text, matrix, text_matrix, _font, size):
        scale = abs(text_matrix[3] * matrix[3] - text_matrix[1] * matrix[2]) or abs(text_matrix[0] * matrix[0])
        if text.strip():
            sizes[round(size * scale, 2)] = text

    for page in reader.pages:
        page.extract_text(visitor_text=visit)
    assert sizes
    assert {size: text for size, text in sizes.items() if size < 8.99} == {}


def test_a_chart_is_not_cut(report):
    _, reader, _ = report
    assert {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in reader.pages} == {
        (595, 842)
    }
    # The first and the last row and column of the heat matrix stand on one sheet with its caption.
    whole = ("Paymentpattern", "Oct2025", "Oct2026", "+6months")
    assert [all(part in plain(page.extract_text()) for part in whole) for page in reader.pages].count(True) == 1


def test_missing_glyphs_are_reported_not_fatal(report):
    _, _, done = report
    assert set(done.missing) == set("株式会社サンプル")


def test_an_empty_page_is_one_line_and_takes_no_sheet(report):
    _, reader, _ = report
    at = [n for n, page in enumerate(reader.pages) if "Disputes:notavailable(" in plain(page.extract_text())]
    assert len(at) == 1
    assert "Timetopayment" in plain(reader.pages[at[0]].extract_text())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_code_stay_text(tmp_path, name):
    pack = minimal(kind="table", header=["Customer", "Open"], rows=[[name, "1"]])
    pack["metadata"]["company"] = name
    pack["pages"][0]["title"] = name
    pdf.typeset(pack, figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF)
    assert words_of(PdfReader(tmp_path / "r.pdf")).count(plain(name)) >= 3


@pytest.mark.parametrize(
    "name", ["عميل مهم", "לקוח", "株式会社", "😀🦄", "\ud800x\u202e\x07", "x" * 5000, "W" * 40 + " Ltd"]
)
def test_strange_names_never_crash(tmp_path, name):
    pack = minimal(kind="table", header=["Customer", "Open"], rows=[[name, "1"]] * 3)
    pdf.typeset(pack, figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF)
    assert (tmp_path / "r.pdf").stat().st_size > 1000


SCRIPT = """
import sys; sys.path.insert(0, sys.argv[1])
import demo_pack as d
from analysis.reporting import pdf
from datetime import date
from pathlib import Path
folder = Path(sys.argv[2])
pdf.typeset(d.pack(d.find_all(folder)), figures=folder / "figures", out=folder / "r.pdf", as_of=date(2026, 10, 31))
"""


def test_bytes_are_the_same_in_every_process(tmp_path):
    seen = []
    for zone, seed, locale in (("UTC", "1", "C.UTF-8"), ("America/St_Johns", "77", "POSIX")):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(folder)],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": locale},
            check=True,
        )
        seen.append(((folder / "r.pdf").read_bytes(), (folder / "1_demo.findings.json").read_bytes()))
        time.sleep(1.1)  # a time of making would show
    assert seen[0] == seen[1]


def template(tmp_path, text: str) -> Path:
    path = tmp_path / "bad.typ"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('#set document(title: "x")\n= A\n#unknown', "unknown variable"),
        ('#set document(title: "x")\n#set text(font: "Nowhere Sans")\n= A', "unknown font family"),
        ('#set document(title: "x")\n= A\n#read("/etc/passwd")', "typesetting failed"),
        ('#set document(title: "x")\n= A\n#image("pack.json")', "typesetting failed"),
    ],
)
def test_a_failing_template_is_a_fault_and_leaves_the_last_report(tmp_path, text, said):
    out = tmp_path / "r.pdf"
    out.write_bytes(b"last month's")
    with pytest.raises(RunFault, match=said):
        pdf.typeset(minimal(), figures=tmp_path, out=out, as_of=AS_OF, template=template(tmp_path, text))
    assert out.read_bytes() == b"last month's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.typ", "r.pdf"]


def test_a_hanging_typst_is_stopped(tmp_path):
    hang = template(tmp_path, "#for a in range(9999) { for b in range(9999) { for c in range(9999) { } } }")
    begun = time.monotonic()
    with pytest.raises(RunFault, match=r"took longer than 2 s|ended with code"):
        pdf.typeset(minimal(), figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF, time_limit_s=2, template=hang)
    assert time.monotonic() - begun < 10


def test_a_typst_that_eats_memory_is_stopped(tmp_path):
    eats = template(tmp_path, "#let x = range(1000000000)\n#x.len()")
    with pytest.raises(RunFault, match=r"memory|ended with code"):
        pdf.typeset(
            minimal(), figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF, memory_limit_mb=600, template=eats
        )


def test_a_pack_that_is_not_as_described_is_refused(tmp_path):
    wrong = minimal(kind="table", header=["A", "B"], rows=[["only one"]])
    with pytest.raises(RunFault, match="line 1 of rows has 1 cells, the header 2"):
        pdf.typeset(wrong, figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF)
    with pytest.raises(RunFault, match="kind"):
        pdf.typeset(minimal(kind="pie"), figures=tmp_path, out=tmp_path / "r.pdf", as_of=AS_OF)


@pytest.mark.parametrize("name", ["absent.svg", "../secret.svg", "/etc/passwd"])
def test_a_chart_outside_the_folder_is_refused(tmp_path, name):
    (tmp_path / "secret.svg").write_text('<svg width="10pt"/>')
    (tmp_path / "figures").mkdir()
    block = {"kind": "figure", "file": name, "caption": "c", "alt": "a"}
    with pytest.raises(RunFault, match="is missing"):
        pdf.typeset(minimal(**block), figures=tmp_path / "figures", out=tmp_path / "r.pdf", as_of=AS_OF)


def test_the_pack_is_not_changed(found, tmp_path):
    folder, collected = found
    pack = demo.pack(collected)
    before = copy.deepcopy(pack)
    pdf.typeset(pack, figures=folder / "figures", out=tmp_path / "r.pdf", as_of=AS_OF)
    assert pack == before
