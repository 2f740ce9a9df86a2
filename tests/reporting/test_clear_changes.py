"""Which changes are clear, and what a number takes of its interval."""

from __future__ import annotations

import math

import pytest

from analysis.measures.headline_intervals import HeadlineInterval
from analysis.reporting.clear_changes import is_clear, leaves_out_zero, with_interval
from analysis.reporting.findings import Findings, gather


@pytest.mark.parametrize(
    ("limits", "clear"),
    [
        ((0.1, 0.2), True),
        ((-0.2, -0.1), True),
        ((-0.1, 0.1), False),
        ((0.0, 0.1), False),
        ((-0.1, 0.0), False),
        ((None, None), False),
        ((None, -0.1), True),
        ((0.1, None), True),
        ((-math.inf, math.inf), False),
        (None, True),
    ],
)
def test_a_change_is_clear_where_its_interval_leaves_out_zero(limits, clear):
    assert leaves_out_zero(limits) == clear


def test_a_change_without_bounds_is_not_clear_in_the_findings_either(tmp_path):
    found = HeadlineInterval(level=(1.0, 3.0), month_change=(-math.inf, math.inf), year_change=(0.5, 0.7))
    findings = Findings("1_demo", output_dir=tmp_path, run_id="r")
    findings.number("n", 2.0, unit="days", label="Figure", definition="dso", **with_interval(found))
    findings.number("plain", 2.0, unit="days", label="Figure", definition="dso", **with_interval(None))
    findings.close()
    numbers = gather(tmp_path).numbers
    assert (numbers["n"]["low"], numbers["n"]["high"]) == (1.0, 3.0)
    assert (is_clear(numbers["n"], "last_month"), is_clear(numbers["n"], "last_year")) == (False, True)
    assert is_clear(numbers["plain"], "last_month")
