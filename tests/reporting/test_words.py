"""Numbers are written alike everywhere; expectations are set by hand after the rules of notation."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reporting import words


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1_240_000, "EUR 1.24 m"),
        (12_345, "EUR 12.3 k"),
        (999_600, "EUR 1.00 m"),  # never "1,000 k"
        (999_499, "EUR 999 k"),
        (840.25, "EUR 840"),
        (99.999, "EUR 100.00"),
        (5.5, "EUR 5.50"),
        (0, "EUR 0"),
        (-0.001, "EUR 0.00"),
        (-2_500_000_000, "EUR -2.50 bn"),
        (1_234_567_890_123, "EUR 1,230 bn"),
        (Decimal("5119.85"), "EUR 5.12 k"),
        (math.nan, "not defined"),
        (None, "not available"),
    ],
)
def test_money_has_three_figures_and_its_unit(value, said):
    assert spaced(words.money(value, currency="EUR")) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (42.345, "days", "42.3 days"),
        (166.3, "days", "166 days"),
        (7.26, "days", "7.3 days"),
        (26, "days", "26 days"),
        (np.int64(1), "days", "1 day"),
        (math.inf, "days", "not reached"),
        (0.1237, "share", "12.4%"),
        (0.0124, "share", "1.24%"),
        (0.00049, "share", "0.05%"),
        (0.00001, "share", "<0.01%"),
        (1.0, "share", "100%"),
        (0.0, "share", "0%"),
        (-0.0163, "points", "-1.6 pp"),
        (1930, "count", "1,930"),
        (68.14, "ratio", "68.1"),
        (math.nan, "share", "not defined"),
    ],
)
def test_quantities(value, unit, said):
    assert spaced(words.quantity(value, unit=unit)) == said


def test_halves_round_away_from_zero_as_in_accounts():
    # Binary floats and banker's rounding would give 0.12, 2 and 1.00.
    assert [words.fixed(0.125, 2), words.fixed(2.5), words.fixed(1.005, 2)] == ["0.13", "3", "1.01"]


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="furlong"):
        words.quantity(1.0, unit="furlong")


@pytest.mark.parametrize(
    ("now", "before", "unit", "better", "said", "verdict"),
    [
        (42.3, 43.5, "days", "lower", "↓ -1.2 days", "good"),
        (43.5, 42.3, "days", "lower", "↑ +1.2 days", "bad"),
        (0.34, 0.33, "share", "lower", "↑ +1.0 pp", "bad"),
        (6.0e6, 5.0e6, "EUR", "neither", "↑ +EUR 1.00 m", "neutral"),
        (0.8501, 0.85, "share", "higher", "→ no change", "neutral"),
        (26, 24, "days", "lower", "↑ +2 days", "bad"),
        (math.nan, 24.0, "days", "lower", "not defined", "neutral"),
        (26.0, None, "days", "lower", "not available", "neutral"),
    ],
)
def test_changes_have_arrow_sign_and_verdict(now, before, unit, better, said, verdict):
    change = words.change(now, before, unit=unit, better=better)
    assert (spaced(change.text), change.verdict) == (said, verdict)


@given(st.floats(-1e12, 1e12), st.sampled_from(["days", "share", "points", "count", "ratio", "EUR"]))
def test_a_printed_number_is_the_number_to_three_figures(value, unit):
    text = spaced(words.quantity(value, unit=unit))
    shown = float("".join(mark for mark in text if mark in "-.0123456789") or "nan")
    scale = {" k": 1e3, " m": 1e6, " bn": 1e9}.get(text[text.rfind(" ") :], 1) if unit == "EUR" else 1
    meant = value * 100 if unit in ("share", "points") else value
    if text.startswith("<"):
        assert 0 < abs(meant) < 0.01
    else:
        # Half of the last printed figure, at most one in two hundred, or what decimals are left out.
        assert abs(shown * scale - meant) <= max(abs(meant) * 0.005, 0.5 if unit == "count" else 0.0501) * (1 + 1e-9)


def test_one_scale_for_a_whole_chart():
    scale = words.scale_of([6_153_400.0, 21_050.0, math.nan], currency="EUR")
    assert spaced(scale.unit) == "EUR m"
    assert [scale.text(value) for value in (6_153_400.0, 21_050.0, math.nan)] == ["6.15", "0.02", "–"]


def test_sentence_parts():
    assert spaced(words.day(date(2026, 10, 31))) == "31 October 2026"
    assert spaced(words.day(date(2026, 5, 1), short=True)) == "1 May 2026"
    assert spaced(words.plural(1, "invoice")) == "1 invoice"
    assert spaced(words.plural(1930, "invoice")) == "1,930 invoices"
    assert [words.listing(list(items)) for items in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert spaced(words.interval(40.1, 44.2, unit="days")) == "40.1 to 44.2 days"
    assert spaced(words.interval(1_100_000, 1_320_000, unit="EUR")) == "EUR 1.10 m to 1.32 m"


def test_invisible_characters_do_not_reach_print():
    assert words.printable("A\u202eBC\u200b\x00\ud800 Ltd\nX") == "ABC Ltd X"
    assert words.printable("Cafe\u0301") == "Café"
