"""How figures are written: one function for a number wherever it is printed, in chart, notebook or page.

Text carries three significant figures, tables may carry whole units. A space between a number and its unit is
a no-break space, so that the two never part at the end of a line. Halves round away from zero, as in accounts.
NaN is "not defined" (a ratio without a denominator), ``None`` is "not available" (no data to answer from).
Everything that depends on the language is in this module.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from numbers import Integral
from typing import Literal

Better = Literal["lower", "higher", "neither"]
Verdict = Literal["good", "bad", "neutral"]
Number = float | int | Decimal

GAP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
ARROWS = {"up": "\N{UPWARDS ARROW}", "down": "\N{DOWNWARDS ARROW}", "flat": "\N{RIGHTWARDS ARROW}"}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SCALES = ((1, ""), (1_000, "k"), (1_000_000, "m"), (1_000_000_000, "bn"))
_PLURALS = {"entry": "entries", "currency": "currencies", "company": "companies", "entity": "entities"}

# What the report's frame says by itself, by language; the pages bring every other word with them.
VOCABULARY: dict[str, dict[str, str]] = {
    "en": {
        "as_of": "As of",
        "known_by": "known by",
        "page": "Page",
        "of": "of",
        "report": "Report",
        "unavailable": "not available",
        "good": "better",
        "bad": "worse",
        "neutral": "neither better nor worse",
        "wanted": "Decision wanted",
        "at_stake": "At stake",
        "owner": "Owner",
        "due": "By",
        "formula": "Formula",
        "inputs": "This month",
        "source": "Source",
    }
}
NOT_DEFINED = "not defined"
NOT_AVAILABLE = "not available"


def significant(value: Number, *, digits: int = 3, most_decimals: int = 9) -> str:
    """``value`` to so many significant figures, grouped in thousands: ``1,240``, ``42.3``, ``0.0513``.

    >>> significant(42.345)
    '42.3'
    """
    exact = Decimal(str(value))
    decimals = min(most_decimals, digits - 1 - exact.adjusted()) if exact else 0
    rounded = _rounded(exact, decimals)
    if rounded.adjusted() > exact.adjusted() and 0 < decimals < most_decimals:  # 9.996 became 10.00
        rounded = _rounded(exact, decimals - 1)
    return _signed(rounded)


def fixed(value: Number, decimals: int = 0) -> str:
    """``value`` with a fixed number of decimals, grouped in thousands; NaN gives a dash.

    >>> fixed(1234567.5)
    '1,234,568'
    """
    if math.isnan(value):
        return DASH
    return _signed(_rounded(Decimal(str(value)), decimals))


def money(value: Number | None, *, currency: str) -> str:
    """An amount with its currency, scaled to thousands, millions or billions: ``EUR 1.24 m``.

    Below one hundred units the cents are shown.
    """
    return _said(value, lambda exact: _scaled(exact, currency=currency))


def days(value: Number | None) -> str:
    """A duration: ``42.3 days``, ``166 days``; "not reached" for infinity (a median that was not observed).

    A whole number (``int``) is a count of days and keeps no decimal: ``26 days``.
    """
    if isinstance(value, Integral):
        return plural(int(value), "day")
    return _said(value, lambda exact: f"{significant(exact, most_decimals=1)}{GAP}days")


def share(value: Number | None) -> str:
    """A share of one as per cent: ``12.4%``; a trace below 0.01% is said to be one."""
    return _said(value, lambda exact: _per_cent(exact * 100))


def points(value: Number | None) -> str:
    """A difference of two shares in percentage points: ``1.2 pp``."""
    return _said(value, lambda exact: f"{fixed(exact * 100, 1)}{GAP}pp")


def count(value: Number | None) -> str:
    """A number of things, whole: ``1,930``."""
    return _said(value, fixed)


def quantity(value: Number | None, *, unit: str) -> str:
    """``value`` in words by its ``unit``: a currency code, "days", "share", "points", "count" or "ratio".

    >>> quantity(0.1237, unit="share")
    '12.4%'
    """
    plain = {"days": days, "share": share, "points": points, "count": count}
    if unit in plain:
        return plain[unit](value)
    if unit == "ratio":
        return _said(value, significant)
    if len(unit) == 3 and unit.isupper():
        return money(value, currency=unit)
    raise ValueError(f"unit {unit!r} is not one of {', '.join((*plain, 'ratio'))} or a currency code")


def interval(low: Number, high: Number, *, unit: str) -> str:
    """Two ends of an interval with their unit said once where it is the same: ``40.1 to 44.2 days``."""
    first, last = quantity(low, unit=unit), quantity(high, unit=unit)
    if unit in ("days", "points") and first.split(GAP)[-1] == last.split(GAP)[-1]:
        first = first.split(GAP)[0]
    return f"{first} to {last.removeprefix(unit + GAP)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference in words, with its direction and whether it is good."""

    text: str
    direction: Literal["up", "down", "flat"]
    verdict: Verdict


def change(
    now: Number | None, before: Number | None, *, unit: str, better: Better = "neither", clear: bool = True
) -> Change:
    """From ``before`` to ``now``: ``↓ −1.2 days``. Shares differ in percentage points.

    A difference that vanishes when it is rounded is "no change" and neither good nor bad. One that is not ``clear``,
    because its interval spans zero, is shown with a level arrow and is neither as well.
    """
    if now is None or before is None:
        return Change(text=NOT_AVAILABLE, direction="flat", verdict="neutral")
    difference = Decimal(str(now)) - Decimal(str(before))
    if not difference.is_finite():
        return Change(text=NOT_DEFINED, direction="flat", verdict="neutral")
    # A count of days becomes a fractional difference only where a side is fractional.
    exact = int(difference) if isinstance(now, Integral) and isinstance(before, Integral) else difference
    text = quantity(abs(exact), unit="points" if unit == "share" else unit)
    if not any(mark in "123456789" for mark in text.removeprefix(unit)):
        return Change(text=f"{ARROWS['flat']} no change", direction="flat", verdict="neutral")
    rose = difference > 0
    signed = f"{'+' if rose else MINUS}{text}"
    if not clear:
        return Change(text=f"{ARROWS['flat']} {signed}", direction="flat", verdict="neutral")
    good = better == ("higher" if rose else "lower")
    return Change(
        text=f"{ARROWS['up' if rose else 'down']} {signed}",
        direction="up" if rose else "down",
        verdict="neutral" if better == "neither" else "good" if good else "bad",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One scale for all amounts of a chart or table, so that the unit stands once, in the heading."""

    divisor: int
    unit: str
    decimals: int

    def text(self, value: Number) -> str:
        """The amount in this scale, without its unit; NaN gives a dash."""
        return DASH if math.isnan(value) else fixed(Decimal(str(value)) / self.divisor, self.decimals)


def scale_of(values: Iterable[Number], *, currency: str, digits: int = 3) -> Scale:
    """The scale in which the largest of ``values`` has ``digits`` figures: ``EUR m`` with two decimals, say."""
    largest = max((abs(Decimal(str(value))) for value in values if math.isfinite(value)), default=Decimal(0))
    divisor, unit = next(((d, u) for d, u in reversed(_SCALES) if largest >= d), _SCALES[0])
    decimals = max(0, digits - 1 - (largest / divisor).adjusted()) if divisor > 1 else 0
    return Scale(divisor=divisor, unit=GAP.join(part for part in (currency, unit) if part), decimals=decimals)


def day(on: date, *, short: bool = False) -> str:
    """A date: ``31 October 2026``, or short ``31 Oct 2026``."""
    name = _MONTHS[on.month - 1]
    return f"{on.day}{GAP}{name[:3] if short else name}{GAP}{on.year}"


def month(on: date, *, year: bool = True) -> str:
    """A month: ``Oct 2026``, or ``Oct`` without the year."""
    name = _MONTHS[on.month - 1][:3]
    return f"{name}{GAP}{on.year}" if year else name


def plural(number: int, noun: str) -> str:
    """A number of things with their name: ``1 invoice``, ``1,930 invoices``."""
    return f"{fixed(number)}{GAP}{noun if number == 1 else _PLURALS.get(noun, noun + 's')}"


def listing(items: Sequence[str]) -> str:
    """Items joined as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def shortened(text: str, *, most: int) -> str:
    """``text``, cut at ``most`` characters with an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def printable(text: str) -> str:
    """``text`` in composed form, without control characters, text-direction overrides and lone surrogates.

    Such characters are invisible and can turn the order of a printed line round; none belongs to a name. Nor do the
    two code points that are no characters and that XML 1.0 (section 2.2) does not allow.
    """
    kept = (" " if mark in "\t\r\n" else mark for mark in unicodedata.normalize("NFC", text))
    return "".join(m for m in kept if m not in "\ufffe\uffff" and unicodedata.category(m) not in ("Cc", "Cf", "Cs"))


def _said(value: Number | None, say: Callable[[Decimal], str]) -> str:
    """What ``say`` makes of ``value``, or why there is nothing to say."""
    if value is None:
        return NOT_AVAILABLE
    if math.isinf(value):
        return "not reached"
    return NOT_DEFINED if math.isnan(value) else say(Decimal(str(value)))


def _scaled(exact: Decimal, *, currency: str) -> str:
    """In the smallest scale that needs no more than three figures before the point."""
    text, unit = "", ""
    for divisor, scale in _SCALES:
        scaled, unit = exact / divisor, scale
        text = fixed(scaled, 2) if divisor == 1 and 0 < abs(scaled) < 100 else significant(scaled)
        if abs(Decimal(text.replace(MINUS, "-").replace(",", ""))) < 1000:
            break
    return GAP.join(part for part in (currency, text, unit) if part)


def _per_cent(hundredths: Decimal) -> str:
    trace = 0 < abs(hundredths) < Decimal("0.01")
    return "<0.01%" if trace else f"{significant(hundredths, most_decimals=2)}%"


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _signed(value: Decimal) -> str:
    text = f"{abs(value):,.{max(0, -int(value.as_tuple().exponent))}f}"
    return f"{MINUS}{text}" if value < 0 and any(mark in "123456789" for mark in text) else text
