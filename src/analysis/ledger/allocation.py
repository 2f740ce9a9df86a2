"""Cash that names no invoice, applied to the invoices it most likely pays.

The rule is the one a clerk follows on the day the cash arrives: an open invoice of exactly this amount,
else the oldest ones; what is left waits for the customer's next invoices. Nothing that happens later
changes what was decided, so a later look at the ledger never un-pays an invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on a customer's account in one currency.

    ``step`` orders the events of a day: 0 an invoice is issued, 1 an entry that names it, 2 cash that
    names none. ``reference`` is the invoice for steps 0 and 1, the entry for step 2. A positive
    ``amount`` raises the balance for step 0 and lowers it for the others.
    """

    account: tuple[str, ...]
    on: date
    step: int
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A part of an entry applied to an invoice, on the day from which it counts."""

    entry_id: str
    invoice_id: str
    amount: Decimal
    applied_on: date


@dataclass(slots=True)
class _Account:
    """Open invoices and waiting cash of one account, both in order of arrival."""

    invoices: dict[str, Decimal] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)

    def issue(self, event: Event) -> Iterator[Application]:
        self.invoices[event.reference] = event.amount
        exact = [entry for entry, left in self.cash.items() if left == event.amount]
        for entry in exact[:1] or list(self.cash):
            yield from self._apply(entry, event.reference, on=event.on)

    def name(self, event: Event) -> None:
        # a settled invoice is forgotten, so its balance is zero; a reversal re-opens it
        self.invoices[event.reference] = self.invoices.get(event.reference, Decimal(0)) - event.amount

    def receive(self, event: Event) -> Iterator[Application]:
        self.cash[event.reference] = event.amount
        exact = [invoice for invoice, left in self.invoices.items() if left == event.amount]
        for invoice in exact[:1] or list(self.invoices):
            yield from self._apply(event.reference, invoice, on=event.on)

    def _apply(self, entry: str, invoice: str, *, on: date) -> Iterator[Application]:
        part = min(self.cash.get(entry, Decimal(0)), max(self.invoices.get(invoice, Decimal(0)), Decimal(0)))
        if part <= 0:
            return
        self.cash[entry] -= part
        self.invoices[invoice] -= part
        if self.cash[entry] == 0:
            del self.cash[entry]
        yield Application(entry_id=entry, invoice_id=invoice, amount=part, applied_on=on)

    def tidy(self) -> None:
        """Forget what is settled, so that the work grows with open invoices and not with all."""
        for invoice in [invoice for invoice, left in self.invoices.items() if left == 0]:
            del self.invoices[invoice]


def exact_then_oldest(events: Iterable[Event]) -> Iterator[Application]:
    """Apply cash that names no invoice: the exact amount first, then the oldest invoices.

    ``events`` of all accounts in any order. A reversal re-opens its invoice, which can then be paid again.
    """
    ordered = sorted(events, key=lambda e: (e.account, e.on, e.step, e.reference))
    for _, of_account in groupby(ordered, key=lambda e: e.account):
        account = _Account()
        for event in of_account:
            match event.step:
                case 0:
                    yield from account.issue(event)
                case 1:
                    account.name(event)
                case _:
                    yield from account.receive(event)
            account.tidy()
