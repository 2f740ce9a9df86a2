"""Effects in days: against a slow rewrite, a bootstrap, known truth, and on data that carry no effect at all."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from small_books import Ledger

from analysis.measures.history import history_of
from analysis.models.cox import cox
from analysis.models.effects import Contrast, effects_in_days
from analysis.models.guarded_cox import guarded_cox
from analysis.models.payment_effects import payment_effects
from analysis.models.regression_columns import NotEstimable, design
from analysis.models.regression_rows import disputed_stretches, regression_rows

HABIT = Contrast(label="habit", added={"habit": 1.0})
PAPER = Contrast(label="paper", added={"paper": 1.0}, fixed={"paper": 0.0})
DISPUTE = Contrast(label="dispute", added={"disputed": 1.0}, fixed={"disputed": 0.0}, from_day=10)
TRUE = {"habit": -0.5, "paper": 0.4, "disputed": -0.9}
RATE = 1 / 30
HORIZON = 90


def _drawn(seed, *, n=700, alike=0.6):
    """Invoices of 70 customers with proportional hazards; those of a customer are alike, a fifth disputed on day 10.

    Uniform numbers are correlated within a customer through a normal variable, so the hazard of each invoice by
    itself is exactly the true one.
    """
    rng = np.random.default_rng(seed)
    customer = np.arange(n) % 70
    habit = rng.normal(size=70)[customer]
    paper = (rng.uniform(size=n) < 0.4) * 1.0
    shared, own = rng.normal(size=70)[customer], rng.normal(size=n)
    wanted = -np.log(norm.cdf(math.sqrt(alike) * shared + math.sqrt(1 - alike) * own))
    risk = RATE * np.exp(TRUE["habit"] * habit + TRUE["paper"] * paper)
    disputed = rng.uniform(size=n) < 0.2
    by_ten, after = 10 * risk, risk * np.where(disputed, math.exp(TRUE["disputed"]), 1.0)
    days = np.where(wanted <= by_ten, wanted / risk, 10 + (wanted - by_ten) / after)
    days, seen = np.ceil(days).clip(1), np.ceil(rng.uniform(30, 200, size=n))
    rows = pd.DataFrame({"customer": customer, "habit": habit, "paper": paper, "entered": 0.0, "disputed": 0.0})
    rows = rows.assign(days=np.minimum(days, seen), paid=days <= seen)
    cut = disputed & (rows["days"] > 10)
    before = rows[cut].assign(days=10.0, paid=False)
    return pd.concat([before, rows.assign(entered=np.where(cut, 10.0, 0.0), disputed=cut * 1.0)], ignore_index=True)


def _fitted(rows):
    return cox(rows, covariates=list(TRUE), entered="entered", cluster="customer")


def _true_days(rows):
    """More days unpaid under the true hazards, on average over the invoices of the rows."""
    one = rows[rows["entered"] == 0]
    t = np.arange(HORIZON)[None, :]
    base = RATE * np.exp(TRUE["habit"] * one["habit"].to_numpy())[:, None]
    whole = base * np.exp(TRUE["paper"] * one["paper"].to_numpy())[:, None]
    disputed = np.minimum(t, 10) + np.maximum(t - 10, 0) * math.exp(TRUE["disputed"])
    pairs = {
        "habit": (np.exp(-whole * math.exp(TRUE["habit"]) * t), np.exp(-whole * t)),
        "paper": (np.exp(-base * math.exp(TRUE["paper"]) * t), np.exp(-base * t)),
        "dispute": (np.exp(-whole * disputed), np.exp(-whole * t)),
    }
    return {name: float((second - first).sum(axis=1).mean()) for name, (second, first) in pairs.items()}


class TestEffectsInDays:
    def test_intervals_cover_the_truth(self):
        hits = {"habit": 0, "paper": 0, "dispute": 0}
        off = []
        for seed in range(20):
            rows = _drawn(seed)
            table = effects_in_days(_fitted(rows), [HABIT, PAPER, DISPUTE], horizon=HORIZON)
            truth = pd.Series(_true_days(rows))
            for name in hits:
                hits[name] += int(table.loc[name, "low"] <= truth[name] <= table.loc[name, "high"])
            off.append((table["more_days"] - truth) / table["std_err"])
        assert sum(hits.values()) >= 54, hits
        # and the intervals are no wider than they need be: standardised errors vary by about one
        assert 0.6 < np.std(np.array(off)) < 1.35

    def test_a_slow_rewrite_gives_the_same_days(self):
        rows = _drawn(31, n=200)
        model = _fitted(rows)
        found = effects_in_days(model, [HABIT, DISPUTE], horizon=HORIZON)
        at_issue = rows[rows["entered"] == 0]
        for label, added, from_day in (("habit", "habit", 0), ("dispute", "disputed", 10)):
            areas = []
            for more in (0.0, 1.0):
                area = 0.0
                for _, row in at_issue.iterrows():
                    x = {name: row[name] for name in TRUE}
                    x["disputed"] = 0.0
                    unpaid, cell = 1.0, 0
                    for day in range(HORIZON):
                        while cell < model.sets.n_cells and model.sets.day[cell] <= day:
                            value = dict(x)
                            value[added] += more if model.sets.day[cell] > from_day else 0.0
                            away = np.array([value[name] for name in TRUE]) - model.sets.centre
                            unpaid *= math.exp(-math.exp(float(away @ model.beta)) * model.at_fit.hazard[cell])
                            cell += 1
                        area += unpaid
                areas.append(area / len(at_issue))
            assert found.loc[label, "more_days"] == pytest.approx(areas[1] - areas[0], rel=1e-9)

    def test_the_error_is_that_of_drawing_customers_anew(self):
        rows = _drawn(5)
        found = effects_in_days(_fitted(rows), [HABIT, PAPER], horizon=HORIZON)
        rng = np.random.default_rng(0)
        of_customer = [part for _, part in rows.groupby("customer")]
        drawn = []
        for _ in range(60):
            chosen = rng.integers(len(of_customer), size=len(of_customer))
            again = pd.concat([of_customer[j].assign(customer=i) for i, j in enumerate(chosen)], ignore_index=True)
            drawn.append(effects_in_days(_fitted(again), [HABIT, PAPER], horizon=HORIZON)["more_days"])
        # 60 draws tell a standard deviation to within some 9% (one standard error)
        assert list(found["std_err"]) == pytest.approx(list(np.std(np.array(drawn), axis=0)), rel=0.35)

    def test_nothing_added_is_no_effect(self):
        model = _fitted(_drawn(6))
        found = effects_in_days(model, [Contrast(label="none", added={"habit": 0.0})], horizon=HORIZON).loc["none"]
        assert (found["more_days"], found["std_err"], found["hazard_ratio"]) == (0, 0, 1)
        assert found["median_with"] == found["median_without"]

    def test_strata_keep_their_own_baseline(self):
        slow = _drawn(7).assign(stratum="slow", customer=lambda t: t["customer"] + 100)
        slow[["days", "entered"]] = slow[["days", "entered"]] * 3
        rows = pd.concat([_drawn(7).assign(stratum="quick"), slow], ignore_index=True)
        model = cox(rows, covariates=["habit", "paper"], entered="entered", strata="stratum", cluster="customer")
        both = effects_in_days(model, [HABIT], horizon=HORIZON).loc["habit", "more_days"]
        # an invoice thrice as slow has in 270 days thrice the effect that the quick one has in 90
        alone = cox(_drawn(7), covariates=["habit", "paper"], entered="entered", cluster="customer")
        assert list(model.beta) == pytest.approx(list(alone.beta), abs=0.02)
        quick = effects_in_days(alone, [HABIT], horizon=HORIZON).loc["habit", "more_days"]
        third = effects_in_days(alone, [HABIT], horizon=HORIZON // 3).loc["habit", "more_days"] * 3
        assert both == pytest.approx((quick + third) / 2, rel=0.03)


class TestGates:
    """Goals 44 and 45 of the project's requirements on reliability."""

    def _rows(self, n=200, **columns):
        rng = np.random.default_rng(1)
        rows = pd.DataFrame({"invoice_id": range(n), "entered": 0.0, "days": np.ceil(rng.exponential(30, n)).clip(1)})
        rows["paid"] = rng.uniform(size=n) < 0.8
        rows["customer"] = np.arange(n) % 40
        rows["number"] = rng.normal(size=n)
        return rows.assign(**columns)

    def _model(self, rows, **covariates):
        made = design(rows, covariates=covariates)
        model, notes = guarded_cox(made, cluster="customer")
        table = model.coefficients()
        assert (table["std_err"] <= 10).all()
        assert (table["coef"].abs() <= 10).all()
        return made, [*made.notes, *notes]

    def test_sparse_levels_are_put_together(self):
        rows = self._rows(group=["a"] * 120 + ["b"] * 60 + ["c"] * 9 + ["d"] * 10 + ["e"])
        made, notes = self._model(rows, group="Group", number="Number")
        assert [column.name for column in made.columns] == ["group: b", "group: other", "number"]
        assert any("c, d, e put together as other" in note for note in notes)

    def test_a_level_without_any_payment_joins_the_largest(self):
        rows = self._rows(group=["a"] * 150 + ["b"] * 42 + ["none"] * 8)
        rows.loc[rows["group"] == "none", "paid"] = False
        made, notes = self._model(rows, group="Group", number="Number")
        assert [column.name for column in made.columns] == ["group: b", "number"]
        assert any("none counted with a" in note for note in notes)

    def test_constant_and_collinear_columns_are_left_out(self):
        rows = self._rows(constant=3.0)
        rows["twice"] = rows["number"] * 2 + 1
        made, notes = self._model(rows, number="Number", constant="Constant", twice="Twice")
        assert made.names == ["number"]
        assert any(note.startswith("Constant left out, being the same") for note in notes)
        assert any(note.startswith("Twice left out, because the other columns tell it") for note in notes)

    def test_a_column_that_does_not_vary_within_strata_is_left_out(self):
        rows = self._rows().assign(stratum=lambda t: (t["invoice_id"] % 2).astype(str))
        rows["level"] = rows["stratum"].astype(float) * 5
        made = design(rows, covariates={"number": "Number", "level": "Level"}, strata="stratum")
        assert made.names == ["number"]

    def test_an_indicator_with_few_payments_on_one_side_is_left_out(self):
        rows = self._rows(rare=[1.0] * 9 + [0.0] * 191)
        made, notes = self._model(rows, number="Number", rare="Rare")
        assert made.names == ["number"]
        assert any(note.startswith("Rare left out, with only") for note in notes)

    def test_ten_payments_for_each_effect(self):
        rows = self._rows(n=40)
        rows["paid"] = np.arange(40) < 25
        extra = {f"x{i}": np.random.default_rng(i).normal(size=40) for i in range(4)}
        made, notes = self._model(rows.assign(**extra), **{name: name for name in extra})
        assert made.names == ["x0", "x1"]
        assert any("25 payments carry 2 effects; left out: x2, x3" in note for note in notes)

    def test_too_few_are_refused_in_words(self):
        with pytest.raises(NotEstimable, match="needs 30 invoices and there are 29"):
            design(self._rows(n=29), covariates={"number": "Number"})
        with pytest.raises(NotEstimable, match="needs 10 payments and there are 9"):
            design(self._rows().assign(paid=lambda t: t["invoice_id"] < 9), covariates={"number": "Number"})
        with pytest.raises(NotEstimable, match="nothing that is known"):
            design(self._rows(), covariates={})

    def test_separation_is_held_and_said(self):
        # those with the mark are paid first, all of them: without a penalty the effect has no best value
        rows = self._rows(mark=[1.0] * 50 + [0.0] * 150)
        rows.loc[:49, ["days", "paid"]] = [1.0, True]
        rows.loc[50:, "days"] += 5
        free = cox(rows, covariates=["mark"], entered="entered")
        assert not free.converged or free.coefficients()["std_err"].max() > 10
        _, notes = self._model(rows, mark="Mark")
        assert any(note.startswith("a penalty holds the effects down, because") for note in notes)

    def test_an_order_foretold_without_fault_is_refused(self):
        rows = self._rows(n=60, paid=True)
        rows["days"] = np.arange(1, 61)
        rows["number"] = -rows["days"].astype(float)
        with pytest.raises(NotEstimable, match="without fault"):
            guarded_cox(design(rows, covariates={"number": "Number"}), cluster="customer")


def _small_books():
    book = Ledger()
    book.invoice("A1", "a", "2026-01-05", "2026-02-04", "100", channel="paper")
    book.invoice("A2", "a", "2026-02-20", "2026-03-22", "400", channel="e-mail")
    book.invoice("A3", "a", "2026-03-30", "2026-04-29", "800", channel="e-mail")
    book.invoice("B1", "b", "2026-03-02", "2026-03-12", "50")
    book.entry("payment", "100", "2026-02-14", "A1")  # ten days late, after 40 days
    book.entry("payment", "400", "2026-03-30", "A2")  # eight days late, on the day on which A3 was issued
    book.entry("credit_note", "50", "2026-03-20", "B1")
    book.row("disputes", dispute_id="d1", invoice_id="A2", opened_on="2026-03-01", closed_on="2026-03-10")
    book.row("disputes", dispute_id="d2", invoice_id="A3", opened_on="2026-06-01")
    return book


def _known(snapshot):
    return history_of(snapshot).known(snapshot.as_of)


class TestRows:
    def test_by_hand(self):
        known = _known(_small_books().as_of("2026-04-30"))
        rows = regression_rows(known, issued_from=pd.Timestamp("2026-01-01").date()).set_index("invoice_id")
        assert list(rows.index) == ["A1", "A2", "B1", "A3"]
        assert list(rows["days"]) == [40, 38, 18, 31]
        assert list(rows["paid"]) == [True, True, False, False]
        assert list(rows["outcome"]) == ["paid", "paid", "credited", "open"]
        assert list(rows["terms_days"]) == [30, 30, 10, 30]
        assert list(rows["terms"]) == ["15 to 31 days", "15 to 31 days", "up to 14 days", "15 to 31 days"]
        assert list(rows["weekday"]) == ["Monday", "Friday", "Monday", "Monday"]
        assert list(rows["month_end"]) == [0, 0, 0, 1]
        assert rows.loc["A2", "doublings"] - rows.loc["A1", "doublings"] == pytest.approx(2)
        # all paid 9 days late on average: (5 * 9) / 5, then with A1 (10 + 5 * 9) / 6; A2 was paid on the day of A3
        assert list(rows["days_late_before"]) == pytest.approx([9, 55 / 6, 9, 55 / 6])
        assert list(rows["no_payment_yet"]) == [1, 0, 1, 0]

    def test_disputes_cut_an_invoice_in_two(self):
        known = _known(_small_books().as_of("2026-04-30"))
        rows = regression_rows(known, issued_from=pd.Timestamp("2026-01-01").date())
        cut = disputed_stretches(known, rows)
        a2 = cut[cut["invoice_id"] == "A2"][["entered", "days", "paid", "disputed"]]
        assert a2.to_numpy().tolist() == [[0, 9, False, 0], [9, 38, True, 1]]
        # the dispute of A3 is opened after the as-of date
        assert cut.loc[cut["invoice_id"] != "A2", "disputed"].sum() == 0
        assert len(cut) == len(rows) + 1

    def test_nothing_later_changes_a_row(self):
        early = _known(_small_books().as_of("2026-03-31"))
        later = _small_books().entry("payment", "800", "2026-04-02", "A3")
        later.invoice("C1", "a", "2026-04-01", "2026-05-01", "10")
        again = _known(later.as_of("2026-03-31"))
        since = pd.Timestamp("2026-01-01").date()
        pd.testing.assert_frame_equal(
            regression_rows(early, issued_from=since), regression_rows(again, issued_from=since)
        )
        # and a later snapshot, asked for what it knew then, says the same
        then = history_of(later.as_of("2026-04-30")).known(date(2026, 3, 31))
        pd.testing.assert_frame_equal(
            regression_rows(early, issued_from=since), regression_rows(then, issued_from=since)
        )

    def test_books_that_begin_with_open_items(self):
        known = _known(_small_books().as_of("2026-04-30"))
        since = pd.Timestamp("2026-01-01").date()
        rows = regression_rows(known, issued_from=since, observed_from=pd.Timestamp("2026-03-10").date())
        # A1 was settled before, A2 and B1 were open then, A3 came later
        assert dict(zip(rows["invoice_id"], rows["entered"], strict=True)) == {"A2": 18, "B1": 8, "A3": 0}

    def test_a_sample_is_a_part_of_the_rows(self):
        book = Ledger()
        for i in range(400):
            book.invoice(f"{i:04}", f"c{i % 7}", "2026-01-05", "2026-02-04", "100")
        known = _known(book.as_of("2026-04-30"))
        since = pd.Timestamp("2026-01-01").date()
        whole = regression_rows(known, issued_from=since)
        part = regression_rows(known, issued_from=since, rows_max=100)
        assert 80 <= len(part) <= 120
        merged = whole[whole["invoice_id"].isin(part["invoice_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(merged, part)


class TestPaymentEffects:
    def test_books_too_small_say_so(self):
        found = payment_effects(_small_books().as_of("2026-04-30"))
        assert found.unavailable == "a regression needs 30 invoices and there are 4"
        assert found.table.empty
        assert found.model is None

    def test_paper_that_is_paid_later_is_found(self):
        rng = np.random.default_rng(2)
        book = Ledger()
        for i in range(400):
            paper = bool(rng.uniform() < 0.5)
            issued = pd.Timestamp("2025-11-03") + pd.Timedelta(days=int(rng.integers(0, 150)))
            days = int(np.ceil(rng.exponential(40 if paper else 20)))
            due = (issued + pd.Timedelta(days=30)).date().isoformat()
            number = f"{i:04}"
            channel = "paper" if paper else "e-mail"
            book.invoice(number, f"c{i % 40}", issued.date().isoformat(), due, "100", channel=channel)
            book.entry("payment", "100", (issued + pd.Timedelta(days=days)).date().isoformat(), number)
        found = payment_effects(book.as_of("2026-09-30"))
        effect = found.table[found.table["covariate"] == "channel"].iloc[0]
        # means of 20 and 40 days, nearly all within 180: twenty days more or fewer, by which level is the reference
        sign = 1 if effect.name == "Paper, against e-mail" else -1
        low, high = sorted([sign * effect["low"], sign * effect["high"]])
        assert 5 < low < 20 < high < 35
        assert found.n_invoices == 400
        assert found.n_customers == 40
