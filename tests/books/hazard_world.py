"""A tiny world whose daily hazard is stated: invoices drawn day by day, and the exact chances of what is open.

Nobody pays at weekends. On any other day an invoice of a paying kind is paid with the odds
``exp(frailty of its customer + effect of the weekday + effect of the days since due)``. One invoice in a hundred is of
the kind that is never paid; it is written off 120 days after it was due. Nothing else happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
from small_books import Ledger

EPOCH = date(1970, 1, 1)
FIRST = (date(2024, 1, 1) - EPOCH).days
SELLING_DAYS = 730
WEEKDAYS = np.array([0.0, 0.2, 0.0, 0.9, -0.3, -np.inf, -np.inf])
"""Log odds by weekday, Monday first."""
SINCE_DUE = ((-(10**6), -5.5), (-7, -3.4), (0, -1.7), (15, -2.2), (45, -2.8))
"""From so many days since due on, log odds of payment on a Monday by a customer without frailty."""
FRAILTY_SD = 0.8
NEVER_SHARE = 0.01
WRITTEN_OFF_AFTER = 120
TERMS = (14, 30, 45, 60)


@dataclass(frozen=True, kw_only=True, eq=False)
class HazardWorld:
    """``invoices``: ``invoice_id``, ``customer_id``, ``frailty``, ``pays``, and day numbers since 1970 ``issued``,
    ``due``, ``left`` (paid, or written off where it never pays)."""

    invoices: pd.DataFrame

    def ledger(self, *, until: date) -> Ledger:
        """The books up to a day."""
        last, ledger = (until - EPOCH).days, Ledger()
        for row in self.invoices[self.invoices["issued"] <= last].itertuples():
            issued, due = (EPOCH + timedelta(days=int(day)) for day in (row.issued, row.due))
            ledger.row(
                "invoices",
                invoice_id=row.invoice_id,
                customer_id=row.customer_id,
                issued_on=issued,
                due_on=due,
                amount=Decimal(100),
                recorded_on=issued,
            )
            if row.left <= last:
                left = EPOCH + timedelta(days=int(row.left))
                ledger.entry(
                    "payment" if row.pays else "write_off", "100", left.isoformat(), row.invoice_id, recorded_on=left
                )
        return ledger

    def open_on(self, on: date) -> pd.DataFrame:
        """Invoices open at the end of a day, with ``paid_after`` and ``left_after`` in days."""
        day = (on - EPOCH).days
        rows = self.invoices[(self.invoices["issued"] <= day) & (self.invoices["left"] > day)].reset_index(drop=True)
        left = (rows["left"] - day).astype(float)
        return rows.assign(paid_after=left.where(rows["pays"], np.inf), left_after=left)

    def unpaid(self, on: date, *, days: int = 90) -> tuple[np.ndarray, np.ndarray]:
        """Exact chance of each invoice of ``open_on`` to be unpaid after 1 to ``days`` days, and never to be paid."""
        rows, day = self.open_on(on), (on - EPOCH).days
        ahead = np.cumprod(1 - hazard(rows, np.arange(day + 1, day + days + 1)), axis=1)
        past = np.arange(rows["issued"].min() + 1, day + 1) if len(rows) else np.arange(0)
        lived = np.where(past > rows["issued"].to_numpy()[:, None], 1 - hazard(rows, past), 1.0).prod(axis=1)
        # Bayes: what pays has survived to the day with a chance of its own, what never pays is open until written off.
        never = NEVER_SHARE / (NEVER_SHARE + (1 - NEVER_SHARE) * lived)
        return never[:, None] + (1 - never[:, None]) * ahead, never


def hazard(invoices: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    """Chance that each invoice of a paying kind is paid on each day, given that it is open; shape (invoices, days)."""
    rel = days - invoices["due"].to_numpy()[:, None]
    starts, effects = np.array(SINCE_DUE).T
    effect = effects[np.searchsorted(starts, rel, side="right") - 1]
    odds = np.exp(invoices["frailty"].to_numpy()[:, None] + WEEKDAYS[(days + 3) % 7] + effect)
    return odds / (1 + odds)


def hazard_world(*, seed: int, n_invoices: int = 3_000, n_customers: int = 60) -> HazardWorld:
    """Two years of invoices of customers who differ in frailty and terms, each followed to its end."""
    rng = np.random.default_rng(seed)
    frailty, terms = FRAILTY_SD * rng.standard_normal(n_customers), rng.choice(TERMS, size=n_customers)
    who = rng.integers(n_customers, size=n_invoices)
    issued = np.sort(FIRST + rng.integers(SELLING_DAYS, size=n_invoices))
    invoices = pd.DataFrame(
        {
            "invoice_id": [f"I{k:05}" for k in range(n_invoices)],
            "customer_id": [f"C{k:02}" for k in who],
            "frailty": frailty[who],
            "pays": rng.random(n_invoices) >= NEVER_SHARE,
            "issued": issued,
            "due": issued + terms[who],
        }
    )
    left = np.where(invoices["pays"], -1, invoices["due"] + WRITTEN_OFF_AFTER)
    day = FIRST
    while (left < 0).any():
        day += 1
        at_risk = np.flatnonzero((left < 0) & (issued < day))
        if len(at_risk):
            paid = rng.random(len(at_risk)) < hazard(invoices.iloc[at_risk], np.array([day]))[:, 0]
            left[at_risk[paid]] = day
    return HazardWorld(invoices=invoices.assign(left=left))
