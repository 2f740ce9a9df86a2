"""What is known by a date of the invoices that are open on it, so that chance can decide the rest again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.contract import Outcome
from analysis.ledger.world.block import DrawnWorld
from analysis.ledger.world.business_days import Days
from analysis.ledger.world.customers import Flags
from analysis.ledger.world.dunning import KnownStep
from analysis.ledger.world.parameters import NEVER
from analysis.ledger.world.settling import Begun

_TICKET_DAYS = 30
"""A ticket is opened at most this many days after the invoice that it goes with."""
_OF_CUSTOMERS = [
    "habit_days",
    "days_per_year",
    "within_days",
    "fails_on",
    "segment",
    "run",
    "payer",
    "takes_discount",
    "method",
]


def open_on(invoices: pd.DataFrame, on: int) -> Flags:
    """Whether each invoice of a world is open at the end of the day ``on``: issued, and with something left to pay."""
    left_on, _ = departure(invoices, on)
    returned = (invoices["paid_on"] <= on) & (on < invoices["bounced_on"]) & (invoices["bounced_on"] < NEVER)
    result: Flags = ((invoices["issued"] <= on) & ~returned).to_numpy() & (left_on > on)
    return result


def departure(invoices: pd.DataFrame, on: int) -> tuple[Days, NDArray[np.object_]]:
    """Day on which each invoice that is open ``on`` a day next has nothing left to pay, and by what.

    A payment that bounces later has left nothing until it does, so it counts.
    """
    bounces = ((invoices["bounced_on"] < NEVER) & (invoices["paid_on"] > on)).to_numpy()
    outcome = invoices["outcome"].to_numpy()
    lost = outcome == str(Outcome.WRITTEN_OFF)
    left_on = np.where(lost, invoices["written_off_on"], invoices["settled_on"])
    return (
        np.where(bounces, invoices["paid_on"], left_on),
        np.where(bounces, str(Outcome.PAID), outcome).astype(object),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownBook:
    """Open invoices with their customers, and what had happened to them by the day ``on``.

    ``customer`` and ``invoice`` are row positions within these frames; ``place`` and ``owner`` of ``invoices`` are
    those of the invoice and its customer in the whole world. ``others`` are invoices of the same
    customers whose tickets may still come.
    """

    on: int
    invoices: pd.DataFrame
    customers: pd.DataFrame
    others: pd.DataFrame
    tickets: pd.DataFrame
    disputes: pd.DataFrame
    steps: tuple[KnownStep, ...]
    begun: Begun
    credited: Flags
    """Whether a part of the invoice has been credited; ``credit`` and ``credit_on`` of ``invoices`` say what."""

    def copied(self, rows: Days, copies: int) -> Self:
        """``copies`` of some of the invoices, each copy with customers of its own."""
        who, customer = np.unique(self.invoices["customer"].to_numpy()[rows], return_inverse=True)
        places = np.tile(rows, copies)
        position = np.full(len(self.invoices), -1)
        position[rows] = np.arange(len(rows))
        owner = np.full(len(self.customers), -1)
        owner[who] = np.arange(len(who))

        def tiled(frame: pd.DataFrame, column: str, place: Days, size: int) -> pd.DataFrame:
            kept = frame[place[frame[column].to_numpy()] >= 0]
            many = kept.iloc[np.tile(np.arange(len(kept)), copies)].reset_index(drop=True)
            many[column] = place[many[column].to_numpy()] + np.repeat(np.arange(copies), len(kept)) * size
            return many

        invoices = self.invoices.iloc[places].reset_index(drop=True)
        invoices["customer"] = np.tile(customer, copies) + np.repeat(np.arange(copies), len(rows)) * len(who)
        return type(self)(
            on=self.on,
            invoices=invoices,
            customers=self.customers.iloc[np.tile(who, copies)].reset_index(drop=True),
            others=tiled(self.others, "customer", owner, len(who)),
            tickets=tiled(self.tickets, "customer", owner, len(who)),
            disputes=tiled(self.disputes, "invoice", position, len(rows)),
            steps=tuple(
                KnownStep(
                    known=step.known[places],
                    chased=step.chased[places],
                    reached=step.reached[places],
                    promised_on=step.promised_on[places],
                )
                for step in self.steps
            ),
            begun=Begun(
                known=self.begun.known[places],
                paid_on=self.begun.paid_on[places],
                bounced_on=self.begun.bounced_on[places],
            ),
            credited=self.credited[places],
        )


def known_book(drawn: DrawnWorld, on: int) -> KnownBook:
    """The invoices of a world that are open on a day, in the order of the books, and what was known of them."""
    block = drawn.block
    rows = np.flatnonzero(open_on(block.invoices, on))
    opened = block.invoices.iloc[rows].reset_index(drop=True)
    position = np.full(len(block.invoices), -1)
    position[rows] = np.arange(len(rows))
    who, customer = np.unique(opened["customer"].to_numpy(), return_inverse=True)
    owner = np.full(len(block.customers), -1)
    owner[who] = np.arange(len(who))

    opened["place"], opened["owner"], opened["customer"] = rows, opened["customer"], customer
    credited = (opened["credit"] > 0) & (opened["credit_on"] <= on)
    others = block.invoices.loc[block.invoices["issued"] > on - _TICKET_DAYS, ["customer", "issued"]]
    tickets = block.tickets[block.tickets["opened"] // 1440 <= on]
    disputes = block.disputes[block.disputes["opened"] <= on]
    contacts = block.contacts[block.contacts["made"] <= on]
    return KnownBook(
        on=on,
        invoices=opened,
        customers=block.customers[_OF_CUSTOMERS].iloc[who].reset_index(drop=True),
        others=_placed(others, "customer", owner),
        tickets=_placed(tickets[["customer", "opened", "days", "billing"]], "customer", owner),
        disputes=_placed(disputes, "invoice", position),
        steps=_steps(drawn, opened, _placed(contacts, "invoice", position), on=on),
        begun=Begun(
            known=(opened["paid_on"] <= on).to_numpy(),
            paid_on=opened["paid_on"].to_numpy(),
            bounced_on=opened["bounced_on"].to_numpy(),
        ),
        credited=credited.to_numpy(),
    )


def _placed(frame: pd.DataFrame, column: str, place: Days) -> pd.DataFrame:
    """The rows whose owner has a place, with that place instead of the row position."""
    at = place[frame[column].to_numpy()]
    return frame.assign(**{column: at})[at >= 0].reset_index(drop=True)


def _steps(drawn: DrawnWorld, opened: pd.DataFrame, contacts: pd.DataFrame, *, on: int) -> tuple[KnownStep, ...]:
    steps = []
    for stage in drawn.parameters.stages:
        day = drawn.calendar.next(opened["due"].to_numpy() + stage.days_after_due)
        made = contacts[contacts["made"].to_numpy() == day[contacts["invoice"].to_numpy()]]
        row = made["invoice"].to_numpy()
        chased, reached = np.zeros(len(opened), dtype=bool), np.zeros(len(opened), dtype=bool)
        promised_on = np.full(len(opened), NEVER)
        chased[row] = True
        # A step of which nobody knows whether it was read has reached its reader for sure in this world.
        reached[row] = made["reached"].to_numpy(dtype=bool) | ~made["known"].to_numpy(dtype=bool)
        promised_on[row] = made["promised"]
        steps.append(KnownStep(known=day <= on, chased=chased, reached=reached, promised_on=promised_on))
    return tuple(steps)
