"""The page model: what a report says, in the order it says it, without a word about how it looks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.reporting.words import Verdict

Text = Annotated[str, Field(min_length=1)]
Align = Literal["left", "right", "center"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Picture(_Part):
    """A chart: its SVG file, by name within the folder of figures, and what it shows in words."""

    file: Text
    alt: Text


class Against(_Part):
    """One comparison of a key figure: with what, by how much, and whether that is good."""

    label: Text
    text: Text
    verdict: Verdict = "neutral"


class Card(_Part):
    """One key figure with its unit, interval, comparisons and course."""

    label: Text
    value: Text
    unit: str = ""
    interval: str = ""
    against: tuple[Against, ...] = ()
    sparkline: Picture | None = None


class Lead(_Part):
    """The sentences that a page opens with, one paragraph each."""

    kind: Literal["lead"]
    sentences: tuple[Text, ...]


class KeyFigures(_Part):
    """Key figures side by side, four to a line."""

    kind: Literal["key_figures"]
    cards: tuple[Card, ...]


class Figure(Picture):
    """A chart under its caption; never cut by the end of a page. ``note`` stands below it."""

    kind: Literal["figure"]
    caption: Text
    note: str = ""


class Table(_Part):
    """Rows of text under a heading that is repeated on each page.

    ``units`` is a second line of the heading; ``align`` is left for the first column and right for the others
    where it is absent; ``wide`` is the column that takes what room is left; ``shade`` colours cells by a level of
    0 to 1 (None: not at all).
    """

    kind: Literal["table"]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    units: tuple[str, ...] | None = None
    align: tuple[Align, ...] | None = None
    total: tuple[str, ...] | None = None
    shade: tuple[tuple[float | None, ...], ...] | None = None
    wide: int = 0
    note: str = ""

    @model_validator(mode="after")
    def _cells_fit_the_header(self) -> Table:
        width = len(self.header)
        if not 0 <= self.wide < width:
            raise ValueError(f"wide names column {self.wide} of {width}")
        for name in ("units", "align", "total"):
            cells = getattr(self, name)
            if cells is not None and len(cells) != width:
                raise ValueError(f"{name} has {len(cells)} cells, the header {width}")
        for name, lines in (("rows", self.rows), ("shade", self.shade or ())):
            for number, line in enumerate(lines, start=1):
                if len(line) != width:
                    raise ValueError(f"line {number} of {name} has {len(line)} cells, the header {width}")
        if self.shade is not None and len(self.shade) != len(self.rows):
            raise ValueError(f"shade has {len(self.shade)} lines, the table {len(self.rows)}")
        return self


class Note(_Part):
    """A remark in small print."""

    kind: Literal["note"]
    text: Text


class Decision(_Part):
    """What is wanted of whom, by when, why, and how much money hangs on it."""

    wanted: Text
    owner: Text
    due: Text
    why: str = ""
    amount: str = ""


class Decisions(_Part):
    """The decisions wanted."""

    kind: Literal["decisions"]
    items: tuple[Decision, ...]


class Input(_Part):
    """What went into a number, by name."""

    name: Text
    value: Text


class Definition(_Part):
    """How a number is made: formula, this month's inputs, source."""

    name: Text
    formula: Text
    inputs: tuple[Input, ...] = ()
    source: str = ""


class Definitions(_Part):
    """Definitions, for the appendix."""

    kind: Literal["definitions"]
    items: tuple[Definition, ...]


class Section(_Part):
    """A heading within a page; it appears among the bookmarks, below its page."""

    kind: Literal["section"]
    title: Text


class Unavailable(_Part):
    """A part that these books cannot fill, and why, in one line."""

    kind: Literal["unavailable"]
    name: Text
    reason: Text


_Plain = Annotated[Lead | Figure | Table | Note | Unavailable, Field(discriminator="kind")]


class Row(_Part):
    """Two or three blocks side by side."""

    kind: Literal["row"]
    blocks: Annotated[tuple[_Plain, ...], Field(min_length=2, max_length=3)]


Block = Annotated[
    Lead | KeyFigures | Figure | Row | Table | Note | Decisions | Definitions | Section | Unavailable,
    Field(discriminator="kind"),
]


class Page(_Part):
    """One question answered: its finding as the title, and the blocks that show it.

    A page with ``unavailable`` set has no blocks: it is one line that says why and takes no page of its own. One that
    ``follows`` begins on the sheet of the page before, where it has room.
    """

    kicker: Text
    title: Text
    blocks: tuple[Block, ...] = ()
    unavailable: str = ""
    follows: bool = False

    @model_validator(mode="after")
    def _either_blocks_or_a_reason(self) -> Page:
        if bool(self.blocks) == bool(self.unavailable):
            raise ValueError(f"page {self.title!r} needs either blocks or the reason why it has none")
        return self


class Metadata(_Part):
    """What stands on every page."""

    company: Text
    title: Text
    as_of: date
    known_by: date
    report_id: Text
    language: Literal["en"] = "en"
    accent: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")] = "#1f6aa5"


class Pack(_Part):
    """A whole report."""

    metadata: Metadata
    pages: Annotated[tuple[Page, ...], Field(min_length=1)]
