"""Found segments against the true kinds of payer, their stability and their comparability, on simulated ledgers.

    .venv/bin/python benchmarks/segments.py [--seeds 101 120] [--invoices 24000] [--as-of 2026-10-31]

For each seed: how many segments were chosen, the adjusted Rand index between them and the true kinds of payer, that
of a plain k-means on the same figures (standardised) with as many clusters, the stability under redraws, and two
agreements among customers whose behaviour does not change (neither failing nor planning to): of the segments of last
month with those of this month by the same fit, and of this month's fit with last month's own.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from analysis.ledger.simulate import simulate
from analysis.measures.customers import customer_views
from analysis.measures.history import day_number
from analysis.models.payment_times import months_before
from analysis.models.segment_features import judged, shown
from analysis.models.segment_fit import fit_segments
from analysis.models.segment_number import choose_number

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "books"))

from simulated_books import simulated_history

CHANGING = ("failing", "bust_out")


def plain_k_means(view: pd.DataFrame, *, number: int) -> np.ndarray:
    """What anybody would try first: the same figures, standardised, and k-means."""
    figures = shown(view).to_numpy(float)
    spread = figures.std(axis=0)
    points = (figures - figures.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    with threadpool_limits(limits=1):
        labels: np.ndarray = KMeans(number, n_init=10, random_state=0).fit_predict(points)
    return labels


def proof(seed: int, *, n_invoices: int, on: date) -> dict[str, float]:
    """The figures of one simulated ledger."""
    world = simulate(n_invoices=n_invoices, seed=seed, end=on)
    history = simulated_history(world, on)
    marks = [months_before(pd.Timestamp(on), months).date() for months in (12, 1)] + [on]
    views = customer_views(history, marks)
    year_ago, month_ago, now = (views.xs(day_number(mark), level="mark") for mark in marks)
    smallest = history.snapshot.company.policy.group_minimum
    number = choose_number(now, year_ago=year_ago, smallest=smallest)
    fit, earlier = (fit_segments(view, number=number.chosen) for view in (now, month_ago))
    found = fit.assigned(now)["segment"][judged(now)]
    payer = world.truth_customers.set_index("customer_id")["payer"]
    before, own = fit.assigned(month_ago)["segment"], earlier.assigned(month_ago)["segment"]
    steady = [c for c in found.index if c in before.index and before[c] > 0 and payer[c] not in CHANGING]
    plain = plain_k_means(now[judged(now)], number=number.chosen)
    return {
        "seed": seed,
        "customers": len(found),
        "number": number.chosen,
        "truth": adjusted_rand_score(payer[found.index], found),
        "k-means": adjusted_rand_score(payer[found.index], plain),
        "stability": number.table.loc[number.chosen, "stability"],
        "least alike": number.table.loc[number.chosen, "least_alike"],
        "gain": number.table.loc[number.chosen, "gain"],
        "month on month": adjusted_rand_score(before[steady], found[steady]),
        "own fit of last month": adjusted_rand_score(own[month_ago.index], before[month_ago.index]),
    }


def main() -> None:
    """Print one line per seed, the means, and the advantage over k-means with its standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=[101, 120], help="first and last seed")
    parser.add_argument("--invoices", type=int, default=24_000)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 10, 31))
    asked = parser.parse_args()
    rows = [
        proof(seed, n_invoices=asked.invoices, on=asked.as_of) for seed in range(asked.seeds[0], asked.seeds[1] + 1)
    ]
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    print(table.drop(columns="seed").agg(["mean", "min"]).round(3).to_string())
    ahead = table["truth"] - table["k-means"]
    error = ahead.std() / np.sqrt(len(ahead))
    print(
        f"ahead of k-means by {ahead.mean():.3f} (standard error {error:.3f}), in {(ahead > 0).sum()} of {len(ahead)}"
    )


if __name__ == "__main__":
    main()
