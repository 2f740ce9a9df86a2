"""Cox regression against R, statsmodels, lifelines, hand calculation and known truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from statsmodels.duration.hazard_regression import PHReg

from analysis.models.cox import cox
from analysis.models.cox_residuals import (
    martingale_residuals,
    schoenfeld_residuals,
    score_residuals,
    summed_by_cluster,
)
from analysis.models.proportionality import GLOBAL, proportionality_tests

# R 4.2.2 with survival 3.5-3, as it stands in the shared oracles (reference_R_public.json), twelve digits:
# coefficients, standard errors, log-likelihood without and with covariates, likelihood ratio and score statistics,
# Wald (which R prints with two decimals), concordance.
LUNG = {
    "efron": {
        "coef": [0.01106676456007, -0.5526123957036, 0.4637284753704],
        "se": [0.009267411013701, 0.1677390537873, 0.113577266162],
        "loglik": [-744.48045576144, -729.230121374862],
        "tests": [30.500668773157, 29.93, 30.499922704949],
        "p": [1.082817699199e-06, 1.428165202305e-06, 1.083209247694e-06],
        "concordance": 0.6371354930005,
    },
    "breslow": {
        "coef": [0.01104113634949, -0.5518895697876, 0.4629470405902],
        "se": [0.009266770113536, 0.167742448021, 0.1135740520613],
        "loglik": [-744.692819266161, -729.488705176774],
        "tests": [30.408228178774, 29.84, 30.40640691533],
        "p": [1.13242376445e-06, 1.491970708688e-06, 1.133423549861e-06],
        "concordance": 0.6371354930005,
    },
    "exact": {
        "coef": [0.01106708583803, -0.5534356129699, 0.464387416733],
        "se": [0.009280849406135, 0.1679677151234, 0.1137769921838],
        "loglik": [-725.647698850665, -710.401051579406],
        "tests": [30.493294542518, 29.91, 30.487766889579],
        "p": [1.086694022724e-06, 1.442352949511e-06, 1.0896087561e-06],
        "concordance": 0.6371354930005,
    },
}
LUNG_STRATIFIED = {
    "coef": [0.01056625460095, 0.4624244343583],
    "se": [0.009241373893092, 0.1147610978548],
    "loglik": [-638.509764984236, -628.770939501205],
    "tests": [19.477650966062, 19.63, 19.957499743694],
    "p": [5.894973165725e-05, 5.47368659726e-05, 4.637500766067e-05],
    "concordance": 0.6058491828348,
}
LUNG_CLUSTERED = {
    "coef": [0.01703349597288, -0.5116682958664],
    "se": [0.00732739307379, 0.1282306016852],
    "loglik": [-744.799933702646, -737.810921265057],
    "tests": [13.978024875179, 26.12, 13.592588895449],
    "p": [0.0009219565718894, 2.126067142908e-06, 0.001117909956021],
    "concordance": 0.6036517704025,
}
LUNG_NAIVE_SE = [0.009232664436571, 0.1676785912016]
HEART = {
    "coef": [0.03074225625906, -0.004178247321639],
    "se": [0.01449603469559, 0.3120850051965],
    "loglik": [-298.121355672984, -295.536672614928],
    "tests": [5.169366116113, 4.63, 4.641253994793],
    "p": [0.07541997956838, 0.09855014286271, 0.09821198763495],
    "concordance": 0.5756804602788,
}
MGUS2 = {
    "coef": [0.01303856982497, -0.02513778929428],
    "se": [0.008258685911711, 0.1884558481928],
    "loglik": [-721.935881295497, -720.595073105829],
    "tests": [2.681616379336, 2.59, 2.593303894078],
    "p": [0.2616341331083, 0.2736208057896, 0.2734457730837],
    "concordance": 0.5635771434096,
}
# cox.zph of the Efron model of lung: statistics of age, sex, ph.ecog and all together
LUNG_ZPH = {
    "km": [0.1879876736523, 2.305437227405, 2.054248774054, 4.463657588759],
    "identity": [0.1523503172539, 2.491913217107, 1.578235238377, 4.119382951479],
    "rank": [0.1172915069902, 2.044694680236, 2.544878392626, 4.710680141289],
}
LUNG_ZPH_P = {
    "km": [0.6645967631164, 0.128921998811, 0.1517820989081, 0.2155549453418],
    "identity": [0.6962993536367, 0.1144325413418, 0.2090150763823, 0.2488581420318],
    "rank": [0.7319908388895, 0.1527376250683, 0.1106524302765, 0.1942504865965],
}
# survfit of the Efron model at age 60, sex 1, ph.ecog 1: days, share, standard error, limits
LUNG_CURVE = {
    100: [0.8509387872712, 0.02639985659397, 0.8007377651008, 0.9042870852873],
    365: [0.3358633695357, 0.04337186662129, 0.2607608261214, 0.4325964320397],
    730: [0.06735772414874, 0.02392414453261, 0.03357819030617, 0.1351193426783],
}
# Therneau and Grambsch, Modeling Survival Data (2000), appendix E: two data sets worked by hand, here with the
# digits that R gives them (reference_R_handworked_therneau.json).
FIRST = pd.DataFrame({"days": [9, 1, 1, 6, 6, 8], "paid": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]})
SECOND = pd.DataFrame(
    {
        "since": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
        "days": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
        "paid": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
    }
)
BY_HAND = {
    ("first", "breslow"): (1.475284914829, 1.255734393011, -4.564348191468, -3.824749505003, 1.6),
    ("first", "efron"): (1.676857485588, 1.277615576278, -4.276666119016, -3.358974840263, 2.036144578313),
    ("second", "breslow"): (-0.08452608066131, 0.7938172774855, -9.39266192877, -9.387015118366, 0.01134349521446),
    ("second", "efron"): (-0.02110520963254, 0.7951768738173, -9.169518377456, -9.169166464725, 0.0007044734061289),
}
MARTINGALE = {
    "breslow": [-0.3333333333334, 0.7287135538782, -0.2712864461218, -0.4574271077563, 0.6666666666666, -0.33333333333],
    "efron": [-0.3655434325451, 0.7191706793784, -0.2808293206216, -0.4383413587538, 0.7310868650873, -0.3655434325451],
}
SCHOENFELD = {
    "breslow": [0.1861406616345, 0.4069296691828, -0.5930703308172, 0],
    "efron": [0.1575120381351, 0.4212439809339, -0.5787560190661, 0],
}


def _near(wanted, tolerance=1e-8):
    return pytest.approx(wanted, rel=tolerance, abs=tolerance)


@pytest.fixture(scope="module")
def data(shared):
    def read(name):
        return pd.read_csv(shared / "oracles" / "survival-data" / f"{name}.csv")

    return read


@pytest.fixture(scope="module")
def lung(data):
    frame = data("lung")
    return frame.assign(days=frame["time"], paid=frame["status"] == 2)


def _assert_as_in_r(model, wanted):
    table = model.coefficients()
    assert list(table["coef"]) == _near(wanted["coef"])
    assert list(table["std_err"]) == _near(wanted["se"])
    assert list(model.log_likelihood) == _near(wanted["loglik"])
    ratio, wald, score = model.tests["statistic"]
    assert [ratio, score] == _near([wanted["tests"][0], wanted["tests"][2]])
    assert wald == pytest.approx(wanted["tests"][1], abs=0.005)
    assert list(model.tests["p"]) == _near(wanted["p"])
    assert model.concordance == _near(wanted["concordance"])
    assert model.converged


class TestAgreementWithR:
    @pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
    def test_three_kinds_of_ties(self, lung, ties):
        model = cox(lung.dropna(subset="ph.ecog"), covariates=["age", "sex", "ph.ecog"], ties=ties)
        _assert_as_in_r(model, LUNG[ties])
        assert (model.n_rows, model.n_paid) == (227, 164)

    def test_strata(self, lung):
        rows = lung.dropna(subset="ph.ecog")
        _assert_as_in_r(cox(rows, covariates=["age", "ph.ecog"], strata="sex"), LUNG_STRATIFIED)

    def test_errors_robust_to_clusters_with_ties(self, lung):
        model = cox(lung.dropna(subset="inst"), covariates=["age", "sex"], cluster="inst")
        _assert_as_in_r(model, LUNG_CLUSTERED)
        assert list(np.sqrt(np.diag(model.naive_covariance))) == _near(LUNG_NAIVE_SE)

    def test_late_entry_and_a_covariate_that_changes(self, data):
        model = cox(data("heart"), covariates=["age", "transplant"], duration="stop", event="event", entered="start")
        _assert_as_in_r(model, HEART)
        assert (model.n_rows, model.n_paid) == (172, 75)

    def test_cause_specific_hazard(self, data):
        raw = data("mgus2")
        progressed = raw["pstat"] == 1
        rows = raw.assign(
            days=np.where(progressed, raw["ptime"], raw["futime"]), paid=progressed, male=(raw["sex"] == "M") * 1
        )
        model = cox(rows, covariates=["age", "male"])
        _assert_as_in_r(model, MGUS2)
        assert (model.n_rows, model.n_paid) == (1384, 115)

    @pytest.mark.parametrize("clock", ["km", "identity", "rank"])
    def test_proportionality(self, lung, clock):
        model = cox(lung.dropna(subset="ph.ecog"), covariates=["age", "sex", "ph.ecog"])
        tests = proportionality_tests(model, clock=clock)
        assert list(tests["statistic"]) == _near(LUNG_ZPH[clock])
        assert list(tests["p"]) == _near(LUNG_ZPH_P[clock])
        assert tests.loc[GLOBAL, "df"] == 3

    def test_curve_of_one_kind_of_invoice(self, lung):
        model = cox(lung.dropna(subset="ph.ecog"), covariates=["age", "sex", "ph.ecog"])
        curve = model.unpaid([60, 1, 1], days=list(LUNG_CURVE))
        assert curve.to_numpy().ravel().tolist() == _near([x for row in LUNG_CURVE.values() for x in row])

    def test_figures_are_those_of_the_shared_oracles(self, shared):
        stored = json.loads((shared / "oracles" / "reference_R_public.json").read_text())
        named = {f"lung_cox_{ties}": figures for ties, figures in LUNG.items()}
        named |= {"lung_cox_strata": LUNG_STRATIFIED, "lung_cox_cluster_inst": LUNG_CLUSTERED}
        named |= {"heart_cox_tdc": HEART, "mgus2_cs_cox": MGUS2}
        for name, figures in named.items():
            assert list(stored[name]["coef"].values()) == figures["coef"]
            assert list(stored[name]["se"].values()) == figures["se"]


class TestWorkedByHand:
    @pytest.mark.parametrize(("which", "ties"), list(BY_HAND))
    def test_fit(self, which, ties):
        if which == "first":
            model = cox(FIRST, covariates=["x"], ties=ties)
        else:
            model = cox(SECOND, covariates=["x"], ties=ties, entered="since")
        coef, se, null, fitted, score = BY_HAND[which, ties]
        assert list(model.coefficients().loc["x", ["coef", "std_err"]]) == _near([coef, se])
        assert [*model.log_likelihood, model.tests.loc["score", "statistic"]] == _near([null, fitted, score])

    @pytest.mark.parametrize("ties", ["breslow", "efron"])
    def test_residuals(self, ties):
        model = cox(FIRST, covariates=["x"], ties=ties)
        assert list(martingale_residuals(model.sets, model.at_fit, model.beta)) == _near(MARTINGALE[ties])
        assert list(schoenfeld_residuals(model.sets, model.at_fit)[:, 0]) == _near(SCHOENFELD[ties])

    def test_exact_ties_of_the_first_data_set(self):
        # Therneau and Grambsch give the terms; by hand with r = exp(beta): day 1 has one payment, r of 3 + 3r; of
        # the four open on day 6 (one with x = 1) the pair paid has the product r of all pairs, 3 + 3r; day 9 says
        # nothing. 2 log r - 2 log(3 + 3r) rises for ever, so a third invoice bounds it: x = 0 paid first of two.
        bounded = pd.concat([FIRST, pd.DataFrame({"days": [1], "paid": [1], "x": [0]})], ignore_index=True)
        # day 1: two of 7 (three x = 1): pairs 6 + 12 r + 3 r^2, paid r; day 6: as before, four open, 3 + 3r
        r = np.linspace(0.5, 5, 450_001)
        by_hand = 2 * np.log(r) - np.log(6 + 12 * r + 3 * r**2) - np.log(3 + 3 * r)
        model = cox(bounded, covariates=["x"], ties="exact")
        assert math.exp(model.beta[0]) == pytest.approx(r[by_hand.argmax()], abs=1e-5)
        assert model.log_likelihood[1] == pytest.approx(by_hand.max(), abs=1e-9)

    def test_a_likelihood_without_maximum_is_said_to_have_none(self):
        assert not cox(FIRST, covariates=["x"], ties="exact").converged
        apart = pd.DataFrame({"days": [1, 2, 3, 4, 5, 6], "paid": [1] * 6, "x": [1, 1, 1, 0, 0, 0]})
        assert not cox(apart, covariates=["x"]).converged


def _drawn(seed, *, n=400, effects=(0.7, -0.4)):
    """Invoices with whole days, tied, censored and entered late, of twenty customers in three strata."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(effects)))
    days = np.ceil(rng.exponential(30 * np.exp(-x @ np.array(effects)))).clip(1, 200)
    seen = np.ceil(rng.uniform(20, 120, size=n))
    since = np.floor(rng.uniform(-10, 12, size=n)).clip(0)
    rows = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "days": np.minimum(days, seen), "paid": days <= seen})
    rows = rows.assign(since=since, stratum=rng.integers(3, size=n), customer=rng.integers(20, size=n))
    return rows[rows["days"] > rows["since"]].reset_index(drop=True)


class TestAgainstOtherLibraries:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_statsmodels_with_late_entry_and_strata(self, seed, ties):
        rows = _drawn(seed)
        model = cox(rows, covariates=["a", "b"], entered="since", strata="stratum", ties=ties)
        # statsmodels counts an invoice as at risk on the very day on which it enters
        other = PHReg(
            rows["days"],
            rows[["a", "b"]],
            status=rows["paid"],
            entry=rows["since"] + 0.5,
            strata=rows["stratum"],
            ties=ties,
        ).fit(method="newton", disp=0)
        assert list(model.beta) == _near(list(other.params), 1e-6)
        assert model.log_likelihood[1] == _near(other.llf, 1e-9)
        assert list(model.coefficients()["std_err"]) == _near(list(other.bse), 1e-6)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_lifelines_with_strata(self, seed):
        rows = _drawn(seed)
        model = cox(rows, covariates=["a", "b"], entered="since", strata="stratum")
        other = CoxPHFitter(baseline_estimation_method="breslow").fit(
            rows[["a", "b", "days", "paid", "since", "stratum"]],
            "days",
            "paid",
            entry_col="since",
            strata=["stratum"],
        )
        assert list(model.beta) == pytest.approx(list(other.params_), abs=1e-4)
        assert list(model.coefficients()["std_err"]) == pytest.approx(list(other.standard_errors_), rel=1e-4)


class TestLaws:
    def test_the_order_of_rows_is_irrelevant(self):
        rows = _drawn(3)
        shuffled = rows.sample(frac=1, random_state=1)
        options = {"covariates": ["a", "b"], "entered": "since", "strata": "stratum", "cluster": "customer"}
        one, other = cox(rows, **options), cox(shuffled, **options)
        assert list(one.coefficients().to_numpy().ravel()) == _near(list(other.coefficients().to_numpy().ravel()))

    def test_an_invoice_cut_in_two_stretches_is_the_same_invoice(self):
        rows = _drawn(4)
        cut = rows.assign(middle=((rows["since"] + rows["days"]) / 2).round())
        cut = cut[(cut["middle"] > cut["since"]) & (cut["middle"] < cut["days"])]
        whole = rows.drop(cut.index)
        first = cut.assign(days=cut["middle"], paid=False)
        parts = pd.concat([whole, first, cut.assign(since=cut["middle"])], ignore_index=True)
        options = {"covariates": ["a", "b"], "entered": "since", "cluster": "customer"}
        one, other = cox(rows, **options), cox(parts, **options)
        assert len(parts) > len(rows) + 300
        assert list(one.coefficients().to_numpy().ravel()) == _near(list(other.coefficients().to_numpy().ravel()))
        assert one.concordance == _near(other.concordance)

    def test_another_unit_changes_the_coefficient_and_nothing_else(self):
        rows = _drawn(5)
        one = cox(rows, covariates=["a", "b"])
        other = cox(rows.assign(a=rows["a"] * 1000 + 7), covariates=["a", "b"])
        assert other.beta[0] * 1000 == _near(one.beta[0])
        assert other.log_likelihood == _near(one.log_likelihood)
        assert list(other.unpaid([7, 0], days=[10])["unpaid"]) == _near(list(one.unpaid([0, 0], days=[10])["unpaid"]))

    def test_score_residuals_sum_to_nothing_and_martingale_residuals_too(self):
        model = cox(_drawn(6), covariates=["a", "b"], entered="since", strata="stratum")
        pulls = score_residuals(model.sets, model.at_fit, model.beta)
        assert pulls.sum(axis=0).tolist() == pytest.approx([0, 0], abs=1e-7)
        assert martingale_residuals(model.sets, model.at_fit, model.beta).sum() == pytest.approx(0, abs=1e-8)
        assert np.abs(pulls).max() > 0.1

    def test_every_invoice_its_own_customer_gives_the_errors_of_lin_and_wei(self):
        rows = _drawn(7)
        alone = cox(rows.assign(own=range(len(rows))), covariates=["a", "b"], cluster="own")
        doubled = pd.concat([rows.assign(own=range(len(rows)))] * 2, ignore_index=True)
        pulls = summed_by_cluster(
            score_residuals(alone.sets, alone.at_fit, alone.beta), np.arange(len(rows), dtype=np.int64)
        )
        middle = pulls.T @ pulls
        assert alone.covariance == _near(alone.naive_covariance @ middle @ alone.naive_covariance)
        # a ledger entered twice tells no more: the naive error believes it does, the robust one (Breslow) does not
        once = cox(rows.assign(own=range(len(rows))), covariates=["a", "b"], cluster="own", ties="breslow")
        twice = cox(doubled, covariates=["a", "b"], cluster="own", ties="breslow")
        assert twice.covariance == _near(once.covariance)
        assert twice.naive_covariance == _near(once.naive_covariance / 2)

    def test_ridge_draws_coefficients_to_nothing(self):
        rows = _drawn(8)
        free, held, fixed = (cox(rows, covariates=["a", "b"], ridge=ridge) for ridge in (0.0, 200.0, 1e9))
        assert (np.abs(held.beta) < np.abs(free.beta)).all()
        assert np.abs(fixed.beta).max() < 1e-4

    def test_true_effects_are_covered(self):
        covered = []
        for seed in range(40):
            table = cox(_drawn(seed, n=300), covariates=["a", "b"], entered="since").coefficients()
            covered += [(table["low"] < [0.7, -0.4]) & (table["high"] > [0.7, -0.4])]
        # 80 intervals of 95%: fewer than 70 hits have a chance below one in a thousand
        assert np.sum(covered) >= 70

    def test_a_missing_value_is_named(self):
        with pytest.raises(ValueError, match=r"x: 1 of 6 .* at row 2"):
            cox(FIRST.assign(x=[0, 1, math.nan, 1, 0, 0]), covariates=["x"])
        with pytest.raises(ValueError, match=r"since: 1 of 10"):
            cox(SECOND.assign(since=[1, 2, 5, 2, 1, 9, 3, 4, 8, 8]), covariates=["x"], entered="since")
        with pytest.raises(ValueError, match="none of 6 rows"):
            cox(FIRST.assign(paid=0), covariates=["x"])
