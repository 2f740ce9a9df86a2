"""The report as PDF: a pack of pages goes in, a tagged, archivable file comes out.

A **pack** is a mapping (or JSON) of strings that ``pages.Pack`` describes field by field; nothing else is printed,
and the template neither calculates nor adds words of its own. Numbers come formatted by ``words``.

``metadata``: ``company``, ``title``, ``as_of``, ``known_by`` (dates), ``report_id``, ``language`` ("en") and
``accent`` (a hex colour). They stand in the head and foot of every page. A logo stands on the first.

``pages``: each with ``kicker`` (the page's short name), ``title`` (its finding, a sentence; it becomes the bookmark)
and ``blocks``; or, for lack of data, with ``unavailable`` (the reason) in place of blocks. Each page with blocks
begins on a new sheet, but for one that ``follows``, and flows on to the next where it is too long. A block has a
``kind``:

=============  ========================================================================================
lead           ``sentences``
key_figures    ``cards``: ``label``, ``value``, ``unit``, ``interval``, ``against`` (``label``, ``text``,
               ``verdict`` good, bad or neutral), ``sparkline`` (``file``, ``alt``)
figure         ``file``, ``caption``, ``alt``, ``note``; shown at the size it was drawn in, never enlarged
row            ``blocks``: two or three of lead, figure, table, note, unavailable
table          ``header``, ``rows``, ``units``, ``align``, ``total``, ``shade``, ``wide``, ``caption``, ``note``
note           ``text``
decisions      ``items``: ``wanted``, ``why``, ``amount``, ``owner``, ``due``
definitions    ``items``: ``name``, ``formula``, ``inputs`` (``name``, ``value``), ``source``
section        ``title``
unavailable    ``name``, ``reason``
=============  ========================================================================================
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.ft2font import FT2Font
from pydantic import ValidationError

from analysis.faults import RunFault
from analysis.reporting import style, words
from analysis.reporting.logo import Logo
from analysis.reporting.pages import Pack
from analysis.reporting.records import write_in_one_step

TEMPLATE = Path(__file__).with_name("report.typ")
# Stands for a character that none of the report's fonts has.
PLACEHOLDER = "\N{WHITE SQUARE}"
# matplotlib ships DejaVu Sans; it lends what Lato lacks (Arabic, Hebrew, symbols).
_FALLBACK_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
# Where a run of letters is longer than this it may break, so that no name sticks out of its column.
_LONGEST_RUN = 24
# A short word and its number ("day 48") stay together in a title.
_GLUED = re.compile(r"(?<=\b\w\w) (?=\d)|(?<=\b\w\w\w) (?=\d)|(?<=\b\w\w\w\w) (?=\d)")
_SVG_WIDTH = re.compile(r'<svg[^>]*?\swidth="([0-9.]+)pt"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """What came of typesetting: characters no font has, each with the first text it stood in."""

    missing: Mapping[str, str]


def typeset(
    pack: Mapping[str, Any] | Pack,
    *,
    figures: Path | str,
    out: Path | str,
    as_of: date,
    logo: Logo | None = None,
    time_limit_s: int = 60,
    memory_limit_mb: int = 2048,
    template: Path = TEMPLATE,
) -> Typeset:
    """Set ``pack`` as PDF/A-2a and PDF/UA-1 at ``out``, with charts from the folder ``figures``.

    The same pack, charts, logo and ``as_of`` (which is stamped as the time of making) give the same bytes. ``out`` is
    replaced in one step, or left as it was. Raises RunFault where the pack is not as ``pages`` describes it, a
    chart is missing, or Typst fails, warns, takes too long or too much memory.
    """
    model = _checked(pack)
    glyphs = _Glyphs()
    with tempfile.TemporaryDirectory(prefix="paycurve-typeset-") as name:
        folder = Path(name).resolve()
        _lay_out_fonts(folder / "fonts")
        (folder / "packages").mkdir()
        shutil.copyfile(template, folder / "report.typ")
        content = _Setting(source=Path(figures), target=folder / "figures", glyphs=glyphs).of(model)
        content["metadata"]["logo"] = None
        if logo is not None:
            (folder / f"logo.{logo.kind}").write_bytes(logo.content)
            content["metadata"]["logo"] = f"logo.{logo.kind}"
        (folder / "pack.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        noon = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC)
        _run(folder, seconds=time_limit_s, megabytes=memory_limit_mb, timestamp=int(noon.timestamp()))
        write_in_one_step(Path(out), (folder / "report.pdf").read_bytes())
    return Typeset(missing=dict(glyphs.missing))


def _checked(pack: Mapping[str, Any] | Pack) -> Pack:
    if isinstance(pack, Pack):
        return pack
    try:
        return Pack.model_validate(pack)
    except ValidationError as error:
        told = (f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:5])
        raise RunFault(
            f"the report's pages are not as described: {error.error_count()} fault(s)\n" + "\n".join(told)
        ) from None


def _run(folder: Path, *, seconds: int, megabytes: int, timestamp: int) -> None:
    command = [sys.executable, "-P", "-m", "analysis.reporting.typesetter", str(folder)]
    command += [str(megabytes), str(seconds), str(timestamp)]
    try:
        done = subprocess.run(
            command,
            timeout=seconds,
            # Each thread reserves memory; two suffice and leave the limit to the document.
            env={**os.environ, "RAYON_NUM_THREADS": "2"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunFault(f"typesetting took longer than {seconds} s and was stopped") from None
    fault = folder / "fault.txt"
    if fault.is_file():
        told = fault.read_text(encoding="utf-8").replace(str(folder), "")
        raise RunFault(f"typesetting failed: {told}")
    if done.returncode or not (folder / "report.pdf").is_file():
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        because = f": {last[0]}" if last else "; it may have run out of memory"
        raise RunFault(f"typesetting ended with code {done.returncode}{because} (limit {megabytes} MB, {seconds} s)")


def _lay_out_fonts(folder: Path) -> None:
    folder.mkdir()
    for path in _font_files():
        shutil.copyfile(path, folder / path.name)


def _font_files() -> list[Path]:
    lent = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [*sorted(style.FONTS.glob("*.ttf")), *(lent / name for name in _FALLBACK_FONTS)]


@cache
def _covered() -> frozenset[str]:
    """Characters that Lato or the fallback has in every weight used."""
    maps = {path.stem: {chr(code) for code in FT2Font(str(path)).get_charmap()} for path in _font_files()}
    lato = maps["Lato-Regular"] & maps["Lato-Bold"] & maps["Lato-Italic"]
    return frozenset(lato | (maps["DejaVuSans"] & maps["DejaVuSans-Bold"]))


class _Glyphs:
    """Makes text printable, and remembers what had to be replaced."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Text as it is printed; a run without a space may break where it grows too long for a column."""
        shown = self._shown(words.printable(text), inside=text)
        return re.sub(rf"(\S{{{_LONGEST_RUN}}})(?=\S)", "\\1\N{ZERO WIDTH SPACE}", shown)

    def chart(self, svg: str, *, name: str) -> str:
        """A chart whose text is printable; its names stand in it as text."""
        return svg if svg.isascii() else self._shown(svg, inside=f"chart {name}")

    def _shown(self, text: str, *, inside: str) -> str:
        known = _covered()
        for mark in text:
            if mark not in known and mark != "\n":
                self.missing.setdefault(mark, words.shortened(inside, most=80))
        return "".join(mark if mark in known or mark == "\n" else PLACEHOLDER for mark in text)


class _Setting:
    """Turns a pack into what the template places: printable strings, colours, sizes of charts."""

    def __init__(self, *, source: Path, target: Path, glyphs: _Glyphs) -> None:
        self._source, self._target, self._glyphs = source, target, glyphs
        target.mkdir()

    def of(self, pack: Pack) -> dict[str, Any]:
        meta = pack.metadata
        colours = {name: getattr(style, name.upper()) for name in ("ink", "quiet", "rule", "faint", "good", "bad")}
        dates = {"as_of": words.day(meta.as_of), "known_by": words.day(meta.known_by)}
        return {
            "metadata": {**self._printable(meta.model_dump(exclude={"as_of", "known_by"})), **dates},
            "words": words.VOCABULARY[meta.language],
            "colours": {**colours, "accent": meta.accent, "panel": style.ramp(0.0)},
            "pages": [
                {
                    "kicker": self._printable(page.kicker),
                    "title": _GLUED.sub(words.GAP, self._printable(page.title)),
                    "unavailable": self._printable(page.unavailable),
                    "follows": page.follows,
                    "blocks": [self._block(block) for block in page.blocks],
                }
                for page in pack.pages
            ],
        }

    def _block(self, block: Any, *, beside: int = 1) -> dict[str, Any]:
        room = (style.PAGE_WIDTH_MM - style.GUTTER_MM * (beside - 1)) / beside
        if block.kind == "row":
            return {"kind": "row", "blocks": [self._block(part, beside=len(block.blocks)) for part in block.blocks]}
        said: dict[str, Any] = self._printable(block.model_dump(exclude={"shade", "file"}))
        if block.kind == "figure":
            said |= self._chart(block.file, room_mm=room)
        elif block.kind == "key_figures":
            said["intervals"] = any(card.interval for card in block.cards)
            for card, shown in zip(block.cards, said["cards"], strict=True):
                if card.sparkline is not None:
                    shown["sparkline"] |= self._chart(card.sparkline.file, room_mm=34.0)
        elif block.kind == "table":
            said["align"] = block.align or ("left", *["right"] * (len(block.header) - 1))
            fills = [[None if level is None else style.ramp(level) for level in line] for line in block.shade or ()]
            said["fills"] = fills
            said["inks"] = [[fill and style.text_on(fill) for fill in line] for line in fills]
        return said

    def _chart(self, name: str, *, room_mm: float) -> dict[str, Any]:
        """Copy a chart beside the template; its width as drawn, or less where there is less room."""
        source = (self._source / name).resolve()
        if not source.is_relative_to(self._source.resolve()) or not source.is_file():
            raise RunFault(f"chart {name} is missing from {self._source}")
        svg = self._glyphs.chart(source.read_text(encoding="utf-8"), name=name)
        width = _SVG_WIDTH.search(svg)
        if width is None:
            raise RunFault(f"chart {name} does not say its width in points")
        target = f"{len(list(self._target.iterdir()))}.svg"
        (self._target / target).write_text(svg, encoding="utf-8")
        return {"file": f"figures/{target}", "width_mm": min(float(width[1]) / 72 * 25.4, room_mm)}

    def _printable(self, content: Any) -> Any:
        if isinstance(content, str):
            return self._glyphs.text(content)
        if isinstance(content, dict):
            # An alternative text is read aloud, not printed: no font limits it.
            return {
                name: words.printable(part) if name == "alt" else self._printable(part)
                for name, part in content.items()
            }
        if isinstance(content, list | tuple):
            return [self._printable(part) for part in content]
        return content
