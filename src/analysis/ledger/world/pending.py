"""Tickets and disputes that are not over on a day: what may come of them, drawn again as the world would."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.ledger.world.block import DrawnWorld
from analysis.ledger.world.business_days import Days
from analysis.ledger.world.customers import Floats, choose
from analysis.ledger.world.known import KnownBook
from analysis.ledger.world.service import (
    DISPUTED_WITHIN,
    GOODWILL,
    OPEN_ENDED_DAYS,
    draw_disputes,
    draw_tickets,
    slow_service_window,
)

_CLOSED_IN_A_ROW = 6
"""Banks are closed for fewer days than this in a row."""


def pending_tickets(rng: np.random.Generator, drawn: DrawnWorld, book: KnownBook) -> pd.DataFrame:
    """Tickets as known, those not resolved by the day with what may be left of them, and those that may still come."""
    p, tickets = drawn.parameters, book.tickets
    opened, days = tickets["opened"].to_numpy() / 1440, tickets["days"].to_numpy()
    waiting = opened + days > book.on + 1
    start, stop = slow_service_window(first=drawn.first, last=drawn.last, parameters=p)
    median = p.ticket_days_median * np.where((opened >= start) & (opened < stop), p.slow_service_factor, 1.0)
    longer = _longer_than(rng, np.maximum(book.on + 1 - opened, 1e-3), median=median, log_sd=p.ticket_log_sd)
    known = tickets.assign(days=np.where(waiting, np.minimum(longer, OPEN_ENDED_DAYS), days))
    if book.on >= drawn.last:
        return known
    fresh = draw_tickets(rng, book.others, first=drawn.first, last=drawn.last, calendar=drawn.calendar, parameters=p)
    return pd.concat([known, fresh.loc[fresh["opened"] // 1440 > book.on, known.columns]], ignore_index=True)


def pending_disputes(
    rng: np.random.Generator, drawn: DrawnWorld, book: KnownBook, *, meant_on: Floats
) -> tuple[pd.DataFrame, Floats]:
    """Disputes as known, undecided ones with a draw of what may come of them, and later ones; the weight by invoice."""
    p, known, invoices = drawn.parameters, book.disputes, book.invoices
    row, opened = known["invoice"].to_numpy(), known["opened"].to_numpy()
    weight = np.ones(len(invoices))
    weight[row] = _opening_density(drawn, opened, issued=invoices["issued"].to_numpy()[row], meant_on=meant_on[row])

    pending = (known["closed"] > book.on).to_numpy()
    reasons = np.array(list(p.dispute_reasons.values()))
    # Of a disputed copy the books say no more than that it is one.
    typical = float(np.average(reasons[:, 1], weights=reasons[:, 0]))
    lengths = {reason: days for reason, (_, days) in p.dispute_reasons.items()}
    median = np.array([lengths.get(reason, typical) for reason in known["reason"]])
    # The closing day is the next business day: a dispute that closes after the day may have ended up to four before.
    at_least = np.maximum(book.on - opened - 4.0, 1e-3)
    length = np.clip(_longer_than(rng, at_least, median=median, log_sd=p.dispute_log_sd), 1, 100)
    closed = np.where(pending, drawn.calendar.next(opened + np.rint(length).astype(np.int64)), known["closed"])
    outcome = np.array(list(p.dispute_outcomes))[choose(rng.random(len(known)), p.dispute_outcomes)]
    claimed = known["claimed"].to_numpy()
    granted = np.select(
        [(known["reason"] == "duplicate").to_numpy() | (outcome == "credited"), outcome == "goodwill"],
        [claimed, np.rint(GOODWILL * claimed).astype(np.int64)],
        0,
    )
    decided = known.assign(closed=closed, credited=np.where(pending, granted, known["credited"]))
    weight[row] *= ~pending | (closed > book.on)

    fresh = draw_disputes(rng, invoices, meant_on=meant_on, last=drawn.last, calendar=drawn.calendar, parameters=p)
    fresh = fresh[~np.isin(fresh["invoice"], row)]
    weight[fresh["invoice"][fresh["opened"] <= book.on]] = 0.0
    return pd.concat([decided, fresh[fresh["opened"] > book.on]], ignore_index=True), weight


def _opening_density(drawn: DrawnWorld, opened: Days, *, issued: Days, meant_on: Floats) -> Floats:
    """Density of a dispute's day of opening: even over the first nine tenths of the days up to ``meant_on``."""
    reach = DISPUTED_WITHIN * (np.maximum(meant_on - issued, 2.0) - 1)
    since = opened.copy()
    for _ in range(_CLOSED_IN_A_ROW):
        since = np.where(drawn.calendar.next(since - 1) == opened, since - 1, since)
    overlap = np.minimum(opened + 1.0, issued + 1 + reach) - np.maximum(since, issued + 1)
    result: Floats = np.clip(overlap, 0.0, None) / reach
    return result


def _longer_than(rng: np.random.Generator, at_least: Floats, *, median: Floats, log_sd: float) -> Floats:
    """Log-normal lengths that are longer than ``at_least``."""
    share = ndtr(np.log(at_least / median) / log_sd)
    with np.errstate(over="ignore"):
        result: Floats = median * np.exp(log_sd * ndtri(share + (1 - share) * rng.random(len(share))))
    return result
