"""The spells in which each invoice was open: what a model of time to payment learns from, on both clocks."""

from __future__ import annotations

import ibis

from analysis.ledger.balances import settling_cause
from analysis.ledger.company import Company
from analysis.ledger.dimensions import DIMENSIONS
from analysis.ledger.reading import MONEY


def spells(invoices: ibis.Table, running: ibis.Table, company: Company) -> ibis.Table:
    """One row per invoice and stretch of days over which it was open; more than one where a payment bounced.

    ``invoices`` and ``running`` as :func:`analysis.ledger.balances.invoice_items` takes them. A spell begins on the
    day of issue, or on the day on which a reversal brought a balance back above the tolerance (``from_on``), and
    ends on the day on which the balance came down to it (``until_on``, null while it lasts; ``cause`` says by
    what). ``from_known_on`` and ``until_known_on`` are the days from which the books showed it: the later of the
    day itself and the latest recording up to it. So what was known of an invoice on any earlier day can be told
    from its spells alone, and a reversal of later does not reach back.

    Columns: ``invoice_id``, ``spell`` (0 is the first), ``customer_id``, the dimensions, ``issued_on``, ``due_on``,
    ``amount`` (document currency), and those named above.
    """
    tolerance = ibis.literal(company.policy.settled_tolerance, MONEY)
    so_far = ibis.cumulative_window(group_by="invoice_id", order_by="applied_on")
    in_order = ibis.window(group_by="invoice_id", order_by="applied_on")
    is_open = running["balance"] > tolerance
    steps = running.mutate(
        _open=is_open,
        _was=is_open.lag().over(in_order).fill_null(True),
        _known=ibis.greatest(running["applied_on"], running["recorded_on"].max().over(so_far)),
        _cause=settling_cause(running),
    )
    again = steps.filter(steps["_open"] & ~steps["_was"])
    begins = ibis.union(
        invoices.select(
            "invoice_id",
            from_on="issued_on",
            from_known_on=ibis.greatest(invoices["issued_on"], invoices["recorded_on"]),
            _rank=ibis.literal(0, "int64"),
        ),
        again.select(
            "invoice_id",
            from_on="applied_on",
            from_known_on="_known",
            _rank=ibis.row_number().over(in_order) + 1,
        ),
    )
    ended = steps.filter(~steps["_open"] & steps["_was"])
    ended = ended.select(
        until_on="applied_on",
        until_known_on="_known",
        cause="_cause",
        _id="invoice_id",
        _nth=ibis.row_number().over(in_order),
    )
    joined = begins.left_join(ended, (begins["invoice_id"] == ended["_id"]) & (begins["_rank"] == ended["_nth"]))
    facts = invoices.select("customer_id", *DIMENSIONS, "issued_on", "due_on", "amount", _of="invoice_id")
    whole = joined.inner_join(facts, joined["invoice_id"] == facts["_of"])
    return whole.select(
        "invoice_id",
        "customer_id",
        *DIMENSIONS,
        "issued_on",
        "due_on",
        "amount",
        "from_on",
        "from_known_on",
        "until_on",
        "until_known_on",
        "cause",
        spell="_rank",
    )
