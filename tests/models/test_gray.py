"""Gray's test against R, the log-rank test where nothing competes, hand calculation and its level."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.models.counts import cause_table, count_table
from analysis.models.gray import gray_test
from analysis.models.logrank import log_rank

CAUSES = ("paid", "credited")


def _grouped(days, ended, group, *, causes=CAUSES):
    rows = pd.DataFrame({"day": days, "ended": ended, "group": group})
    return pd.concat(
        cause_table(part["day"], part["ended"], causes=causes).assign(group=name)
        for name, part in rows.groupby("group")
    )


def _drawn(rng, n, groups, *, share=0.7):
    # one month of days, so that many end on the same one
    days, by_cash = rng.geometric(0.08, n), rng.random(n) < share
    seen = rng.integers(1, 30, n)
    ended = np.where(days > seen, "", np.where(by_cash, *CAUSES))
    return np.minimum(days, seen), ended, rng.integers(0, groups, n)


@pytest.mark.parametrize(
    ("cause", "statistic", "p_value"),
    [("pcm", 1.194507825076, 0.274422156788), ("death", 11.651259012128, 0.0006415909764079)],
)
def test_cuminc_of_r(shared, cause, statistic, p_value):
    # cuminc(etime, event, sex) on mgus2: R 4.2.2, cmprsk 2.2-11, figures of reference_R_public.json
    rows = pd.read_csv(shared / "oracles" / "survival-data" / "mgus2.csv")
    progressed = rows["pstat"] == 1
    ended = np.where(progressed, "pcm", np.where(rows["death"] == 1, "death", ""))
    counts = _grouped(rows["ptime"].where(progressed, rows["futime"]), ended, rows["sex"], causes=("pcm", "death"))
    found = gray_test(counts, by="group", cause=cause, causes=("pcm", "death"))
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.degrees_of_freedom == 1


@pytest.mark.parametrize("groups", [2, 3])
def test_without_competing_causes_the_scores_are_those_of_the_log_rank_test(groups):
    rng = np.random.default_rng(groups)
    days, ended, group = _drawn(rng, 240, groups, share=1.0)
    rows = pd.DataFrame({"day": days, "settled": ended == "paid", "group": group})
    simple = pd.concat(count_table(part["day"], part["settled"]).assign(group=g) for g, part in rows.groupby("group"))
    wanted = log_rank(simple, by="group")
    found = gray_test(_grouped(days, ended, group), by="group", cause="paid", causes=CAUSES)
    assert list(found.scores) == pytest.approx(list(wanted.observed - wanted.expected), abs=1e-9)
    # the variances differ by how they treat ties only
    assert found.statistic == pytest.approx(wanted.statistic, rel=0.1)


def test_scores_by_hand():
    # a: paid on day 1, credited on day 2, paid on day 3; b: credited on day 1, paid on day 3.
    # Day 1: three and two stand, one paid of five: a expects 3/5. Day 3: a has one at risk with 1/3 open and 1/3 paid,
    # so 1 * (2/3) / (1/3) = 2 stand; b has one with 1/2 open and none paid: 2 stand. Two are paid: a expects one.
    counts = _grouped([1, 2, 3, 1, 3], ["paid", "credited", "paid", "credited", "paid"], list("aaabb"))
    found = gray_test(counts, by="group", cause="paid", causes=CAUSES)
    assert found.scores.to_dict() == pytest.approx({"a": 2 - 0.6 - 1, "b": 1 - 0.4 - 1})


@pytest.mark.parametrize("rho", [0.0, 1.0])
def test_names_and_order_of_groups_change_nothing(rho):
    days, ended, group = _drawn(np.random.default_rng(8), 300, 3)
    first = gray_test(_grouped(days, ended, group), by="group", cause="credited", causes=CAUSES, rho=rho)
    turned = gray_test(_grouped(days, ended, (group + 1) % 3), by="group", cause="credited", causes=CAUSES, rho=rho)
    assert turned.statistic == pytest.approx(first.statistic, rel=1e-9)
    assert list(turned.scores) == pytest.approx(list(np.roll(first.scores, 1)), abs=1e-9)
    assert first.scores.sum() == pytest.approx(0, abs=1e-9)
    assert first.covariance.sum().abs().max() == pytest.approx(0, abs=1e-9)


def test_equal_groups_are_told_apart_in_one_of_twenty_samples():
    rng = np.random.default_rng(12)
    rejected = {"paid": 0, "credited": 0}
    for _ in range(200):
        days, ended, group = _drawn(rng, 150, 3)
        rows = pd.DataFrame({"day": days, "group": group, "censored": ended == ""})
        counts = rows.assign(**{cause: ended == cause for cause in CAUSES})
        for cause in CAUSES:
            rejected[cause] += gray_test(counts, by="group", cause=cause, causes=CAUSES).p_value < 0.05
    # four standard deviations of a binomial draw about 5%
    assert all(abs(times / 200 - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 200) for times in rejected.values())


def test_credit_notes_that_take_what_would_have_been_paid_are_seen():
    # Both groups pay at the same pace; in the second, four in ten are credited on the first day.
    rng = np.random.default_rng(3)
    days, group = rng.geometric(0.08, 800), np.repeat([0, 1], 400)
    credited = (group == 1) & (rng.random(800) < 0.4)
    ended = np.where(credited, "credited", "paid")
    counts = _grouped(np.where(credited, 1, days), ended, group)
    assert gray_test(counts, by="group", cause="paid", causes=CAUSES).p_value < 1e-6
    # the log-rank test of payment, credit notes counted as open, does not see it
    at_pace = counts.assign(events=counts["paid"], censored=counts["censored"] + counts["credited"])
    assert log_rank(at_pace, by="group").p_value > 0.01


def test_nothing_to_compare_is_not_defined():
    one = gray_test(_grouped([1, 2], ["paid", ""], ["a", "a"]), by="group", cause="paid", causes=CAUSES)
    nothing = gray_test(_grouped([1, 2], ["", ""], ["a", "b"]), by="group", cause="paid", causes=CAUSES)
    for found in (one, nothing):
        assert math.isnan(found.statistic)
        assert math.isnan(found.p_value)


def test_what_the_test_cannot_take_is_refused():
    counts = _grouped([1, 2], ["paid", ""], ["a", "b"])
    with pytest.raises(ValueError, match="'lost' is none of paid, credited"):
        gray_test(counts, by="group", cause="lost", causes=CAUSES)
    late = counts.assign(entered=[0, 0], day=[1, 2])
    late = pd.concat(
        [late, pd.DataFrame([{"day": 1, "entered": 1, "group": "b"}]).assign(paid=0, credited=0, censored=0)]
    )
    with pytest.raises(ValueError, match="1 invoices enter late"):
        gray_test(late, by="group", cause="paid", causes=CAUSES)
