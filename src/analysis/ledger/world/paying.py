"""When an invoice is meant to be paid, and on which day it is: habits, effects, payment runs, counterfactuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ledger.world.business_days import (
    EVERY_DAY,
    RUN_CYCLE_DAYS,
    THURSDAY,
    Days,
    PaymentCalendar,
    month_of,
)
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.parameters import Parameters
from analysis.ledger.world.service import shock_window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PayDays:
    """How each invoice finds its day of payment once it is meant to be paid.

    The draws are fixed per invoice, so that the same invoice under another treatment differs by the
    treatment alone.
    """

    calendar: PaymentCalendar
    issued: Days
    run: Days
    waits_for_thursday: Flags
    holds_over_month_end: Flags

    def paid_on(self, meant_on: Floats) -> Days:
        """First day on which this invoice can be paid when it is meant to be paid on ``meant_on``.

        A payer with runs waits for the next run. Anyone else pays on the next business day; some wait
        for Thursday, and some keep what falls into the last three business days of a month until the next.
        """
        earliest = np.maximum(np.ceil(np.minimum(meant_on, 10**7)).astype(np.int64), self.issued + 1)
        day = self.calendar.next(earliest, np.where(self.waits_for_thursday, THURSDAY, self.run))
        held = self.holds_over_month_end & (self.run == EVERY_DAY)
        return np.where(held, self.calendar.hold_over_month_end(day), day)

    def at(self, rows: Days) -> PayDays:
        """The same for some invoices."""
        return PayDays(
            calendar=self.calendar,
            issued=self.issued[rows],
            run=self.run[rows],
            waits_for_thursday=self.waits_for_thursday[rows],
            holds_over_month_end=self.holds_over_month_end[rows],
        )


def draw_pay_days(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    calendar: PaymentCalendar,
    parameters: Parameters,
) -> PayDays:
    """The fixed draws that decide the day of payment of each invoice."""
    n = len(invoices)
    run = customers["run"].to_numpy()[invoices["customer"].to_numpy()]
    return PayDays(
        calendar=calendar,
        issued=invoices["issued"].to_numpy(),
        run=run,
        waits_for_thursday=(rng.random(n) < parameters.thursday_share) & (run == EVERY_DAY),
        holds_over_month_end=rng.random(n) < parameters.month_end_hold_share,
    )


def shock_delay(invoices: pd.DataFrame, *, first: int, last: int, parameters: Parameters) -> Floats:
    """``shock_days`` for invoices that fall due in the shock, else 0."""
    start, stop = shock_window(first=first, last=last, parameters=parameters)
    due = invoices["due"].to_numpy()
    return np.where((due >= start) & (due < stop), parameters.shock_days, 0.0)


def market_months(rng: np.random.Generator, *, n_months: int, parameters: Parameters) -> Floats:
    """Days by which all customers together pay later in each month: a stationary AR(1)."""
    rho = parameters.market_month_persistence
    shocks = parameters.market_month_sd * rng.standard_normal(n_months)
    months = np.empty(n_months)
    months[0] = shocks[0]
    for month in range(1, n_months):
        months[month] = rho * months[month - 1] + np.sqrt(1 - rho**2) * shocks[month]
    return months


def habitual_delay(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    first: int,
    market: Floats,
    parameters: Parameters,
) -> Floats:
    """Days after the due date on which each invoice is meant to be paid, before shock, tickets and disputes.

    Habit of the customer, its trend, the last months before a failure, channel, segment, relative size
    and invoice lag, a month of the customer, a month of the market, and chance.
    """
    n, who = len(invoices), invoices["customer"].to_numpy()
    due = invoices["due"].to_numpy()

    def of_customer(column: str) -> Floats:
        result: Floats = customers[column].to_numpy(dtype=np.float64)[who]
        return result

    within = of_customer("within_days")
    delay = of_customer("habit_days") + of_customer("days_per_year") * (due - first) / 365.25
    run_up = 1 - (of_customer("fails_on") - due) / parameters.failing_lead_days
    delay += parameters.failing_added_days * np.clip(run_up, 0, 1)
    delay += invoices["channel"].map(dict(parameters.channel_days)).to_numpy(dtype=np.float64)
    delay += customers["segment"].map(dict(parameters.segment_days)).to_numpy(dtype=np.float64)[who]
    delay += parameters.days_per_log_amount * invoices["log_amount"].to_numpy()
    lag = (invoices["issued"] - invoices["delivered"]).to_numpy()
    delay += parameters.days_per_day_of_invoice_lag * lag

    month = month_of(due) - month_of(np.array(first))
    cell = np.asarray(np.unique(who * 1000 + month, return_inverse=True)[1], dtype=np.int64)
    own_month = rng.standard_normal(int(np.max(cell)) + 1)[cell]
    delay += parameters.customer_month_sd_per_within * within * own_month
    delay += market[np.clip(month, 0, len(market) - 1)]
    delay += within * (rng.standard_gamma(4.0, size=n) - 4.0) / 2.0

    # A payment run is a decision of the customer, not a matter of days: nothing of the above moves it.
    run = customers["run"].to_numpy()[who]
    before = (customers["payer"] == "run_before_due").to_numpy()[who]
    return np.where(run == EVERY_DAY, delay, np.where(before, 1.0 - RUN_CYCLE_DAYS[run], 0.0))


def undisputed_day(invoices: pd.DataFrame) -> Floats:
    """Day on which each invoice is meant to be paid if nobody disputes it: after its issue, whatever the habit."""
    meant_on = invoices[["due", "habitual_days", "shock_days", "ticket_days"]].sum(axis=1).to_numpy()
    result: Floats = np.maximum(meant_on, invoices["issued"].to_numpy() + 1.0)
    return result
