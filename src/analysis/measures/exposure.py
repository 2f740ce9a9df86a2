"""Who owes it: open balance, overdue part and oldest item by customer or by group of customers."""

from __future__ import annotations

import pandas as pd

from analysis.ledger.snapshot import Snapshot


def exposures(snapshot: Snapshot, *, by: str = "customer_id") -> pd.DataFrame:
    """Open balance by customer (or ``parent_id``, or any dimension) in company currency, largest first.

    Columns: ``name``, ``open_balance`` (invoices not overpaid), ``overdue``, ``credit_balances`` (overpaid
    invoices, positive), ``unapplied`` (cash and credits on account), ``invoices`` (open ones),
    ``oldest_days`` (past due; 0 where nothing is), ``share`` of all open balances (NaN where nothing is open).
    Who neither owes nor is owed anything is left out; equal balances stand in order of their key.
    """
    items, keys = snapshot.items, list(dict.fromkeys([by, "currency"]))
    owed, over = items["open_balance"] > 0, items["open_balance"] < 0
    late = (items["days_past_due"] > 0).fill_null(False)
    summed = items.group_by(keys).aggregate(
        open_balance=items["open_balance"].sum(where=owed).fill_null(0),
        overdue=items["open_balance"].sum(where=owed & late).fill_null(0),
        credit_balances=(-items["open_balance"].sum(where=over)).fill_null(0),
        invoices=owed.sum(),
        oldest_days=items["days_past_due"].max(where=owed & late).fill_null(0),
    )
    on_account = snapshot.unapplied.filter(snapshot.unapplied["until_on"].isnull())
    waiting = on_account.group_by(keys).aggregate(unapplied=on_account["amount"].sum())
    frame = summed.execute().merge(waiting.execute(), on=keys, how="outer").sort_values(keys)
    money = ["open_balance", "overdue", "credit_balances", "unapplied"]
    for column in money:
        frame[column] = snapshot.value(frame[column], frame["currency"]).fillna(0.0)
    frame[["invoices", "oldest_days"]] = frame[["invoices", "oldest_days"]].fillna(0).astype(int)
    by_group = frame.groupby(by)
    table = pd.concat([by_group[[*money, "invoices"]].sum(), by_group[["oldest_days"]].max()], axis=1)
    table = table[(table[money] != 0).any(axis=1)]
    total = table["open_balance"].sum()
    table["share"] = table["open_balance"] / total if total else float("nan")
    table.insert(0, "name", _names(snapshot, by).reindex(table.index).fillna(table.index.to_series()))
    order = table.assign(_key=table.index).sort_values(["open_balance", "_key"], ascending=[False, True])
    return order.drop(columns="_key")


def _names(snapshot: Snapshot, by: str) -> pd.Series:
    """Names of customers by their number; for groups, the name of the group's head."""
    if by not in ("customer_id", "parent_id"):
        return pd.Series(dtype=object)
    return snapshot.customers.select("customer_id", "name").execute().set_index("customer_id")["name"]
