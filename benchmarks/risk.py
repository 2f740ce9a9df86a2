"""How good chances of severe delinquency are out of time, on simulated ledgers.

    .venv/bin/python benchmarks/risk.py [--invoices 6000 12000] [--seeds 20] [--months 36] [--as-of 2026-10-31]

For each ledger: who is used, on how many past days customers that became severely delinquent, over those expected, lay
outside their control limits, and of the used forecaster the calibration slope and intercept, and the skill (share of
the Brier score avoided) over the rate of all and over the customer's own past rate, with 95% intervals by customer; the
same of the model whether or not it was promoted. At the end all ledgers of a size together: of each origin, of the
value of ratings, and how often intervals exclude what is asked for.
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
from analysis.ledger.simulate import as_world, draw_world, write_world
from analysis.ledger.snapshot import as_of
from analysis.measures.history import history_of
from analysis.models.risk import RiskAssessment, assess_risk
from analysis.models.risk_record import DRAWS, MODEL, UNRATED, RiskRecord


def assessed(n_invoices: int, *, seed: int, months: int, on: date) -> RiskAssessment:
    """The assessment of one simulated ledger."""
    drawn = draw_world(n_invoices=n_invoices, seed=seed, months=months, end=max(on, date(2026, 10, 31)))
    with tempfile.TemporaryDirectory(prefix="paycurve-bench-") as folder:
        write_world(as_world(drawn), folder)
        return assess_risk(history_of(as_of(open_books(load_company(Path(folder) / "company.toml")), on)))


def line(found: RiskAssessment, seed: int, seconds: float) -> dict[str, object]:
    """What one ledger shows."""
    told: dict[str, object] = {"seed": seed, "used": found.forecaster, "why": found.reason, "seconds": round(seconds)}
    record = found.record
    if record is None:
        return told
    told |= {"origins": len(record.origins), "severe": int(record.forecasts["severe"].sum())}
    if found.control is not None:
        told |= {"judged": int(found.control["ratio"].notna().sum()), "outside": int(found.control["is_outside"].sum())}
        told["over expected"] = " ".join(f"{ratio:.2f}" for ratio in found.control["ratio"])
    for id in dict.fromkeys((found.forecaster, MODEL)):
        if id not in record.ids:
            continue
        name = "used" if id == found.forecaster else "model"
        slope = record.calibration(id)[1]
        told[f"{name} slope"] = f"{slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]"
        for against in ("base", "own_rate"):
            skill = record.skill(id, against=against)
            told[f"{name} over {against}"] = f"{skill.value:.2f} [{skill.low:.2f}, {skill.high:.2f}]"
    rating = found.rating_value
    return told | {"rating": f"{rating.value:.3f} [{rating.low:.3f}, {rating.high:.3f}]"}


def together(records: dict[int, tuple[str, RiskRecord]], seed: int = 0) -> RiskRecord:
    """All ledgers as one record, the forecaster used in each under "used"; customers of ledgers kept apart."""
    frames = []
    for at, (used, record) in records.items():
        frame = record.forecasts.assign(used=record.forecasts[used])
        origin, customer = (frame.index.get_level_values(k) for k in ("origin", "customer_id"))
        frames.append(frame.set_axis(pd.MultiIndex.from_arrays([origin, [f"{at} {c}" for c in customer]])))
    forecasts = pd.concat(frames).rename_axis(["origin", "customer_id"]).sort_index()
    n = forecasts.index.get_level_values("customer_id").nunique()
    rng = np.random.default_rng(seed)
    times = np.array([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(DRAWS)], dtype=float)
    return RiskRecord(forecasts=forecasts, times=times)


def main() -> None:
    """Print a table for each size, then all its ledgers together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, nargs="+", default=[6_000, 12_000])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 10, 31))
    asked = parser.parse_args()
    for size in asked.invoices:
        lines, records = [], {}
        for seed in range(1, asked.seeds + 1):
            began = time.perf_counter()
            found = assessed(size, seed=seed, months=asked.months, on=asked.as_of)
            lines.append(line(found, seed, time.perf_counter() - began))
            if found.record is not None:
                records[seed] = (found.forecaster, found.record)
        print(f"\n{size:,} invoices")
        print(pd.DataFrame(lines).to_string(index=False))
        for id in ("used", MODEL):
            of = records if id == "used" else {k: v for k, v in records.items() if MODEL in v[1].ids}
            if of:
                print(f"\nAll {len(of)} ledgers, {id}")
                print(together(of).by_origin(id).round(2).to_string(index=False))
        with_both = {k: v for k, v in records.items() if {MODEL, UNRATED} <= set(v[1].ids)}
        if with_both:
            print(f"\nRatings: {together(with_both).skill(MODEL, against=UNRATED)}")


if __name__ == "__main__":
    main()
