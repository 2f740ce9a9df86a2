"""Expected credit loss against the true one, on simulated ledgers: does the interval cover, and is there a bias?

    .venv/bin/python benchmarks/losses.py [--seeds 20] [--invoices 24000] [--months 36] [--level 0.9]

Each ledger lives on for fourteen months after the as-of date, so that what becomes of every invoice that was open on it
is known: written off, less what came back. For each seed this prints the expected loss with its interval and the true
one; then how many intervals held, the bias of all seeds together with its interval over seeds, and the bias of the
past provisions of each ledger's own record.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "books"))

from simulated_books import simulated_books

from analysis.ledger.simulate import World, simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models.losses import losses

ON = date(2026, 4, 30)
LATER = 14


def true_loss(world: World, open_on: pd.DataFrame, *, on: date) -> float:
    """What was lost after the day of invoices that were open on it, less what came back, in company currency."""
    rates = world.fx_rates[world.fx_rates["on"] <= pd.Timestamp(on)].drop_duplicates("currency", keep="last")
    rate = rates.set_index("currency")["rate"].astype(float)
    sign = {"write_off": 1.0, "recovery": -1.0}
    entries = world.entries[world.entries["kind"].isin(list(sign)) & (world.entries["booked_on"] > pd.Timestamp(on))]
    entries = entries[entries["invoice_id"].isin(open_on["invoice_id"])]
    value = entries["amount"].astype(float) * entries["currency"].map(rate).fillna(1.0)
    # what never pays and was not written off when the world ends is lost all the same
    given_up = set(entries.loc[entries["kind"] == "write_off", "invoice_id"])
    never = world.truth_invoices.loc[world.truth_invoices["never_pays"], "invoice_id"]
    waiting = open_on[open_on["invoice_id"].isin(never) & ~open_on["invoice_id"].isin(given_up)]
    left = waiting["open_balance"].astype(float) * waiting["currency"].map(rate).fillna(1.0)
    return float((value * entries["kind"].map(sign)).sum() + left.sum())


def judged(seed: int, *, invoices: int, months: int, level: float) -> dict[str, float]:
    """Expectation, interval and truth of one ledger."""
    end = (pd.Timestamp(ON) + pd.DateOffset(months=LATER)) + pd.offsets.MonthEnd(0)
    world = simulate(n_invoices=invoices * (months + LATER) // months, seed=seed, end=end.date(), months=months + LATER)
    snapshot = as_of(simulated_books(world), ON)
    began = time.perf_counter()
    found = losses(history_of(snapshot), seed=seed)
    took = time.perf_counter() - began
    items = snapshot.items
    open_on = items.filter(items["outcome"] == "open").select("invoice_id", "currency", "open_balance").execute()
    low, high = found.draws.interval(level)
    return {
        "seed": seed,
        "exposure": found.allowance.exposure,
        "expected": found.draws.mean,
        "by flow rates": found.flow_loss,
        "low": low,
        "high": high,
        "true": true_loss(world, open_on, on=ON),
        "past bias": found.record.bias.value,
        "low_past": found.record.bias.low,
        "high_past": found.record.bias.high,
        "losers": found.draws.losers,
        "seconds": took,
    }


def bias(made: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """All expectations over all losses, less 1, with a 95% interval from draws of ledgers."""
    rng = np.random.default_rng(0)
    which = rng.integers(0, len(made), size=(4_000, len(made)))
    drawn = made[which].sum(axis=1) / true[which].sum(axis=1) - 1
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(made.sum() / true.sum() - 1), float(low), float(high)


def main() -> None:
    """Print a line for each ledger and the verdict over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--invoices", type=int, default=24_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--level", type=float, default=0.9)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    rows = pd.DataFrame(
        [judged(seed, invoices=asked.invoices, months=asked.months, level=asked.level) for seed in seeds]
    )
    print(rows.round(2).to_string(index=False))
    true = rows["true"].to_numpy(float)
    held = (rows["low"] <= rows["true"]) & (rows["true"] <= rows["high"])
    print(f"\n{asked.level:.0%} interval held in {held.sum()} of {len(rows)} ({held.mean():.0%})")
    print(f"missed below {int((rows['true'] < rows['low']).sum())}, above {int((rows['true'] > rows['high']).sum())}")
    for name in ("expected", "by flow rates"):
        value, low, high = bias(rows[name].to_numpy(float), true)
        print(f"bias of {name}: {value:+.1%} (95% over ledgers: {low:+.1%} to {high:+.1%})")
    past = rows["past bias"].dropna()
    within = ((rows["low_past"] <= 0) & (rows["high_past"] >= 0)).sum()
    print(f"past provisions of the record: mean bias {past.mean():+.1%}, median {past.median():+.1%}")
    print(f"interval of the record's bias holds zero in {within} of {len(past)}")


if __name__ == "__main__":
    main()
