"""What a world turned out to be, in the figures that published benchmarks are stated in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ledger.world.customers import Floats
from analysis.ledger.world.tables import World


def calibration(world: World) -> dict[str, float]:
    """Key figures of a world, in days and shares of 0 to 1, weighted by value in the company's currency.

    - ``days_to_pay``, ``terms_days``, ``days_late``: over all invoices that are paid in the end, also after
      the last day of the books (early payment counts negative); ``..._per_invoice`` is unweighted.
    - ``past_due_share``: value due by the last day that was still unsettled at the end of its due date.
    - ``uncollected_share``: value of all invoices that is never paid or credited, before recoveries.
    - ``dso_simple_days`` over the last three months and ``dso_count_back_days``, at the last month end.
    - ``over_90_share``: share of the open balance on the last day that is more than 90 days past due,
      cash that names no invoice being set against the invoices it was truly meant for.
    - ``top_10_share``: share of the ten largest customers in sales.
    """
    end = pd.Timestamp(world.truth["end"])
    invoices = world.invoices.merge(world.truth_invoices, on="invoice_id")
    value = _in_company_currency(world, invoices)
    paid = (invoices["outcome"] == "paid").to_numpy()
    to_pay = (invoices["settled_on"] - invoices["issued_on"]).dt.days
    terms = (invoices["due_on"] - invoices["issued_on"]).dt.days
    due = (invoices["due_on"] < end).to_numpy()
    late = ~(invoices["settled_on"] <= invoices["due_on"]).to_numpy()

    lowering = world.entries[world.entries["kind"] != "recovery"]
    applied = lowering.groupby("invoice_id")["amount"].sum().astype(float)
    amount = invoices["amount"].astype(float).to_numpy()
    share_open = 1 - invoices["invoice_id"].map(applied).fillna(0.0).to_numpy() / amount
    settled = (invoices["settled_on"] <= end).to_numpy()
    open_value = np.where(settled | (np.abs(share_open) < 1e-9), 0.0, share_open) * value
    receivables = float(open_value.sum())
    aged = (end - invoices["due_on"]).dt.days.to_numpy() > 90
    months = pd.Series(value).groupby(invoices["issued_on"].dt.to_period("M")).sum()
    size = pd.Series(value).groupby(invoices["customer_id"]).sum().nlargest(10)
    lost = (invoices["outcome"] == "written_off").to_numpy()
    never = world.truth_invoices["invoice_id"].map(_kept_of_lost(world)).fillna(0.0).to_numpy()
    return {
        "days_to_pay": float(np.average(to_pay[paid], weights=value[paid])),
        "days_to_pay_per_invoice": float(to_pay[paid].mean()),
        "terms_days": float(np.average(terms[paid], weights=value[paid])),
        "days_late": float(np.average((to_pay - terms)[paid], weights=value[paid])),
        "past_due_share": float(value[due & late].sum() / value[due].sum()),
        "uncollected_share": float((value[lost] * (1 - never[lost])).sum() / value.sum()),
        "dso_simple_days": receivables / float(months.iloc[-3:].sum()) * _days_of(months.index[-3:]),
        "dso_count_back_days": _count_back(receivables, months),
        "over_90_share": float(open_value[aged].sum()) / receivables,
        "top_10_share": float(size.sum() / value.sum()),
    }


def _in_company_currency(world: World, rows: pd.DataFrame) -> Floats:
    """Amounts at the first rate of each currency: a constant rate keeps the weights free of its moves."""
    rates = world.fx_rates.drop_duplicates("currency").set_index("currency")["rate"]
    result: Floats = rows["amount"].astype(float).to_numpy() * rows["currency"].map(rates).fillna(1.0).to_numpy()
    return result


def _kept_of_lost(world: World) -> pd.Series:
    """Share of each invoice that was credited or paid net of reversals, as far as the books go."""
    kept = world.entries[world.entries["kind"].isin(["payment", "credit_note", "reversal"])]
    amount = world.invoices.set_index("invoice_id")["amount"].astype(float)
    received = kept.groupby("invoice_id")["amount"].sum().astype(float)
    share: pd.Series = (received / amount).dropna()
    return share


def _days_of(months: pd.Index) -> int:
    return int(sum(month.days_in_month for month in months))


def _count_back(receivables: float, sales: pd.Series) -> float:
    """Days of the newest months' sales that the receivables exhaust."""
    days, left = 0.0, receivables
    for month, sold in reversed(list(sales.items())):
        if left < sold:
            return days + left / sold * month.days_in_month
        days, left = days + month.days_in_month, left - sold
    return days
