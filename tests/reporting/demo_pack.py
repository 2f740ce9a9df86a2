"""A made-up company's figures, from a seed, to see every part of the report with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.reporting import charts, words
from analysis.reporting.findings import Collected, Findings, gather

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


def find_all(output_dir: Path | str) -> Collected:
    """The findings of the made-up month, collected in ``output_dir`` as notebooks would."""
    findings = Findings("1_demo", output_dir=output_dir, run_id="demo-1")
    now, then = curves()
    days = days_series()
    charts_made = {
        "roll_forward": (
            charts.waterfall(roll_forward(), unit="EUR"),
            charts.waterfall_alt(roll_forward(), unit="EUR"),
        ),
        "dso_bridge": (
            charts.waterfall(dso_bridge(), unit="days", better="lower", from_zero=False, width="half", height=58),
            charts.waterfall_alt(dso_bridge(), unit="days"),
        ),
        "ageing": (
            charts.stacked_ageing(ageing(), currency="EUR"),
            charts.stacked_ageing_alt(ageing(), currency="EUR"),
        ),
        "dso": (
            charts.lines_over_months(days, unit="days", target=40.0),
            charts.lines_over_months_alt(days, unit="days", target=40.0),
        ),
        "curves": (charts.payment_curves(now, year_ago=then), charts.payment_curves_alt(now, year_ago=then)),
        "pattern": (charts.pattern_heat(pattern()), charts.pattern_heat_alt(pattern())),
        "debtors": (
            charts.ranked_bars(debtors(), currency="EUR"),
            charts.ranked_bars_alt(debtors(), currency="EUR"),
        ),
        "lorenz": (charts.lorenz(exposure(), height=58), charts.lorenz_alt(exposure())),
        "medians": (
            charts.interval_dots(estimates(), unit="days"),
            charts.interval_dots_alt(estimates(), unit="days"),
        ),
    }
    for id, (drawn, alt) in charts_made.items():
        findings.figure(id, drawn, caption=id.replace("_", " "), alt=alt)
    for id, measure in (("dso_days", "DSO, count-back"), ("delinquent_days", "days delinquent")):
        course = days[measure].tolist()
        findings.number(
            id,
            course[-1],
            unit="days",
            label=measure,
            definition=id,
            low=course[-1] - 0.9,
            high=course[-1] + 0.9,
            last_month=course[-2],
            last_year=course[0],
            target=40.0 if id == "dso_days" else None,
            better="lower",
            history=course,
        )
        findings.figure(
            f"spark_{id}",
            charts.sparkline(course),
            caption=measure,
            alt=charts.sparkline_alt(course, unit="days"),
        )
    findings.number(
        "open", 6_153_400.0, unit="EUR", label="Open receivables", definition="open", last_month=6_021_400.0
    )
    findings.close()
    return gather(output_dir)


def _card(label: str, value: str, unit: str, interval: str, spark: str | None, *against: tuple[str, str, str]) -> dict:
    return {
        "label": label,
        "value": value,
        "unit": unit,
        "interval": interval,
        "against": [{"label": name, "text": text, "verdict": verdict} for name, text, verdict in against],
        "sparkline": spark and {"file": f"spark_{spark}.svg", "alt": f"Course of {label} over 13 months, falling."},
    }


def _figure(found: Collected, id: str, caption: str, note: str = "") -> dict:
    alt = found.figures[id]["alt"]
    return {"kind": "figure", "file": f"{id}.svg", "caption": caption, "alt": alt, "note": note}


def pack(found: Collected) -> dict:
    """Four pages and an appendix on the made-up month."""
    key = [
        _card(
            "Open receivables",
            "6.15",
            "EUR m",
            "",
            "dso_days",
            ("last month", "↑ +0.13 m", "neutral"),
            ("last year", "↑ +0.82 m", "neutral"),
        ),
        _card(
            "DSO, count-back",
            "42.4",
            "days",
            "41.5 to 43.3",
            "dso_days",
            ("last month", "↑ +0.2", "bad"),
            ("last year", "↓ −1.8", "good"),
            ("target 40.0", "↑ +2.4", "bad"),
        ),
        _card(
            "Share overdue",
            "34.6%",
            "",
            "",
            "delinquent_days",
            ("last month", "↑ +1.3 pp", "bad"),
            ("last year", "↑ +0.8 pp", "bad"),
            ("target 30%", "↑ +4.6 pp", "bad"),
        ),
        _card(
            "Average days delinquent",
            "9.0",
            "days",
            "8.1 to 9.9",
            "delinquent_days",
            ("last month", "↓ −0.3", "good"),
            ("last year", "↓ −3.1", "good"),
        ),
        _card(
            "Collection effectiveness",
            "81.2%",
            "",
            "",
            "dso_days",
            ("last month", "→ no change", "neutral"),
            ("last year", "↑ +1.9 pp", "good"),
            ("target 85%", "↓ −3.8 pp", "bad"),
        ),
        _card(
            "Half are paid by day",
            "48",
            "",
            "47 to 49",
            "delinquent_days",
            ("last month", "→ no change", "neutral"),
            ("last year", "↓ −6 days", "good"),
        ),
        _card(
            "Written off, 12 months",
            "0.51",
            "EUR m",
            "",
            "dso_days",
            ("last month", "↑ +0.05 m", "bad"),
            ("last year", "↓ −0.11 m", "good"),
        ),
        _card(
            "Effective number of debtors",
            "68.1",
            "",
            "",
            "delinquent_days",
            ("last month", "↓ −1.2", "bad"),
            ("last year", "↓ −9.6", "bad"),
        ),
    ]
    aged = ageing()
    roll = [
        ["not due", "71.2", "24.9", "–", "–", "–", "3.9"],
        ["1–30", "63.8", "–", "29.4", "–", "–", "6.8"],
        ["31–60", "48.1", "–", "–", "41.0", "–", "10.9"],
        ["61–90", "33.5", "–", "–", "–", "52.2", "14.3"],
    ]
    shade = [[None if cell == "–" or place == 0 else float(cell) / 100 for place, cell in enumerate(r)] for r in roll]
    owed = debtors()
    named = [
        [row.name, words.fixed(row.open), words.fixed(row.overdue), words.share(row.share)]
        for row in owed.itertuples(index=False)
    ]
    many = [
        [f"Customer {n:03d}", words.fixed(250_000 / n), words.fixed(40_000 / n), f"{9 / n:.1f}%"] for n in range(1, 61)
    ]
    return {
        "metadata": {
            "company": "Weser & Söhne Großhandel AG",
            "title": "Credit-risk report, October 2026",
            "as_of": "2026-10-31",
            "known_by": "2026-11-03",
            "report_id": "demo-1",
            "language": "en",
            "accent": "#1f6aa5",
        },
        "pages": [
            {
                "kicker": "At a glance",
                "title": "Customers pay six days earlier than a year ago, but the share overdue rose to 34.6%",
                "blocks": [
                    {
                        "kind": "lead",
                        "sentences": [
                            (
                                "Receivables stand at EUR 6.15 m, EUR 132 k more than last month and EUR 821 k "
                                "more than a year ago; sales explain most of it."
                            ),
                            (
                                "DSO is 42.4 days (41.5 to 43.3), 1.8 days below last year and 2.4 days above "
                                "target. Those 2.4 days hold EUR 348 k of cash."
                            ),
                            "Overdue is EUR 2.12 m. Three customers explain EUR 440 k of it.",
                            "Half of the invoices are paid by day 48; one in ten is still open at day 91.",
                            (
                                "Nothing in the books speaks for a change in write-offs: the "
                                "interval of the change spans zero."
                            ),
                        ],
                    },
                    {"kind": "key_figures", "cards": key},
                    {
                        "kind": "decisions",
                        "items": [
                            {
                                "wanted": (
                                    "Stop deliveries to Norddeutsche Kabelwerke above EUR 500 k until "
                                    "EUR 326 k overdue is paid"
                                ),
                                "owner": "Credit manager",
                                "due": "7 Nov 2026",
                            },
                            {
                                "wanted": "Move public bodies to electronic invoices; half are paid only by day 59",
                                "owner": "Head of billing",
                                "due": "30 Nov 2026",
                            },
                        ],
                    },
                    {
                        "kind": "note",
                        "text": (
                            "Data of 31 October 2026, read on 3 November 2026; 24,012 invoices accepted, 17 "
                            "kept out. Last booking 30 October 2026."
                        ),
                    },
                ],
            },
            {
                "kicker": "The ledger",
                "title": "The ledger ties to the control account; payment behaviour took 2.3 days off DSO",
                "blocks": [
                    {
                        "kind": "lead",
                        "sentences": [
                            (
                                "Opening balance plus movements equals the closing balance to the cent, and the "
                                "closing balance equals the general ledger."
                            )
                        ],
                    },
                    _figure(found, "roll_forward", "Open receivables from September to October 2026"),
                    {
                        "kind": "row",
                        "blocks": [
                            _figure(found, "dso_bridge", "What moved DSO within a year", "▲ worse, ● better"),
                            {
                                "kind": "table",
                                "caption": "Reconciliation",
                                "header": ["", "Amount"],
                                "units": ["", "EUR"],
                                "rows": [["Open invoices", "6,214,600"], ["Unapplied cash", "−61,200"]],
                                "total": ["Ledger", "6,153,400"],
                                "note": "Control account 6,153,400; difference 0.",
                            },
                        ],
                    },
                    _figure(found, "dso", "DSO, best possible DSO and days delinquent"),
                ],
            },
            {
                "kicker": "Receivables",
                "title": "A third of the book is overdue, most of it by less than a month",
                "blocks": [
                    {
                        "kind": "lead",
                        "sentences": [
                            (
                                "EUR 1.24 m of EUR 2.12 m overdue is late by at most thirty days; EUR "
                                "157 k is older than 120 days."
                            )
                        ],
                    },
                    _figure(found, "ageing", "Open balance by days past due, thirteen month ends"),
                    {
                        "kind": "table",
                        "caption": "Where last month’s balance went",
                        "header": ["From", "paid", "1–30", "31–60", "61–90", "91–120", "other"],
                        "units": ["days past due", "%", "%", "%", "%", "%", "%"],
                        "rows": roll,
                        "shade": shade,
                        "align": ["left", *["center"] * 6],
                    },
                    {
                        "kind": "row",
                        "blocks": [
                            _figure(found, "lorenz", "How much of the book hangs on few"),
                            {
                                "kind": "lead",
                                "sentences": [
                                    found.figures["lorenz"]["alt"],
                                    (
                                        "Concentration rose within the year; the effective number of "
                                        "debtors fell from 77.7 to 68.1."
                                    ),
                                ],
                            },
                        ],
                    },
                ],
            },
            {
                "kicker": "Time to payment",
                "title": "Half of all invoices are paid by day 48; construction still waits 63 days",
                "blocks": [
                    {
                        "kind": "lead",
                        "sentences": [
                            (
                                "Every segment pays earlier than a year ago. A figure of paid invoices alone "
                                "would have said 41.0 days instead of 48."
                            )
                        ],
                    },
                    _figure(
                        found,
                        "curves",
                        "Share of invoices still open, by segment",
                        "Kaplan-Meier curves with 95% bands; credit notes and write-offs end the wait without payment.",
                    ),
                    _figure(found, "pattern", "Payment pattern: share of a month’s sales still open"),
                ],
            },
            {"kicker": "Disputes", "title": "Disputes", "unavailable": "the books hold no table of disputes"},
            {"kicker": "Service", "title": "Service", "unavailable": "the books hold no table of tickets"},
            {
                "kicker": "Appendix",
                "title": "Tables and definitions",
                "blocks": [
                    _figure(found, "debtors", "Largest debtors"),
                    _figure(found, "medians", "Median days to pay by segment"),
                    {"kind": "section", "title": "Largest debtors"},
                    {
                        "kind": "table",
                        "header": ["Customer", "Open", "Overdue", "Share"],
                        "units": ["", "EUR", "EUR", "of the book"],
                        "rows": named,
                        "total": [
                            "Seven largest",
                            words.fixed(owed["open"].sum()),
                            words.fixed(owed["overdue"].sum()),
                            words.share(owed["share"].sum()),
                        ],
                    },
                    {"kind": "section", "title": "Overdue by customer"},
                    {
                        "kind": "table",
                        "header": ["Customer", "Open", "Overdue", "Share"],
                        "units": ["", "EUR", "EUR", "of the book"],
                        "rows": many,
                    },
                    {"kind": "unavailable", "name": "Credit limits", "reason": "the books hold no table of limits"},
                    {"kind": "section", "title": "Definitions"},
                    {
                        "kind": "definitions",
                        "items": [
                            {
                                "name": "DSO, count-back",
                                "formula": (
                                    "From the newest month back, a month’s days for each month of sales that the open "
                                    "balance covers, and a part of the days of the last."
                                ),
                                "inputs": [
                                    {"name": "open balance", "value": "EUR 6,153,400"},
                                    {"name": "sales October", "value": "EUR 3,904,200"},
                                    {"name": "sales September", "value": "EUR 4,012,900"},
                                ],
                                "source": "Oracle Hyperion Financial Management, DSO routine",
                            },
                            {
                                "name": "Share overdue",
                                "formula": "Open balance past its due date / open balance.",
                                "inputs": [
                                    {
                                        "name": "overdue",
                                        "value": words.money(float(aged.iloc[-1, 1:].sum()), currency="EUR"),
                                    },
                                    {"name": "open", "value": "EUR 6,153,400"},
                                ],
                                "source": "Credit Research Foundation",
                            },
                        ],
                    },
                ],
            },
        ],
    }


def find_tables(output_dir: Path | str) -> Collected:
    """All that ``find_all`` found, and what a second notebook keeps: tables with every kind of cell, and a check."""
    findings = Findings("2_demo", output_dir=output_dir, run_id="demo-1")
    owed = [120_500.25, 80_000.0, 3_000.5, 0.1, 0.2, 0.0, 250.0]
    debtors = pd.DataFrame(
        {
            "name": DEBTORS,
            "since": ["2026-10-30", "2026-02-28", None, "1899-12-31", "soon", "2024-02-29", "2026-10-31"],
            "open": owed,
            "share": [amount / sum(owed) for amount in owed],
            "days late": [12.5, 0.0, -3.0, 100.0, float("nan"), 1.0, 7.25],
            "invoices": [3, 2, 1, 1, 1, 0, 4],
            "disputed": [True, False, False, True, False, False, False],
        }
    )
    units = {"since": "date", "open": "EUR", "share": "share", "days late": "days", "invoices": "count"}
    findings.table("all_debtors", debtors, caption="Who owes most", units=units)
    parts = pd.DataFrame({"segment": ["small", "large", "total"], "open": [0.1, 0.2, 0.3], "invoices": [1, 2, 3]})
    findings.table("segments", parts, caption="By segment", units={"open": "EUR", "invoices": "count"})
    findings.table("nobody", debtors.iloc[:0], caption="Nobody", units=units)
    findings.number("lost", float("nan"), unit="share", label="Part lost", definition="lost")
    change = {"month_change": (-0.001, 0.002), "year_change": (0.0, 3e-5)}
    findings.number("small", 3.7e-5, unit="share", label="Small part", definition="small", target=0.1, **change)
    findings.invariant("parts", "segments = all", "0.3", "0.3")
    findings.close()
    return gather(output_dir)
