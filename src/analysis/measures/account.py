"""One customer's account: what the books say of it alone, so that every measure of the ledger answers for it too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.ledger.snapshot import Snapshot
from analysis.measures.promises import GRACE_DAYS

_OF_CUSTOMER = ("items", "balances", "spells", "entries", "unapplied", "contacts", "limits", "ratings", "orders")


def account_of(snapshot: Snapshot, customer_id: str) -> Snapshot:
    """The part of a snapshot that is one customer's; of ``customers`` its own row alone. Empty for an unknown one."""
    kept = {name: getattr(snapshot, name) for name in (*_OF_CUSTOMER, "customers")}
    kept = {name: table.filter(table["customer_id"] == customer_id) for name, table in kept.items()}
    disputes = snapshot.disputes.semi_join(kept["items"], "invoice_id")
    return replace(snapshot, disputes=disputes, **kept)


def open_items(account: Snapshot) -> pd.DataFrame:
    """Open invoices of an account, the longest past due first, then the largest; index ``invoice_id``.

    ``issued_on``, ``due_on`` (NaT where the books have none), ``days_past_due`` (negative before the due date, NaN
    without one), ``amount`` and ``balance`` (document ``currency``), ``value`` (of the balance, in company currency at
    the rate of the as-of date), ``disputed_on`` and ``reason`` (of the latest dispute that is open; absent without).
    """
    items = account.items.filter(account.items["open_balance"] > 0)
    columns = ["invoice_id", "issued_on", "due_on", "days_past_due", "amount", "open_balance", "currency"]
    frame = items.select(columns).execute().rename(columns={"open_balance": "balance"})
    frame["value"] = account.value(frame["balance"], frame["currency"])
    frame = frame.astype({"amount": float, "balance": float, "days_past_due": float})
    frame[["issued_on", "due_on"]] = frame[["issued_on", "due_on"]].apply(pd.to_datetime)
    disputes = open_disputes(account).drop_duplicates("invoice_id", keep="last").set_index("invoice_id")
    told = disputes[["opened_on", "reason"]].rename(columns={"opened_on": "disputed_on"})
    frame = frame.set_index("invoice_id").join(told)
    order = frame.assign(_late=frame["days_past_due"].fillna(float("-inf")), _id=frame.index)
    return order.sort_values(["_late", "value", "_id"], ascending=[False, False, True]).drop(columns=["_late", "_id"])


def open_disputes(account: Snapshot) -> pd.DataFrame:
    """Disputes of an account that are open: ``invoice_id``, ``opened_on``, ``reason``, the oldest first."""
    disputes = account.disputes.filter(account.disputes["closed_on"].isnull())
    frame = disputes.select("dispute_id", "invoice_id", "opened_on", "reason").execute()
    frame["opened_on"] = pd.to_datetime(frame["opened_on"])
    return frame.sort_values(["opened_on", "dispute_id"], ignore_index=True).drop(columns="dispute_id")


def promises_given(account: Snapshot, items: pd.DataFrame) -> pd.DataFrame:
    """Promises about invoices that are still open, and those that name none and whose day is to come.

    ``items`` as :func:`open_items` gives them. Columns ``invoice_id``, ``made_on``, ``promised_on``, ``amount``
    (promised; NaN where none is named), ``is_broken`` (its day has passed by more than the grace of two days, and the
    invoice is open). Of several about one invoice the latest; the earliest day first.
    """
    contacts = account.contacts.filter(account.contacts["promised_on"].notnull())
    columns = ["contact_id", "invoice_id", "made_on", "promised_on", "promised_amount"]
    frame = contacts.select(columns).execute().rename(columns={"promised_amount": "amount"})
    frame[["made_on", "promised_on"]] = frame[["made_on", "promised_on"]].apply(pd.to_datetime)
    frame = frame.astype({"amount": float}).sort_values(["made_on", "contact_id"], ignore_index=True)
    passed = frame["promised_on"] < pd.Timestamp(account.as_of - timedelta(days=GRACE_DAYS))
    named = frame["invoice_id"].notna()
    frame = frame.assign(is_broken=passed & named)[named & frame["invoice_id"].isin(items.index) | ~named & ~passed]
    # a promise that names no invoice replaces none
    key = frame["invoice_id"].fillna(frame["contact_id"])
    frame = frame[~key.duplicated(keep="last")].drop(columns="contact_id")
    return frame.sort_values(["promised_on", "made_on"], kind="stable", ignore_index=True)


def last_contact(account: Snapshot) -> pd.Series | None:
    """The latest contact: ``made_on``, ``channel``, ``kind``, ``reached``; None without any."""
    columns = ["contact_id", "made_on", "channel", "kind", "reached"]
    return _latest(account.contacts.select(columns).execute(), by="made_on", then="contact_id")


def last_payment(account: Snapshot) -> pd.Series | None:
    """What was paid on the latest day of a payment: ``booked_on``, ``currency``, ``amount``; None without any."""
    paid = account.entries.filter((account.entries["kind"] == EntryKind.PAYMENT) & (account.entries["amount"] > 0))
    summed = paid.group_by("booked_on", "currency").aggregate(amount=paid["amount"].sum()).execute()
    return _latest(summed.astype({"amount": float}), by="booked_on", then="amount")


def _latest(frame: pd.DataFrame, *, by: str, then: str) -> pd.Series | None:
    ordered = frame.assign(**{by: pd.to_datetime(frame[by])}).sort_values([by, then])
    return None if ordered.empty else ordered.iloc[-1]
