"""Service tickets and disputes: what keeps a willing customer from paying."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import Days, PaymentCalendar, first_of_month, month_of
from analysis.ledger.world.customers import Flags, Floats, choose
from analysis.ledger.world.parameters import NEVER, Parameters

_CATEGORIES = {"delivery": 0.4, "product": 0.35, "other": 0.25}
_TICKET_CHANNELS = {"e-mail": 0.55, "portal": 0.25, "call": 0.2}
OPEN_ENDED_DAYS = 45.0
DISPUTED_WITHIN = 0.9
"""Share of the days from issue to the meant payment within which a dispute is opened."""
GOODWILL = 0.3
"""Share of a claim that is granted as goodwill."""
_REACH = 10**7


def slow_service_window(*, first: int, last: int, parameters: Parameters) -> tuple[int, int]:
    """First day and day after the last of the months in which service is slow."""
    return _months_from(first, last, at=parameters.slow_service_starts_at, months=parameters.slow_service_months)


def shock_window(*, first: int, last: int, parameters: Parameters) -> tuple[int, int]:
    """First due date and day after the last of the months in which everybody pays later."""
    return _months_from(first, last, at=parameters.shock_starts_at, months=parameters.shock_months)


def _months_from(first: int, last: int, *, at: float, months: int) -> tuple[int, int]:
    start = month_of(np.array(first + at * (last - first)).astype(np.int64))
    bounds = first_of_month(np.array([start, start + months]))
    return int(bounds[0]), int(bounds[1])


def draw_tickets(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    *,
    first: int,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """Tickets of the customers, in order of opening; minutes since 1970 for the timestamps, NEVER-free.

    ``days`` is the true time to resolution, whether or not it is over by ``last``.
    """
    about = np.flatnonzero(rng.random(len(invoices)) < parameters.ticket_share)
    n = len(about)
    day = calendar.next(invoices["issued"].to_numpy()[about] + rng.integers(0, 26, size=n))
    minute = (rng.integers(8 * 60, 17 * 60, size=n)).astype(np.int64)
    slow_from, slow_to = slow_service_window(first=first, last=last, parameters=parameters)
    factor = np.where((day >= slow_from) & (day < slow_to), parameters.slow_service_factor, 1.0)
    noise = np.exp(parameters.ticket_log_sd * rng.standard_normal(n))
    days = np.clip(parameters.ticket_days_median * factor * noise, 0.02, OPEN_ENDED_DAYS)
    opened = day * 1440 + minute
    resolved = opened + np.rint(days * 1440).astype(np.int64)
    replied = opened + np.rint(days * 1440 * (0.05 + 0.5 * rng.random(n))).astype(np.int64)
    answers = rng.random(n) < 0.3
    satisfied = np.clip(np.rint(4.6 - 0.35 * np.sqrt(days) - 0.7 * rng.standard_normal(n)), 1, 5)
    is_billing = rng.random(n) < parameters.billing_ticket_share
    other = np.array(list(_CATEGORIES), dtype=object)[choose(rng.random(n), _CATEGORIES)]
    tickets = pd.DataFrame(
        {
            "customer": invoices["customer"].to_numpy()[about],
            "opened": opened,
            "replied": replied,
            "resolved": resolved,
            "days": days,
            "billing": is_billing,
            "category": np.where(is_billing, "billing", other),
            "channel": np.array(list(_TICKET_CHANNELS), dtype=object)[choose(rng.random(n), _TICKET_CHANNELS)],
            "csat": np.where(answers, satisfied, 0).astype(np.int64),
        }
    )
    tickets = tickets[tickets["opened"] < (last + 1) * 1440]
    return tickets.sort_values(["opened", "customer"], kind="stable", ignore_index=True)


def ticket_delay(invoices: pd.DataFrame, tickets: pd.DataFrame, *, parameters: Parameters) -> Floats:
    """Days by which service delays each invoice.

    ``days_per_day_of_ticket`` times the time to resolution of the customer's last billing ticket that was
    opened from the issue to the due date; 0 where there was none.
    """
    billing = tickets[tickets["billing"]].sort_values(["customer", "opened"], kind="stable")
    if billing.empty:
        return np.zeros(len(invoices))
    key = billing["customer"].to_numpy() * _REACH + billing["opened"].to_numpy() // 1440
    who = invoices["customer"].to_numpy() * _REACH
    last = np.searchsorted(key, who + invoices["due"].to_numpy(), side="right") - 1
    delayed = (last >= 0) & (key[last] >= who + invoices["issued"].to_numpy())
    return np.where(delayed, parameters.days_per_day_of_ticket * billing["days"].to_numpy()[last], 0.0)


def draw_disputes(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    *,
    meant_on: Floats,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """Disputes, at most one per invoice, opened before the day on which the invoice was ``meant_on`` to be paid.

    Columns: ``invoice`` (row position), ``opened``, ``closed`` (true day), ``reason``, ``outcome``, ``claimed`` and
    ``credited`` in cents. Copies of an invoice are disputed by every second customer and then credited in full.
    """
    n = len(invoices)
    fraud = invoices["fraud"].to_numpy()
    share = np.full(n, parameters.dispute_share)
    lag = (invoices["issued"] - invoices["delivered"]).to_numpy()
    share *= 1 + 0.08 * (lag - 1.9)
    share[fraud == "duplicate_invoice"] = 0.5
    share[fraud == "bust_out"] = 0.0
    row = np.flatnonzero(rng.random(n) < share)
    issued, cents = invoices["issued"].to_numpy()[row], invoices["cents"].to_numpy()[row]
    copy = fraud[row] == "duplicate_invoice"

    span = np.maximum(meant_on[row] - issued, 2.0)
    opened = calendar.next((issued + 1 + rng.random(len(row)) * DISPUTED_WITHIN * (span - 1)).astype(np.int64))
    code = choose(rng.random(len(row)), {k: share for k, (share, _) in parameters.dispute_reasons.items()})
    median = np.array([days for _, days in parameters.dispute_reasons.values()])[code]
    length = np.clip(median * np.exp(parameters.dispute_log_sd * rng.standard_normal(len(row))), 1, 100)
    outcome = np.array(list(parameters.dispute_outcomes), dtype=object)[
        choose(rng.random(len(row)), parameters.dispute_outcomes)
    ]
    claim = np.where(rng.random(len(row)) < 0.4, 1.0, 0.05 + 0.45 * rng.random(len(row)))
    granted = np.select([outcome == "credited", outcome == "goodwill"], [claim, GOODWILL * claim], 0.0)
    claimed = np.where(copy, cents, np.maximum(np.rint(claim * cents), 1)).astype(np.int64)
    credited = np.where(copy, cents, np.rint(granted * cents)).astype(np.int64)
    disputes = pd.DataFrame(
        {
            "invoice": row,
            "opened": opened,
            "closed": calendar.next(opened + np.rint(length).astype(np.int64)),
            "reason": np.where(copy, "duplicate", np.array(list(parameters.dispute_reasons), dtype=object)[code]),
            "outcome": np.where(copy, "credited", outcome),
            "claimed": claimed,
            "credited": credited,
        }
    )
    return disputes[disputes["opened"] <= last].reset_index(drop=True)


def dispute_spans(disputes: pd.DataFrame, *, n: int) -> tuple[Days, Days]:
    """Opening and closing day of the dispute of each of ``n`` invoices; NEVER and -NEVER where there is none."""
    opened, closed = np.full(n, NEVER), np.full(n, -NEVER)
    opened[disputes["invoice"]] = disputes["opened"]
    closed[disputes["invoice"]] = disputes["closed"]
    return opened, closed


def in_dispute(day: Days, spans: tuple[Days, Days]) -> Flags:
    """Whether each invoice is in dispute on ``day``."""
    opened, closed = spans
    result: Flags = (opened <= day) & (day <= closed)
    return result


def after_dispute(rng: np.random.Generator, meant_on: Floats, disputes: pd.DataFrame) -> Floats:
    """Day on which each invoice is meant to be paid, some days after its dispute was closed at the earliest."""
    _, closed = dispute_spans(disputes, n=len(meant_on))
    return np.where(closed > 0, np.maximum(meant_on, closed + rng.uniform(2, 6, size=len(closed))), meant_on)
