"""From last month's forecast to this one: what was expected of the weeks still to come, and why it changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measures.cash_received import CashShare
from analysis.models.receipts import DAYS, Floats, OpenDebt, owed_after


def forecast_bridge(before: OpenDebt, before_share: CashShare, now: OpenDebt, now_share: CashShare) -> pd.DataFrame:
    """Steps that lead from an earlier forecast to this one; they add up exactly.

    Of the days that both forecasts cover, the earlier one expected an amount; then for each invoice in turn:

    - *left the book*: invoices no longer open take what was still expected of them away;
    - *still open*: one that could have left and did not brings more in the days to come,
      ``1 / part expected to be owed by now`` times as much;
    - *part-payments and rates*: its balance changed;
    - *chances changed*: what the present forecast says beyond all this;
    - *new invoices*: those that were not open then.

    The days that only this forecast covers come last. Columns ``label``, ``amount`` (without sign for a rise or a
    fall), ``kind`` (``total``, ``rise``, ``fall``), as ``charts.waterfall`` takes them; company currency.
    ValueError unless ``now`` is 1 to 90 days after ``before``.
    """
    gap = (now.on - before.on).days
    if not 0 < gap < DAYS:
        raise ValueError(f"the earlier forecast must be 1 to {DAYS - 1} days older, got {gap}")
    then = _by_invoice(before, before_share, first=gap, last=DAYS)
    same = _by_invoice(now, now_share, first=0, last=DAYS - gap)
    further = _by_invoice(now, now_share, first=DAYS - gap, last=DAYS)
    both = then.join(same, how="outer", lsuffix="_then", rsuffix="_now")
    stays = (both["balance_then"].notna() & both["balance_now"].notna()).to_numpy()
    expected_then, expected_now = (both[f"expected_{when}"].fillna(0.0).to_numpy() for when in ("then", "now"))
    still = both["left_then"].to_numpy(dtype=float, na_value=np.nan)
    given_open = np.divide(expected_then, still, out=expected_then.copy(), where=stays & (still > 0))
    grown = (both["balance_now"] / both["balance_then"]).fillna(0.0).to_numpy()
    steps = {
        "left the book": -_sum(expected_then, both["balance_now"].isna()),
        "still open": _sum(given_open - expected_then, stays),
        "part-payments and rates": _sum(given_open * (grown - 1), stays),
        "chances changed": _sum(expected_now - given_open * grown, stays),
        "new invoices": _sum(expected_now, both["balance_then"].isna()),
    }
    rows = [("expected then", float(expected_then.sum()), "total")]
    rows += [(name, abs(amount), "rise" if amount >= 0 else "fall") for name, amount in steps.items()]
    rows.append(("expected now", float(expected_now.sum()), "total"))
    rows.append(("days new in view", float(further["expected"].sum()), "rise"))
    rows.append(("thirteen weeks", float(expected_now.sum() + further["expected"].sum()), "total"))
    return pd.DataFrame(rows, columns=["label", "amount", "kind"])


def _by_invoice(debt: OpenDebt, share: CashShare, *, first: int, last: int) -> pd.DataFrame:
    """By invoice: balance, part of it expected to be owed after day ``first``, cash expected from then to ``last``."""
    owed, _ = owed_after(debt, share)
    expected: Floats = debt.balance * share.cash * (owed[:, first] - owed[:, last])
    index = pd.Index(debt.items["invoice_id"].astype(str), name="invoice_id")
    return pd.DataFrame({"balance": debt.balance, "left": owed[:, first], "expected": expected}, index=index)


def _sum(amounts: Floats, rows: pd.Series[bool] | np.ndarray) -> float:
    return float(amounts[np.asarray(rows, dtype=bool)].sum())
