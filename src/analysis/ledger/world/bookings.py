"""The life of each invoice as bookings: the entries of the ledger."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import EntryKind
from analysis.ledger.world.business_days import Days, PaymentCalendar
from analysis.ledger.world.parameters import Parameters

_ORDER = {kind: place for place, kind in enumerate(("credit_note", "discount", "payment", "reversal"))}


def book(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    plan: pd.DataFrame,
    *,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """Entries up to the day number ``last``, in order of booking.

    Columns: ``day``, ``cents``, ``kind``, ``invoice`` (-1 for unapplied cash), ``customer``, ``currency``,
    ``entity``, ``method``, ``recorded``. A batch of unapplied cash is one entry for all it pays.
    """
    rows = [
        _entries(plan, "paid_on", plan["paid"], EntryKind.PAYMENT),
        _entries(plan, "bounced_on", -plan["paid"], EntryKind.REVERSAL),
        _entries(plan, "rest_on", plan["rest"], EntryKind.PAYMENT),
        _entries(plan, "paid_on", plan["discount"], EntryKind.DISCOUNT),
        _entries(plan, "credit_on", plan["credit"], EntryKind.CREDIT_NOTE),
        _entries(plan, "written_off_on", plan["written_off"], EntryKind.WRITE_OFF),
        _entries(plan, "recovered_on", plan["recovered"], EntryKind.RECOVERY),
    ]
    entries = pd.concat(rows, ignore_index=True)
    entries = entries[(entries["day"] <= last) & (entries["cents"] != 0)].reset_index(drop=True)
    row = entries["invoice"].to_numpy()
    entries["customer"] = invoices["customer"].to_numpy()[row]
    entries["entity"] = invoices["entity"].to_numpy()[row]
    entries["currency"] = customers["currency"].to_numpy()[entries["customer"]]
    cash = entries["kind"].isin((EntryKind.PAYMENT, EntryKind.REVERSAL, EntryKind.RECOVERY)).to_numpy()
    entries["method"] = np.where(cash, customers["method"].to_numpy()[entries["customer"]], "")
    entries = _with_unapplied(rng, entries, plan, last=last, parameters=parameters)
    entries["place"] = entries["kind"].map(_ORDER).fillna(9)
    entries = entries.sort_values(["day", "customer", "invoice", "place"], kind="stable", ignore_index=True)

    late = rng.random(len(entries)) < parameters.booked_late_share
    day = entries["day"].to_numpy()
    recorded = calendar.next(day + rng.integers(1, 10, size=len(entries)))
    entries["recorded"] = np.where(late, np.minimum(recorded, last), day)
    return entries.drop(columns="place")


def _entries(plan: pd.DataFrame, day: str, cents: pd.Series, kind: EntryKind) -> pd.DataFrame:
    """One entry per invoice for which ``day`` comes at all."""
    days: Days = plan[day].to_numpy()
    row = np.flatnonzero(days < 10**6)
    return pd.DataFrame({"day": days[row], "cents": cents.to_numpy()[row], "kind": str(kind), "invoice": row})


def _with_unapplied(
    rng: np.random.Generator, entries: pd.DataFrame, plan: pd.DataFrame, *, last: int, parameters: Parameters
) -> pd.DataFrame:
    """Turns some batches of payments into one payment each that names no invoice.

    A batch is what a customer pays on a day to one entity. Mostly the youngest are unapplied: older
    cash has been assigned since, and an export shows the assignment.
    """
    simple: NDArray[np.bool_] = plan["simple"].to_numpy()[entries["invoice"]] & (entries["kind"] == "payment")
    batches = ["customer", "entity", "day"]
    groups = entries[simple].groupby(batches, sort=True)["cents"].agg(["sum", "size"]).reset_index()
    recent = groups["day"] > last - 60
    share = np.where(recent, parameters.unapplied_share_of_last_60_days, parameters.unapplied_share)
    chosen = groups[(rng.random(len(groups)) < share) & (groups["size"] <= 4)]
    marked = entries[batches].merge(chosen[batches], how="left", on=batches, indicator="found")["found"] == "both"
    merged = simple & marked.to_numpy()
    first = entries[merged].drop_duplicates(batches).drop(columns=["cents", "invoice"])
    lumps = first.merge(chosen[[*batches, "sum"]], on=batches).rename(columns={"sum": "cents"}).assign(invoice=-1)
    return pd.concat([entries[~merged], lumps[entries.columns]], ignore_index=True)
