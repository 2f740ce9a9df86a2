"""Reminders, calls and promises: who is chased, and what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ledger.world.business_days import Days
from analysis.ledger.world.customers import Flags, Floats
from analysis.ledger.world.parameters import NEVER, Parameters
from analysis.ledger.world.paying import PayDays
from analysis.ledger.world.service import in_dispute


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownStep:
    """One step of dunning as it went: only where ``known``, the other arrays say whom it reached."""

    known: Flags
    chased: Flags
    reached: Flags
    promised_on: Days
    """NEVER where nothing was promised."""


def chased_share(invoices: pd.DataFrame, habit: Floats, *, parameters: Parameters) -> Floats:
    """Probability that collectors act on an invoice that is unpaid when a step of dunning falls due.

    Logistic in the customer's habitual lateness and the relative size of the invoice: the worse payers
    are chased more, so that a naive comparison makes reminders look harmful.
    """
    logit = parameters.reminder_base_logit + parameters.reminder_logit_per_30_days_late * habit / 30
    logit += parameters.reminder_logit_per_log_amount * invoices["log_amount"].to_numpy()
    result: Floats = 1 / (1 + np.exp(-logit))
    return result


def chase(
    rng: np.random.Generator,
    invoices: pd.DataFrame,
    *,
    meant_on: Floats,
    pays: Flags,
    habit: Floats,
    payer: NDArray[np.object_],
    pay_days: PayDays,
    spans: tuple[Days, Days],
    given_up_on: Days,
    parameters: Parameters,
    earlier: Sequence[KnownStep] = (),
) -> tuple[Floats, pd.DataFrame]:
    """Day on which each invoice is meant to be paid once it was chased, and the contacts made.

    A step reaches an invoice that is unpaid on its day, is not in dispute and was not given up. One that
    reaches someone multiplies the wait that is left by ``Stage.remaining``; a promise kept ends it on the
    promised day, a promise broken adds at least three days. An invoice that is never paid stays so.
    ``earlier``, one per step of dunning, holds what is known of it; chance decides the rest.
    """
    due = invoices["due"].to_numpy()
    share = chased_share(invoices, habit, parameters=parameters)
    kept_share = np.array(
        [parameters.promise_kept_share.get(p, parameters.promise_kept_share_of_others) for p in payer]
    )
    made: list[pd.DataFrame] = []
    for place, stage in enumerate(parameters.stages):
        day = pay_days.calendar.next(due + stage.days_after_due)
        unpaid = ~pays | (pay_days.paid_on(meant_on) > day)
        chased = unpaid & ~in_dispute(day, spans) & (day < given_up_on) & (rng.random(len(due)) < share)
        known = earlier[place] if earlier else None
        if known:
            chased = np.where(known.known, known.chased, chased)
        row = np.flatnonzero(chased)
        reached = rng.random(len(row)) < stage.reach
        if known:
            reached = np.where(known.known[row], known.reached[row], reached)
        # Who only waits for the next payment run has decided already: nothing is left to shorten.
        wait = np.maximum(meant_on[row] - day[row], 0.0)
        after = meant_on[row] - wait * np.where(reached, 1 - stage.remaining, 0.0)

        promised = reached & (stage.kind == "call") & (rng.random(len(row)) < parameters.promise_share)
        promised_on = pay_days.calendar.next(day[row] + rng.integers(4, 15, size=len(row)))
        if known:
            promised = np.where(known.known[row], known.promised_on[row] < NEVER, promised)
            promised_on = np.where(known.known[row] & promised, known.promised_on[row], promised_on)
        keeps = pays[row] & (rng.random(len(row)) < kept_share[row])
        after = np.where(promised & keeps, np.minimum(after, np.maximum(promised_on - 4.0, day[row] + 0.5)), after)
        after = np.where(promised & ~keeps, np.maximum(after, promised_on + 3.0), after)
        meant_on = meant_on.copy()
        meant_on[row] = np.maximum(after, spans[1][row] + 2.0)
        made.append(
            pd.DataFrame(
                {
                    "invoice": row,
                    "made": day[row],
                    "channel": stage.channel,
                    "kind": np.where(promised, "promise", stage.kind),
                    # Nobody knows whether a letter was read.
                    "reached": pd.array(np.where(stage.reach < 1, reached, False), dtype="boolean"),
                    "known": stage.reach < 1,
                    "promised": np.where(promised, promised_on, NEVER),
                    "kept": np.where(promised, keeps, False),
                }
            )
        )
    contacts = pd.concat(made, ignore_index=True)
    return meant_on, contacts.sort_values(["made", "invoice"], kind="stable", ignore_index=True)
