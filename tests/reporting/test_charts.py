"""Charts show their data, say it in words, and come out the same in every process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import demo_pack as demo
import matplotlib
import numpy as np
import pandas as pd
import pytest

from analysis.reporting import charts, labels, style


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ").replace("\u2212", "-") for text in ax.texts]


def test_waterfall_ends_where_the_steps_add_up_to():
    steps = pd.DataFrame(
        [("Opening", 100.0, "total"), ("Invoiced", 40.0, "rise"), ("Paid", 55.0, "fall"), ("Closing", 85.0, "total")],
        columns=["label", "amount", "kind"],
    )
    bars = charts.waterfall(steps, unit="EUR").patches
    spans = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in bars]
    assert spans == [(0, 100), (100, 140), (85, 140), (0, 85)]  # by hand
    said = charts.waterfall_alt(steps, unit="EUR").replace("\u00a0", " ")
    assert said == "Steps: Opening EUR 100; Invoiced plus EUR 40.00; Paid minus EUR 55.00; Closing EUR 85.00."


def test_ageing_names_the_overdue_share_above_each_bar():
    ends = pd.date_range("2026-08-31", periods=3, freq="ME")
    frame = pd.DataFrame({"not due": [75.0, 60.0, 0.0], "1–30": [25.0, 40.0, 0.0]}, index=ends)
    shown = texts(charts.stacked_ageing(frame, currency="EUR"))
    assert shown[:3] == ["25%", "40%", ""]  # a month without balance has no share
    assert "Overdue share not defined" in charts.stacked_ageing_alt(frame, currency="EUR")


def test_credits_hang_below_the_axis():
    frame = pd.DataFrame({"not due": [100.0], "1–30": [-20.0]}, index=[pd.Timestamp("2026-10-31")])
    bars = charts.stacked_ageing(frame, currency="EUR").patches
    assert [(bar.get_y(), bar.get_height()) for bar in bars] == [(0, 100), (0, -20)]


def test_labels_move_apart_and_as_little_as_possible():
    # By hand: 1.0 and 1.2 want to be 1 apart about their middle 1.1; 5 stays.
    assert labels.spread([5.0, 1.0, 1.2], gap=1.0, low=0.0, high=10.0) == pytest.approx([5.0, 0.6, 1.6])
    pushed = labels.spread([9.9, 9.95, 10.0], gap=1.0, low=0.0, high=10.0)
    assert np.diff(pushed).min() >= 1.0 - 1e-9
    assert max(pushed) <= 10.0


def test_line_labels_do_not_overlap():
    frame = pd.DataFrame(
        {"DSO": [40.0, 41.0], "best": [39.9, 40.9], "third": [40.1, 41.1]},
        index=pd.date_range("2026-09-30", periods=2, freq="ME"),
    )
    ax = charts.lines_over_months(frame, unit="days", target=41.05)
    figure = ax.get_figure()
    with style.look():
        figure.draw_without_rendering()
        boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert len(boxes) == 4
    assert all(low.y1 <= high.y0 + 1.5 for low, high in pairwise(boxes))


def test_lorenz_says_the_share_of_the_largest():
    owed = pd.Series([50.0, 30.0, 15.0, 5.0, 0.0, -10.0])
    assert charts.lorenz_alt(owed, tops=(1, 2)).replace("\u00a0", " ") == (
        "Of 4 debtors, the largest 50.0% and the 2 largest 80.0% of the open balance."
    )


def test_pattern_prints_each_share_and_leaves_the_future_blank():
    frame = pd.DataFrame({0: [0.9, 0.95], 1: [0.4, np.nan]}, index=pd.to_datetime(["2026-09-30", "2026-10-31"]))
    assert sorted(text for text in texts(charts.pattern_heat(frame)) if text[0].isdigit()) == ["40", "90", "95"]


def test_curves_mark_the_median_and_survive_a_segment_without_one():
    now, then = demo.curves()
    unpaid = now[0].table.assign(unpaid=1.0, low=1.0, high=1.0)
    never = demo.MadeUpCurve(label="Never", table=unpaid, n_invoices=3)
    figure = charts.payment_curves([now[0], never], year_ago=then, horizon_days=90)
    shown = [text for panel in figure.axes for text in texts(panel)]
    assert any(text.startswith(f"half paid by day {now[0].median_days:.0f}") for text in shown)
    assert "half not yet paid" in shown
    assert "Never: half not yet paid, nine in ten not yet paid" in charts.payment_curves_alt([never])


@pytest.mark.parametrize("name", demo.DEBTORS)
def test_names_are_text_in_charts(name):
    frame = pd.DataFrame({"name": [name], "open": [100.0], "overdue": [0.0], "share": [1.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = style.picture(charts.ranked_bars(frame, currency="EUR")).decode()
    assert name[:30].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in svg


def test_charts_of_nothing_do_not_fail():
    none = pd.DataFrame({"name": [], "open": [], "overdue": [], "share": []})
    style.picture(charts.ranked_bars(none, currency="EUR"))
    style.picture(charts.lorenz(pd.Series([], dtype=float)))
    style.picture(charts.sparkline([np.nan, np.nan]))
    assert charts.lorenz_alt(pd.Series([], dtype=float)) == "No debtor."


def test_a_chart_leaves_the_callers_settings_alone():
    before = dict(matplotlib.rcParams)
    charts.sparkline([1.0, 2.0])
    assert dict(matplotlib.rcParams) == before


def test_text_contrasts_with_every_shade():
    # The relative luminance of WCAG 2.2, written out a second time; 4.5 is what it asks of small text.
    def luminance(colour: str) -> float:
        part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        return float(np.where(part > 0.04045, ((part + 0.055) / 1.055) ** 2.4, part / 12.92) @ [0.2126, 0.7152, 0.0722])

    assert luminance("#ffffff") == pytest.approx(1.0)
    grounds = [style.ramp(level) for level in np.linspace(0, 1, 101)]
    coloured = [(colour, "#ffffff") for colour in (style.GOOD, style.BAD, style.QUIET, *style.SERIES)]
    for one, other in [*((ground, style.text_on(ground)) for ground in grounds), *coloured]:
        dark, light = sorted((luminance(one), luminance(other)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (one, other)


SCRIPT = """
import sys; sys.path.insert(0, sys.argv[1])
import demo_pack as d, hashlib
from analysis.reporting import charts as c, style
now, then = d.curves()
drawn = [c.waterfall(d.dso_bridge(), unit="days", better="lower"), c.stacked_ageing(d.ageing(), currency="EUR"),
         c.payment_curves(now, year_ago=then), c.ranked_bars(d.debtors(), currency="EUR")]
print(hashlib.sha256(b"".join(style.picture(one) for one in drawn)).hexdigest())
"""


def test_svg_bytes_are_the_same_in_every_process():
    seen = set()
    for zone, seed in (("UTC", "1"), ("Asia/Tokyo", "2")):
        told = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(told.stdout.strip())
    assert len(seen) == 1
    assert seen != {hashlib.sha256(b"").hexdigest()}
