"""Who owes it: open balance, overdue part and oldest item by customer or by group of customers."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from analysis.ledger.dimensions import NOT_STATED
from analysis.ledger.snapshot import Snapshot
from analysis.measures.concentration import concentration


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


def concentrations(
    amounts: pd.Series[float], customers: pd.DataFrame, *, by: Collection[str] = ("parent_id", "industry", "country")
) -> pd.DataFrame:
    """How concentrated an amount by customer is, over customers and over what they belong to.

    ``amounts``: exposure or expected loss, index ``customer_id``. ``customers``: index ``customer_id``, with the
    columns named in ``by``; one that holds fewer than two values is left out, and so are groups where each customer
    is its own.

    One row per division, ``customer_id`` first: ``number`` (with an amount above zero), ``effective_number``,
    ``top_1`` and ``top_10`` shares, ``herfindahl``, ``gini``, ``largest`` (its number or name).
    Who has no value counts as one of its own kind, ``(not stated)``; a customer without a group as its own group.
    """
    owed = amounts[amounts > 0].sort_index()
    rows = {"customer_id": owed}
    for column in by:
        if column not in customers:
            continue
        value = customers[column].reindex(owed.index)
        value = value.fillna(pd.Series(owed.index, index=owed.index) if column == "parent_id" else NOT_STATED)
        if len(set(value)) > 1 and not value.equals(owed.index.to_series()):
            rows[column] = owed.groupby(value).sum()
    table = pd.DataFrame.from_dict({name: _described(parts) for name, parts in rows.items()}, orient="index")
    return table.rename_axis(index="division")


def _names(snapshot: Snapshot, by: str) -> pd.Series:
    """Names of customers by their number; for groups, the name of the group's head."""
    if by not in ("customer_id", "parent_id"):
        return pd.Series(dtype=object)
    return snapshot.customers.select("customer_id", "name").execute().set_index("customer_id")["name"]


def _described(parts: pd.Series[float]) -> dict[str, object]:
    found, first = concentration(parts.to_numpy(), n=10), concentration(parts.to_numpy(), n=1)
    largest = parts.index[int(np.argmax(parts.to_numpy()))] if len(parts) else None
    return {
        "number": found.n_debtors,
        "effective_number": found.effective_number,
        "top_1": first.top_share,
        "top_10": found.top_share,
        "herfindahl": found.herfindahl,
        "gini": found.gini,
        "largest": largest,
    }
