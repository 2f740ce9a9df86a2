"""Reminders, promises to pay and whether they were kept, disputes, and payments in parts: what paying took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.measures.history import History, day_numbers, marks_table
from analysis.measures.known_balances import shown_from
from analysis.measures.lateness import YEAR_DAYS, current_spells, due_within

# A transfer of the promised day is booked up to two days later.
GRACE_DAYS = 2


def contacts_made(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """Contacts with each customer in the 365 days to each mark, and promises; index ``mark``, ``customer_id``.

    ``contacts_12m``, ``promises_12m`` (made in the year), ``promises_broken_12m`` (whose day, with two days' grace, lay
    in the year and had passed, and which were not kept by then). A promise is kept where the invoice it was about was
    settled in time, or where as much as was promised came in for it (from the customer, where it names no invoice;
    any payment, where it names no amount either) between the day it was made and its day with the grace. What the
    books showed only after the mark keeps no promise yet.
    """
    contacts = history.snapshot.contacts
    marked = contacts.select(
        "contact_id",
        "customer_id",
        "invoice_id",
        amount="promised_amount",
        made=day_numbers(contacts["made_on"]),
        until=day_numbers(contacts["promised_on"]) + GRACE_DAYS,
    ).cross_join(marks_table(marks))
    marked = marked.filter(marked["made"] <= marked["mark"])
    mark, since = marked["mark"], marked["mark"] - YEAR_DAYS
    made = marked["made"] > since
    passed = (marked["until"] < mark) & (marked["until"] >= since)
    marked = marked.mutate(is_made=made, is_passed=passed.fill_null(False))
    kept = _kept(history, marks, marked.filter(marked["is_passed"]))
    joined = marked.left_join(kept, [marked["contact_id"] == kept["_id"], marked["mark"] == kept["_mark"]])
    promised = joined["until"].notnull()
    counted = joined.group_by("mark", "customer_id").aggregate(
        contacts_12m=joined["is_made"].sum(),
        promises_12m=(joined["is_made"] & promised).sum(),
        promises_broken_12m=(joined["is_passed"] & joined["_id"].isnull()).sum(),
    )
    return counted.execute().set_index(["mark", "customer_id"]).astype(float).sort_index()


def _kept(history: History, marks: Sequence[date], promises: ibis.Table) -> ibis.Table:
    """Promises whose day has passed by the mark and that were kept: ``_id``, ``_mark``."""
    spells = current_spells(history, marks).filter(lambda t: ~t["is_open"]).select("left", _of="invoice_id", _at="mark")
    settled = promises.inner_join(
        spells,
        [
            promises["invoice_id"] == spells["_of"],
            promises["mark"] == spells["_at"],
            promises["until"] >= spells["left"],
        ],
    )
    entries = history.snapshot.entries.filter(lambda t: t["kind"].isin((EntryKind.PAYMENT, EntryKind.REVERSAL)))
    cash = entries.select(
        _of="invoice_id",
        _by="customer_id",
        _amount="amount",
        _on=day_numbers(entries["booked_on"]),
        _shown=shown_from(history, entries["booked_on"], entries["recorded_on"]),
    )
    in_time = [promises["made"] <= cash["_on"], promises["until"] >= cash["_on"], promises["mark"] >= cash["_shown"]]
    of_invoice = promises.inner_join(cash, [promises["invoice_id"] == cash["_of"], *in_time])
    nameless = promises.filter(promises["invoice_id"].isnull())
    of_customer = nameless.inner_join(
        cash,
        [
            nameless["customer_id"] == cash["_by"],
            nameless["made"] <= cash["_on"],
            nameless["until"] >= cash["_on"],
            nameless["mark"] >= cash["_shown"],
        ],
    )
    columns = ["contact_id", "mark", "invoice_id", "amount", "_amount"]
    came = ibis.union(of_invoice.select(columns), of_customer.select(columns))
    summed = came.group_by("contact_id", "mark").aggregate(
        came=came["_amount"].sum(), amount=came["amount"].max(), named=came["invoice_id"].notnull().any()
    )
    # without a promised amount the whole invoice was promised, which the spells say
    enough = ibis.ifelse(summed["amount"].notnull(), summed["came"] >= summed["amount"], ~summed["named"])
    paid = summed.filter(enough & (summed["came"] > 0))
    return ibis.union(
        settled.select(_id="contact_id", _mark="mark"), paid.select(_id="contact_id", _mark="mark"), distinct=True
    )


def disputes_raised(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """Disputes of each customer; index ``mark``, ``customer_id``, of those that ever raised one by the mark.

    ``disputes_12m`` (opened in the 365 days to the mark) and ``disputed_invoices_12m`` (invoices issued in those days
    that were disputed by the mark).
    """
    items, disputes = history.snapshot.items, history.snapshot.disputes
    whose = items.select(
        "customer_id",
        _id="invoice_id",
        issued=day_numbers(items["issued_on"]),
        shown=shown_from(history, items["issued_on"], items["recorded_on"]),
    )
    opened = disputes.select("invoice_id", opened=day_numbers(disputes["opened_on"]))
    marked = opened.inner_join(whose, opened["invoice_id"] == whose["_id"]).cross_join(marks_table(marks))
    marked = marked.filter((marked["opened"] <= marked["mark"]) & (marked["shown"] <= marked["mark"]))
    since = marked["mark"] - YEAR_DAYS
    counted = marked.group_by("mark", "customer_id").aggregate(
        disputes_12m=(marked["opened"] > since).sum(),
        disputed_invoices_12m=marked["invoice_id"].nunique(where=marked["issued"] > since),
    )
    return counted.execute().set_index(["mark", "customer_id"]).astype(float).sort_index()


def paid_in_parts(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """Invoices due in the 365 days before each mark: all (``due``), and ``part_paid`` ones; index as above.

    Part-paid is an invoice with a payment on a day that did not settle it, as the books showed it by the mark.
    """
    entries = history.snapshot.entries
    entries = entries.filter(
        (entries["kind"] == EntryKind.PAYMENT) & (entries["amount"] > 0) & entries["applied_on"].notnull()
    )
    parts = entries.select(
        _id="invoice_id",
        _on=day_numbers(entries["applied_on"]),
        _shown=shown_from(history, entries["applied_on"], entries["recorded_on"]),
    )
    ends = history.lives.filter(history.lives["ended"].notnull()).select(
        _of="invoice_id", _ended="ended", _ended_known="ended_known"
    )
    parts = parts.left_join(ends, [parts["_id"] == ends["_of"], parts["_on"] == ends["_ended"]])
    parts = parts.filter(parts["_ended_known"].isnull() | (parts["_ended_known"] > parts["_shown"]))
    days = marks_table(marks).rename(_mark="mark")
    seen = parts.inner_join(days, parts["_shown"] <= days["_mark"])
    seen = seen.filter(seen["_ended_known"].isnull() | (seen["_ended_known"] > seen["_mark"]))
    seen = seen.select("_id", "_mark").distinct()
    due = due_within(current_spells(history, marks)).select("mark", "customer_id", "invoice_id")
    joined = due.left_join(seen, [due["invoice_id"] == seen["_id"], due["mark"] == seen["_mark"]])
    counted = joined.group_by("mark", "customer_id").aggregate(due=joined.count(), part_paid=joined["_id"].count())
    return counted.execute().set_index(["mark", "customer_id"]).astype(float).sort_index()
