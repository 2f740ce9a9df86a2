"""Landmark rows followed day by day: what the daily hazard is fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.models.landmarks import outcomes
from analysis.models.person_days import day_matrix
from analysis.models.row_features import Matrix, Rows

# Above so many days the rows are drawn: time and memory of a fit do not grow with the ledger.
PERSON_DAYS_MAX = 240_000
# Thirteen weeks, so that the cash forecast needs no other model.
HORIZON_DAYS = 91
# On a day on which so many invoices are usually paid, none is by chance once in some thousand.
_USUALLY_PAID = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonDays:
    """Days on which open invoices were watched: a line of features each, whether it was paid, and its weight."""

    matrix: Matrix
    paid: NDArray[np.bool_]
    weight: NDArray[np.float64]
    n_invoices: int
    n_paid_invoices: int


def followed(rows: Rows, *, known_until: date, most: int = PERSON_DAYS_MAX) -> PersonDays:
    """Every landmark row followed from the day after its own until it left, for 91 days or as long as was known.

    Only what the books showed by ``known_until`` is used. Above ``most`` days, days of payment are kept (half of
    ``most`` at most) and of the others an even sample is drawn; weights make up for it, and average one. Days that are
    not ordinary (:func:`ordinary_days`) are left out.
    """
    items, came = rows.items, outcomes(rows.items, known_until=known_until)
    days = np.clip(np.minimum(came.left_after, came.seen_days), 0, HORIZON_DAYS).astype(np.int64)
    row = np.repeat(np.arange(len(rows)), days)
    ahead = np.arange(len(row)) - np.repeat(np.cumsum(days) - days, days) + 1
    paid = ahead == came.paid_after[row]
    ordinary = _is_ordinary(items, row, ahead, paid)
    row, ahead, paid = row[ordinary], ahead[ordinary], paid[ordinary]
    weight = items["weight"].to_numpy(dtype=float)[row]
    nth = items["nth"].to_numpy(dtype=np.uint64)[row]
    n_paid, n_other = int(paid.sum()), int((~paid).sum())
    if len(row) > most:
        share_paid = min(1.0, most / 2 / max(n_paid, 1))
        share_other = min(1.0, (most - share_paid * n_paid) / max(n_other, 1))
        share = np.where(paid, share_paid, share_other)
        keep = _spread(nth, (items["mark"].to_numpy()[row] * 128 + ahead).astype(np.uint64)) < share
        row, ahead, paid, nth = row[keep], ahead[keep], paid[keep], nth[keep]
        weight = (weight / share)[keep]
    return PersonDays(
        matrix=day_matrix(rows, row, ahead),
        paid=paid,
        weight=weight / weight.mean() if len(weight) else weight,
        n_invoices=len(np.unique(nth)),
        n_paid_invoices=len(np.unique(nth[paid])),
    )


def ordinary_days(paid: NDArray[np.int64], *, first: int) -> NDArray[np.bool_]:
    """Which of consecutive days tell what other days are like: not those on which banks were closed, nor the next ones.

    ``paid``: invoices paid on each day from the day number ``first`` on. A day on which none is, where on the mean day
    of its weekday at least eight are, is a holiday; what should have come on it comes on the next day with payments.
    A fit that takes them for ordinary learns that nobody pays some days before a month end, because Christmas lies
    there.
    """
    weekday = (first + np.arange(len(paid))) % 7
    usual = np.bincount(weekday, weights=paid, minlength=7) / np.maximum(np.bincount(weekday, minlength=7), 1)
    closed = (paid == 0) & (usual[weekday] >= _USUALLY_PAID)
    opens = np.flatnonzero(paid > 0)
    following = np.searchsorted(opens, np.flatnonzero(closed))
    ordinary = ~closed
    ordinary[opens[following[following < len(opens)]]] = False
    return ordinary


def _is_ordinary(items: pd.DataFrame, row: NDArray, ahead: NDArray, paid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the day of each line is ordinary; an invoice that several marks saw is paid once."""
    if not paid.any():
        return np.ones(len(row), dtype=bool)
    day = items["mark"].to_numpy(dtype=np.int64)[row] + ahead
    first = int(day.min())
    payments = np.unique(np.stack([day[paid] - first, items["nth"].to_numpy(dtype=np.int64)[row[paid]]]), axis=1)
    counted = np.bincount(payments[0], minlength=int(day.max()) - first + 1)
    return ordinary_days(counted, first=first)[day - first]


def _spread(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers between 0 and 1 spread evenly, always the same for the same pair (the mixing of splitmix64)."""
    mixed = a * np.uint64(0x9E3779B97F4A7C15) + b * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) / 2.0**64
