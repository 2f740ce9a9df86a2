"""How a company wants its report: which editions, in whose colour, under which mark; ``[report]`` of company.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from analysis.ledger.strict import Strict

EditionName = Literal["management", "board", "shared"]
# WCAG 2.2, success criterion 1.4.3; the panel of decisions is a little darker than white.
_LEAST_CONTRAST = 4.5 * 1.09


class Publishing(Strict):
    """What of the report is made, and how it is dressed."""

    editions: tuple[EditionName, ...] = Field(
        default=("management", "board"), description="who is written for; shared needs a key for its pseudonyms"
    )
    accent: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")] = Field(
        default="#1f6aa5", description="colour of headings and rules, dark enough to be read on white"
    )
    logo: str | None = Field(default=None, description="PNG or SVG beside company.toml, shown on page 1")

    @field_validator("accent", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("accent")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        found = 1.05 / (luminance(value) + 0.05)
        if found < _LEAST_CONTRAST:
            raise ValueError(f"{value} is too pale for text on white: its contrast is {found:.1f}, 4.9 is the least")
        return value

    @field_validator("editions")
    @classmethod
    def _hold_the_report(cls, value: tuple[EditionName, ...]) -> tuple[EditionName, ...]:
        if "management" not in value:
            raise ValueError("must hold management: the others are made of it")
        if len(set(value)) < len(value):
            raise ValueError("names an edition twice")
        return value


def luminance(colour: str) -> float:
    """Relative luminance of a hex colour, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
