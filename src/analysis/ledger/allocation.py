"""Cash that names no invoice, applied to the invoices it most likely pays.

The rule is the one a clerk follows at the end of a day, when all that was issued and booked is known: cash
goes to an open invoice of exactly its amount, else to the oldest ones; what is left waits for the next
invoice, or for one that a reversal re-opens. So no account ends a day with both waiting cash and an open
invoice. Nothing that happens later changes what was decided: a later look at the same events never un-pays
an invoice, unless the cash itself was returned.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple


class Step(IntEnum):
    """What can happen on an account."""

    ISSUED = 0
    NAMED = 1
    UNNAMED = 2


class Event(NamedTuple):
    """Something that happened on an account: one customer, one currency, one legal entity.

    ``day`` counts from any fixed day. ``reference`` is the invoice that was issued or that an entry names,
    else the entry that names none. ``amount`` is that of the invoice or of the entry, as a whole number of
    the smallest unit; a negative one undoes cash.
    """

    account: tuple[str, ...]
    day: int
    step: Step
    reference: str
    amount: int


class Application(NamedTuple):
    """A part of an entry applied to an invoice, on the day from which it counts.

    A negative ``amount`` takes back what returned cash had paid.
    """

    entry_id: str
    invoice_id: str
    amount: int
    day: int


@dataclass(slots=True)
class _Waiting:
    """Amounts above zero in order of arrival, found by amount or by age in logarithmic time.

    Both heaps keep stale places; a place counts only while its item still has the amount it was noted with.
    """

    left: dict[str, int] = field(default_factory=dict)
    _arrived: dict[str, int] = field(default_factory=dict)
    _oldest: list[tuple[int, str]] = field(default_factory=list)
    _exact: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def change(self, item: str, by: int) -> None:
        """Raise or lower an item; one that returns keeps the place of its first arrival."""
        place = (self._arrived.setdefault(item, len(self._arrived)), item)
        before = self.left.get(item, 0)
        after = self.left[item] = before + by
        if after > 0:
            heapq.heappush(self._exact.setdefault(after, []), place)
            if before <= 0:
                heapq.heappush(self._oldest, place)

    def exact(self, amount: int) -> str | None:
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
    received: dict[int, list[str]] = field(default_factory=dict)
    applied: dict[str, dict[str, int]] = field(default_factory=dict)

    def one_day(self, events: Iterable[Event], *, day: int) -> Iterator[Application]:
        """All that happens on a day first, then cash to invoices: exact amounts, then oldest to oldest."""
        touched: list[tuple[_Waiting, str]] = []
        returned: list[Event] = []
        for event in events:
            if event.step is Step.UNNAMED and event.amount < 0:
                returned.append(event)
                continue
            queue = self.cash if event.step is Step.UNNAMED else self.invoices
            queue.change(event.reference, -event.amount if event.step is Step.NAMED else event.amount)
            touched.append((queue, event.reference))
            if event.step is Step.UNNAMED:
                self.received.setdefault(event.amount, []).append(event.reference)
        # after the cash of the day, which may be what was returned
        for event in returned:
            for application in self._returned(event):
                touched.append((self.invoices, application.invoice_id))
                yield application
        # yesterday ended without a pair, so an exact one has a side that moved today
        for amount in sorted({queue.left[item] for queue, item in touched if queue.left[item] > 0}):
            while (entry := self.cash.exact(amount)) and (invoice := self.invoices.exact(amount)):
                yield self._apply(entry, invoice, day=day)
        while (entry := self.cash.oldest()) and (invoice := self.invoices.oldest()):
            yield self._apply(entry, invoice, day=day)

    def _apply(self, entry: str, invoice: str, *, day: int) -> Application:
        part = min(self.cash.left[entry], self.invoices.left[invoice])
        self.cash.change(entry, -part)
        self.invoices.change(invoice, -part)
        parts = self.applied.setdefault(entry, {})
        parts[invoice] = parts.get(invoice, 0) + part
        return Application(entry_id=entry, invoice_id=invoice, amount=part, day=day)

    def _returned(self, event: Event) -> Iterator[Application]:
        """Undo the latest cash of the same amount; without one, the return stays on account for a person to judge."""
        same = self.received.get(-event.amount)
        if not same:
            return
        entry = same.pop()
        self.cash.change(entry, -self.cash.left[entry])
        for invoice, part in self.applied.pop(entry, {}).items():
            self.invoices.change(invoice, part)
            yield Application(entry_id=event.reference, invoice_id=invoice, amount=-part, day=event.day)


def exact_then_oldest(events: Iterable[Event]) -> Iterator[Application]:
    """Apply cash that names no invoice: the exact amount first, then the oldest invoices.

    ``events`` in ascending order, as tuples are; so invoices of one day are in order of their numbers, and so is
    cash. Cash is applied within its account only: never across customers, currencies or legal entities. An
    entry that names its invoice changes what is open; an invoice that a reversal re-opens keeps its age.
    ValueError where an account or a day comes back after another.
    """
    last: tuple[tuple[str, ...], int] | None = None
    for name, of_account in groupby(events, key=attrgetter("account")):
        account = _Account()
        for day, of_day in groupby(of_account, key=attrgetter("day")):
            if last is not None and (name, day) <= last:
                raise ValueError(f"events are not in order: account {name} on day {day} follows {last[0]} on {last[1]}")
            last = (name, day)
            yield from account.one_day(of_day, day=day)
