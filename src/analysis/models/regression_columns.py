"""Which columns a payment regression can carry: sparse levels put together, idle columns left out, both said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Gates of the project's requirements on reliability, "Statistics": no Cox model below 30 invoices, with fewer than ten
# events per parameter, or for a level with fewer events than that.
INVOICES_MIN = 30
EVENTS_PER_PARAMETER = 10
OTHER = "other"
_SAME_DIRECTION = 1e-7


class NotEstimable(ValueError):
    """A model that the data cannot carry; the message says why, in words for the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One numeric column of a regression: a measure, or a level of a factor against its ``reference``."""

    name: str
    covariate: str
    level: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Rows with the numeric columns of a regression, and what was done to get them, in words."""

    rows: pd.DataFrame
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def design(
    rows: pd.DataFrame,
    *,
    covariates: Mapping[str, str],
    event: str = "paid",
    strata: str | None = None,
    unit: str = "invoice_id",
) -> Design:
    """Numeric columns of the covariates, the most important first, as far as the rows can carry them.

    ``covariates`` maps a column to its name in words; text becomes one column per level against the most frequent.
    A level with fewer than ten events joins :data:`OTHER`, and that the reference where it has too few itself. A
    column is left out where it does not vary within the strata, where the columns before it tell it already,
    where it is 1 or 0 with fewer than ten events on either side, or where there are fewer than ten events for each
    column. ``unit`` names the column that tells invoices apart, of which one may have several rows.

    Raises NotEstimable below 30 invoices or ten events, or where no column is left.
    """
    invoices, events = rows[unit].nunique(), int(rows[event].sum())
    if invoices < INVOICES_MIN:
        raise NotEstimable(f"a regression needs {INVOICES_MIN} invoices and there are {invoices}")
    if events < EVENTS_PER_PARAMETER:
        raise NotEstimable(f"a regression needs {EVENTS_PER_PARAMETER} payments and there are {events}")
    notes: list[str] = []
    columns: list[Column] = []
    made: dict[str, pd.Series] = {}
    for covariate, said in covariates.items():
        values = rows[covariate]
        if pd.api.types.is_numeric_dtype(values):
            columns.append(Column(name=covariate, covariate=covariate))
            made[covariate] = values.astype(float)
            continue
        levels = _levels(values.astype(str), rows[event], said=said, notes=notes)
        reference = str(levels.value_counts().sort_index().idxmax())
        for level in sorted(set(levels) - {reference}):
            name = f"{covariate}: {level}"
            columns.append(Column(name=name, covariate=covariate, level=level, reference=reference))
            made[name] = (levels == level).astype(float)
    frame = pd.DataFrame(made, index=rows.index)
    kept = _carried(frame, rows, columns, event=event, strata=strata, covariates=covariates, notes=notes)
    most = events // EVENTS_PER_PARAMETER
    if len(kept) > most:
        left_out = ", ".join(_said(column, covariates) for column in kept[most:])
        notes.append(f"{events} payments carry {most} effects; left out: {left_out}")
        kept = kept[:most]
    if not kept:
        raise NotEstimable("nothing that is known at issue differs enough between the invoices")
    names = [column.name for column in kept]
    others = rows.drop(columns=[name for name in names if name in rows])
    return Design(rows=pd.concat([others, frame[names]], axis=1), columns=tuple(kept), notes=tuple(notes))


def _levels(values: pd.Series, paid: pd.Series, *, said: str, notes: list[str]) -> pd.Series:
    """The levels with sparse ones put together."""
    events = paid.groupby(values).sum()
    sparse = sorted(events.index[events < EVENTS_PER_PARAMETER])
    if not sparse or len(events) == 1:
        return values
    together = values.where(~values.isin(sparse), OTHER)
    largest = str(events.idxmax())
    if paid[together == OTHER].sum() < EVENTS_PER_PARAMETER:
        together = together.where(together != OTHER, largest)
        notes.append(f"{said}: {', '.join(sparse)} counted with {largest}, for fewer than 10 payments")
    elif sparse != [OTHER]:
        notes.append(f"{said}: {', '.join(sparse)} put together as {OTHER}, each with fewer than 10 payments")
    return together


def _carried(
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    columns: list[Column],
    *,
    event: str,
    strata: str | None,
    covariates: Mapping[str, str],
    notes: list[str],
) -> list[Column]:
    """Columns that vary within the strata, beyond what the columns before them tell, with events on both sides."""
    groups = rows[strata] if strata is not None else pd.Series(0, index=rows.index)
    within = frame - frame.groupby(groups).transform("mean")
    kept: list[Column] = []
    basis = np.empty((len(frame), 0))
    for column in columns:
        said, values = _said(column, covariates), frame[column.name]
        if set(values.unique()) <= {0.0, 1.0} and values.nunique() == 2:
            fewest = int(rows[event].groupby(values).sum().min())
            if fewest < EVENTS_PER_PARAMETER:
                notes.append(f"{said} left out, with only {fewest} payments on one side of it")
                continue
        own = within[column.name].to_numpy()
        size = float(np.linalg.norm(own))
        if size <= _SAME_DIRECTION * max(float(np.linalg.norm(values)), 1.0):
            notes.append(f"{said} left out, being the same for all invoices that are compared")
            continue
        rest = own / size
        for _ in range(2):  # once more, for what rounding left of the first time
            rest = rest - basis @ (basis.T @ rest)
        remains = float(np.linalg.norm(rest))
        if remains <= _SAME_DIRECTION**0.5:
            notes.append(f"{said} left out, because the other columns tell it already")
            continue
        basis = np.column_stack([basis, rest / remains])
        kept.append(column)
    return kept


def _said(column: Column, covariates: Mapping[str, str]) -> str:
    said = covariates[column.covariate]
    return f"{said} {column.level}" if column.level else said
