"""Rules for cells of text: ids, names and codes as exports damage them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from analysis.ledger.contract import Column
from analysis.ledger.reading import cleaned, holds_control_signs
from analysis.ledger.trade_rules import Rule

_LONGEST_TEXT = 500
_SPREADSHEET_ERROR = r"^#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FORMULA WITHOUT VALUE)"
# 1E+05 and 123.0 are what a spreadsheet makes of the ids 100000 and 123
_REWRITTEN = r"^\d+(\.\d+)?[eE]\+?\d+$|^\d+\.0$"


def text_rules(column: Column) -> list[Rule]:
    """Rules for one column of text."""
    name, raw = column.name, f"_raw_{column.name}"

    def _altered(t: ibis.Table) -> ir.BooleanValue:
        """Whether reading or a label changed the text; what is as it was needs no closer look."""
        return (t[raw] != t[f"_text_{name}"]).fill_null(True)

    rules = [
        Rule(
            id=f"control_signs_{name}",
            disposition="quarantine",
            column=name,
            message="holds a NUL or another control sign",
            remedy="remove it in the source; the export may be damaged",
            broken=lambda t: ibis.ifelse(_altered(t), holds_control_signs(t[raw]), False),
        ),
        Rule(
            id=f"spreadsheet_error_{name}",
            disposition="quarantine",
            column=name,
            message="is the error of a spreadsheet formula, or a formula without a value",
            remedy="mend the formula, or recalculate and save the workbook",
            broken=lambda t: ibis.ifelse(t[raw].startswith("#"), t[raw].re_search(_SPREADSHEET_ERROR), False),
        ),
        Rule(
            id=f"written_otherwise_{name}",
            disposition="warn",
            column=name,
            message="outer blanks, invisible signs or decomposed accents were removed to form the key",
            remedy="none needed; the totals do not change",
            broken=lambda t: ibis.ifelse(_altered(t), cleaned(t[raw]) != t[raw], False),
        ),
        Rule(
            id=f"long_{name}",
            disposition="warn",
            column=name,
            message=f"is longer than {_LONGEST_TEXT} signs and will be cut where it is shown",
            remedy="look at the cell; a quotation mark may be missing",
            broken=lambda t: t[raw].length() > _LONGEST_TEXT,
        ),
    ]
    if name.endswith("_id"):
        rules.append(
            Rule(
                id=f"rewritten_{name}",
                disposition="warn",
                column=name,
                message="looks like a number that a spreadsheet rewrote (1E+05, 123.0)",
                remedy="export ids as text; the original digits may be lost",
                broken=lambda t: t[name].re_search(_REWRITTEN),
            )
        )
    return rules
