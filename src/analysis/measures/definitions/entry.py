"""What a definition says about a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["currency", "share", "days", "count", "ratio"]
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A measure as the report prints it: every number of the report names the ``id`` of one.

    ``unit`` ``currency`` is the company's currency, ``share`` runs from 0 to 1 and is shown in per
    cent, ``ratio`` is a plain number.
    """

    id: str
    name: str
    formula: str
    unit: Unit
    reading: str
    trap: str
    source: str
    better: Better = "neither"

    def in_markdown(self) -> str:
        """The definition as it stands in ``docs/methods.md``; a test keeps the two equal."""
        sense = {"lower": "lower is better", "higher": "higher is better", "neither": "neither is better as such"}
        return (
            f"### {self.name}\n\n`{self.id}` · {self.unit} · {sense[self.better]}\n\n"
            f"**Formula.** {self.formula}\n\n**How to read it.** {self.reading}\n\n"
            f"**Trap.** {self.trap}\n\n**Source.** {self.source}\n"
        )
