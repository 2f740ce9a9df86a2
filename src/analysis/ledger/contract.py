"""The ledger contract: every table and column that the project reads, named in this one place.

``docs/ledger.md`` prints these tables and a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds, and how it is read."""

    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"


class EntryKind(StrEnum):
    """Why a balance changed after the invoice was written."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    WRITE_OFF = "write_off"
    DISCOUNT = "discount"
    REVERSAL = "reversal"
    RECOVERY = "recovery"


class Outcome(StrEnum):
    """How an invoice stands on the as-of date; the first three compete."""

    PAID = "paid"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the contract."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    mandatory: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the contract; ``unique`` names the columns that together tell its rows apart."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...]

    @property
    def key(self) -> str | None:
        """The one column that tells rows apart; None where it takes several."""
        return self.unique[0] if len(self.unique) == 1 else None

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError where the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of the contract."""
        return tuple(column.name for column in self.columns)

    @property
    def mandatory(self) -> tuple[str, ...]:
        """Names of the columns without which the table cannot be read."""
        return tuple(column.name for column in self.columns if column.mandatory)


def _text(name: str, meaning: str, *, mandatory: bool = False, choices: tuple[str, ...] = ()) -> Column:
    return Column(name=name, kind=Kind.TEXT, meaning=meaning, mandatory=mandatory, choices=choices)


def _date(name: str, meaning: str, *, mandatory: bool = False) -> Column:
    return Column(name=name, kind=Kind.DATE, meaning=meaning, unit="calendar date", mandatory=mandatory)


def _stamp(name: str, meaning: str, *, mandatory: bool = False) -> Column:
    return Column(name=name, kind=Kind.TIMESTAMP, meaning=meaning, unit="local time", mandatory=mandatory)


def _money(name: str, meaning: str, *, mandatory: bool = False) -> Column:
    return Column(name=name, kind=Kind.MONEY, meaning=meaning, unit="document currency", mandatory=mandatory)


def _number(name: str, meaning: str, *, unit: str = "", mandatory: bool = False) -> Column:
    return Column(name=name, kind=Kind.NUMBER, meaning=meaning, unit=unit, mandatory=mandatory)


def _flag(name: str, meaning: str) -> Column:
    return Column(name=name, kind=Kind.FLAG, meaning=meaning)


_INVOICES = Table(
    name="invoices",
    meaning="One row per invoice as it was issued.",
    unique=("invoice_id",),
    columns=(
        _text("invoice_id", "Number of the invoice, as written", mandatory=True),
        _text("customer_id", "Customer who owes it", mandatory=True),
        _date("issued_on", "Date of the invoice", mandatory=True),
        _date("due_on", "Date by which it is to be paid; policy terms apply where absent", mandatory=True),
        _money("amount", "Gross amount; a negative one is an unreferenced credit note", mandatory=True),
        _text("currency", "ISO 4217 code; the company's currency where absent"),
        _text("entity", "Legal entity that issued it"),
        _text("channel", "How it reached the customer (paper, e-mail, portal, EDI)"),
        _date("delivered_on", "Day on which goods or service were delivered"),
        _date("recorded_on", "Day on which it entered the books; the issue date where absent"),
        _date("paid_on", "Flat form: day on which it was settled; blank while open"),
        _money("paid_amount", "Flat form: amount received; the whole amount where absent"),
        _flag("disputed", "Flat form: whether it was ever disputed (undated, so never a predictor)"),
    ),
)

_ENTRIES = Table(
    name="entries",
    meaning="One row per booking that changes what is owed after the invoice.",
    unique=("entry_id",),
    columns=(
        _text("entry_id", "Number of the booking", mandatory=True),
        _date("booked_on", "Day on which it takes effect", mandatory=True),
        _money("amount", "A positive amount lowers the balance; a reversal is negative", mandatory=True),
        _text("kind", "Why the balance changed", mandatory=True, choices=tuple(EntryKind)),
        _text("invoice_id", "Invoice it belongs to; absent for cash not yet applied"),
        _text("customer_id", "Customer; needed where no invoice is named"),
        _text("currency", "ISO 4217 code; that of the invoice, else the company's, where absent"),
        _text("entity", "Legal entity that booked it; that of the invoice where absent"),
        _text("method", "Means of payment"),
        _date("recorded_on", "Day on which it entered the books; the booking date where absent"),
    ),
)

_CUSTOMERS = Table(
    name="customers",
    meaning="One row per customer.",
    unique=("customer_id",),
    columns=(
        _text("customer_id", "Number of the customer, as written", mandatory=True),
        _text("name", "Name"),
        _text("parent_id", "Customer number of the group's head"),
        _text("segment", "Segment in the company's own words"),
        _text("industry", "Industry"),
        _text("country", "Country"),
        _text("size", "Size class"),
        _date("onboarded_on", "Customer since"),
    ),
)

_LIMITS = Table(
    name="limits",
    meaning="Credit limits with the day from which each holds.",
    unique=("customer_id", "valid_from"),
    columns=(
        _text("customer_id", "Customer", mandatory=True),
        _date("valid_from", "First day on which the limit holds", mandatory=True),
        Column(name="credit_limit", kind=Kind.MONEY, meaning="Limit", unit="company currency", mandatory=True),
        Column(name="terms_days", kind=Kind.INTEGER, meaning="Agreed terms of payment", unit="days"),
        _date("reviewed_on", "Day of the last review"),
    ),
)

_RATINGS = Table(
    name="ratings",
    meaning="External ratings of customers, as they were delivered.",
    unique=("customer_id", "provider", "rated_on"),
    columns=(
        _text("customer_id", "Customer", mandatory=True),
        _text("provider", "Who rates", mandatory=True),
        _date("rated_on", "Day of the rating", mandatory=True),
        _date("recorded_on", "Day on which it was received; the rating date where absent"),
        _number("score", "Score on the provider's scale", unit="provider's points"),
        _text("grade", "Grade on the provider's scale"),
    ),
)

_DISPUTES = Table(
    name="disputes",
    meaning="Complaints about an invoice, with their course.",
    unique=("dispute_id",),
    columns=(
        _text("dispute_id", "Number of the dispute", mandatory=True),
        _text("invoice_id", "Invoice in dispute", mandatory=True),
        _date("opened_on", "Day on which it was raised", mandatory=True),
        _date("closed_on", "Day on which it was settled; blank while open"),
        _text("reason", "Reason given"),
        _money("amount", "Disputed amount; the whole invoice where absent"),
        _text("outcome", "How it ended"),
    ),
)

_CONTACTS = Table(
    name="contacts",
    meaning="Reminders, calls and promises.",
    unique=("contact_id",),
    columns=(
        _text("contact_id", "Number of the contact", mandatory=True),
        _text("customer_id", "Customer contacted", mandatory=True),
        _text("invoice_id", "Invoice it was about"),
        _date("made_on", "Day of the contact", mandatory=True),
        _text("channel", "Letter, e-mail, call, visit"),
        _text("kind", "Reminder, dunning level, call, promise"),
        _flag("reached", "Whether someone who decides was reached"),
        _date("promised_on", "Day by which payment was promised"),
        _money("promised_amount", "Amount promised"),
    ),
)

_TICKETS = Table(
    name="tickets",
    meaning="Customer-service tickets.",
    unique=("ticket_id",),
    columns=(
        _text("ticket_id", "Number of the ticket", mandatory=True),
        _text("customer_id", "Customer who asked", mandatory=True),
        _stamp("opened_at", "When it was opened", mandatory=True),
        _stamp("first_reply_at", "When it was first answered; blank while unanswered"),
        _stamp("resolved_at", "When it was resolved; blank while open"),
        _text("category", "What it was about"),
        _text("channel", "How it came in"),
        Column(name="csat", kind=Kind.INTEGER, meaning="Satisfaction answered by the customer", unit="1 to 5"),
    ),
)

_ORDERS = Table(
    name="orders",
    meaning="Orders and their delivery.",
    unique=("order_id",),
    columns=(
        _text("order_id", "Number of the order", mandatory=True),
        _text("customer_id", "Customer who ordered", mandatory=True),
        _date("ordered_on", "Day of the order", mandatory=True),
        _date("delivered_on", "Day of delivery; blank while open"),
        _text("invoice_id", "Invoice it ended in; blank while unbilled"),
        _money("amount", "Value of the order", mandatory=True),
    ),
)

_FX_RATES = Table(
    name="fx_rates",
    meaning="Exchange rates into the company's currency.",
    unique=("currency", "on"),
    columns=(
        _text("currency", "ISO 4217 code", mandatory=True),
        _date("on", "Day of the rate", mandatory=True),
        _number("rate", "Value of one unit", unit="company currency per unit", mandatory=True),
    ),
)

_CONTROL = Table(
    name="control",
    meaning="Balance of the receivables control account in the general ledger.",
    unique=("entity", "on"),
    columns=(
        _text("entity", "Legal entity; the whole company where absent"),
        _date("on", "Day of the balance", mandatory=True),
        Column(name="balance", kind=Kind.MONEY, meaning="Balance", unit="company currency", mandatory=True),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _INVOICES,
        _ENTRIES,
        _CUSTOMERS,
        _LIMITS,
        _RATINGS,
        _DISPUTES,
        _CONTACTS,
        _TICKETS,
        _ORDERS,
        _FX_RATES,
        _CONTROL,
    )
}
