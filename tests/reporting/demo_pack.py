"""A made-up company's figures, from a seed, to see every part of the report with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MONTHS = pd.date_range("2025-10-31", periods=13, freq="ME")
BUCKETS = ["not due", "1–30", "31–60", "61–90", "91–120", "over 120"]
DEBTORS = [
    "Norddeutsche Kabelwerke und Leitungsbau Beteiligungs-GmbH & Co. KGaA",
    "Ocean $Freight$ Lines",
    "=cmd|' /C calc'!A0",
    "*Sigma* #sys.inputs.data",
    "Łódzka Spółdzielnia Handlowa",
    "株式会社サンプル",
    "A // B Ltd <lbl> @ref [x] `code`",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class MadeUpCurve:
    """A Kaplan-Meier curve drawn from a known law."""

    label: str
    table: pd.DataFrame
    n_invoices: int

    @property
    def median_days(self) -> float:
        reached = self.table.index[self.table["unpaid"] <= 0.5]
        return float(reached[0]) if len(reached) else float("inf")


def ageing(seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = np.array([4.1, 1.25, 0.42, 0.18, 0.09, 0.16]) * 1e6
    growth = np.linspace(0.86, 1.0, 13)[:, None]
    return pd.DataFrame(base * growth * rng.normal(1, 0.05, (13, 6)), index=MONTHS, columns=BUCKETS).round(2)


def days_series(seed: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    best = 33 + rng.normal(0, 0.5, 13)
    late = np.linspace(11.5, 9.1, 13) + rng.normal(0, 0.4, 13)
    return pd.DataFrame({"DSO, count-back": best + late, "best possible": best, "days delinquent": late}, index=MONTHS)


def roll_forward() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("Opening 30 Sep", 6_021_400.0, "total"),
            ("Invoiced", 3_904_200.0, "rise"),
            ("Paid", 3_512_750.0, "fall"),
            ("Credited", 128_300.0, "fall"),
            ("Discounts", 21_050.0, "fall"),
            ("Written off", 48_900.0, "fall"),
            ("Unapplied cash", 61_200.0, "fall"),
            ("Closing 31 Oct", 6_153_400.0, "total"),
        ],
        columns=["label", "amount", "kind"],
    )


def dso_bridge() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("DSO Oct 2025", 44.6, "total"),
            ("Sales timing", 0.7, "rise"),
            ("Terms", 0.4, "rise"),
            ("Customer mix", 0.9, "fall"),
            ("Payment behaviour", 2.3, "fall"),
            ("DSO Oct 2026", 42.5, "total"),
        ],
        columns=["label", "amount", "kind"],
    )


def curve(label: str, *, middle: float, late: float, seed: int, number: int = 900) -> MadeUpCurve:
    rng = np.random.default_rng(seed)
    paid = np.rint(np.maximum(1, rng.normal(middle, 9, number) + rng.exponential(late, number))).astype(int)
    days = np.arange(0, 151)
    unpaid = np.array([(paid > day).mean() for day in days])
    error = 1.96 * np.sqrt(np.maximum(unpaid * (1 - unpaid), 1e-9) / number)
    table = pd.DataFrame(
        {
            "unpaid": unpaid,
            "low": (unpaid - error).clip(0, 1),
            "high": (unpaid + error).clip(0, 1),
            "at_risk": [(paid >= day).sum() for day in days],
        },
        index=pd.Index(days, name="day"),
    )
    return MadeUpCurve(label=label, table=table, n_invoices=number)


def curves() -> tuple[list[MadeUpCurve], list[MadeUpCurve]]:
    known = [("Retail", 33, 9, 1100), ("Wholesale", 41, 14, 640), ("Public bodies", 52, 10, 215)]
    known += [("Construction", 44, 28, 310), ("Export", 47, 20, 180), ("Other", 36, 16, 90)]
    now = [curve(n, middle=m, late=t, seed=i, number=k) for i, (n, m, t, k) in enumerate(known)]
    then = [curve(n, middle=m + 3, late=t + 2, seed=i + 50, number=k) for i, (n, m, t, k) in enumerate(known)]
    return now, then


def pattern(seed: int = 9) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = np.array([0.96, 0.55, 0.19, 0.075, 0.034, 0.021, 0.016])
    frame = pd.DataFrame(base * rng.normal(1, 0.05, (13, 7)), index=MONTHS, columns=range(7)).clip(upper=1)
    for row in range(13):
        frame.iloc[row, max(0, 13 - row) :] = np.nan
    return frame


def debtors(seed: int = 10) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    owed = np.sort(rng.pareto(1.6, len(DEBTORS)) * 90_000 + 90_000)[::-1]
    return pd.DataFrame(
        {"name": DEBTORS, "open": owed, "overdue": owed * rng.uniform(0, 0.6, len(owed)), "share": owed / 6_153_400}
    )


def exposure(seed: int = 11) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"exposure": rng.pareto(1.3, 312) * 8000, "year_ago": rng.pareto(1.7, 312) * 8000})


def estimates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["Retail", "Wholesale", "Public bodies", "Construction", "Export"],
            "value": [35.0, 47.2, 58.1, 62.4, 59.9],
            "low": [34.1, 45.8, 55.9, 57.0, 54.2],
            "high": [35.9, 48.6, 60.3, 67.8, 65.6],
            "previous": [38.0, 49.9, 60.2, 66.1, 60.0],
        }
    )
