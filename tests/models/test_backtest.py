"""The rolling backtest, the bootstrap over customers, and the rules by which a forecaster is chosen and judged."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from small_books import Ledger

from analysis.ledger.books import open_books
from analysis.ledger.company import load_company
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models.backtest import HORIZONS, Origin, backtest, score_origin, summary, usual_origins
from analysis.models.champion import champion
from analysis.models.discrimination import Concordance
from analysis.models.ladder import RUNGS, customer_curve, strongest_carried
from analysis.models.landmarks import Outcomes
from analysis.models.origin_scores import OriginScores
from analysis.models.skill import drawn_scores, skill_table
from analysis.models.traffic_light import binomial_region, traffic_light

INF = math.inf


class _Book(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.items)


def _origin(on, customers, balance, paid, seen, forecasts, left=None):
    items = pd.DataFrame({"customer_id": list(customers), "balance": balance})
    paid = np.array(paid, dtype=float)
    left = paid if left is None else np.array(left, dtype=float)
    outcomes = Outcomes(paid_after=paid, left_after=left, seen_days=np.full(len(paid), float(seen)))
    return score_origin(forecasts, _Book(on=on, items=items), outcomes)


def _paid_on(*days: float) -> np.ndarray:
    return (np.arange(1, 91) < np.array(days)[:, None]).astype(float)


def _half(n: int) -> np.ndarray:
    return np.full((n, 90), 0.5)


@pytest.fixture
def two_origins():
    """Three invoices seen for long, of which one is credited, and two seen for ten days only."""
    first = _origin(
        date(2024, 1, 31),
        "AAB",
        [100, 200, 300],
        [5, 40, INF],
        400,
        {"sure": _paid_on(5, 10, 20), "half": _half(3)},
        left=[5, 40, 30],
    )
    second = _origin(date(2024, 2, 29), "BC", [50, 70], [8, INF], 10, {"sure": _paid_on(7, 91), "half": _half(2)})
    return summary([first, second], names={"sure": "the sure one", "half": "a coin"}, rungs=["half"])


def test_figures_by_hand(two_origins):
    sure, half = two_origins.table.loc["sure"], two_origins.table.loc["half"]
    # Wrong on no day, on days 10 to 39, on days 20 to 90; of ten days known on one (day 7) and on none.
    assert sure["integrated_brier"] == pytest.approx((0 + 30 / 90 + 71 / 90 + 1 / 10 + 0) / 5)
    assert half["integrated_brier"] == pytest.approx(0.25)
    # Day 7: wrong for one of five. Day 14 and on is known on the first origin alone.
    assert sure["brier_7"] == pytest.approx(1 / 5)
    assert [sure[f"brier_{day}"] for day in (14, 30, 60, 90)] == pytest.approx([1 / 3, 2 / 3, 1 / 3, 1 / 3])
    # Pairs within an origin: 5 before 40, 5 before never, 40 before never; 8 before open. All in order, a coin never.
    assert sure["concordance"] == 1
    assert half["concordance"] == 0.5
    # Medians 5, 10, 20 against 5, 40, 90; the second origin does not know day 90. A coin says day 1.
    assert sure["median_error"] == pytest.approx((0 + 30 + 70) / 3)
    assert half["median_error"] == pytest.approx((4 + 39 + 89) / 3)
    # Weeks of the first origin: 100, 200, 300, 0 against 100, 0, 0, 0; of the second week 1: 50 against 0.
    assert sure["weekly_error"] == pytest.approx((200 + 300 + 50) / 100)
    assert two_origins.n_invoices == 5
    assert two_origins.n_customers == 3
    assert two_origins.models == ("sure",)
    assert two_origins.strongest(["half", "sure"]) == "sure"


def test_lines_count_what_is_known(two_origins):
    lines = {line.horizon: line for line in two_origins.lines["sure"]}
    assert {day: line.invoices for day, line in lines.items()} == {7: 5, 14: 3, 30: 3, 60: 3, 90: 3}
    assert lines[7].observed == pytest.approx(1 / 5)
    assert lines[7].expected == pytest.approx(2 / 5)
    assert lines[60].observed == pytest.approx(2 / 3)


def test_large_books_are_judged_on_a_draw():
    history = history_of(_monthly(5, months=8, per_month=4).as_of("2022-12-31"))
    on = [date(2022, 6, 30)]
    seen = []

    def model(known, book):
        seen.append(list(book.items["invoice_id"]))
        return {"copy": customer_curve(known, book)}

    for most in (15, 15, 1_000):
        tested = backtest(history, model, names={"copy": "x"}, origins=on, invoices_max=most)
        assert tested.n_invoices == len(seen[-1])
    assert seen[0] == seen[1]
    assert 5 < len(set(seen[0])) < len(seen[2])
    assert set(seen[0]) < set(seen[2])


# --- skill, with chance told apart by customers


def _scored(losses: dict[str, np.ndarray], customers, *, origins: int = 3):
    """A backtest of which only the losses are of interest, spread over some origins."""
    rungs = [id for id in losses if id in RUNGS] or [next(iter(losses))]
    parts = np.array_split(np.arange(len(customers)), origins)
    made = []
    for at, rows in enumerate(parts):
        scores = {
            id: OriginScores(
                losses=loss[rows],
                by_horizon=np.full(90, loss[rows].mean()),
                paid_share=np.full((len(rows), len(HORIZONS)), 0.5),
                pairs=Concordance(concordant=1, tied=0, comparable=2),
                median_error=1.0,
                weekly=np.ones(4),
                within=np.ones(len(rows), dtype=bool),
                d_counts=np.ones((len(np.unique(np.array(customers, dtype=object)[rows])), 10)),
            )
            for id, loss in losses.items()
        }
        made.append(
            Origin(
                on=date(2024, 1 + at, 28),
                customers=np.array(customers, dtype=object)[rows],
                is_paid=np.tile(np.arange(len(rows))[:, None] % 2 == 0, len(HORIZONS)),
                weights=np.ones((len(rows), len(HORIZONS))),
                weekly=np.ones(4),
                scores=scores,
            )
        )
    names = {id: RUNGS[id].name if id in RUNGS else f"model {id}" for id in losses}
    return summary(made, names=names, rungs=rungs)


def test_comparison_by_hand():
    # Two customers with two and one invoices: the draws can only be AA, AB, BA, BB.
    tested = _scored({"due_date": np.array([0.2, 0.4, 0.9]), "m": np.array([0.1, 0.1, 1.0])}, ["A", "A", "B"])
    drawn = drawn_scores(tested, draws=400)
    found = drawn.compare("m", against="due_date")
    assert found.difference == pytest.approx(0.4 - 0.5)
    assert found.skill == pytest.approx(0.2)
    pairs = {tuple(row) for row in drawn.scores.round(9)}
    assert pairs == {(0.3, 0.1), (0.9, 1.0), (0.5, 0.4)}
    assert (found.difference_low, found.difference_high) == pytest.approx((-0.2, 0.1))
    assert (found.skill_low, found.skill_high) == pytest.approx((1 - 1 / 0.9, 2 / 3))
    assert not found.surely_better
    table = skill_table(tested, drawn)
    assert table[["id", "against", "skill"]].to_numpy().tolist() == [["m", "due_date", pytest.approx(0.2)]]


def test_intervals_cover_the_true_difference():
    # Losses with a common part per customer; the true difference is 0.01.
    rng = np.random.default_rng(41)
    covered = naive = 0
    for _ in range(150):
        customers = np.repeat(np.arange(40), 6)
        gap = 0.01 + rng.normal(0, 0.03, 40)[customers] + rng.normal(0, 0.01, 240)
        found = drawn_scores(_scored({"due_date": np.full(240, 0.5), "m": 0.5 + gap}, customers), draws=200)
        pair = found.compare("m", against="due_date")
        covered += pair.difference_low <= 0.01 <= pair.difference_high
        naive += abs(gap.mean() - 0.01) <= 1.96 * gap.std() / math.sqrt(240)
    # 95% of 150 are 142.5, standard deviation 2.7; taking invoices as independent covers far less
    assert 132 <= covered <= 150
    assert naive < 100


def test_same_seed_same_draws_whatever_the_order():
    rng = np.random.default_rng(43)
    customers, losses = rng.choice(list("ABCDEFGH"), 60), rng.random((60, 2))
    order = rng.permutation(60)
    one, other = (
        drawn_scores(_scored({"due_date": losses[rows, 0], "m": losses[rows, 1]}, customers[rows]), seed=7)
        for rows in (np.arange(60), order)
    )
    assert (one.scores == other.scores).all()
    assert not (
        one.scores == drawn_scores(_scored({"due_date": losses[:, 0], "m": losses[:, 1]}, customers)).scores
    ).all()


# --- champion


def _champion(losses: dict[str, np.ndarray], customers, **more):
    return champion(_scored(losses, customers, **more), carried=RUNGS["due_date"])


def test_a_model_must_be_surely_better():
    rng = np.random.default_rng(47)
    customers = np.repeat(np.arange(50), 10)
    rung = 0.1 + 0.02 * rng.random(500)
    close, clear = rung * np.tile([1.3, 0.7], 25)[customers], rung * 0.8
    base = {"due_date": rung * 2, "customer_curve": rung}
    won = _champion(base | {"clear": clear}, customers)
    assert (won.id, won.rung, won.reason, won.is_model) == ("clear", "customer_curve", "promoted", True)
    assert "20.0% smaller (95% interval 20.0% to 20.0%)" in won.verdict
    assert "500 forecasts of 3 past days" in won.verdict
    lost = _champion(base | {"close": close}, customers)
    assert (lost.id, lost.reason, lost.is_model) == ("customer_curve", "no better", False)
    assert lost.against_rung.difference_high > 0
    assert lost.verdict.startswith("The customer's own payment curve shrunk to that of all is used, because no model")
    # the last model, the mean of the others, challenges unless another is better by more than a hundredth
    near, far = clear * 0.995, clear * 0.98
    assert _champion(base | {"near": near, "mean": clear}, customers).id == "mean"
    assert _champion(base | {"far": far, "mean": clear}, customers).id == "far"
    # better on the whole, but not surely: the rung stands
    assert _champion(base | {"close": close * 0.98, "mean": rung * 1.1}, customers).id == "customer_curve"


def test_where_there_is_too_little_the_rung_stands():
    good, poor, many = np.full(120, 0.01), np.full(120, 0.1), np.arange(120)
    few = _champion({"due_date": poor, "m": good}, many % 9)
    assert (few.id, few.reason) == ("due_date", "few customers")
    assert "9 customers" in few.verdict
    assert _champion({"due_date": poor, "m": good}, many % 10).id == "m"
    assert _champion({"due_date": poor, "m": good}, many, origins=2).reason == "no record"
    assert _champion({"due_date": poor[:99], "m": good[:99]}, many[:99]).reason == "no record"
    alone = _champion({"due_date": poor, "customer_curve": good}, many)
    assert (alone.id, alone.reason) == ("customer_curve", "no model")


# --- traffic light


def test_region_of_hits():
    # "9..12 of 12; P(<=8) = 2.6%" (the project's requirements on reliability, "Back-testing page")
    assert binomial_region(12, 0.9) == (9, 12)
    assert round(binom.cdf(8, 12, 0.9), 3) == 0.026
    for n, chance in ((5, 0.8), (20, 0.9), (24, 0.5), (1, 0.9)):
        low, high = binomial_region(n, chance)
        inside = binom.pmf(np.arange(low, high + 1), n, chance)
        assert inside.sum() >= 0.95
        assert inside.sum() - inside.min() < 0.95


def test_light_is_that_of_an_independent_computation():
    rng = np.random.default_rng(53)
    share, balance = rng.uniform(0.02, 0.2, 400), np.ones(400)
    days = np.arange(1, 91)
    true = (1 - share)[:, None] ** days
    paid = rng.geometric(share).astype(float)
    forecasts = {
        "curve_since_issue": np.tile(true.mean(axis=0), (400, 1)),
        "curve_since_due": np.tile(true.mean(axis=0) ** 1.2, (400, 1)),
        "true": true,
        "late": true**0.5,
        "worse": true[::-1],
    }
    customers = np.arange(400).astype(str)
    origins = [_origin(date(2024, m, 28), customers, balance, paid, 400, forecasts) for m in (1, 2)]
    tested = summary(origins, names={id: id for id in forecasts}, rungs=["curve_since_issue", "curve_since_due"])

    def brier(unpaid):
        return np.mean([((paid > d) - unpaid[:, d - 1]) ** 2 for d in (30, 60, 90)])

    plain = min(brier(forecasts["curve_since_issue"]), brier(forecasts["curve_since_due"]))
    for id, colour, met in (
        ("true", "green", [True, True, True, None]),
        ("late", None, [None, False, False, None]),
        ("worse", "red", [False, True, None, None]),
        ("curve_since_issue", "red", [False, True, None, None]),
    ):
        light = traffic_light(tested, id)
        assert light.gates[0].value == pytest.approx(brier(forecasts[id]) - plain, abs=1e-12)
        ratio = (paid <= 30).mean() / (1 - forecasts[id][:, 29]).mean()
        assert light.gates[1].value == pytest.approx(ratio)
        for gate, wanted in zip(light.gates, met, strict=True):
            assert wanted is None or gate.is_met is wanted, (id, gate)
        assert colour is None or light.colour == colour
    assert traffic_light(tested, "true", cash_hits=(9, 12)).colour == "green"
    assert traffic_light(tested, "true", cash_hits=(8, 12)).colour == "amber"
    assert traffic_light(tested, "worse", cash_hits=(12, 12)).colour == "red"


# --- the whole, on ledgers


def _monthly(customers: int, *, months: int = 30, late: int = 10, per_month: int = 2) -> Ledger:
    """Invoices at thirty days in every month, paid so many days after they are due, the last ones still open."""
    ledger, number = Ledger(), 0
    for month in range(months):
        for customer in range(customers):
            for nth in range(per_month):
                issued = date(2022, 1, 5) + timedelta(days=30 * month + 3 * nth + customer)
                due = issued + timedelta(days=30)
                on = due + timedelta(days=late + customer % 3)
                ledger.invoice(f"R{number:04}", f"K{customer:02}", str(issued), str(due), "100.00")
                if on <= date(2024, 6, 30):
                    ledger.entry("payment", "100.00", str(on), f"R{number:04}")
                number += 1
    return ledger


def test_origins_by_hand():
    history = history_of(_monthly(1).as_of("2024-06-30"))
    # ninety days before 30 June is 1 April; twelve month ends up to it
    found = usual_origins(history)
    assert (found[0], found[-1], len(found)) == (date(2023, 4, 30), date(2024, 3, 31), 12)
    # first invoice on 5 January 2022: a quarter of a year later is 5 April
    assert usual_origins(history, most=40)[0] == date(2022, 4, 30)
    assert usual_origins(history_of(Ledger().as_of("2024-06-30"))) == ()
    assert usual_origins(history_of(_monthly(1, months=1).as_of("2022-06-30"))) == ()


def test_models_are_asked_on_each_origin_with_what_was_known():
    history = history_of(_monthly(2, months=12).as_of("2023-06-30"))
    origins = [date(2022, 9, 30), date(2022, 6, 30), date(2023, 6, 30), date(2021, 12, 31), date(2022, 6, 30)]
    asked = []

    def model(known, book):
        asked.append(known.on)
        assert known.on == book.on
        assert known.delays()["n"].sum() == known.counts()["paid"].sum()
        return {"copy": customer_curve(known, book)}

    tested = backtest(history, model, names={"copy": "the copy"}, origins=origins)
    # in order, each once; nothing is open on the fourth, nothing known after the third
    assert asked == [date(2022, 6, 30), date(2022, 9, 30)]
    assert [origin.on for origin in tested.origins] == asked
    assert tested.table.loc["copy"].equals(tested.table.loc["customer_curve"])
    with pytest.raises(ValueError, match=r"names are given for \['other'\]"):
        backtest(history, model, names={"other": "x"}, origins=origins[:1])


def test_all_are_scored_on_the_same_origins(two_origins):
    def cut(origin):
        return replace(origin, scores={"half": origin.scores["half"]})

    names, (first, second) = {"half": "a coin", "sure": "the sure one"}, two_origins.origins
    some = summary([first] * 3 + [cut(second)], names=names, rungs=["half"])
    assert [origin.on for origin in some.origins] == [first.on] * 3
    assert some.models == ("sure",)
    # three are a record; where only two would be left, all stay and the model goes
    few = summary([first] * 2 + [cut(second)] * 2, names=names, rungs=["half"])
    assert len(few.origins) == 4
    assert few.models == ()


@pytest.mark.parametrize(
    ("ledger", "reason"),
    [
        (Ledger(), "no record"),
        (_monthly(1, months=3), "no record"),
        (_monthly(1, per_month=7), "few customers"),
        (_monthly(1, per_month=10, late=-3), "few customers"),
    ],
    ids=["empty", "few months, all paid", "one customer", "never late"],
)
def test_ledgers_that_carry_no_model(ledger, reason):
    history = history_of(ledger.as_of("2024-06-30"))
    rungs = [RUNGS[id] for id in ("due_date", "customer_delay", "customer_curve")]
    tested = backtest(history, lambda k, b: {"m": customer_curve(k, b)}, names={"m": "a model"}, rungs=rungs)
    found = champion(tested, carried=strongest_carried(history.known(history.last)))
    assert (found.reason, found.is_model) == (reason, False)
    assert found.id in RUNGS
    assert found.verdict.endswith(".")
    assert "nan" not in found.verdict


def test_ibm_ar_under_the_protocol_of_the_modelling_notes(shared):
    # Measured by others under the same protocol (the project's notes on modelling): 22 snapshots, 1,952 open
    # invoices; integrated Brier score, concordance, error of the median in days, weekly cash WAPE in %.
    measured = {
        "due_date": (0.0952, 0.668, 8.56, 34.3),
        "customer_delay": (0.0687, 0.774, 6.18, 23.8),
        "curve_since_issue": (0.0608, 0.669, 7.86, 17.1),
        "curve_since_due": (0.0613, 0.668, 7.90, 17.2),
        "customer_curve": (0.0481, 0.767, 5.98, 19.4),
    }
    company = load_company(Path(__file__).parents[1] / "companies" / "ibm-ar.toml")
    history = history_of(as_of(open_books(company), date(2014, 1, 31)))
    months = pd.date_range("2013-01-01", "2013-11-01", freq="MS")
    ends = pd.date_range("2013-01-01", "2013-11-30", freq="ME")
    origins = [*(m.date() + timedelta(days=14) for m in months), *(end.date() for end in ends)]
    tested = backtest(history, origins=origins, rungs=[RUNGS[id] for id in measured])
    assert len(tested.origins) == 22
    assert tested.n_invoices == 1952
    for id, (score, order, days, cash) in measured.items():
        row = tested.table.loc[id]
        # the two due-clock curves go on at the pace of their last month where the notes' stop, which is better
        assert row["integrated_brier"] == pytest.approx(score, abs=6e-4), id
        assert row["integrated_brier"] < score + 6e-5, id
        assert row["concordance"] == pytest.approx(order, abs=1.6e-3), id
        assert row["median_error"] == pytest.approx(days, abs=0.05), id
        assert 100 * row["weekly_error"] == pytest.approx(cash, abs=0.25), id
