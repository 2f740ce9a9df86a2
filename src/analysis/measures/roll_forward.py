"""From the opening balance to the closing one, and whether the books tie to the general ledger."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from analysis.ledger.contract import EntryKind
from analysis.measures.months import LedgerMonths
from analysis.measures.positions import month_ends

# The lines of a roll-forward: label, kinds of booking, sign. A recovery is cash against what was written
# off, so it raises one line and lowers another and leaves the balance alone.
LINES: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
    ("invoiced", (("invoiced", 1),)),
    ("paid", ((EntryKind.PAYMENT, -1), (EntryKind.REVERSAL, -1), (EntryKind.RECOVERY, -1))),
    ("discounts", ((EntryKind.DISCOUNT, -1),)),
    ("credited", ((EntryKind.CREDIT_NOTE, -1),)),
    ("written_off", ((EntryKind.WRITE_OFF, -1), (EntryKind.RECOVERY, 1))),
)


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
    invoices and cash on account, the movements from the bookings, so the sum is a check (INV2).
    """
    by, table = list(months.by), _by_currency(months)
    keys = [*by, "currency"]
    table["opening_document"] = table.groupby(keys)["closing_document"].shift(fill_value=0.0)
    table["opening"] = table.groupby(keys)["closing"].shift(fill_value=0.0)
    table["fx"] = table["opening_document"] * table["rate"] - table["opening"]
    columns = ["opening", *[line for line, _ in LINES], "fx", "closing"]
    summed = table.groupby([*by, "month_end"])[columns].sum()
    ends = set(month_ends(months.snapshot.as_of, last))
    return summed[summed.index.get_level_values("month_end").isin(ends)]


def exact_roll_forward(months: LedgerMonths) -> pd.DataFrame:
    """The whole history of the ledger in one roll-forward per currency and group, as exact decimals.

    Columns ``currency``, the lines of :data:`LINES`, ``closing`` (from balances) and ``difference``
    (sum of the movements less closing), which is zero for a ledger that holds together.
    """
    by = [*months.by, "currency"] if "currency" not in months.by else list(months.by)
    moved = months.flows.groupby([*by, "kind"])["balance"].sum().unstack("kind")
    moved = moved.astype(object).where(moved.notna(), Decimal(0))
    result = pd.DataFrame(index=moved.index)
    for line, kinds in LINES:
        result[line] = sum(
            (moved[kind] * sign for kind, sign in kinds if kind in moved), start=pd.Series(Decimal(0), moved.index)
        )
    last = pd.Timestamp(months.snapshot.as_of)
    owed = _closing(months.positions, by, last)
    on_account = _closing(months.unapplied, by, last)
    none = Decimal(0)
    result["closing"] = [owed.get(key, none) - on_account.get(key, none) for key in result.index]
    result["difference"] = result[[line for line, _ in LINES]].sum(axis=1) - result["closing"]
    return result.reset_index()


def reconcile(months: LedgerMonths) -> list[Reconciliation]:
    """The ledger against the control account on the as-of date; empty where there is none for that day.

    ``months`` is to be read ``by=("entity",)``. Foreign currency is converted at the rate of the date and
    rounded to the cent per entity and currency.
    """
    snapshot = months.snapshot
    control = snapshot.control[pd.to_datetime(snapshot.control["on"]) == pd.Timestamp(snapshot.as_of)]
    exact = exact_roll_forward(months)
    cent = Decimal("0.01")
    exact["value"] = [
        (Decimal(str(snapshot.rate_on(currency, snapshot.as_of))) * closing).quantize(cent)
        for currency, closing in zip(exact["currency"], exact["closing"], strict=True)
    ]
    found = []
    for entity, balance in zip(control["entity"], control["balance"], strict=True):
        rows = exact if pd.isna(entity) else exact[exact["entity"] == entity]
        found.append(
            Reconciliation(
                entity="" if pd.isna(entity) else str(entity),
                on=snapshot.as_of.isoformat(),
                ledger=sum(rows["value"], Decimal(0)),
                control=Decimal(balance).quantize(cent),
            )
        )
    return found


def _by_currency(months: LedgerMonths) -> pd.DataFrame:
    """Closing balances and movements for each group, currency and month of the history."""
    by = [*dict.fromkeys([*months.by, "currency"])]
    ends = month_ends(months.snapshot.as_of, _history(months))
    owed = _wide(months.positions, by).sub(_wide(months.unapplied, by), fill_value=0.0)
    moved = months.flows.assign(balance=months.flows["balance"].astype(float))
    kinds = moved.pivot_table(index=[*by, "month_end"], columns="kind", values="balance", aggfunc="sum")
    groups = pd.concat([owed.index.droplevel("month_end").to_frame(), kinds.index.droplevel("month_end").to_frame()])
    groups = groups.drop_duplicates().reset_index(drop=True)
    full = groups.merge(pd.DataFrame({"month_end": ends}), how="cross").sort_values([*by, "month_end"])
    full = full.merge(owed.rename("closing_document").reset_index(), on=[*by, "month_end"], how="left")
    full = full.merge(kinds.reset_index(), on=[*by, "month_end"], how="left")
    numbers = [c for c in full.columns if c not in (*by, "month_end")]
    full[numbers] = full[numbers].astype(float).fillna(0.0)
    pairs = full[["currency", "month_end"]].drop_duplicates()
    rates = {(c, m): months.snapshot.rate_on(c, m.date()) for c, m in pairs.itertuples(index=False)}
    full["rate"] = [rates[key] for key in zip(full["currency"], full["month_end"], strict=True)]
    full["closing"] = full["closing_document"] * full["rate"]
    for line, parts in LINES:
        full[line] = sum((full[k] * sign for k, sign in parts if k in full), start=full["rate"] * 0.0) * full["rate"]
    return full


def _wide(frame: pd.DataFrame, by: list[str]) -> pd.Series:
    return frame.assign(balance=frame["balance"].astype(float)).groupby([*by, "month_end"])["balance"].sum()


def _closing(frame: pd.DataFrame, by: list[str], on: pd.Timestamp) -> dict[object, Decimal]:
    return dict(frame[frame["month_end"] == on].groupby(by)["balance"].sum())


def _history(months: LedgerMonths) -> int:
    first = min((f["month_end"].min() for f in (months.positions, months.flows) if len(f)), default=None)
    as_of = months.snapshot.as_of
    return 1 if first is None else (as_of.year - first.year) * 12 + as_of.month - first.month + 1
