"""Do the intervals of the headline figures hold? Small ledgers drawn from one simulated world, held to that world.

    .venv/bin/python benchmarks/headline_intervals.py [--population 8000] [--sizes 60,100,400] [--ledgers 400]
        [--draws 499] [--seed 7]

One world of very many customers is simulated: its figures are the truth. Each small ledger holds so many of its
customers, drawn at random with all their invoices, and states intervals for its figures and their changes. Printed is,
for each size and figure, the share of intervals that hold the truth (92 to 97% is asked for), how often the truth lies
below and above, how often an interval was given, and the median width beside the true figure.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ledger.simulate import simulate
from analysis.ledger.snapshot import as_of
from analysis.measures.headline_intervals import HeadlineInterval, headline_figures, headline_intervals
from analysis.measures.headline_sums import headline_sums
from analysis.models.median_interval import median_interval, settled_by_customer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from books.simulated_books import simulated_books

END = date(2026, 10, 31)
_INVOICES_PER_CUSTOMER = 45  # in 27 months


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--population", type=int, default=8_000)
    parser.add_argument("--sizes", default="60,100,400")
    parser.add_argument("--ledgers", type=int, default=400)
    parser.add_argument("--draws", type=int, default=499)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    began = time.perf_counter()
    world = simulate(
        n_invoices=given.population * _INVOICES_PER_CUSTOMER, n_customers=given.population, seed=given.seed, months=27
    )
    snapshot = as_of(simulated_books(world), END)
    sums, medians = headline_sums(snapshot), settled_by_customer(snapshot)
    print(f"a world of {len(sums.customers):,} customers, {time.perf_counter() - began:.0f} s")
    for size in (int(part) for part in given.sizes.split(",")):
        began, rng = time.perf_counter(), np.random.default_rng(given.seed)
        rows: list[dict[str, object]] = []
        truth = headline_figures(sums)
        everybody = np.ones((1, len(medians.customers)))
        median = tuple(float(days[0]) for days in medians.medians(everybody))
        for number in range(given.ledgers):
            small = sums.of(np.sort(rng.choice(len(sums.customers), size, replace=False)))
            for id, found in headline_intervals(small, draws=given.draws, seed=number).items():
                rows += _held(id, found, truth[id], size=headline_figures(small)[id])
            some = medians.of(np.sort(rng.choice(len(medians.customers), size, replace=False)))
            found = median_interval(some, draws=given.draws, seed=number)
            rows += _held("median_days", found, median, size=median)
        print(f"\n{given.ledgers} ledgers of {size} customers, {time.perf_counter() - began:.0f} s")
        print(_table(pd.DataFrame(rows)).to_string(float_format=lambda value: f"{value:.3g}"))


def _held(
    id: str, found: HeadlineInterval, truth: tuple[float, ...], *, size: tuple[float, ...]
) -> Iterator[dict[str, object]]:
    """Whether each interval holds the truth. A small ledger grows in its own size, so growth is held as a share."""
    now, month, year = truth
    for part, limits, then, own in (
        ("", found.level, None, 1.0),
        (", month", found.month_change, month, size[1]),
        (", year", found.year_change, year, size[2]),
    ):
        if id == "receivables" and then is None:
            continue
        low, high = limits or (np.nan, np.nan)
        true = now if then is None else now - then
        if id == "receivables":
            low, high, true = low / own, high / own, now / float(then or np.nan) - 1
        yield {
            "figure": id + part,
            "given": limits is not None,
            "below": true < low,
            "above": true > high,
            "width": high - low,
            "true": true,
        }


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    by = rows.groupby("figure", sort=False)
    given = rows[rows["given"]].groupby("figure", sort=False)
    out = pd.DataFrame({"true": by["true"].first(), "given %": 100 * by["given"].mean()})
    out["below %"], out["above %"] = 100 * given["below"].mean(), 100 * given["above"].mean()
    out["held %"] = 100 - out["below %"] - out["above %"]
    return out.assign(width=given["width"].median())


if __name__ == "__main__":
    main()
