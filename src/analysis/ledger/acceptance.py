"""Whether the books as a whole may be used: how much was kept out, which rates are missing, how fresh they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from analysis.ledger.company import Company
from analysis.ledger.contract import EntryKind
from analysis.ledger.facts import Fact

if TYPE_CHECKING:
    from analysis.ledger.books import Books

# Kept out for a good reason, so not a sign of a bad export.
_HARMLESS = ("identical_copy", "totals_row")
# Fewer old invoices than that may be there by chance.
_REMAINS = 10


def too_much_kept_out(sizes: Iterable[pd.DataFrame], company: Company, rates: Mapping[str, float]) -> list[Fact]:
    """Tables of which more was kept out than the policy allows; exactly as much is allowed.

    ``sizes`` are those of :class:`analysis.ledger.checks.CheckedTable`. The share of value is taken in the
    company's currency; a currency without a rate, such as one that does not exist, counts by rows only.
    """
    policy, facts = company.policy, []
    for one in sizes:
        rows = one[~one["fate"].isin(_HARMLESS)]
        bad, table = rows[rows["fate"] == "quarantined"], str(one["table"].iloc[0]) if len(one) else ""
        for what, most, part, whole in (
            ("row", policy.quarantine_row_share_max, _rows(bad), _rows(rows)),
            ("value", policy.quarantine_value_share_max, _value(bad, rates), _value(rows, rates)),
        ):
            # as written in decimals, so that exactly the allowed share is not lost to binary rounding
            if part > Fraction(str(most)) * whole:
                facts.append(
                    Fact(
                        table=table,
                        disposition="reject",
                        rule=f"{what}_share_kept_out",
                        message=f"{float(part / whole):.2%} of {table} by {what} is kept out, allowed are {most:.2%}",
                        remedy=f"mend the rows that are kept out, or raise policy.quarantine_{what}_share_max",
                        rows=int(bad["rows"].sum()),
                    )
                )
    return facts


def _rows(rows: pd.DataFrame) -> Fraction:
    return Fraction(int(rows["rows"].sum()))


def _value(rows: pd.DataFrame, rates: Mapping[str, float]) -> Fraction:
    known = rows[rows["currency"].isin(list(rates)) & rows["absolute"].notna()]
    pairs = zip(known["currency"], known["absolute"], strict=True)
    return sum((Fraction(amount) * Fraction(str(rates[code])) for code, amount in pairs), Fraction(0))


def latest_rates(fx_rates: ibis.Table | None, company: Company) -> dict[str, float]:
    """The last rate of each currency, from the table or the configuration; 1 for the company's own."""
    rates: dict[str, float] = {}
    if fx_rates is not None:
        last = fx_rates.group_by("currency").aggregate(rate=fx_rates["rate"].argmax(fx_rates["on"])).execute()
        rates = dict(zip(last["currency"], last["rate"].astype(float), strict=True))
    rates |= {rate.currency: rate.rate for rate in sorted(company.rates, key=lambda rate: rate.on)}
    return rates | {company.currency: 1.0}


def missing_rates(control: pd.DataFrame, company: Company, rates: Mapping[str, float]) -> list[Fact]:
    """Currencies of accepted rows without any rate into the company's: they cannot be added up."""
    if control.empty:
        return []
    owed = control[control["table"].isin(["invoices", "entries"]) & (control["fate"] == "accepted")]
    used = owed.groupby("currency", as_index=False)["rows"].sum()
    return [
        Fact(
            table="fx_rates",
            disposition="reject",
            rule="missing_rate",
            message=f"there is no exchange rate for {code} into {company.currency}",
            remedy="add tables.fx_rates, or [[rates]] with currency, on, rate and source",
            rows=int(rows),
        )
        for code, rows in zip(used["currency"], used["rows"], strict=True)
        if code not in rates
    ]


def unknown_customers(tables: Mapping[str, ibis.Table], *, file: str) -> list[Fact]:
    """Customers of invoices that the customer table does not have."""
    invoices, customers = tables["invoices"], tables["customers"]
    missing = invoices.anti_join(customers, "customer_id")
    found = missing.aggregate(
        rows=missing.count(), customers=missing["customer_id"].nunique(), one=missing["customer_id"].min()
    )
    found = found.execute().iloc[0]
    if not found["rows"]:
        return []
    return [
        Fact(
            table="invoices",
            disposition="warn",
            rule="unknown_customer",
            message=f"{found['customers']:,} customer(s) of invoices are not in the customer table",
            remedy="complete the customers; until then they have no name or segment",
            file=file,
            excerpt=str(found["one"]),
            rows=int(found["rows"]),
        )
    ]


def payments_turned(entries: ibis.Table, *, file: str) -> list[Fact]:
    """Payments that raise the balance more often than they lower it: the export has the other sign."""
    payments = entries.filter(entries["kind"] == EntryKind.PAYMENT)
    below = payments["amount"] < 0
    found = payments.aggregate(rows=payments.count(), negative=below.sum().fill_null(0)).execute().iloc[0]
    if found["negative"] * 2 <= found["rows"]:
        return []
    return [
        Fact(
            table="entries",
            disposition="reject",
            rule="payments_turned",
            message=f"{found['negative']:,} of {found['rows']:,} payments are negative and would raise the balance",
            remedy="export payments as positive amounts",
            file=file,
            rows=int(found["negative"]),
        )
    ]


def opening_items(books: Books, as_of: date) -> Fact | None:
    """A warning where the books look as if they began with open items and do not say so; None where they do not.

    Open items that were taken over are the slow ones of their time: invoices that lie long before the first booking and
    are few for the months they come from. Told where at least :data:`_REMAINS` were issued thirty days or more before
    the first booking, at less than half the pace of the ninety days after it.
    """
    if books.company.company.observed_from is not None:
        return None
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    first = entries.filter((entries["amount"] > 0) & (entries["booked_on"] <= as_of))["booked_on"].min().execute()
    if first is None or pd.isna(first):
        return None
    began = pd.Timestamp(first).date()
    issued, old, later = invoices["issued_on"], began - timedelta(days=30), began + timedelta(days=90)
    found = invoices.aggregate(
        remains=(issued <= old).sum(),
        since=issued.min(),
        after=((issued >= began) & (issued < later) & (issued <= as_of)).sum(),
    )
    counted = found.execute().iloc[0]
    remains = int(counted["remains"] or 0)
    if remains < _REMAINS:
        return None
    days = (old - pd.Timestamp(counted["since"]).date()).days + 1
    if remains / days >= int(counted["after"]) / min(90, (as_of - began).days + 1) / 2:
        return None
    return Fact(
        table="invoices",
        disposition="warn",
        rule="opening_items",
        message=f"{remains:,} invoices lie 30 days or more before the first booking of {began} and are few for their "
        "months, as open items taken over from an older ledger are; taken as seen from their issue, they would make "
        "payment look slow",
        remedy=f"if the books began so, state company.observed_from = {began - timedelta(days=1)} or the day it was",
        file=books.files[0].name if books.files else "",
        column="issued_on",
        rows=remains,
    )


def last_booking(books: Books, *, up_to: date = date.max) -> date | None:
    """Day of the last invoice or entry in the books that is not after ``up_to``; None where they hold none."""
    invoices, entries = books.tables["invoices"], books.tables["entries"]
    dated = ibis.union(invoices.select(on="issued_on"), entries.select(on="booked_on"))
    last = dated.filter(dated["on"] <= up_to)["on"].max().execute()
    return None if pd.isna(last) else pd.Timestamp(last).date()


def freshness(books: Books, as_of: date) -> Fact | None:
    """A warning where the books say nothing of the days before ``as_of``; None where they are fresh.

    The last invoice or entry up to ``as_of`` must not lie more than ``policy.coverage_days`` before it:
    last month's export read again, or one cut off, ends too early.
    """
    last, most = last_booking(books, up_to=as_of), books.company.policy.coverage_days
    if last is None:
        said = f"hold no booking up to {as_of}"
    elif last < as_of - timedelta(days=most):
        said = f"end on {last}, {(as_of - last).days} days before {as_of}; expected are at most {most}"
    else:
        return None
    return Fact(
        table="invoices",
        disposition="warn",
        rule="not_fresh",
        message=f"the books {said}",
        remedy="export again up to the as-of date, or raise policy.coverage_days",
        file=books.files[0].name if books.files else "",
    )
