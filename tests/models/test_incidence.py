"""Cumulative incidence against R, a second library, a jackknife written out, hand calculation and known truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.models.counts import cause_table
from analysis.models.incidence import cumulative_incidence, cumulative_incidences
from analysis.models.survival import count_table, payment_curve

CAUSES = ("paid", "credited", "written_off")
lives = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", *CAUSES])), min_size=1, max_size=60)


# R 4.2.2, survival 3.5-3 and cmprsk 2.2-11, as in reference_R_public.json of the shared oracles, twelve digits.
# survfit(Surv(etime, event) ~ 1, mgus2): month, then pstate and std.err of s0, pcm and death
POOLED = """
12 0.8684133378421 0.00940125934465 0.1221854028133 0.009089610142011 0.002595155763019 0.008806084370858
60 0.6455292767578 0.03410371297435 0.3203670102679 0.01288514347197 0.004889257907668 0.01256737154756
120 0.4044601279067 0.06372216801311 0.5318177040802 0.01390227431302 0.006796848423961 0.01405964516203
240 0.176158307922 0.09981371593547 0.7240279761425 0.01454048969032 0.00978484679339 0.01560634506776
360 0.08175010884151 0.1340416443261 0.7842082468324 0.02234824069704 0.02012756251332 0.02093346953571
"""
# the same by sex
BY_SEX = """
F 60 0.6962452330379 0.03978962150441 0.2639651454577 0.01834451451653 0.007798334088086 0.01758069572344
F 120 0.4456242898494 0.07388566437593 0.4804900457747 0.02080426492401 0.01076979737649 0.02080491451802
F 240 0.1997515227819 0.1049406741861 0.695307803032 0.02206521183591 0.0142629574345 0.02362533434
M 60 0.6030267299328 0.02934628445837 0.3676269856089 0.01786986219951 0.006164583662861 0.01760744211254
M 120 0.3695112704724 0.05531024064816 0.5751784888795 0.01859552469222 0.008644316552196 0.01893859225423
M 240 0.1562213557033 0.09565075503098 0.7481278892657 0.01926107921595 0.01352583094919 0.02066886692804
"""
# cuminc(etime, event, sex): variances of pcm and death, by Aalen's formula
AALEN = """
F 60 6.091510737534e-05 0.000309593853681
M 60 3.806070663469e-05 0.000310494194525
F 120 0.0001162397817025 0.0004338570047805
M 120 7.487352963545e-05 0.0003594516428386
F 240 0.0002049839323845 0.0005645337248132
M 240 0.0001853717047383 0.0004327006349461
"""


def _figures(text, *, keys):
    """Rows of a table as R printed it: key, then figures."""
    rows = [line.split() for line in text.strip().splitlines()]
    return {tuple(row[:keys]): [float(cell) for cell in row[keys:]] for row in rows}


def _near(wanted):
    return pytest.approx(wanted, rel=1e-9, abs=1e-11, nan_ok=True)


def _incidence(days, ended_by, *, causes=CAUSES, entered=None, **options):
    return cumulative_incidence(cause_table(days, ended_by, causes=causes, entered=entered), causes=causes, **options)


@pytest.fixture(scope="module")
def mgus2(shared):
    """The data of R's help page of ``survfit``: progression (pcm) or death before it, in months."""
    rows = pd.read_csv(shared / "oracles" / "survival-data" / "mgus2.csv")
    progressed = rows["pstat"] == 1
    ended = np.where(progressed, "pcm", np.where(rows["death"] == 1, "death", ""))
    return pd.DataFrame({"day": rows["ptime"].where(progressed, rows["futime"]), "ended": ended, "sex": rows["sex"]})


class TestAgreementWithR:
    def test_survfit_of_mgus2(self, mgus2):
        found = _incidence(mgus2["day"], mgus2["ended"], causes=("pcm", "death"))
        for (day,), wanted in _figures(POOLED, keys=1).items():
            shown = [found.by_day(column, int(day)) for column in ("open", "pcm", "death")]
            assert [*(e.value for e in shown), *(e.std_err for e in shown)] == _near(wanted), day
        assert {day: found.at_risk_on(day) for day in (12, 60, 120, 240, 360)} == {
            12: 1207,
            60: 874,
            120: 424,
            240: 57,
            360: 3,
        }

    def test_survfit_and_cuminc_by_sex(self, mgus2):
        counts = pd.concat(
            cause_table(rows["day"], rows["ended"], causes=("pcm", "death")).assign(sex=sex)
            for sex, rows in mgus2.groupby("sex")
        )
        curves = {curve.label: curve for curve in cumulative_incidences(counts, by="sex", causes=("pcm", "death"))}
        for (sex, day), wanted in _figures(BY_SEX, keys=2).items():
            shown = [curves[sex].by_day(column, int(day)) for column in ("open", "pcm", "death")]
            assert [*(e.value for e in shown), *(e.std_err for e in shown)] == _near(wanted)
        for (sex, day), wanted in _figures(AALEN, keys=2).items():
            rows = counts[counts["sex"] == sex]
            aalen = cumulative_incidence(rows, causes=("pcm", "death"), error="aalen")
            assert [aalen.by_day(cause, int(day)).std_err ** 2 for cause in ("pcm", "death")] == _near(wanted)


def _jackknifed(days, ended, entered, cause, weigh):
    """Infinitesimal jackknife written out: each invoice's pull on ``sum(weigh(u) * dF(u))`` by a small extra weight."""
    there = [(e, d, c) for e, d, c in zip(entered, days, ended, strict=True)]
    at = sorted({d for _, d, c in there if c})

    def figure(weights):
        share, total = 1.0, 0.0
        for day in at:
            n = sum(w for w, (e, d, _) in zip(weights, there, strict=True) if (e == 0 or e < day) and d >= day)
            gone = [w * (c == cause) for w, (_, d, c) in zip(weights, there, strict=True) if d == day and c]
            left = sum(w for w, (_, d, c) in zip(weights, there, strict=True) if d == day and c)
            total += weigh(day) * share * sum(gone) / n
            share *= 1 - left / n
        return total

    pulls, step = [], 1e-5
    for i in range(len(there)):
        up, down = [1.0] * len(there), [1.0] * len(there)
        up[i] += step
        down[i] -= step
        pulls.append((figure(up) - figure(down)) / (2 * step))
    return math.sqrt(sum(pull**2 for pull in pulls))


class TestErrors:
    def test_greenwood_is_the_jackknife_written_out(self):
        rng = np.random.default_rng(5)
        days, ended = rng.integers(0, 12, 40), rng.choice(["", *CAUSES], 40, p=[0.25, 0.45, 0.2, 0.1])
        found = _incidence(days, ended)
        none = np.zeros(40)
        for cause in CAUSES:
            for day in (2, 5, 9):
                wanted = _jackknifed(days, ended, none, cause, lambda u, day=day: float(u <= day))
                assert found.by_day(cause, day).std_err == pytest.approx(wanted, rel=1e-6)
            wanted = _jackknifed(days, ended, none, cause, lambda u: max(0.0, 8.0 - u))
            assert found.time_lost(cause, 8).std_err == pytest.approx(wanted, rel=1e-6)

    def test_one_cause_without_competition_is_the_payment_curve(self):
        rng = np.random.default_rng(2)
        entered = np.where(rng.random(200) < 0.6, 0, rng.integers(1, 10, 200))
        days, settled = entered + rng.integers(1, 40, 200), rng.random(200) < 0.7
        curve = payment_curve(count_table(days, settled, entered=entered)).table
        found = _incidence(days, np.where(settled, "paid", ""), causes=("paid",), entered=entered)
        known = curve["unpaid"] > 0
        assert list(found.table["paid"]) == _near(list(1 - curve["unpaid"]))
        assert list(found.std_err["paid"][known]) == _near(list(curve["std_err"][known]))
        assert list(found.table["open"]) == _near(list(curve["unpaid"]))
        assert list(found.std_err["open"]) == _near(list(curve["std_err"]))

    def test_complete_books_are_a_multinomial_draw(self):
        # Without open invoices the share is a proportion of 40: its error is sqrt(p (1 - p) / 40).
        days = list(range(1, 41))
        found = _incidence(days, (["paid"] * 3 + ["credited"]) * 10)
        for day, p in ((20, 15 / 40), (40, 30 / 40)):
            shown = found.by_day("paid", day)
            assert (shown.value, shown.std_err) == _near((p, math.sqrt(p * (1 - p) / 40)))
        assert found.by_day("open", 40).value == _near(0)


class TestSecondLibrary:
    @pytest.mark.parametrize("seed", range(5))
    def test_statsmodels_on_tied_data(self, seed):
        rng = np.random.default_rng(seed)
        days, kind = rng.integers(1, 40, 300), rng.integers(0, 4, 300)
        found = _incidence(days, np.array(["", *CAUSES])[kind])
        with np.errstate(divide="ignore", invalid="ignore"):  # its error where all that is left ends
            other = CumIncidenceRight(days, kind)
        for place, cause in enumerate(CAUSES):
            shown = [found.by_day(cause, day).value for day in other.times]
            assert shown == _near(list(other.cinc[place]))


class TestByHand:
    # Ten invoices: day 10 three paid, one credited; day 20 one open; day 30 two paid of five; day 40 one written off of
    # three; the last two are open on day 50.
    DAYS = (10, 10, 10, 10, 20, 30, 30, 40, 50, 50)
    ENDED = ("paid", "paid", "paid", "credited", "", "paid", "paid", "written_off", "", "")

    def test_shares(self):
        found = _incidence(self.DAYS, self.ENDED)
        # open: 1, 6/10, 6/10, 6/10 * 3/5 = 0.36, 0.36 * 2/3 = 0.24
        assert found.table.loc[10].to_dict() == _near({"paid": 0.3, "credited": 0.1, "written_off": 0.0, "open": 0.6})
        assert found.table.loc[30].to_dict() == _near({"paid": 0.54, "credited": 0.1, "written_off": 0.0, "open": 0.36})
        assert found.table.loc[40].to_dict() == _near(
            {"paid": 0.54, "credited": 0.1, "written_off": 0.12, "open": 0.24}
        )
        # as censored, credited and written-off invoices would let 1 - 0.7 * 0.6 = 58% be paid, not 54%
        naive = payment_curve(count_table(self.DAYS, [cause == "paid" for cause in self.ENDED]))
        assert 1 - naive.unpaid_after(30) == _near(0.58)

    def test_quantiles(self):
        found = _incidence(self.DAYS, self.ENDED)
        assert [found.quantile("paid", p).value for p in (0.3, 0.31, 0.5, 0.54)] == [10, 30, 30, 30]
        assert found.quantile("paid", 0.55).value == math.inf
        assert found.quantile("written_off", 0.1).value == 40

    def test_days_lost_to_each_cause_and_the_days_open_fill_the_horizon(self):
        found = _incidence(self.DAYS, self.ENDED)
        # paid: 20 days at 0.3 and 20 at 0.54; credited: 40 at 0.1; written off: 10 at 0.12
        lost = [found.time_lost(cause, 50).value for cause in CAUSES]
        assert lost == _near([20 * 0.3 + 20 * 0.54, 4.0, 1.2])
        open_days = payment_curve(count_table(self.DAYS, [bool(cause) for cause in self.ENDED])).restricted_mean(50)
        assert sum(lost) + open_days.value == _near(50)

    def test_late_entry(self):
        # a: from the start, paid on day 4; b: seen from day 2 on, credited on day 6; c: from the start, paid on day 2
        found = _incidence([4, 6, 2], ["paid", "credited", "paid"], entered=[0, 2, 0])
        # day 2: one of two; day 4: one of two of the other half; day 6: all
        assert found.table["paid"].to_dict() == _near({0: 0, 2: 0.5, 4: 0.75, 6: 0.75})
        assert found.table.loc[6, "credited"] == _near(0.25)


class TestUndefined:
    def test_past_the_last_day(self):
        found = _incidence([10, 20], ["paid", ""])
        assert found.by_day("paid", 20).value == 0.5
        assert math.isnan(found.by_day("paid", 21).value)
        assert math.isnan(found.time_lost("paid", 21).value)
        over = _incidence([10, 20], ["paid", "credited"])
        assert over.by_day("paid", 99).value == 0.5
        assert over.time_lost("paid", 30).value == _near(10)

    def test_no_invoice_at_all(self):
        found = cumulative_incidence(pd.DataFrame({"day": [], "paid": [], "censored": []}), causes=["paid"])
        assert found.n_invoices == 0
        assert found.reliability == "suppressed"
        assert found.table.isna().all(axis=None)
        assert math.isnan(found.quantile("paid", 0.5).value)
        assert math.isnan(found.time_lost("paid", 10).value)

    def test_nothing_ended(self):
        found = _incidence([10, 20], ["", ""])
        assert found.table.loc[20].to_dict() == {"paid": 0, "credited": 0, "written_off": 0, "open": 1}
        assert (found.by_day("paid", 20).low, found.by_day("paid", 20).high) == (0, 0)
        assert found.quantile("paid", 0.1).value == math.inf

    def test_wrong_names_are_refused(self):
        counts = pd.DataFrame({"day": [1], "paid": [1], "open": [1], "censored": [0]})
        for causes in ([], ["open"], ["paid", "paid"]):
            with pytest.raises(ValueError, match="causes must be different names"):
                cumulative_incidence(counts, causes=causes)
        with pytest.raises(ValueError, match="no column 'lost'"):
            cumulative_incidence(counts, causes=["lost"])
        with pytest.raises(ValueError, match="'lost' is none of paid"):
            cause_table([1], ["lost"], causes=["paid"])
        with pytest.raises(ValueError, match="error must be one of"):
            cumulative_incidence(counts, causes=["paid"], error="bootstrap")  # type: ignore[arg-type]


class TestLaws:
    @given(lives)
    def test_causes_and_the_open_add_up_to_one(self, seen):
        found = _incidence([day for day, _ in seen], [cause for _, cause in seen])
        assert np.abs(found.table.sum(axis=1) - 1).max() < 1e-14
        falling = found.table.assign(open=-found.table["open"])
        assert (falling.diff().dropna() >= -1e-15).all(axis=None)
        assert (found.low - found.table).max(axis=None) < 1e-12  # NaN where the band is not defined
        assert (found.table - found.high).max(axis=None) < 1e-12

    @given(lives)
    def test_doubling_changes_no_share_and_order_none_at_all(self, seen):
        once = _incidence([day for day, _ in seen], [cause for _, cause in seen])
        twice = _incidence([day for day, _ in seen[::-1] * 2], [cause for _, cause in seen[::-1] * 2])
        pd.testing.assert_frame_equal(once.table, twice.table, rtol=1e-12, atol=1e-14)
        # twice the invoices, half the variance
        pd.testing.assert_frame_equal(
            once.std_err[list(CAUSES)] / math.sqrt(2), twice.std_err[list(CAUSES)], rtol=1e-6, atol=1e-8
        )

    @given(lives)
    def test_causes_put_together_add_their_incidences(self, seen):
        days, ended = [day for day, _ in seen], [cause for _, cause in seen]
        apart = _incidence(days, ended).table
        together = _incidence(days, ["paid" if cause == "paid" else cause and "lost" for cause in ended],
                              causes=("paid", "lost")).table  # fmt: skip
        assert list(together["lost"]) == _near(list(apart["credited"] + apart["written_off"]))


class TestKnownTruth:
    """Days to pay are log-normal; credit notes and write-offs come at constant rates, and the books end before."""

    RATES = (0.002, 0.001)

    @staticmethod
    def _drawn(seed: int, n: int = 800):
        rng = np.random.default_rng(seed)
        times = np.column_stack([
            rng.lognormal(math.log(45), 0.6, n),
            *(rng.exponential(1 / rate, n) for rate in TestKnownTruth.RATES),
        ])  # fmt: skip
        seen = rng.uniform(20, 240, n)
        first = times.min(axis=1)
        ended = np.array(CAUSES)[times.argmin(axis=1)]
        return np.ceil(np.minimum(first, seen)), np.where(first <= seen, ended, "")

    @staticmethod
    def _truth(day: float) -> float:
        """P(paid by the end of ``day``): the integral of payment's density times the chance that nothing came first."""
        u = np.linspace(1e-9, day, 20_001)
        density = np.exp(-((np.log(u / 45) / 0.6) ** 2) / 2) / (u * 0.6 * math.sqrt(2 * math.pi))
        return float(np.trapezoid(density * np.exp(-0.003 * u), u))

    def test_incidence_and_median_are_within_three_errors_and_intervals_cover(self):
        truths = {day: self._truth(day) for day in (30, 60, 120)}
        grid = np.arange(30, 80)
        median = grid[np.argmax([self._truth(day) >= 0.5 for day in grid])]
        slope = self._truth(median) - self._truth(median - 1)
        covered, covered_median, tried = 0, 0, 0
        for seed in range(60):
            found = _incidence(*self._drawn(seed))
            assert np.abs(found.table.sum(axis=1) - 1).max() < 1e-14
            for day, truth in truths.items():
                shown = found.by_day("paid", day)
                covered += shown.low <= truth <= shown.high
                tried += 1
                if seed < 20:
                    assert abs(shown.value - truth) < 3.3 * shown.std_err, (seed, day)
            half = found.quantile("paid", 0.5)
            # the error of a quantile is that of the share there, divided by the slope
            if seed < 20:
                assert abs(half.value - median) <= 3 * found.by_day("paid", median).std_err / slope + 1
            covered_median += half.low <= median <= half.high
        # of 180 and 60 nominal 95% intervals: binomial, four standard deviations
        assert covered / tried > 0.95 - 4 * math.sqrt(0.95 * 0.05 / tried)
        assert covered_median / 60 > 0.95 - 4 * math.sqrt(0.95 * 0.05 / 60)
