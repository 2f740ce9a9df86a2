"""The rows of a payment regression: invoices with what was known of them on the day of issue, drawn in the engine."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd

from analysis.ledger.contract import Outcome
from analysis.measures.history import Known, day_number, day_of
from analysis.measures.settlement import observed_since

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
    known: Known,
    *,
    issued_from: date,
    rows_max: int | None = 20_000,
    observed_from: date | None = None,
    open_only: bool = False,
) -> pd.DataFrame:
    """One row per invoice issued from a day on, as the books showed it; above ``rows_max`` an even sample of them.

    ``open_only`` keeps those that are open, whose chances are asked for.

    What came of it: ``days`` (from issue to the day on which it left the book, or to the day of the books),
    ``paid``, ``outcome``.

    What was known at issue: ``customer_id``, ``terms_days``, ``terms`` (their band), ``doublings`` (logarithm to base
    2 of the amount in company currency), ``segment``, ``channel``, ``weekday``, ``month_end`` (issued within its
    last three days), ``days_late_before`` (mean of the customer's payments that the books showed before the day of
    issue, early ones negative, with five payments as late as all on average added) and ``no_payment_yet``.

    ``entered`` is the day after which it was watched: 0, or for invoices issued before ``observed_from``, where the
    books begin with what was open then, the days up to it; those that were settled before are not in the rows, as
    they are not in such books; the company's where not stated. In order of issue.
    """
    drawn = _drawn(known, issued_from=issued_from, rows_max=rows_max, open_only=open_only)
    frame = _with_payments_before(known, drawn).execute().sort_values(["issued", "invoice_id"], ignore_index=True)
    sums = known.delays()
    usual = float(sums["delay_sum"].sum()) / max(int(sums["n"].sum()), 1)
    snapshot = known.history.snapshot
    rates = {currency: snapshot.rate_on(currency, known.on) for currency in frame["currency"].unique()}
    seen = frame["payments_before"]
    issued = pd.to_datetime(frame["issued"].map(day_of)) if len(frame) else pd.Series(dtype="datetime64[ns]")
    value = frame["amount"] * frame["currency"].map(rates).astype(float)
    terms = frame["due"] - frame["issued"]
    observed_from = observed_from or observed_since(snapshot)
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


def disputed_stretches(known: Known, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, cut in two where an invoice was disputed: before its first dispute was opened, and since.

    Adds ``disputed``: 1 on the days after that of the opening, whether or not the dispute was closed later, because
    few pay while one lasts and the wait is not over with it. Only the last stretch of an invoice can end in
    payment. Rows as of :func:`regression_rows`.
    """
    disputes = known.history.snapshot.disputes
    disputes = disputes.filter(disputes["opened_on"] <= ibis.literal(known.on))
    first = disputes.group_by("invoice_id").aggregate(opened_on=disputes["opened_on"].min()).execute()
    opened = rows["invoice_id"].map(first.set_index("invoice_id")["opened_on"])
    day = (pd.to_datetime(opened) - pd.Timestamp(day_of(0))).dt.days - rows["issued"]
    start = day.clip(lower=0).where(day < rows["days"])
    cut = start.notna() & (start > rows["entered"])
    before = rows[cut].assign(days=start[cut], paid=False, disputed=0.0)
    after = rows.assign(entered=rows["entered"].where(~cut, start), disputed=start.notna().astype(float))
    stretches = pd.concat([before, after], ignore_index=True)
    return stretches.sort_values(["issued", "invoice_id", "entered"], ignore_index=True)


def _drawn(known: Known, *, issued_from: date, rows_max: int | None, open_only: bool) -> ibis.Table:
    """The latest spell of each invoice, because an invoice that was reopened had not left the book for good."""
    lives = known.lives
    lives = lives.filter(lives["issued"] >= day_number(issued_from))
    latest = ibis.row_number().over(ibis.window(group_by="invoice_id", order_by=ibis.desc("begun")))
    lives = lives.mutate(_back=latest).filter(lambda t: t["_back"] == 0)
    if open_only:
        lives = lives.filter(lives["is_open"])
    lives = lives.mutate(_nth=ibis.row_number().over(ibis.window(order_by=["issued", "invoice_id"])))
    if rows_max is not None and (n := int(lives.count().execute())) > rows_max:
        lives = lives.filter((lives["_nth"].cast("int64") * _SPREAD) % _BITS < int(rows_max / n * _BITS))
    return lives.select(
        "invoice_id",
        "customer_id",
        "segment",
        "channel",
        "currency",
        "issued",
        "due",
        amount=lives["amount"].cast("float64"),
        days=lives["left"] - lives["issued"],
        outcome=ibis.ifelse(lives["is_open"], Outcome.OPEN.value, lives["cause"]),
    )


def _with_payments_before(known: Known, drawn: ibis.Table) -> ibis.Table:
    """Number and summed days late of the customer's payments that the books showed before each invoice's issue."""
    lives = known.history.lives
    paid = lives.filter(lives["cause"] == Outcome.PAID)
    daily = paid.group_by("customer_id", shown="ended_known").aggregate(
        _n=paid.count(), _late=(paid["ended"] - paid["due"]).sum()
    )
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="shown")
    run = daily.select(
        "shown",
        _whose="customer_id",
        payments_before=daily["_n"].sum().over(so_far),
        late=daily["_late"].sum().over(so_far),
    )
    joined = drawn.asof_join(run, drawn["issued"] > run["shown"], predicates=[drawn["customer_id"] == run["_whose"]])
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
