"""The rows of a payment regression: invoices with what was known of them on the day of issue, drawn in the engine."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.measures.history import History, day_number, day_of

# An average of few payments says little of a customer: five payments as late as everybody's are added to its own.
_USUAL_PAYMENTS = 5
# Multiplied by it, successive numbers spread evenly over 32 bits (Knuth, The Art of Computer Programming 3, 6.4).
_SPREAD, _BITS = 2_654_435_761, 2**32
_MONTH_END_DAYS = 3
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Bands of payment terms as trade credit writes them: two weeks, one month, six weeks, two months.
_TERMS_BANDS = ((14, "up to 14 days"), (31, "15 to 31 days"), (45, "32 to 45 days"), (62, "46 to 62 days"))
_LONGEST_TERMS = "over 62 days"


def regression_rows(
    history: History, *, issued_from: date, rows_max: int = 20_000, observed_from: date | None = None
) -> pd.DataFrame:
    """One row per invoice issued from a day on; above ``rows_max`` invoices an even sample of them.

    What came of it: ``days`` (from issue to the day on which it left the book, or to the as-of date), ``paid``,
    ``outcome``. What was known at issue: ``customer_id``, ``terms_days``, ``terms`` (their band), ``doublings``
    (logarithm to base 2 of the amount in company currency), ``segment``, ``channel``, ``weekday``, ``month_end``
    (issued within its last three days), ``days_late_before`` (mean of the customer's earlier payments that the
    books showed before the day of issue, early ones negative, with five payments as late as all on average added)
    and ``no_payment_yet`` (no such payment). ``entered`` is the day after which it was watched: 0, or for invoices
    issued before ``observed_from``, where the books begin with what was open then, the days up to it; those that
    were settled before are not in the rows, as they are not in such books. In order of issue.
    """
    drawn = _drawn(history, issued_from=issued_from, rows_max=rows_max)
    frame = _with_payments_before(history, drawn).execute().sort_values(["issued", "invoice_id"], ignore_index=True)
    sums = history.known(history.last).delays()
    usual = float(sums["delay_sum"].sum()) / max(int(sums["n"].sum()), 1)
    seen = frame["payments_before"]
    issued = pd.to_datetime(frame["issued"].map(day_of)) if len(frame) else pd.Series(dtype="datetime64[ns]")
    value = history.snapshot.value(frame["amount"], frame["currency"])
    terms = frame["due"] - frame["issued"]
    since = 0 if observed_from is None else (day_number(observed_from) - frame["issued"]).clip(lower=0)
    rows = pd.DataFrame(
        {
            "invoice_id": frame["invoice_id"],
            "customer_id": frame["customer_id"],
            "issued": frame["issued"],
            "days": frame["days"].astype(float),
            "paid": frame["outcome"] == Outcome.PAID,
            "outcome": frame["outcome"],
            "entered": pd.Series(since, index=frame.index, dtype=float),
            "terms_days": terms.astype(float),
            "terms": _banded(terms),
            "doublings": np.log2(value.clip(lower=0.01)),
            "segment": frame["segment"],
            "channel": frame["channel"],
            "weekday": pd.Series([_WEEKDAYS[day.weekday()] for day in issued], index=frame.index, dtype=object),
            "month_end": (issued.dt.days_in_month - issued.dt.day < _MONTH_END_DAYS).astype(float),
            "days_late_before": (frame["late_before"] + _USUAL_PAYMENTS * usual) / (seen + _USUAL_PAYMENTS),
            "no_payment_yet": (seen == 0).astype(float),
        }
    )
    return rows[(rows["entered"] == 0) | (rows["days"] > rows["entered"])].reset_index(drop=True)


def disputed_stretches(history: History, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, cut in two where an invoice was disputed: before its first dispute was opened, and since.

    Adds ``disputed``: 1 on the days after that of the opening, whether or not the dispute was closed later, because
    few pay while one lasts and the wait is not over with it. Only the last stretch of an invoice can end in
    payment. Rows as of :func:`regression_rows`.
    """
    disputes = history.snapshot.disputes
    first = disputes.group_by("invoice_id").aggregate(opened_on=disputes["opened_on"].min()).execute()
    opened = rows["invoice_id"].map(first.set_index("invoice_id")["opened_on"])
    day = (pd.to_datetime(opened) - pd.Timestamp(day_of(0))).dt.days - rows["issued"]
    start = day.clip(lower=0).where(day < rows["days"])
    cut = start.notna() & (start > rows["entered"])
    before = rows[cut].assign(days=start[cut], paid=False, disputed=0.0)
    after = rows.assign(entered=rows["entered"].where(~cut, start), disputed=start.notna().astype(float))
    stretches = pd.concat([before, after], ignore_index=True)
    return stretches.sort_values(["issued", "invoice_id", "entered"], ignore_index=True)


def _drawn(history: History, *, issued_from: date, rows_max: int) -> ibis.Table:
    items = history.snapshot.items
    facts = history.lives.filter(history.lives["begun"] == history.lives["issued"])
    facts = facts.select("invoice_id", "segment", "issued", "due").distinct(on="invoice_id")
    items = items.filter(items["issued_on"] >= ibis.literal(issued_from)).drop("segment")
    items = items.mutate(_nth=ibis.row_number().over(ibis.window(order_by=["issued_on", "invoice_id"])))
    n = int(items.count().execute())
    if n > rows_max:
        items = items.filter((items["_nth"].cast("int64") * _SPREAD) % _BITS < int(rows_max / n * _BITS))
    joined = items.inner_join(facts, "invoice_id")
    return joined.select(
        "invoice_id",
        "customer_id",
        "segment",
        "channel",
        "currency",
        "issued",
        "due",
        "days",
        "outcome",
        amount=joined["amount"].cast("float64"),
    )


def _with_payments_before(history: History, drawn: ibis.Table) -> ibis.Table:
    """Number and summed days late of the customer's payments that the books showed before each invoice's issue."""
    paid = history.lives.filter(history.lives["cause"] == Outcome.PAID)
    daily = paid.group_by("customer_id", known="ended_known").aggregate(
        _n=paid.count(), _late=(paid["ended"] - paid["due"]).sum()
    )
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="known")
    run = daily.select(
        "known",
        _whose="customer_id",
        payments_before=daily["_n"].sum().over(so_far),
        late=daily["_late"].sum().over(so_far),
    )
    joined = drawn.asof_join(run, drawn["issued"] > run["known"], predicates=[drawn["customer_id"] == run["_whose"]])
    return joined.select(
        *drawn.columns,
        payments_before=joined["payments_before"].fill_null(0).cast("float64"),
        late_before=joined["late"].fill_null(0).cast("float64"),
    )


def _banded(terms: pd.Series) -> pd.Series:
    found = pd.Series(_LONGEST_TERMS, index=terms.index, dtype=object)
    for most, label in reversed(_TERMS_BANDS):
        found[terms <= most] = label
    return found
