"""Cash that names no invoice, applied to the invoices it most likely pays.

The rule is the one a clerk follows on the day the cash arrives: an open invoice of exactly this amount,
else the oldest ones; what is left waits for the next invoice, or for one that a reversal re-opens. So an
account never holds waiting cash and an open invoice at once. Nothing that happens later changes what was
decided: a later look at the same events never un-pays an invoice, unless the cash itself was returned.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum
from itertools import groupby

_NOTHING = Decimal(0)


class Step(IntEnum):
    """What can happen on an account, in the order in which the events of one day count."""

    ISSUED = 0
    NAMED = 1
    UNNAMED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on an account: one customer, one currency, one legal entity.

    ``reference`` is the invoice that was issued or that an entry names, else the entry that names none.
    ``amount`` is that of the invoice or of the entry, so a negative one undoes cash.
    """

    account: tuple[str, ...]
    on: date
    step: Step
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A part of an entry applied to an invoice, on the day from which it counts.

    A negative ``amount`` takes back what returned cash had paid.
    """

    entry_id: str
    invoice_id: str
    amount: Decimal
    applied_on: date


@dataclass(slots=True)
class _Waiting:
    """Amounts above zero in order of arrival, found by amount or by age in logarithmic time.

    Both heaps keep stale places; a place counts only while its item still has the amount it was noted with.
    """

    left: dict[str, Decimal] = field(default_factory=dict)
    _arrived: dict[str, int] = field(default_factory=dict)
    _oldest: list[tuple[int, str]] = field(default_factory=list)
    _exact: dict[Decimal, list[tuple[int, str]]] = field(default_factory=dict)

    def change(self, item: str, by: Decimal) -> None:
        """Raise or lower an item; one that returns keeps the place of its first arrival."""
        place = (self._arrived.setdefault(item, len(self._arrived)), item)
        before = self.left.get(item, _NOTHING)
        after = self.left[item] = before + by
        if after > 0:
            heapq.heappush(self._exact.setdefault(after, []), place)
            if before <= 0:
                heapq.heappush(self._oldest, place)

    def exact(self, amount: Decimal) -> str | None:
        """The oldest item of exactly this amount."""
        places = self._exact.get(amount, [])
        while places and self.left[places[0][1]] != amount:
            heapq.heappop(places)
        return places[0][1] if places else None

    def oldest(self) -> str | None:
        """The oldest item with anything left."""
        while self._oldest and self.left[self._oldest[0][1]] <= 0:
            heapq.heappop(self._oldest)
        return self._oldest[0][1] if self._oldest else None


@dataclass(slots=True)
class _Account:
    invoices: _Waiting = field(default_factory=_Waiting)
    cash: _Waiting = field(default_factory=_Waiting)
    received: dict[Decimal, list[str]] = field(default_factory=dict)
    applied: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def follow(self, event: Event) -> Iterator[Application]:
        if event.step is Step.UNNAMED and event.amount < 0:
            yield from self._returned(event)
        elif event.step is Step.UNNAMED:
            self.cash.change(event.reference, event.amount)
            self.received.setdefault(event.amount, []).append(event.reference)
            while (left := self.cash.left[event.reference]) > 0 and (invoice := self._invoice_for(left)):
                yield self._apply(event.reference, invoice, on=event.on)
        else:
            self.invoices.change(event.reference, event.amount if event.step is Step.ISSUED else -event.amount)
            while (owed := self.invoices.left[event.reference]) > 0 and (entry := self._cash_for(owed)):
                yield self._apply(entry, event.reference, on=event.on)

    def _invoice_for(self, amount: Decimal) -> str | None:
        return self.invoices.exact(amount) or self.invoices.oldest()

    def _cash_for(self, amount: Decimal) -> str | None:
        return self.cash.exact(amount) or self.cash.oldest()

    def _apply(self, entry: str, invoice: str, *, on: date) -> Application:
        part = min(self.cash.left[entry], self.invoices.left[invoice])
        self.cash.change(entry, -part)
        self.invoices.change(invoice, -part)
        parts = self.applied.setdefault(entry, {})
        parts[invoice] = parts.get(invoice, _NOTHING) + part
        return Application(entry_id=entry, invoice_id=invoice, amount=part, applied_on=on)

    def _returned(self, event: Event) -> Iterator[Application]:
        """Undo the latest cash of the same amount; without one, the return stays on account for a person to judge."""
        same = self.received.get(-event.amount)
        if not same:
            return
        entry = same.pop()
        self.cash.change(entry, -self.cash.left[entry])
        for invoice, part in self.applied.pop(entry, {}).items():
            self.invoices.change(invoice, part)
            yield Application(entry_id=event.reference, invoice_id=invoice, amount=-part, applied_on=event.on)
        # other cash that waits can pay what is open again
        while (entry_waiting := self.cash.oldest()) and (invoice_open := self.invoices.oldest()):
            yield self._apply(entry_waiting, invoice_open, on=event.on)


def exact_then_oldest(events: Iterable[Event]) -> Iterator[Application]:
    """Apply cash that names no invoice: the exact amount first, then the oldest invoices.

    ``events`` of all accounts in any order. Cash is applied within its account only: never across customers,
    currencies or legal entities. An entry that names its invoice changes what is open; an invoice that a
    reversal re-opens keeps its age.
    """
    ordered = sorted(events, key=lambda e: (e.account, e.on, e.step, e.reference))
    for _, of_account in groupby(ordered, key=lambda e: e.account):
        account = _Account()
        for event in of_account:
            yield from account.follow(event)
