"""Do the bands of the cash forecast hold? The real payment model and the real bands on simulated ledgers.

    .venv/bin/python benchmarks/cash_bands.py [--seeds 1-20] [--invoices 6000] [--head regression] [--months 6]
        [--keep FOLDER]

On each simulated ledger the payment model forecasts the open invoices of month ends, from what was known on each, and
``cash_outlook`` makes bands for the weeks after them and holds these against what came: the last ``--months`` are
judged, six months before only measure how far invoices miss together. Printed are, over all ledgers: how often the
bands of weeks held, by week, and those of sums of weeks; how often a ledger's share lies within the limits asked for;
the share of late invoices that was paid by the stated median day; and stated chances never to be paid beside the
truth. Standard errors take ledgers as the units, because the weeks of one are not independent.

Forecasts take most of the time and do not depend on the bands: with ``--keep`` they are written to a folder and read
from it the next time; empty it after a change of the model.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.books import open_books
from analysis.ledger.company import load_company
from analysis.ledger.contract import Outcome
from analysis.ledger.simulate import simulate, write_world
from analysis.ledger.snapshot import as_of
from analysis.measures.history import History, Known, history_of
from analysis.models.cash_draws import LEVELS, limits_of
from analysis.models.cash_outlook import FIRST_MONTHS_DAYS, MONTHS_BEFORE, cash_outlook
from analysis.models.cash_record import TrackRecord, monthly_origins
from analysis.models.landmarks import OpenBook
from analysis.models.payment_model import PaymentModel, payment_model

END = date(2026, 10, 31)
# Two or three fits a ledger: what they have learned is up to half a year old, older than in the monthly run.
REFIT_DAYS = 184
STRETCHES = {"weeks 1 to 4": (1, 4), "weeks 5 to 8": (5, 8), "weeks 9 to 13": (9, 13), "all weeks": (1, 13)}
NEVER_CLASSES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)


@dataclass(kw_only=True, eq=False)
class Watched:
    """A forecaster for the cash outlook that keeps what it said, to be judged and to be read again."""

    history: History
    model: PaymentModel | None
    head: str
    said: dict[str, tuple[NDArray[np.float64], ...]]
    late: list[pd.DataFrame] = field(default_factory=list)

    def __call__(self, known: Known, book: OpenBook) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        on = known.on.isoformat()
        if on not in self.said:
            assert self.model is not None
            made = self.model.outlooks(known, book, heads=(self.head,))[self.head]
            self.said[on] = (made.unpaid, made.never, made.median)
        unpaid, never, median = self.said[on]
        came = book.outcome(self.history.last)
        self.late.append(
            pd.DataFrame(
                {
                    "invoice_id": book.items["invoice_id"],
                    "is_late": book.items["rel"] > 0,
                    "median": median,
                    "never": never,
                    "paid_after": came.paid_after,
                    "seen": came.seen_days,
                }
            )
        )
        return unpaid, never


def judged_ledger(seed: int, asked: argparse.Namespace, keep: Path) -> tuple[TrackRecord, pd.DataFrame]:
    """The record of one simulated ledger, and what was said of its invoices beside what became of them."""
    world = simulate(n_invoices=asked.invoices, seed=seed, end=END)
    folder = keep / f"{asked.invoices}-{seed}"
    write_world(world, folder)
    history = history_of(as_of(open_books(load_company(folder / "company.toml")), END))
    kept = folder / f"{asked.head}.npz"
    said, model = dict(_read(kept)), None
    if not said:
        first = (history.first() or END) + timedelta(days=FIRST_MONTHS_DAYS)
        origins = monthly_origins(END, first=first, months=asked.months + MONTHS_BEFORE)
        model = payment_model(history, first_asked=min(origins), refit_days=REFIT_DAYS)
        for day in (*origins, END):  # a fit serves later days, so the earliest day is asked about first
            model.can_forecast(day)
    watched = Watched(history=history, model=model, head=asked.head, said=said)
    outlook = cash_outlook(history, watched, with_coming=False, draws=1_000, judged_months=asked.months)
    if model is not None:
        parts = {f"{on} {k}": part for on, parts in said.items() for k, part in enumerate(parts)}
        np.savez(kept, **parts)
    truth = world.truth_invoices.set_index("invoice_id")["outcome"] == Outcome.PAID
    rows = pd.concat(watched.late, ignore_index=True)
    return outlook.record, rows.assign(seed=seed, is_paid=rows["invoice_id"].map(truth).astype(bool))


def _read(kept: Path) -> Iterator[tuple[str, tuple[NDArray[np.float64], ...]]]:
    if kept.exists():
        with np.load(kept) as parts:
            for on in sorted({name.split()[0] for name in parts}):
                yield on, tuple(parts[f"{on} {k}"] for k in range(3))


def held(weeks: pd.DataFrame) -> pd.DataFrame:
    """How often bands held and what lay beyond, by week and stretch of weeks; standard errors over ledgers."""
    parts = {f"week {week}": weeks[weeks["week"] == week] for week in range(1, 14)}
    parts |= {name: weeks[weeks["week"].between(*ends)] for name, ends in STRETCHES.items()}
    return pd.DataFrame({name: _held(part) for name, part in parts.items()}).T


def _held(part: pd.DataFrame) -> pd.Series[float]:
    found = {}
    for level in LEVELS:
        low, high = limits_of(level)
        within = part["actual"].between(part[low], part[high])
        found[f"{level:.0%}"] = within.mean()
        found[f"{level:.0%} se"] = within.groupby(part["seed"]).mean().sem()
    low, high = limits_of(0.80)
    found["below 80%"] = (part["actual"] < part[low]).mean()
    found["above 80%"] = (part["actual"] > part[high]).mean()
    found["expected / came"] = part["expected"].sum() / part["actual"].sum()
    found["width of 80% / came"] = (part[high] - part[low]).sum() / part["actual"].sum()
    return pd.Series(found | {"n": float(len(part))})


def medians(rows: pd.DataFrame) -> pd.Series[float]:
    """Share of invoices paid by their stated median day, of those that were watched until then."""
    watched = rows[rows["median"] <= rows["seen"]]
    by = watched["paid_after"] <= watched["median"]
    late = watched["is_late"]
    return pd.Series(
        {
            "late invoices": by[late].mean(),
            "se": by[late].groupby(watched["seed"][late]).mean().sem(),
            "n": float(late.sum()),
            "all invoices": by.mean(),
        }
    )


def never(rows: pd.DataFrame) -> pd.DataFrame:
    """Stated chances never to be paid, and the share that truly never is, by class of the stated chance."""
    parts = pd.cut(rows["never"], NEVER_CLASSES, include_lowest=True)
    by_class = rows.groupby(parts, observed=True)
    table = pd.DataFrame(
        {"stated": by_class["never"].mean(), "true": 1 - by_class["is_paid"].mean(), "n": by_class.size()}
    )
    table.index = table.index.astype(str)
    table.loc["all"] = [rows["never"].mean(), 1 - rows["is_paid"].mean(), len(rows)]
    return table


def main() -> None:
    """Print how the bands of all ledgers held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-20", help="first and last seed")
    parser.add_argument("--invoices", type=int, default=6_000)
    parser.add_argument("--head", default="regression", help="regression, boosted or mean")
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--keep", help="folder in which forecasts are kept; theirs are used where it has them")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        print_bands(asked, Path(asked.keep or folder))


def print_bands(asked: argparse.Namespace, kept: Path) -> None:
    """Judge the ledgers one after the other and print what was found."""
    first, last = (int(part) for part in asked.seeds.split("-"))
    weeks, months, rows, began = [], [], [], time.perf_counter()
    for seed in range(first, last + 1):
        record, said = judged_ledger(seed, asked, kept)
        weeks.append(record.weeks.assign(seed=seed))
        months.append(record.months.assign(seed=seed))
        rows.append(said)
        print(f"seed {seed}: {record.coverage(0.8):.3f} {record.coverage(0.95):.3f}", flush=True)
    print(f"\n{len(weeks)} ledgers of {asked.invoices:,} invoices, {time.perf_counter() - began:.0f} seconds\n")
    table = held(pd.concat(weeks))
    table.loc["30 days"] = _held(pd.concat(months))
    print(table.round(3).to_string())
    print("\npaid by the stated median day\n", medians(pd.concat(rows)).round(3).to_string(), sep="")
    print("\nnever to be paid\n", never(pd.concat(rows)).round(4).to_string(), sep="")


if __name__ == "__main__":
    main()
