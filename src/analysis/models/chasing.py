"""How far an invoice has been chased by a day: letters nobody knows to be read, calls that reached, promises."""

from __future__ import annotations

import ibis

from analysis.measures.history import History, day_numbers

# Letters (none, one, more) by talks (none, somebody was reached, a promise was made).
_LETTERS, _TALKS = 3, 3
CHASED_CLASSES = _LETTERS * _TALKS


def chased(history: History, rows: ibis.Table) -> ibis.Table:
    """``rows`` (``invoice_id``, ``mark`` and more) with what had been done about each invoice by its mark.

    Adds ``contacts``, ``last_contact``, ``promised`` (latest day promised), ``promises_broken`` (promised days that had
    passed), ``unanswered`` (contacts that are known to have reached nobody) and ``chased``: a class from 0 (nothing) to
    :data:`CHASED_CLASSES` - 1, the number of letters (at most two) plus three for talks, six for promises. A contact
    that reached nobody chases nobody.
    """
    made = history.snapshot.contacts.filter(lambda t: t["invoice_id"].notnull())
    made = made.select(
        _id="invoice_id",
        _made=day_numbers(made["made_on"]),
        _promised=day_numbers(made["promised_on"]),
        reached="reached",
    )
    which = rows.select("invoice_id", "mark")
    seen = which.inner_join(made, [which["invoice_id"] == made["_id"], made["_made"] <= which["mark"]])
    is_promise = seen["_promised"].notnull()
    of_row = seen.group_by(_id="invoice_id", _mark="mark").aggregate(
        contacts=seen.count(),
        last_contact=seen["_made"].max(),
        promised=seen["_promised"].max(),
        promises_broken=(seen["_promised"] < seen["mark"]).sum(),
        unanswered=(seen["reached"] == ibis.literal(False)).sum(),
        _letters=(seen["reached"].isnull() & ~is_promise).sum(),
        _talks=ibis.greatest(
            (seen["reached"] == ibis.literal(True)).max().cast("int32").fill_null(0), 2 * is_promise.max().cast("int32")
        ),
    )
    joined = rows.left_join(of_row, [rows["invoice_id"] == of_row["_id"], rows["mark"] == of_row["_mark"]])
    letters, talks = joined["_letters"].fill_null(0), joined["_talks"].fill_null(0)
    return joined.select(
        *rows.columns,
        "last_contact",
        "promised",
        **{name: joined[name].fill_null(0) for name in ("contacts", "promises_broken", "unanswered")},
        chased=ibis.least(letters, _LETTERS - 1) + _LETTERS * talks,
    )
