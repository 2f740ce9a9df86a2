"""The page of the watch: words that follow the numbers, charts that say what they show, small books in words."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from simulated_books import simulated_books
from small_books import Ledger, day

from analysis.ledger.opening import opened
from analysis.ledger.simulate import simulate
from analysis.measures.history import day_number
from analysis.models.alert_record import AlertRecord, Share
from analysis.models.champion import Champion, standing
from analysis.models.forecast import PaymentForecast
from analysis.models.monitoring import Monitor, controlled
from analysis.models.watch_list import watch_list
from analysis.reporting import charts_watch
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected, gather
from analysis.reporting.pages import Page
from analysis.reporting.sections import cash, watch_forecasts, watch_shown, watch_words
from analysis.reporting.sections import watch_list as page_7

NAN = math.nan


def spaced(text):
    return text.replace("\u00a0", " ")


def monitored(ratios):
    index = pd.date_range("2025-01-31", periods=len(ratios), freq="ME")
    months = pd.DataFrame(
        {"invoices": 90, "customers": 40, "observed": np.array(ratios) * 100, "expected": 100.0}, index
    )
    return controlled(months, customers_min=10)


def monitor(ratios, baseline=None):
    return Monitor(
        name="the trees",
        baseline="the curve of all",
        months=monitored(ratios),
        baseline_months=monitored(baseline or ratios),
    )


# After n months that do not vary the limits lie t x 0.03 x sqrt(6 / (6 + n)) off, t leaving a hundredth above it with
# 6 + n / 2 degrees of freedom: 2.76 for 8 months, 2.74 for 9, 2.72 for 10 (printed tables).
QUIET = [1.0] * 8


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            monitor([*QUIET, 1.0, 1.0], baseline=[*QUIET, 1.2, 1.2]),
            "Yesterday's forecasts are still a guide: in Oct 2025 invoices waited 1.00 times as long as forecast "
            "(usual: 0.95 to 1.05). Yet customers pay later than they used to: the curve of all, which follows slowly, "
            "was outside its limits two months running.",
        ),
        (
            monitor([*QUIET, 1.0, 1.0], baseline=[*QUIET, 0.8, 0.8]),
            "Yesterday's forecasts are still a guide: in Oct 2025 invoices waited 1.00 times as long as forecast "
            "(usual: 0.95 to 1.05). Yet customers pay sooner than they used to: the curve of all, which follows "
            "slowly, was outside its limits two months running.",
        ),
        (
            monitor([*QUIET, 1.0, 1.0], baseline=[*QUIET, 1.0, 1.2]),
            "Yesterday's forecasts are still a guide: in Oct 2025 invoices waited 1.00 times as long as forecast "
            "(usual: 0.95 to 1.05).",
        ),
        (
            monitor(QUIET),
            "Yesterday's forecasts are still a guide: in Aug 2025 invoices waited 1.00 times as long as forecast "
            "(usual: 0.94 to 1.06).",
        ),
        (
            # just outside: exp(-2.764 x 0.03 x sqrt(6 / 14)) = 0.9472
            monitor([*QUIET, 0.9463], [*QUIET, 1.0]),
            "In Sep 2025 invoices waited 0.946 times as long as forecast (usual: 0.947 to 1.056): a first warning; a "
            "second month outside would put the curve of all in their place.",
        ),
        (
            monitor([*QUIET, 1.2], [*QUIET, 1.0]),
            "In Sep 2025 invoices waited 1.20 times as long as forecast (usual: 0.95 to 1.06): a first warning; a "
            "second month outside would put the curve of all in their place.",
        ),
        (
            monitor([*QUIET, 1.2, 1.2]),
            "Forecasts by the trees are no guide at present: outside the limits two months running; the curve of all "
            "forecasts in its place. In Oct 2025 invoices waited 1.20 times as long as forecast (usual: 0.95 to 1.05). "
            "The rule missed as well: customers changed, not the model.",
        ),
        (
            monitor([*QUIET, 1.2, 1.2, 1.0]),
            "Forecasts by the trees are no guide at present: outside the limits two months running, and within them "
            "again for one month; the curve of all forecasts in its place. In Nov 2025 invoices waited 1.00 times as "
            "long as forecast (usual: 0.95 to 1.05).",
        ),
        (
            replace(monitor([*QUIET, 1.2, 1.2]), name="the curve of all"),
            "Forecasts by the curve of all are no guide at present: outside the limits two months running; no other "
            "rule stands in for it. In Oct 2025 invoices waited 1.20 times as long as forecast (usual: 0.95 to 1.05).",
        ),
        (
            monitor([1.0] * 3),
            "Whether yesterday's forecasts are still a guide cannot be said: months with enough customers are too few.",
        ),
        (
            None,
            "Whether yesterday's forecasts are still a guide cannot be said: months with enough customers are too few.",
        ),
    ],
)
def test_the_monitor_is_said_in_words(found, said):
    assert spaced(watch_forecasts.control_sentence(found)) == said


def forecast(held, *, is_model=True):
    """A forecast whose forecaster stands as its record leaves it."""
    chosen = Champion(
        id="boosted" if is_model else "curve",
        name="the trees" if is_model else "the curve of all",
        rung="curve",
        reason="promoted",
        against_rung=None,
        verdict="The trees are used.",
    )
    made = SimpleNamespace(forecaster=SimpleNamespace(chosen=standing(chosen, held), held=held))
    return cast(PaymentForecast, made)


def test_a_demotion_is_obeyed_and_said_beside_the_cash_as_long_as_it_stands():
    ratios = [*QUIET, 1.2, 1.2, 1.0, 1.0]
    made = [forecast(monitor(ratios[:months])) for months in range(9, 13)]
    assert [each.forecaster.chosen.id for each in made] == ["boosted", "curve", "curve", "boosted"]
    assert [each.forecaster.chosen.demoted for each in made] == [None, "boosted", "boosted", None]
    said = [watch_forecasts.demotion_sentence(each) for each in made]
    assert [bool(text) for text in said] == [False, True, True, False]
    assert said[1] == (
        "The curve of all is used in place of the trees, which stands demoted: two months running were outside its "
        "control limits. In the last whole month invoices waited 1.20 times as long as it expected (usual: 0.95 to "
        "1.05). All cash below is forecast by that rule, its record as well."
    )
    told = Collected(
        run_id="r",
        notebooks=("5", "6"),
        numbers={},
        sentences={id: {"text": text} for id, text in (("demotion_told", said[1]), ("cash_told", "Cash comes."))},
        tables={},
        figures={"cash_fan": {"file": "fan.svg", "caption": "", "alt": ""}},
        unavailable={id: {"reason": "none"} for id in ("cash_record", "cash_bridge", "cash_doubt")},
        invariants={},
    )
    leads = [block["sentences"] for block in cash.page(told)["blocks"] if block["kind"] == "lead"]
    assert leads[0] == [said[1]]


def test_a_rule_without_another_stays_in_use_and_is_to_be_read_with_reserve():
    made = forecast(replace(monitor([*QUIET, 1.2, 1.2]), name="the curve of all"), is_model=False)
    assert made.forecaster.chosen.id == "curve"
    assert made.forecaster.chosen.demoted is None
    assert watch_forecasts.demotion_sentence(made).startswith("Read these forecasts with reserve: two months running")


def record(came, alerts, foreseen, onsets):
    table = pd.DataFrame({"foreseen": [True] * foreseen + [False] * (onsets - foreseen), "lead_months": 3.0})
    return AlertRecord(
        horizon=6,
        alerts=pd.DataFrame({"is_judged": [True] * alerts}),
        onsets=table,
        precision=Share(count=came, of=alerts, customers=alerts // 2, low=0.2553, high=0.3662),
        recall=Share(count=foreseen, of=onsets, customers=onsets // 2, low=0.0624, high=0.1605),
        others=Share(count=1, of=10, customers=10, low=0.01, high=0.4),
    )


def test_alerts_are_said_with_their_intervals_or_not_at_all():
    assert spaced(watch_words.alerts_sentence(record(81, 263, 15, 148), minimum=10)) == (
        "Of 263 earlier alerts, 30.8% (25.5% to 36.6%) came true: trouble began within 6 months, as it did for 10.0% "
        "of customers not on the list. Of 148 beginnings of trouble, 10.1% (6.24% to 16.1%) were foreseen, half of "
        "them by 3 months or more."
    )
    assert spaced(watch_words.alerts_sentence(record(1, 19, 5, 50), minimum=10)) == (
        "How often trouble follows an alert cannot be said: 19 alerts of 9 customers can be judged."
    )


def views(**customers):
    rows = []
    for customer, days in customers.items():
        for mark, oldest in enumerate(days):
            facts = {"oldest_days": float(oldest), "promises_broken_12m": 3.0 if oldest == 90 else 0.0}
            rows.append({"mark": mark, "customer_id": customer, "name": customer, "segment": "all", **facts})
    frame = pd.DataFrame(rows).set_index(["mark", "customer_id"]).sort_index()
    return frame.assign(
        open_balance=200.0, overdue=50.0, overdue_91=0.0, limit_use=NAN, rating_score=NAN, written_off=0.0,
        disputed_open=0.0, disputes_12m=0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"A": [0, 80], "B": [80, 0]}, "1 customer came on the watch list and 1 left it; 1 customer with EUR 200"),
        ({"A": [80, 80]}, "Nobody came on the watch list or left it; 1 customer with EUR 200 stands on it."),
        ({"A": [80, 80], "B": [80, 0]}, "Nobody came on the watch list and 1 left it; 1 customer with EUR 200 stands"),
        ({"A": [0, 80], "B": [0, 80]}, "2 customers came on the watch list and none left it; 2 customers with EUR 400"),
        ({"A": [0, 0]}, "No customer is on the watch list."),
        ({"A": [80, 0]}, "No customer is on the watch list; 1 left it this month."),
    ],
)
def test_the_title_says_who_came_and_left(days, said):
    assert spaced(watch_words.title(watch_list(views(**days)), currency="EUR")).startswith(said)


def test_reasons_are_told_with_their_figures():
    watched = watch_list(views(A=[0, 90], B=[90, 0]))
    now = watched.on(1)
    assert spaced(watch_words.reasons(watched, now.loc["A"])) == "broke 3 promises in a year; an item is 90 days late"
    left = watch_words.why_left(watched, now.loc["B"], watched.states.loc[(0, "B")])
    assert left == "no longer: broke promises, an old item is open"
    assert watch_words.why_left(watched, now.loc["B"] * 0, now.loc["B"]) == "owes nothing any more"


def test_charts_say_what_they_show():
    months = monitored([*QUIET, 1.2, 1.2])
    assert spaced(charts_watch.control_chart_alt(months)) == (
        "Days waited over days expected from Jan 2025 to Oct 2025: last 1.20, between 1.00 and 1.20; outside the "
        "limits in Sep 2025 and Oct 2025."
    )
    drawn = charts_watch.control_chart(months)
    triangles = [line for line in drawn.get_lines() if line.get_marker() == "^"]
    assert triangles[0].get_xydata().tolist() == [[8.0, pytest.approx(1.2)], [9.0, pytest.approx(1.2)]]
    frame = pd.DataFrame({"before": [5e5, 1e5], "after": [4e5, 2e5]}, index=["not late", "1-30"])
    said = {"currency": "EUR", "before": "31 Jul 2026", "after": "31 Oct 2026"}
    assert spaced(charts_watch.slopes_alt(frame, **said)) == (
        "Owed by band of lateness, 31 Jul 2026 and 31 Oct 2026: not late from EUR 500 k to EUR 400 k; 1-30 from EUR "
        "100 k to EUR 200 k."
    )
    ends = [line.get_ydata().tolist() for line in charts_watch.slopes(frame, **said).get_lines()]
    assert ends == [[5e5, 4e5], [1e5, 2e5]]


@pytest.fixture(scope="module")
def sample():
    return opened(simulated_books(simulate(n_invoices=2_000, seed=3)), date(2026, 10, 31), known_by=date(2026, 10, 31))


@pytest.fixture(scope="module")
def watched(sample):
    return page_7.watch_of(sample)


def handed(found, watched, folder):
    findings = Findings("5_credit_risk", output_dir=folder, run_id="r")
    page_7.hand_over(findings, found, watched)
    findings.close()
    return gather(folder)


def test_the_page_holds_together(sample, watched, tmp_path):
    collected = handed(sample, watched, tmp_path)
    page = Page.model_validate(page_7.page(collected))
    tables = [block for block in page.blocks if block.kind == "table"]
    assert tables
    assert all(len(table.rows) <= page_7.SHOWN for table in tables)
    alerts = watch_shown.alerts_table(watched, minimum=10)
    assert (alerts["share"].notna() == (alerts["customers"] >= 10)).all()
    whole = watch_shown.listed(watched)
    assert len(collected.tables["watch_all"]["rows"]) == len(whole)
    on_list = whole[whole["status"] != "out"]
    assert (on_list["reason"].str.len() > 0).all()
    assert (whole["open"][whole["status"] != "out"] > 0).all()
    # the number printed is the sum of the list
    assert collected.numbers["watch_listed"]["value"] == len(on_list)
    assert collected.numbers["watch_exposure"]["value"] == pytest.approx(on_list["open"].sum())
    before = watched.watched.counts()["on_list"].iloc[-2]
    came, left = ((whole["status"] == status).sum() for status in ("in", "out"))
    assert len(on_list) == before + came - left


def test_the_same_books_give_the_same_bytes(sample, watched, tmp_path):
    handed(sample, watched, tmp_path / "one")
    handed(sample, page_7.watch_of(sample), tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) > 5
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_classes_of_risk_are_reasons_where_they_were_assessed(sample, watched):
    customers = watched.views.loc[[watched.last], "open_balance"].droplevel("mark")
    owing = customers[customers > 0].index
    classes = pd.Series(1, index=owing)
    classes.iloc[:2] = 5
    with_risk = watch_list(watched.views, risk_class=pd.Series(
        classes.to_numpy(float),
        index=pd.MultiIndex.from_product([[watched.last], owing], names=["mark", "customer_id"]),
    ))  # fmt: skip
    assert with_risk.on(watched.last)["reason_high_risk"].sum() == 2
    assert replace(watched, watched=with_risk).last == day_number(date(2026, 10, 31))


def small(name):
    ledger = Ledger().invoice("A", "K", "2024-06-10", "2024-07-09", "100")
    ledger.entry("payment", "100", "2024-07-20", "A")
    if name == "nothing overdue":
        ledger.invoice("B", "K", "2024-10-20", "2024-12-31", "100")
    if name == "one customer":
        ledger.invoice("B", "K", "2024-08-10", "2024-08-20", "100")
    return ledger


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("all paid", "No customer is on the watch list"),
        ("nothing overdue", "No customer is on the watch list"),
        # the item was 41 days late on 30 September and is 87 days late
        ("one customer", "1 customer came on the watch list and none left it; 1 customer with EUR 100 stands on it"),
    ],
)
def test_small_books_get_a_page_in_words(name, title, tmp_path):
    found = opened(small(name).books(), day("2024-11-15"), known_by=day("2024-11-15"))
    collected = handed(found, page_7.watch_of(found), tmp_path)
    page = Page.model_validate(page_7.page(collected))
    assert spaced(page.title) == title
    for sentence in collected.sentences.values():
        assert "nan" not in sentence["text"]
    assert "cannot be said" in collected.sentences["alerts_told"]["text"]
    # six months of a customer are its history, and none has more
    assert "cannot be said" in collected.sentences["drift_told"]["text"]
    assert "over its limit" in collected.sentences["watch_missing_told"]["text"]


@pytest.mark.parametrize("on", ["2024-06-20", "2024-11-15"])
def test_books_without_a_past_say_so(on, tmp_path):
    ledger = Ledger().invoice("A", "K", "2024-06-10", "2024-07-09", "100")
    found = opened(ledger.books(), day(on), known_by=day(on))
    collected = handed(found, page_7.watch_of(found), tmp_path)
    page = Page.model_validate(page_7.page(collected))
    assert page.unavailable
    assert collected.sentences["watch_told"]["text"].startswith("Who is to be watched cannot be said: ")
