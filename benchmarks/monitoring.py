"""What the watch over a ledger finds, and how often it is wrong, on simulated ledgers whose truth is known.

    .venv/bin/python benchmarks/monitoring.py [--invoices 24000] [--seeds 20] [--first-seed 1]
    .venv/bin/python benchmarks/monitoring.py --champion --invoices 6000 --seeds 5

For each seed two ledgers are drawn: one in which everybody pays ten days later for four months, and the same without.
Printed are, of the customers' own curves: whether the shock is outside the control limits in its first or second
month, whether both are; months outside and demotions in the last 24 months of the quiet ledger; alarms of drift of
customers whose habits never change beside those that chance alone would raise, and how many of the failing are found;
and what became of the alerts of the watch list. Before that, the false-alarm rate of the detector on payers of several
distributions, beside the stated one.

With --champion, what a report decides: who forecasts on the second month end of the shock, as a run of that day would
choose (model fitted, record made, promoted, demoted), and how often the model of the quiet ledger would have stood
demoted in its last 24 months. This takes minutes a seed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ledger.books import open_books
from analysis.ledger.company import load_company
from analysis.ledger.simulate import DrawnWorld, Parameters, as_world, draw_world, write_world
from analysis.ledger.snapshot import as_of
from analysis.measures.history import History, history_of
from analysis.measures.positions import complete_months
from analysis.models.backtest import backtest
from analysis.models.forecast import forecaster
from analysis.models.ladder import RUNGS
from analysis.models.monitoring import LEVEL_MONTHS, Monitor, monitor
from analysis.models.payment_drift import Drift, payment_drift
from analysis.models.rank_detector import FALSE_ALARMS_PER_YEAR, detect, threshold_for
from analysis.models.watch import watch

END = date(2026, 10, 31)
BASELINE = "curve_since_due"
QUIET_MONTHS = 24
STEADY = ("prompt", "late", "run_before_due", "run_after_due")
CUSTOMERS = 40_000


def rates(seed: int) -> pd.DataFrame:
    """New alarms per customer-year in the second and third year, of customers that do not change."""
    rng, shape = np.random.default_rng(seed), (CUSTOMERS, 36)
    payers = {
        "normal": rng.standard_normal(shape),
        "long tail": rng.lognormal(0, 1.5, shape),
        "uniform": rng.random(shape),
        "two habits": np.where(rng.random(shape) < 0.3, 30.0, 0.0) + rng.standard_normal(shape),
        "a third of months without a payment": np.where(rng.random(shape) < 1 / 3, np.nan, rng.random(shape)),
        "whole days, mostly tied": rng.integers(0, 3, shape).astype(float),
    }
    rows = {}
    for name, values in payers.items():
        alarms = detect(values, threshold=threshold_for()).is_alarm[:, 12:].sum(axis=1) / 2
        rows[name] = (alarms.mean(), 1.96 * alarms.std() / np.sqrt(CUSTOMERS), FALSE_ALARMS_PER_YEAR)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["found", "error", "stated"])


def drawn(n_invoices: int, *, seed: int, shock_days: float, folder: Path) -> tuple[DrawnWorld, History]:
    """A world and its history as the books showed it at its end."""
    world = draw_world(n_invoices=n_invoices, seed=seed, end=END, parameters=Parameters(shock_days=shock_days))
    write_world(as_world(world), folder)
    return world, history_of(as_of(open_books(load_company(folder / "company.toml")), END))


def watched_curves(history: History, *, months: int) -> Monitor:
    """The customers' own curves, cheap to make again, held against what came in so many months."""
    marks = [end.date() for end in complete_months(history.last, months + 3)[:-1]]
    tested = backtest(history, origins=[], followed=marks, rungs=[RUNGS[id] for id in ("customer_curve", BASELINE)])
    return monitor(tested, "customer_curve", baseline=BASELINE, customers_min=10)


def shock_found(found: Monitor, world: DrawnWorld) -> tuple[bool, bool]:
    """Whether the shock's first or second month lies above the limits, and whether both do."""
    begins = pd.Timestamp(world.truth["shock_due_dates"][0]) + pd.offsets.MonthEnd(0)
    months = found.months.loc[begins:].iloc[:2]
    late = months["is_outside"] & (months["ratio"] > months["high"])
    return bool(late.any()), bool(late.all())


def quiet_months(found: Monitor) -> tuple[int, int]:
    """Months outside, and demotions, among the last 24."""
    months = found.months.tail(QUIET_MONTHS)
    began = months["is_demoted"] & ~months["is_demoted"].shift(fill_value=False)
    return int(months["is_outside"].sum()), int(began.sum())


def drift_found(drift: Drift, world: DrawnWorld) -> dict[str, float]:
    """Alarms of customers that never change, those expected by chance, and the failing found before they fail."""
    payer = world.block.customers["payer"].to_numpy(dtype=object)
    fails_on = world.block.customers["fails_on"].to_numpy()
    states = drift.states.reset_index()
    nth = states["customer_id"].str.removeprefix("C").astype(int).to_numpy() - 1
    steady = drift.states[np.isin(payer[nth], STEADY)]
    alarms, expected = Drift(states=steady, threshold=drift.threshold, stated_rate=drift.stated_rate).alarms_since(0)
    ends = states["mark"].to_numpy()
    failing = (payer[nth] == "failing") & (ends <= fails_on[nth])
    watched = states[failing].groupby("customer_id")["is_alarm"].agg(["any", "size"])
    watched = watched[watched["size"] >= 12]
    return {
        "steady alarms": alarms,
        "by chance": expected,
        "failing": len(watched),
        "found before": int(watched["any"].sum()),
    }


def one(n_invoices: int, seed: int) -> dict[str, float]:
    """All figures of one seed."""
    months = QUIET_MONTHS + LEVEL_MONTHS
    row: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        world, history = drawn(n_invoices, seed=seed, shock_days=Parameters().shock_days, folder=Path(folder))
        row["shock found"], row["demoted"] = shock_found(watched_curves(history, months=months), world)
        seen = watch(history)
        if seen is not None:
            record = seen.record
            row |= {"alerts": record.precision.of, "came": record.precision.count}
            row |= {"onsets": record.recall.of, "foreseen": record.recall.count, "others": record.others.value}
            row["lead"] = record.median_lead_months
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        world, history = drawn(n_invoices, seed=seed, shock_days=0.0, folder=Path(folder))
        row["quiet outside"], row["quiet demoted"] = quiet_months(watched_curves(history, months=months))
        row |= drift_found(payment_drift(history), world)
    return row


def champion_of(n_invoices: int, seed: int) -> dict[str, object]:
    """What a run decides in the shock, and how often it would have demoted without one."""
    row: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        world, history = drawn(n_invoices, seed=seed, shock_days=Parameters().shock_days, folder=Path(folder))
        second = (pd.Timestamp(world.truth["shock_due_dates"][0]) + pd.offsets.MonthEnd(2)).date()
        made = forecaster(history_of(as_of(open_books(load_company(Path(folder) / "company.toml")), second)))
        row |= {"used in the shock": made.chosen.id, "why": made.chosen.reason}
        if made.held is not None:
            row |= {"outside": made.held.months["is_outside"].tail(2).tolist(), "rule too": made.held.is_shared}
            row |= {"rule demoted": bool(made.held.baseline_months["is_demoted"].iloc[-1])}
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        world, history = drawn(n_invoices, seed=seed, shock_days=0.0, folder=Path(folder))
        made = forecaster(history, record_months=QUIET_MONTHS + LEVEL_MONTHS - 5)
        row |= {"used in quiet": made.chosen.id}
        if made.held is not None:
            judged = int(made.held.months["low"].tail(QUIET_MONTHS).notna().sum())
            outside, demotions = quiet_months(made.held)
            row |= {"judged": judged, "quiet outside": outside, "quiet demotions": demotions}
            row |= {"ratio sd": float(np.log(made.held.months["ratio"]).std())}
    return row


def main() -> None:
    """Print the rates, a line per seed and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=24_000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--champion", action="store_true")
    asked = parser.parse_args()
    if asked.champion:
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            print(seed, champion_of(asked.invoices, seed), flush=True)
        return
    print(rates(asked.first_seed).round(4).to_string(), flush=True)
    rows = []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        began = time.perf_counter()
        rows.append({"seed": seed, **one(asked.invoices, seed)})
        said = ", ".join(f"{name} {round(float(value), 3):g}" for name, value in rows[-1].items())
        print(f"{said} ({time.perf_counter() - began:.0f} s)", flush=True)
    table = pd.DataFrame(rows).drop(columns="seed").astype(float)
    print(f"\n{asked.invoices:,} invoices, {asked.seeds} seeds: sums, and means of others and lead")
    print(
        pd.concat([table.drop(columns=["others", "lead"]).sum(), table[["others", "lead"]].mean()]).round(3).to_string()
    )


if __name__ == "__main__":
    main()
