"""What stands out in a column that was recognised, so that a person looks at it before the first report."""

from __future__ import annotations

import re
from collections import Counter

from analysis.ledger.exports.columns import Match, due_before_issue
from analysis.ledger.exports.headers import tokens


def oddity(one: Match, name: str) -> str:
    """What stands out in the values of a matched column and may not be meant; empty where nothing does."""
    header = one.columns[name]
    values = [value.strip() for value in one.sample.columns[header] if value.strip()]
    if name == "issued_on" and "due_on" in one.columns:
        n_before = due_before_issue(one.sample, issued_on=header, due_on=one.columns["due_on"])
        return f"{n_before} due dates are before it" if n_before else ""
    if name == "amount" and set(tokens(header)) & {"open", "offener", "outstanding", "balance"}:
        return "what is open, not what was invoiced; part-payments before the export are not seen"
    if not name.endswith("_id") or one.table == "customers" or not values:
        return ""
    if all(re.fullmatch(r"\d+\.0", value) for value in values):
        return f"numbers such as {values[0]!r} went through a spreadsheet; they are kept as written"
    if any(re.fullmatch(r"\d(?:[.,]\d+)?E\+?\d+", value) for value in values):
        return "some were rounded by a spreadsheet (1.23E+09); export again as text"
    different = set(values)
    bare = Counter(value.lstrip("0") for value in different)
    n_alike = sum(n > 1 for n in bare.values())
    if n_alike:
        return f"{n_alike} differ from another by leading zeros only; they are kept apart"
    lengths = Counter(len(value) for value in different if value.isdigit())
    longest = max(lengths, default=0)
    short = sum(lengths.values()) - lengths[longest]
    usual_length = lengths.most_common(1)[0][0] if lengths else 0
    if short and usual_length == longest >= 8 and not any(value.startswith("0") for value in different):
        return f"{short} have fewer than {longest} digits; leading zeros may be lost"
    return ""
