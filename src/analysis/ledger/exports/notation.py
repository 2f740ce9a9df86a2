"""How an export writes dates and numbers, read off its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from analysis.ledger.company import EXCEL_SERIAL

_SHORT_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_LONG_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_PARTS = {
    "%Y": r"(?:19|20)\d\d",
    "%y": r"\d\d",
    "%m": r"(?:0?[1-9]|1[0-2])",
    "%d": r"(?:0?[1-9]|[12]\d|3[01])",
    "%b": f"(?:{_SHORT_MONTH})",
    "%B": f"(?:{_LONG_MONTH})",
}
_ORDERS = ("%Y{0}%m{0}%d", "%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y")
_WORDED = ("%d{0}%b{0}%Y", "%d{0}%B{0}%Y", "%d{0}%b{0}%y", "%Y{0}%b{0}%d", "%Y{0}%B{0}%d")
PATTERNS = (
    *(order.format(mark) for mark in "-./" for order in _ORDERS),
    *(order.format(mark) for mark in "- ./" for order in _WORDED),
    *("%d. %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y%m%d"),
)
_TIME = re.compile(r"(?P<sep>[ T])\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<part>\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?$")
_DATE_SHARE_MIN = 0.9
# Days since 1899-12-30, as spreadsheets count them: 1954 to 2091.
_SERIAL = re.compile(r"[2-6]\d{4}(?:\.\d+)?")

_GROUPED = r"\d{1,3}(?:[.,' \u00a0\u202f’]\d{3})+(?:[.,]\d+)?"
_NUMBER = re.compile(rf"[-+]?(?:{_GROUPED}|\d+(?:[.,]\d+)?|[.,]\d+)-?|\((?:{_GROUPED}|\d+(?:[.,]\d+)?)\)")
_MARKS = re.compile("[.,' \u00a0\u202f’]")
_GROUPING_SIGNS = {"\u00a0": " ", "\u202f": " ", "’": "'"}
_ADORNED = re.compile(r"^(?:[€$£¥]|[A-Z]{3})\s*|\s*(?:[€$£¥]|[A-Z]{2,3})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateNotation:
    """A strptime pattern, and why it may be wrong."""

    pattern: str
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNotation:
    """Decimal mark and grouping sign, and why they may be wrong."""

    decimal: str = "."
    grouping: str = ""
    doubt: str = ""


def patterns_fitted(values: Iterable[str]) -> Counter[str]:
    """For each date pattern the number of different non-blank values that it reads."""
    different = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    dates = [_TIME.sub("", value) for value in different]
    # a pattern that fits none of many values is not worth trying on all; its mirror image is, if it fits itself
    promising = [p for p in PATTERNS if any(_compiled(one).fullmatch(v) for v in dates[:50] for one in (p, swapped(p)))]
    counts = Counter({p: sum(bool(_compiled(p).fullmatch(v)) for v in dates) for p in promising})
    return +counts


def are_dates(values: Sequence[str]) -> bool:
    """Whether nine in ten of the different non-blank values are dates of one pattern, or all are serial numbers."""
    different = {value.strip() for value in values} - {""}
    if are_serial_days(different):
        return True
    fitted = patterns_fitted(different)
    return bool(different) and max(fitted.values(), default=0) >= _DATE_SHARE_MIN * len(different)


def are_serial_days(values: Iterable[str]) -> bool:
    """Whether all non-blank values may be the numbers by which spreadsheets count days."""
    different = {value.strip() for value in values} - {""}
    return bool(different) and all(_SERIAL.fullmatch(value) for value in different)


def swapped(pattern: str) -> str:
    """The pattern with day and month exchanged; the same one where the year stands first or the month is a word."""
    if pattern.startswith("%Y") or "%m" not in pattern:
        return pattern
    return pattern.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def date_notation(columns: Iterable[Sequence[str]], *, day_first: bool) -> DateNotation:
    """The pattern that reads all date columns of one table.

    Day and month are told apart by values above 12. Where there is none, ``day_first`` decides and
    the result says so; where there are some in both places, the columns are mixed and it says that.
    """
    values = {value.strip() for column in columns for value in column} - {""}
    if are_serial_days(values):
        return DateNotation(
            pattern=EXCEL_SERIAL, doubt=f"numbers such as {_some(values)} are taken for spreadsheet days"
        )
    fitted = patterns_fitted(values)
    if not fitted:
        return DateNotation(pattern="%Y-%m-%d", doubt=f"no date could be read; an example is {_some(values)}")
    # the earlier of two that fit equally: four-digit years before two-digit ones, full names before short ones
    best = max(fitted, key=lambda p: (fitted[p], "%B" in p, -PATTERNS.index(p)))
    mirror = swapped(best)
    n_best, n_mirror = fitted[best], fitted[mirror]
    pattern, doubt = best, ""
    if mirror != best and n_best == n_mirror:
        pattern = best if best.startswith("%d") == (day_first or "." in best) else mirror
        doubt = "no value tells day and month apart; is {} the {}?".format(
            _some(values), "day first" if pattern.startswith("%d") else "month first"
        )
        if n_best < len(values):
            doubt = f"day and month stand in both orders ({n_best} of {len(values)} values fit each); export ISO dates"
    elif n_best < len(values):
        others = sorted(value for value in values if not _compiled(best).fullmatch(_TIME.sub("", value)))
        doubt = f"{len(others)} of {len(values)} different values are written otherwise, such as {others[0]!r}"
    return DateNotation(pattern=pattern + _clock(values), doubt=doubt)


def are_numbers(values: Sequence[str]) -> bool:
    """Whether nearly all different non-blank values are numbers, in whatever notation and with currency signs."""
    different = {value.strip() for value in values} - {""}
    n_numbers = sum(bool(_NUMBER.fullmatch(_bare(value))) for value in different)
    return bool(different) and n_numbers >= 0.95 * len(different)


def number_notation(columns: Iterable[Sequence[str]]) -> NumberNotation:
    """Decimal mark and grouping sign of all number columns of one table.

    A mark followed by other than three digits is the decimal mark; one that occurs twice in a number,
    or before the other mark, groups. Where only forms such as ``1.234`` occur, nothing decides.
    """
    values = sorted({value.strip() for column in columns for value in column} - {""})
    decimals: Counter[str] = Counter()
    groupings: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    for value in values:
        *before, tail = _MARKS.split(_bare(value).strip("-+()"))
        marks = _MARKS.findall(_bare(value))
        if not marks:
            continue
        if len(set(marks)) > 1:
            decimals[marks[-1]] += 1
            groupings.update(set(marks[:-1]))
        elif len(marks) > 1 or marks[0] not in ".,":
            groupings[marks[0]] += 1
        elif len(tail) != 3 or len(before[0]) > 3:
            decimals[marks[0]] += 1
        else:
            undecided[marks[0]] += 1
    if undecided and not decimals and not groupings:
        mark = undecided.most_common(1)[0][0]
        example = next(value for value in values if mark in value)
        other = "," if mark == "." else "."
        return NumberNotation(decimal=other, grouping=mark, doubt=f"does {mark!r} group thousands in {example!r}?")
    decimal = max(decimals, key=lambda mark: decimals[mark], default="," if groupings["."] else ".")
    groupings.update({mark: n for mark, n in undecided.items() if mark != decimal})
    grouping = next((_GROUPING_SIGNS.get(mark, mark) for mark, _ in groupings.most_common() if mark != decimal), "")
    doubt = ". and , both stand as decimal mark" if len(decimals) > 1 else ""
    adorned = [value for value in values if _bare(value) != value]
    if adorned:
        doubt = f"amounts such as {adorned[0]!r} are not read; export plain numbers"
    return NumberNotation(decimal=decimal, grouping=grouping, doubt=doubt)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in re.split(r"(%\w)", pattern)), re.IGNORECASE)


def _clock(values: set[str]) -> str:
    """Pattern of the time of day that most values have behind the date; empty where they have none."""
    found: Counter[str] = Counter()
    for value in values:
        time = _TIME.search(value)
        parts = (("seconds", ":%S"), ("part", ".%f"), ("zone", "%z"))
        found[f"{time['sep']}%H:%M{''.join(p for name, p in parts if time[name])}" if time else ""] += 1
    return found.most_common(1)[0][0]


def _bare(value: str) -> str:
    """A number without the currency sign or code beside it."""
    return _ADORNED.sub("", value)


def _some(values: set[str]) -> str:
    return repr(min(values)) if values else "missing"
