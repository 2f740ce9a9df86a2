"""The true parameters of the simulated world: what a model fitted to its ledger should find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

COMPANY_CURRENCY = "EUR"
NEVER = 10**6
"""Day number that stands for an event that does not happen (the year 4707)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """How one type of customer means to pay, before anything interferes.

    An invoice of customer c is meant to be paid ``habit_c + trend_c * years + within * Z`` days after
    its due date; ``habit_c`` varies between customers with standard deviation ``between``, and Z is a
    standardised gamma variable of shape 4, so that lateness has a long right tail.
    """

    share: float
    days_late: float
    between: float
    within: float
    days_late_per_year: float = 0.0
    pays_in_runs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of dunning: ``remaining`` is the factor by which it shortens the wait that is left."""

    kind: str
    channel: str
    days_after_due: int
    remaining: float
    reach: float


PAYERS: Mapping[str, Payer] = {
    "prompt": Payer(share=0.515, days_late=-10.5, between=1.5, within=2.0),
    "run_before_due": Payer(share=0.16, days_late=0.0, between=0.0, within=0.0, pays_in_runs=True),
    "run_after_due": Payer(share=0.05, days_late=0.0, between=0.0, within=0.0, pays_in_runs=True),
    "late": Payer(share=0.185, days_late=95.0, between=14.0, within=11.0),
    "stretching": Payer(share=0.09, days_late=79.0, between=9.0, within=8.0, days_late_per_year=10.0),
    # The last two are not drawn by share: they are chosen until the loss budgets below are spent.
    "failing": Payer(share=0.0, days_late=-4.0, between=3.0, within=4.0),
    "bust_out": Payer(share=0.0, days_late=-8.0, between=1.0, within=1.5),
}

STAGES: tuple[Stage, ...] = (
    Stage(kind="reminder", channel="e-mail", days_after_due=8, remaining=0.80, reach=1.0),
    Stage(kind="second reminder", channel="letter", days_after_due=22, remaining=0.85, reach=1.0),
    Stage(kind="call", channel="call", days_after_due=38, remaining=0.70, reach=0.65),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The truth of a simulated world. Shares are 0 to 1, effects are days of delay unless named otherwise."""

    payers: Mapping[str, Payer] = field(default_factory=lambda: dict(PAYERS))
    terms_days: Mapping[int, float] = field(default_factory=lambda: {14: 0.20, 30: 0.50, 45: 0.20, 60: 0.10})

    # Size and sales. The top ten of 400 log-normal customers hold about a quarter of sales at 1.25.
    log_sd_of_sales: float = 1.25
    log_sd_of_invoice_count: float = 0.75
    log_sd_of_amount: float = 0.60
    median_amount: float = 1_150.0
    growth_per_year: float = 0.05
    seasonality: tuple[float, ...] = (0.96, 0.96, 1.05, 1.01, 1.00, 1.04, 0.97, 0.95, 1.00, 1.00, 1.06, 0.99)
    month_end_bunch: float = 1.6
    onboarded_within_share: float = 0.26
    entity_switch_share: float = 0.02
    recorded_late_share: float = 0.03

    # What shifts the day of payment
    channel_days: Mapping[str, float] = field(
        default_factory=lambda: {"e-mail": 0.0, "portal": 1.0, "EDI": -1.0, "paper": 3.0}
    )
    segment_days: Mapping[str, float] = field(
        default_factory=lambda: {"key account": 1.0, "direct": 0.0, "reseller": 2.0, "public": 4.0}
    )
    days_per_log_amount: float = 0.8
    days_per_day_of_invoice_lag: float = 0.25
    days_per_day_of_ticket: float = 0.6
    market_month_sd: float = 1.0
    market_month_persistence: float = 0.6
    customer_month_sd_per_within: float = 0.4
    shock_days: float = 10.0
    shock_starts_at: float = 0.47
    shock_months: int = 4
    thursday_share: float = 0.30
    month_end_hold_share: float = 0.25

    # Collecting
    stages: tuple[Stage, ...] = STAGES
    reminder_base_logit: float = -0.6
    reminder_logit_per_30_days_late: float = 0.5
    reminder_logit_per_log_amount: float = 0.25
    promise_share: float = 0.6
    promise_kept_share: Mapping[str, float] = field(
        default_factory=lambda: {"late": 0.72, "stretching": 0.5, "failing": 0.3}
    )
    promise_kept_share_of_others: float = 0.85

    # Complaints and service
    dispute_share: float = 0.045
    dispute_reasons: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "price": (0.30, 12.0),
            "quantity": (0.20, 14.0),
            "quality": (0.18, 24.0),
            "delivery": (0.20, 13.0),
            "order number missing": (0.12, 7.0),
        }
    )
    dispute_log_sd: float = 0.6
    dispute_outcomes: Mapping[str, float] = field(
        default_factory=lambda: {"credited": 0.35, "goodwill": 0.15, "rejected": 0.50}
    )
    ticket_share: float = 0.13
    billing_ticket_share: float = 0.45
    ticket_days_median: float = 2.5
    ticket_log_sd: float = 0.9
    slow_service_factor: float = 3.0
    slow_service_starts_at: float = 0.72
    slow_service_months: int = 4

    # Settling
    credit_note_share: float = 0.02
    discount_rate: float = 0.02
    discount_days: int = 10
    discount_customer_share: float = 0.10
    discount_taken_share: float = 0.70
    part_payment_share: float = 0.03
    direct_debit_share: float = 0.15
    bounced_share: float = 0.02
    unapplied_share: float = 0.0006
    unapplied_share_of_last_60_days: float = 0.012
    booked_late_share: float = 0.04

    # Losing. The loss budgets are shares of all sales.
    failing_loss_budget: float = 0.0068
    failing_lead_days: int = 240
    failing_added_days: float = 45.0
    failing_logit_per_quality: float = -0.9
    bust_out_loss_budget: float = 0.0012
    never_paid_share: float = 0.0047
    duplicate_invoice_share: float = 0.0005
    recovery_share: float = 0.25

    # Rating: score = 60 + 14 * (0.75 * quality + 0.66 * noise - drop), the drop only where failure is foreseen.
    rating_quality_weight: float = 0.75
    rating_foresees_share: float = 0.65
    rating_lead_days: int = 300
    rating_drop: float = 2.2
    rating_false_alarm_share: float = 0.03

    fx_monthly_log_sd: float = 0.018
    fx_start: Mapping[str, float] = field(default_factory=lambda: {"GBP": 1.16, "USD": 0.93})
