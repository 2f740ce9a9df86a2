"""What if a top name fails, or pays later? Made of the forecast of cash, so that one report tells one story."""

from __future__ import annotations

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.exposure import exposures
from analysis.measures.single_name import what_if
from analysis.models.cash_outlook import CashOutlook
from analysis.models.receipts import expected_receipts
from analysis.reporting import blocks
from analysis.reporting.findings import Findings
from analysis.reporting.gathering import Collected
from analysis.reporting.sections import exposure_words

_NOTE = (
    "Groups of companies taken as one name. Lost: open balance less cash on account, nothing recovered. Cash: of the "
    "next thirteen weeks, as forecast on the page of cash."
)


def single_names(opened: Opened, outlook: CashOutlook | None) -> pd.DataFrame:
    """The largest names, groups taken as one, failing or paying sixty days later; empty without a forecast of cash."""
    if outlook is None:
        return pd.DataFrame()
    owed = exposures(opened.snapshot, by="parent_id")
    debt = outlook.forecast.debt
    heads = opened.snapshot.customers.select("customer_id", "parent_id").execute().set_index("customer_id")["parent_id"]
    receipts = expected_receipts(debt, outlook.forecast.share, by="customer_id")
    by_name = receipts.T.groupby(receipts.columns.map(heads), sort=True).sum().T
    return what_if(owed, by_name)


def hand_over(findings: Findings, opened: Opened, outlook: CashOutlook | None) -> None:
    """What if a top name fails or pays later, from the forecast of cash of the report."""
    table = single_names(opened, outlook)
    if table.empty:
        findings.unavailable("single_names", "there is no forecast of cash, or nobody owes anything")
        return
    currency, first = opened.company.currency, table.iloc[0]
    findings.sentence(
        "what_if_told",
        exposure_words.what_if_sentence(table, currency=currency),
        uses=["largest_fails", "largest_late"],
        nameless=exposure_words.what_if_sentence(table.assign(name="the largest debtor"), currency=currency),
    )
    for id, column, label, definition in (
        ("largest_fails", "loss_if_failed", "Loss if the largest name fails", "loss_if_failed"),
        ("largest_late", "missing_if_late", "Cash missing if it pays 60 days later", "missing_if_late"),
    ):
        findings.number(id, float(first[column]), unit=currency, label=label, definition=definition, better="lower")
    shown = table[["name", "open_balance", "share", "loss_if_failed", "missing_if_failed", "missing_if_late"]]
    names = {
        "open_balance": "open",
        "loss_if_failed": "lost if it fails",
        "missing_if_failed": "cash missing then",
        "missing_if_late": "if 60 days late",
    }
    shown = shown.rename(columns=names).reset_index(drop=True)
    units = {**dict.fromkeys(names.values(), currency), "share": "share"}
    caption = "What if a top name fails, or pays 60 days later"
    findings.table("single_names", shown, caption=caption, units=units, names=["name"])


def section(collected: Collected, *, with_sentence: bool = True, with_table: bool = True) -> list[blocks.Block]:
    """The sentence for the page and the table for the appendix, or the line that says why there is none."""
    if "what_if_told" not in collected.sentences:
        return [blocks.unavailable(collected, "single_names")] if with_sentence else []
    said = [blocks.lead(collected, "what_if_told")] if with_sentence else []
    return said + ([blocks.table(collected, "single_names", note=_NOTE)] if with_table else [])
