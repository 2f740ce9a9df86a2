"""From the opening balance to the closing one, and whether the books tie to the general ledger."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.ledger.currencies import MINOR_UNITS
from analysis.measures.months import LedgerMonths
from analysis.measures.positions import month_end_rates, month_ends

# The lines of a roll-forward: label, kinds of booking, sign. A recovery is cash against what was written
# off, so it raises one line and lowers another and leaves the balance alone.
LINES: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
    ("invoiced", (("invoiced", 1),)),
    ("paid", ((EntryKind.PAYMENT, -1), (EntryKind.REVERSAL, -1), (EntryKind.RECOVERY, -1))),
    ("discounts", ((EntryKind.DISCOUNT, -1),)),
    ("credited", ((EntryKind.CREDIT_NOTE, -1),)),
    ("written_off", ((EntryKind.WRITE_OFF, -1), (EntryKind.RECOVERY, 1))),
)

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Ledger against general ledger for one entity, in company currency."""

    entity: str
    on: str
    ledger: Decimal
    control: Decimal

    @property
    def difference(self) -> Decimal:
        """Ledger less control account."""
        return self.ledger - self.control


def roll_forward(months: LedgerMonths, *, last: int = 13) -> pd.DataFrame:
    """Opening balance, movements and closing balance of each month, in company currency.

    ``opening + invoiced + paid + discounts + credited + written_off + fx = closing``; what lowers the
    balance is negative. Movements stand at the rate of the month end, ``fx`` is the revaluation of the
    opening balance. Index ``by``..., ``month_end``; the closing balance comes from the balances of
    invoices and cash on account, the movements from the bookings, so the sum is a check (INV2). Empty books give
    one month of zeros.
    """
    by, table = list(months.by), _by_currency(months)
    keys = _keys(months)
    table["opening_document"] = table.groupby(keys)["closing_document"].shift(fill_value=0.0)
    table["opening"] = table.groupby(keys)["closing"].shift(fill_value=0.0)
    table["fx"] = table["opening_document"] * table["rate"] - table["opening"]
    columns = ["opening", *[line for line, _ in LINES], "fx", "closing"]
    if table.empty and not by:
        return pd.DataFrame(0.0, index=month_ends(months.snapshot.as_of, 1), columns=columns)
    summed = table.groupby([*by, "month_end"])[columns].sum()
    ends = set(month_ends(months.snapshot.as_of, last))
    return summed[summed.index.get_level_values("month_end").isin(ends)]


def exact_roll_forward(months: LedgerMonths) -> pd.DataFrame:
    """The whole history of the ledger in one roll-forward per currency and group, as exact decimals.

    Columns ``by``..., ``currency``, the lines of :data:`LINES`, ``closing`` (from balances) and ``difference``
    (sum of the movements less closing), which is zero for a ledger that holds together.
    """
    keys, flows = _keys(months), months.flows
    booked = flows.groupby([*keys, "kind"])["balance"].sum()
    groups = list(dict.fromkeys(flows[keys].sort_values(keys).itertuples(index=False, name=None)))
    table = pd.DataFrame(groups, columns=keys)
    for line, kinds in LINES:
        moved = [sum((booked.get((*g, str(kind)), _NOTHING) * sign for kind, sign in kinds), _NOTHING) for g in groups]
        table[line] = pd.Series(moved, dtype=object)
    owed, on_account = (_closing(rows, months) for rows in (months.positions, months.unapplied))
    closing = [owed.get(g, _NOTHING) - on_account.get(g, _NOTHING) for g in groups]
    table["closing"] = pd.Series(closing, dtype=object)
    table["difference"] = sum((table[line] for line, _ in LINES), start=-table["closing"])
    return table


def reconcile(months: LedgerMonths) -> list[Reconciliation]:
    """The ledger against the control account on the as-of date; empty where there is none for that day.

    ``months`` is to be read ``by=("entity",)``, else ValueError. One row per balance of the control account; one
    that names no entity stands for the whole company. Foreign currency is converted at the rate of the date
    and rounded, half away from zero, to the company currency's minor unit per entity and currency.
    """
    if months.by != ("entity",):
        raise ValueError(f"reconcile needs months by ('entity',), got {months.by}")
    snapshot, closing = months.snapshot, _closing_by_entity(months)
    control = _control_on_date(months)
    return [
        Reconciliation(
            entity="" if pd.isna(entity) else str(entity),
            on=snapshot.as_of.isoformat(),
            ledger=sum(closing.values(), _NOTHING) if pd.isna(entity) else closing.get(str(entity), _NOTHING),
            control=_rounded(Decimal(balance), months),
        )
        for entity, balance in zip(control["entity"], control["balance"], strict=True)
    ]


def unreconciled(months: LedgerMonths) -> dict[str, Decimal]:
    """Receivables of entities for which the control account has no balance on the as-of date.

    Empty where it has one for the whole company. An entity that neither owes nor is owed anything needs none.
    """
    named = _control_on_date(months)["entity"]
    closing = {} if named.isna().any() else _closing_by_entity(months)
    return {entity: value for entity, value in closing.items() if value and entity not in set(named)}


def _control_on_date(months: LedgerMonths) -> pd.DataFrame:
    control = months.snapshot.control
    return control[pd.to_datetime(control["on"]) == pd.Timestamp(months.snapshot.as_of)]


def _closing_by_entity(months: LedgerMonths) -> dict[str, Decimal]:
    """Receivables of each entity in company currency, rounded as a general ledger rounds."""
    snapshot, exact = months.snapshot, exact_roll_forward(months)
    closing: dict[str, Decimal] = {}
    for entity, currency, balance in zip(exact["entity"], exact["currency"], exact["closing"], strict=True):
        value = Decimal(str(snapshot.rate_on(currency, snapshot.as_of))) * balance
        closing[entity] = closing.get(entity, _NOTHING) + _rounded(value, months)
    return closing


def _rounded(value: Decimal, months: LedgerMonths) -> Decimal:
    unit = Decimal(1).scaleb(-MINOR_UNITS[months.snapshot.company.currency])
    return value.quantize(unit, rounding=ROUND_HALF_UP)


def _keys(months: LedgerMonths) -> list[str]:
    """The dimensions and the currency, in which alone amounts add up exactly."""
    return list(dict.fromkeys([*months.by, "currency"]))


def _by_currency(months: LedgerMonths) -> pd.DataFrame:
    """Closing balances and movements for each group, currency and month of the history."""
    by = _keys(months)
    ends = month_ends(months.snapshot.as_of, _history(months))
    owed = _wide(months.positions, by).sub(_wide(months.unapplied, by), fill_value=0.0)
    moved = months.flows.assign(balance=months.flows["balance"].astype(float))
    kinds = moved.pivot_table(index=[*by, "month_end"], columns="kind", values="balance", aggfunc="sum")
    groups = pd.concat([f[by] for f in (months.positions, months.unapplied, months.flows)]).drop_duplicates()
    full = groups.merge(pd.DataFrame({"month_end": ends}), how="cross").sort_values([*by, "month_end"])
    keys = pd.MultiIndex.from_frame(full[[*by, "month_end"]])
    full["closing_document"] = owed.reindex(keys).fillna(0.0).to_numpy()
    full["rate"] = month_end_rates(full, months.snapshot)
    full["closing"] = full["closing_document"] * full["rate"]
    booked = kinds.reindex(index=keys, columns=["invoiced", *EntryKind]).fillna(0.0)
    for line, parts in LINES:
        full[line] = sum(booked[kind].to_numpy() * sign for kind, sign in parts) * full["rate"]
    return full


def _wide(frame: pd.DataFrame, by: list[str]) -> pd.Series:
    return frame.assign(balance=frame["balance"].astype(float)).groupby([*by, "month_end"])["balance"].sum()


def _closing(rows: pd.DataFrame, months: LedgerMonths) -> dict[tuple[str, ...], Decimal]:
    """Exact sums on the as-of date by group and currency."""
    now = rows[rows["month_end"] == pd.Timestamp(months.snapshot.as_of)]
    found: dict[tuple[str, ...], Decimal] = {}
    for *group, balance in now[[*_keys(months), "balance"]].itertuples(index=False, name=None):
        found[tuple(group)] = found.get(tuple(group), _NOTHING) + balance
    return found


def _history(months: LedgerMonths) -> int:
    first = min((f["month_end"].min() for f in (months.positions, months.flows) if len(f)), default=None)
    as_of = months.snapshot.as_of
    return 1 if first is None else (as_of.year - first.year) * 12 + as_of.month - first.month + 1
