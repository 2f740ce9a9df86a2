"""The true chances of open invoices: against exact integrals, against worlds drawn afresh, and blind to what comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma, norm

from analysis.ledger.simulate import DrawnWorld, Parameters, as_world, draw_world
from analysis.ledger.world.business_days import EVERY_DAY, bank_holidays, day_number
from analysis.ledger.world.parameters import NEVER
from analysis.ledger.world.truth import TrueOutlook, true_outlook

END = date(2026, 10, 31)
DAYS = np.arange(1, 91)


def _outlook(drawn: DrawnWorld, on: date, *, draws: int = 300, seed: int = 0) -> TrueOutlook:
    return true_outlook(drawn, on=on, rng=np.random.default_rng(seed), draws=draws)


# --- against an exact integral ------------------------------------------------------------------------------------

# Nothing but habit, own month and noise: no dunning, disputes, tickets, credit notes, losses, Thursday or month end.
PLAIN = Parameters(
    reminder_base_logit=-100.0,
    dispute_share=0.0,
    ticket_share=0.0,
    credit_note_share=0.0,
    never_paid_share=0.0,
    part_payment_share=0.0,
    bounced_share=0.0,
    thursday_share=0.0,
    month_end_hold_share=0.0,
    discount_customer_share=0.0,
    failing_loss_budget=0.0,
    bust_out_loss_budget=0.0,
    duplicate_invoice_share=0.0,
)


@pytest.fixture(scope="module")
def plain() -> tuple[DrawnWorld, TrueOutlook]:
    drawn = draw_world(n_invoices=2_000, seed=3, parameters=PLAIN)
    return drawn, _outlook(drawn, date(2026, 3, 16), draws=4_000)


def _rows(drawn: DrawnWorld, outlook: TrueOutlook) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The drawn invoices of an outlook and their customers, row by row."""
    place = [int(invoice[1:]) - 1 for invoice in outlook.invoices["invoice_id"]]
    invoices = drawn.block.invoices.iloc[place].reset_index(drop=True)
    return invoices, drawn.block.customers.iloc[invoices["customer"]].reset_index(drop=True)


def test_chances_are_those_of_the_exact_integral_where_nothing_interferes(plain: tuple[DrawnWorld, TrueOutlook]):
    """Lateness is a normal month plus a gamma of shape 4; payment comes on the next day on which banks settle."""
    drawn, outlook = plain
    invoices, customers = _rows(drawn, outlook)
    p, on = drawn.parameters, day_number(outlook.on)
    holidays = {day_number(day) for day in bank_holidays(2025, 2027)}
    settles = np.array([(day + 3) % 7 < 5 and day not in holidays for day in range(on, on + 91)])
    # What was meant for up to the last settling day has been paid by now.
    cut = np.maximum.accumulate(np.where(settles, np.arange(91), -1))
    before = next(back for back in range(1, 8) if (on - back + 3) % 7 < 5 and on - back not in holidays)
    cut = np.where(cut < 0, -before, cut)

    mean = (
        invoices["due"]
        + customers["habit_days"]
        + customers["days_per_year"] * (invoices["due"] - drawn.first) / 365.25
        + invoices["channel"].map(p.channel_days)
        + customers["segment"].map(p.segment_days)
        + p.days_per_log_amount * invoices["log_amount"]
        + p.days_per_day_of_invoice_lag * (invoices["issued"] - invoices["delivered"])
        + invoices["shock_days"]
    ).to_numpy()
    months = invoices["due"].to_numpy().astype("datetime64[D]").astype("datetime64[M]").astype(int)
    start = np.datetime64(drawn.first, "D").astype("datetime64[M]").astype(int)
    mean += drawn.market[months - start]
    within = customers["within_days"].to_numpy()
    nodes = norm.ppf((np.arange(400) + 0.5) / 400)

    checked = 0
    for row in np.flatnonzero((customers["run"] == EVERY_DAY).to_numpy()):
        months_late = p.customer_month_sd_per_within * within[row] * nodes
        bound = on + cut - mean[row]
        late = gamma(4, scale=within[row] / 2).sf(bound[:, None] - months_late + 2 * within[row]).mean(axis=1)
        # An invoice is never paid on the day of issue, however early it was meant to be.
        late = np.where(on + cut <= invoices["issued"][row], 1.0, late)
        # Some hundred effective draws in the tails, 4,000 elsewhere: four standard errors of the larger count.
        exact = late[1:] / late[0]
        error = np.sqrt(np.maximum(exact * (1 - exact), 1e-3) / outlook.invoices["draws"][row])
        assert (np.abs(outlook.unpaid[row] - exact) < 5 * error).all(), outlook.invoices.loc[row]
        checked += 1
    assert checked > 60


def test_a_payer_with_runs_has_no_chance_in_it_where_nothing_interferes(plain: tuple[DrawnWorld, TrueOutlook]):
    _, outlook = plain
    rows = (outlook.invoices["run"] != EVERY_DAY).to_numpy()
    assert rows.sum() > 8
    happened = outlook.invoices["paid_after"].to_numpy()[rows, None] > DAYS
    assert np.array_equal(outlook.unpaid[rows].round(12), happened)


# --- against worlds drawn afresh ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """Outlooks of many worlds below each other: a row per open invoice, a column per day."""

    frame: pd.DataFrame
    outlooks: list[TrueOutlook]

    def matrix(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(outlook, name) for outlook in self.outlooks])

    def left_by(self, cause: str) -> np.ndarray:
        return (self.frame["cause"] == cause).to_numpy()[:, None] & (
            self.frame["left_after"].to_numpy()[:, None] <= DAYS
        )


@pytest.fixture(scope="module")
def fresh() -> Drawn:
    """Open invoices of 20 worlds, on the last day of the books and on one before, which have futures of their own."""
    outlooks, frames = [], []
    for seed in range(1, 21):
        drawn = draw_world(n_invoices=3_000, seed=seed)
        for on in (END, date(2026, 7, 15)):
            outlook = _outlook(drawn, on, seed=seed)
            outlooks.append(outlook)
            # Neighbouring invoices share a month of the customer: errors are counted by customer.
            frames.append(outlook.invoices.assign(cluster=f"{seed} " + outlook.invoices["customer_id"]))
    return Drawn(frame=pd.concat(frames, ignore_index=True), outlooks=outlooks)


def _z(difference: np.ndarray, cluster: pd.Series) -> float:
    """Sum of differences over its standard error, customers being independent."""
    sums = pd.Series(difference).groupby(cluster.to_numpy()).sum()
    return float(sums.sum() / np.sqrt((sums**2).sum()))


@pytest.mark.parametrize("payer", ["prompt", "late", "stretching", "failing", "run_before_due", "run_after_due"])
def test_what_happens_is_what_the_true_chances_say(fresh: Drawn, payer: str):
    rows = (fresh.frame["payer"] == payer).to_numpy()
    assert rows.sum() > 80
    happened = ~fresh.left_by("paid")
    for day in (7, 14, 30, 60, 90):
        difference = (happened[:, day - 1] - fresh.matrix("unpaid")[:, day - 1])[rows]
        assert abs(_z(difference, fresh.frame["cluster"][rows])) < 3.3, day
        assert abs(difference.mean()) < 0.05, day


def test_each_cause_takes_the_share_it_truly_has(fresh: Drawn):
    for cause in ("credited", "written_off"):
        share, happened = fresh.matrix(cause)[:, 89], fresh.left_by(cause)[:, 89]
        assert happened.sum() > 20
        assert happened.sum() == pytest.approx(share.sum(), abs=3.3 * np.sqrt((share * (1 - share)).sum()))
    never = np.concatenate([outlook.never for outlook in fresh.outlooks])
    lost = np.isinf(fresh.frame["paid_after"]).to_numpy()
    assert lost.sum() == pytest.approx(never.sum(), abs=3.3 * np.sqrt((never * (1 - never)).sum()))
    sure = (never > 0.02) & (never < 0.98)
    assert lost[sure].mean() == pytest.approx(never[sure].mean(), abs=3.3 * np.sqrt(0.25 / sure.sum()))


def test_no_change_of_the_true_chances_scores_better(fresh: Drawn):
    """The score is what the chances themselves expect; sharper, softer, earlier or later ones do worse."""
    happened, unpaid = ~fresh.left_by("paid"), fresh.matrix("unpaid")
    score = ((happened - unpaid) ** 2).mean(axis=1)
    expected = (unpaid * (1 - unpaid)).mean(axis=1)
    assert abs(_z(score - expected, fresh.frame["cluster"])) < 3.3
    earlier = np.hstack([unpaid[:, 2:], unpaid[:, -1:], unpaid[:, -1:]])
    later = np.hstack([np.ones((len(unpaid), 2)), unpaid[:, :-2]])
    marginal = np.tile(unpaid.mean(axis=0), (len(unpaid), 1))
    for other in (unpaid**1.2, unpaid ** (1 / 1.2), np.rint(unpaid), earlier, later, marginal):
        worse = ((happened - other) ** 2).mean(axis=1) - score
        assert _z(worse, fresh.frame["cluster"]) > 3


def test_chances_of_all_ends_and_of_none_are_one(fresh: Drawn):
    assert all((outlook.invoices["draws"] >= 20).all() for outlook in fresh.outlooks)
    causes = [fresh.matrix(name) for name in ("paid", "credited", "written_off")]
    total = sum(causes) + fresh.matrix("still_open")
    assert np.abs(total - 1).max() < 1e-12
    for share in causes:
        assert share.min() >= 0
        assert np.diff(share, axis=1).min() >= 0
    never = np.concatenate([outlook.never for outlook in fresh.outlooks])
    assert (fresh.matrix("unpaid")[:, -1] >= never - 1e-12).all()


# --- against the books --------------------------------------------------------------------------------------------


def test_open_invoices_and_what_became_of_them_are_those_of_the_books():
    assigned = Parameters(unapplied_share=0.0, unapplied_share_of_last_60_days=0.0)
    drawn = draw_world(n_invoices=3_000, seed=12, parameters=assigned)
    on = date(2026, 6, 30)
    found = _outlook(drawn, on, draws=50).invoices.set_index("invoice_id")
    world, cut = as_world(drawn), pd.Timestamp(on)
    entries = world.entries[world.entries["kind"] != "recovery"].assign(
        cents=lambda frame: (frame["amount"].astype(float) * 100).round().astype(int)
    )
    left = dict(zip(world.invoices["invoice_id"], (world.invoices["amount"].astype(float) * 100).round(), strict=True))
    issued = dict(zip(world.invoices["invoice_id"], world.invoices["issued_on"], strict=True))
    at_cut: dict[str, float] = {}
    ends: dict[str, tuple[int, str]] = {}
    for (booked, invoice), rows in entries.groupby(["booked_on", "invoice_id"], sort=True):
        if booked > cut:
            at_cut.setdefault(invoice, left[invoice])
        left[invoice] -= rows["cents"].sum()
        if booked > cut and left[invoice] == 0:
            kind = rows.loc[rows["cents"].idxmax(), "kind"]
            ends.setdefault(invoice, ((booked - cut).days, kind))
    still = {invoice for invoice in left if issued[invoice] <= cut and at_cut.get(invoice, left[invoice]) > 0}
    assert still == set(found.index)
    words = {"payment": "paid", "credit_note": "credited", "write_off": "written_off"}
    by_end = found[found["left_after"] <= (END - on).days]
    assert {i: (int(row.left_after), row.cause) for i, row in by_end.iterrows()} == {
        i: (days, words[kind]) for i, (days, kind) in ends.items() if i in found.index
    }


def test_nothing_that_comes_after_the_day_moves_a_chance():
    """The world is rewritten after the day: other ends, longer disputes and tickets, no contact, other credit notes."""
    many = Parameters(ticket_share=0.9, billing_ticket_share=0.9)  # so that some wait for an answer on the day
    drawn = draw_world(n_invoices=3_000, seed=6, parameters=many)
    on = date(2026, 7, 31)
    day, block, rng = day_number(on), drawn.block, np.random.default_rng(1)
    invoices, disputes, tickets = block.invoices.copy(), block.disputes.copy(), block.tickets.copy()
    for column in ("paid_on", "bounced_on", "rest_on", "settled_on", "written_off_on", "credit_on"):
        later = (invoices[column] > day) & (invoices[column] < NEVER)
        invoices.loc[later, column] += rng.integers(1, 40, size=int(later.sum()))
    pending = disputes["closed"] > day
    disputes.loc[pending, "closed"] += 25
    disputes.loc[pending, "credited"] = disputes.loc[pending, "claimed"]
    disputes.loc[pending, "outcome"] = "credited"
    waiting = tickets["opened"] + tickets["days"] * 1440 > (day + 1) * 1440
    tickets.loc[waiting, "days"] += 7.0
    assert pending.sum() > 3
    assert waiting.sum() > 3
    other = replace(
        block,
        invoices=invoices,
        disputes=disputes[disputes["opened"] <= day],
        tickets=tickets[tickets["opened"] < (day + 1) * 1440],
        contacts=block.contacts[block.contacts["made"] <= day],
        entries=block.entries.iloc[:0],
    )
    before, after = _outlook(drawn, on, draws=50), _outlook(replace(drawn, block=other), on, draws=50)
    assert before.invoices["left_after"].ne(after.invoices["left_after"]).sum() > 50
    for name in ("paid", "credited", "written_off", "never"):
        assert np.array_equal(getattr(before, name), getattr(after, name))


def test_the_same_seed_gives_the_same_chances_and_another_hardly_other_ones():
    drawn = draw_world(n_invoices=2_000, seed=8)
    on = END - timedelta(days=45)
    one, again, other = (_outlook(drawn, on, draws=400, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one.unpaid, again.unpaid)
    assert not np.array_equal(one.unpaid, other.unpaid)
    # Two shares of at least 400 draws each differ by 0.035 in one standard deviation at the most.
    assert np.abs(one.unpaid - other.unpaid).max() < 0.035 * 5.5
