"""The definitions of the report: complete, in step with the documentation and with the functions."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pandas as pd
import pytest

from analysis.measures.days import days_by_month
from analysis.measures.definitions import DEFINITIONS

METHODS = Path(__file__).resolve().parents[2] / "docs" / "methods.md"

# Point 6 and 7 of the first edition: what is measured, and what the report names beside it.
ASKED_FOR = {
    *("open_balance", "ageing_due", "ageing_issued", "overdue", "overdue_share", "unapplied_cash", "credit_balances"),
    *("quarantined_amount", "dso_simple", "dso_rolling", "dso_countback", "best_possible_dso"),
    *("average_days_delinquent", "weighted_days_to_pay", "average_days_late", "collection_effectiveness"),
    *("receivables_turnover", "bad_debt_to_sales", "write_offs_to_receivables", "allowance_ratio"),
    *("roll_forward_opening", "roll_forward_invoiced", "roll_forward_paid", "roll_forward_credited"),
    *("roll_forward_written_off", "roll_forward_closing", "payment_pattern", "roll_rate", "top_share", "herfindahl"),
    *("effective_number", "gini", "median_days_to_pay", "quantile_days_to_pay", "restricted_mean_days"),
    "unpaid_after",
}


def _entries() -> dict[str, str]:
    """The entries of the documentation by id, each up to the next heading or the prose after its source."""
    found = re.finditer(
        r"^### .+\n\n`(\w+)` · (?:.+\n+)+?\*\*Source\.\*\* .+\n", METHODS.read_text("utf-8"), re.MULTILINE
    )
    entries = [(match[1], match[0]) for match in found]
    assert len(dict(entries)) == len(entries), "an id is documented twice"
    return dict(entries)


def test_documentation_and_definitions_are_the_same():
    documented = _entries()
    assert documented.keys() == DEFINITIONS.keys()
    assert documented == {i: definition.in_markdown() for i, definition in DEFINITIONS.items()}
    # no entry escapes the pattern above
    assert METHODS.read_text("utf-8").count("\n### ") == len(DEFINITIONS)


def test_examples_of_the_documentation_are_right():
    failed, tried = doctest.testfile(str(METHODS), module_relative=False, encoding="utf-8")
    assert tried > 8
    assert failed == 0


def test_every_measure_asked_for_is_defined():
    assert ASKED_FOR.issubset(DEFINITIONS)


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=list(DEFINITIONS))
def test_a_definition_is_whole(definition):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", definition.id)
    for text in (definition.reading, definition.trap, definition.source):
        assert text[0].isupper() or not text[0].isalpha()
        assert text.endswith(".")
    for text in (definition.name, definition.formula):
        assert text == text.strip()
        assert not text.endswith(".")


def test_names_are_told_apart():
    names = [definition.name.lower() for definition in DEFINITIONS.values()]
    assert len(set(names)) == len(names)


def test_columns_of_the_monthly_series_are_defined():
    months = pd.DataFrame(
        {"open_balance": [1.0], "not_due": [1.0], "overdue": [0.0], "credit_sales": [1.0], "days": [31]},
        index=pd.to_datetime(["2026-10-31"]),
    )
    columns = [re.sub(r"_\d+$", "", name) for name in days_by_month(months, k=3).columns]
    flags = {"dso_countback_exhausted", "dso_countback_skipped"}
    assert set(columns) - flags <= DEFINITIONS.keys()
