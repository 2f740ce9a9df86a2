"""What was sold: orders, deliveries and invoices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import Days, PaymentCalendar, month_of, weekday
from analysis.ledger.world.customers import CHANNELS, ENTITIES, Floats
from analysis.ledger.world.parameters import NEVER, Parameters

_WEEKDAYS = np.array([0.9, 1.0, 1.05, 1.05, 1.0, 0.0, 0.0])


def sales_weights(days: Days, *, calendar: PaymentCalendar, parameters: Parameters) -> Floats:
    """How much is invoiced on each day: business days only, growth, season and a bunch at month end."""
    month = month_of(days)
    weight = _WEEKDAYS[weekday(days)] * calendar.is_business_day(days)
    weight *= np.array(parameters.seasonality)[month % 12]
    weight *= (1 + parameters.growth_per_year) ** ((days - days[0]) / 365.25)
    # hold_over_month_end moves exactly the last three business days of a month
    bunched = calendar.hold_over_month_end(days) > days
    result: Floats = weight * np.where(bunched & (weight > 0), parameters.month_end_bunch, 1.0)
    return result


def draw_invoices(
    rng: np.random.Generator,
    customers: pd.DataFrame,
    *,
    n: int,
    first: int,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """``n`` invoices of ``customers``, in order of issue; days as numbers, money in cents.

    ``customer`` is a row position of ``customers``; ``fraud`` is empty, ``bust_out`` or ``duplicate_invoice``.
    """
    n_doubled = min(max(3, round(parameters.duplicate_invoice_share * n)), n // 20)
    days = np.arange(first, last + 1)
    cumulated = np.append(0.0, np.cumsum(sales_weights(days, calendar=calendar, parameters=parameters)))

    def position(day: pd.Series) -> Floats:
        result: Floats = cumulated[np.clip(day.to_numpy() - first, 0, len(days))]
        return result

    low, high = position(customers["active_from"]), position(customers["active_to"] + 1)
    busting = customers["bust_from"].to_numpy() < NEVER
    mass = customers["rate"].to_numpy() * (high - low) * np.where(busting, 2.0, 1.0)
    counts = rng.multinomial(n - n_doubled, mass / mass.sum())
    who = np.repeat(np.arange(len(customers)), counts)

    splurge = busting[who] & (rng.random(len(who)) < 0.6)
    low = np.where(splurge, position(customers["bust_from"])[who], low[who])
    at = low + rng.random(len(who)) * (high[who] - low)
    issued = days[np.clip(np.searchsorted(cumulated, at, side="right") - 1, 0, len(days) - 1)]
    issued = np.where(calendar.is_business_day(issued), issued, calendar.next(issued)).clip(max=last)
    bust = busting[who] & (issued >= customers["bust_from"].to_numpy()[who])
    log_amount = parameters.log_sd_of_amount * rng.standard_normal(len(who))
    amount = customers["mean_amount"].to_numpy()[who] * np.exp(log_amount) * np.where(bust, 4.0, 1.0)
    invoices = pd.DataFrame(
        {
            "customer": who,
            "issued": issued,
            "cents": np.maximum(np.rint(amount * 100), 500).astype(np.int64),
            "log_amount": log_amount,
            "fraud": np.where(bust, "bust_out", "").astype(object),
            "twin": -1,
        }
    )
    invoices = _with_duplicates(rng, invoices, n=n_doubled, last=last, calendar=calendar)
    return _described(rng, invoices, customers, last=last, calendar=calendar, parameters=parameters)


def _with_duplicates(
    rng: np.random.Generator, invoices: pd.DataFrame, *, n: int, last: int, calendar: PaymentCalendar
) -> pd.DataFrame:
    """Adds copies of ``n`` invoices under other numbers; ``twin`` points from the copy to the original."""
    original = np.flatnonzero((invoices["issued"] < last - 40) & (invoices["fraud"] == ""))
    copied = rng.choice(original, size=n, replace=False)
    copies = invoices.iloc[copied].copy()
    copies["issued"] = calendar.next(copies["issued"].to_numpy() + rng.integers(1, 13, size=n))
    copies["fraud"] = "duplicate_invoice"
    invoices = pd.concat([invoices, copies], ignore_index=True)
    order = np.argsort(invoices["issued"].to_numpy(), kind="stable")
    invoices["twin"] = np.append(np.full(len(order) - n, -1), np.argsort(order)[copied])
    return invoices.iloc[order].reset_index(drop=True)


def _described(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    last: int,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> pd.DataFrame:
    """Adds due date, entity, channel, order, delivery and recording to each invoice."""
    n, who, issued = len(invoices), invoices["customer"].to_numpy(), invoices["issued"].to_numpy()
    invoices["due"] = issued + customers["terms_days"].to_numpy()[who]
    other = rng.random(n) < parameters.entity_switch_share
    entity = customers["entity"].to_numpy()[who]
    invoices["entity"] = np.where(other, len(ENTITIES) - 1 - entity, entity)
    channel = customers["channel"].to_numpy()[who]
    once = rng.random(n) < 0.03
    invoices["channel"] = np.where(once, np.array(list(CHANNELS), dtype=object)[rng.integers(4, size=n)], channel)
    lag = np.minimum(rng.geometric(0.35, size=n) - 1 + 9 * (rng.random(n) < 0.03), 21)
    invoices["delivered"] = issued - lag
    invoices["ordered"] = issued - lag - rng.integers(2, 22, size=n)
    late = rng.random(n) < parameters.recorded_late_share
    recorded = calendar.next(issued + rng.integers(1, 7, size=n))
    invoices["recorded"] = np.where(late, np.minimum(recorded, last), issued)
    return invoices
