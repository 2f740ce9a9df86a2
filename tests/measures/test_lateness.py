"""Days late with open invoices counted: against lifelines, against a loop, and where a payment bounced."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from simulated_books import simulated_history
from small_books import Ledger

from analysis.ledger.simulate import simulate
from analysis.measures.history import day_number, history_of
from analysis.measures.lateness import expected_days, lateness

LAST, PAST = date(2026, 10, 31), date(2026, 6, 17)


@pytest.fixture(scope="module")
def history():
    return simulated_history(simulate(n_invoices=3_000, seed=5), LAST)


@pytest.fixture(scope="module")
def seen(history):
    """Invoices due in the year before the past day as a loop sees them, the spells of bounced payments joined."""
    day, frame = day_number(PAST), history.lives.execute()
    shown = (
        frame[frame["begun_known"] <= day]
        .sort_values(["invoice_id", "begun"])
        .drop_duplicates("invoice_id", keep="last")
    )
    shown = shown.assign(open=~(shown["ended_known"].astype(float) <= day))
    credited = ~shown["open"] & (shown["cause"] == "credited")
    due = shown[(shown["due"] < day) & (shown["due"] >= day - 365) & ~credited]
    late = np.where(due["open"], day, due["ended"].astype(float)) - due["due"]
    lost = ~due["open"] & (due["cause"] == "written_off")
    return due.assign(late=late, lost=lost)


def test_over_all_customers_it_is_the_restricted_mean_of_kaplan_and_meier(history, seen) -> None:
    found = lateness(history, [PAST])
    n = seen.groupby("customer_id").size().reindex(found.index.get_level_values("customer_id"), fill_value=0).to_numpy()
    pooled = (found["days_late"].fillna(0).to_numpy() * n).sum() / n.sum()
    days = np.where(seen["lost"], 180, seen["late"].clip(0, 180))
    curve = KaplanMeierFitter().fit(days, event_observed=~seen["open"] | (days == 180)).survival_function_
    unpaid = curve.iloc[:, 0].reindex(np.arange(180), method="ffill").to_numpy()
    early = seen.loc[(seen["late"] < 0) & ~seen["lost"], "late"].sum() / len(seen)
    assert seen["open"].sum() > 10
    # expected days are whole thousandths
    assert pooled == pytest.approx(unpaid.sum() + early, abs=1e-3)


def test_shares_and_counts_are_those_of_a_loop(history, seen) -> None:
    found = lateness(history, [LAST, PAST]).loc[day_number(PAST)]
    ripe = seen[seen["due"] <= day_number(PAST) - 91]
    for customer, row in found.iterrows():
        own, old = (part[part["customer_id"] == customer] for part in (seen, ripe))
        if len(own):
            assert row["share_late"] == pytest.approx(((own["late"] > 0) | own["lost"]).mean())
        assert np.isnan(row["share_late"]) == (len(own) == 0)
        if len(old):
            assert row["share_late_91"] == pytest.approx(((old["late"] >= 91) | old["lost"]).mean())
        if len(own) and not own["open"].any():
            whole = np.where(own["lost"], 180, own["late"].clip(upper=180))
            assert row["days_late"] == pytest.approx(whole.mean())
            assert row["days_late_weighted"] == pytest.approx(np.average(whole, weights=own["amount"].astype(float)))
            if len(own) > 1:
                assert row["days_late_spread"] == pytest.approx(whole.std(ddof=1), abs=1e-6)
    assert len(found) > 20


def test_an_invoice_whose_payment_bounced_is_counted_once() -> None:
    ledger = (
        Ledger()
        .invoice("1", "K", "2026-01-01", "2026-01-31", "100")
        .entry("payment", "100", "2026-02-10", "1")
        .entry("reversal", "-100", "2026-02-15", "1")
        .entry("payment", "100", "2026-03-02", "1")
    )
    days = [date(2026, 2, 12), date(2026, 2, 20), date(2026, 3, 31)]
    found = lateness(history_of(ledger.as_of("2026-03-31")), days)
    # paid ten days late; open and twenty days late; paid thirty days late
    assert found["days_late"].tolist() == [10, 20, 30]
    assert found["invoices"].tolist() == [1, 1, 1]
    assert found["paid_12m"].tolist() == [1, 0, 1]


def test_nobody_seen_longer_is_made_up() -> None:
    none = np.zeros(181)
    assert expected_days(none, none).tolist() == list(range(181))
    seen = none.copy()
    seen[40] = 1
    assert expected_days(none, seen)[[0, 39, 40, 41]].tolist() == [40, 40, 40, 41]
