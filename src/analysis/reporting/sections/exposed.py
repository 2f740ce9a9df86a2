"""What page 6 is made of: who owes what against which limit, how it came to be, and on how few it hangs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.ledger.opening import Opened
from analysis.measures.concentration import Concentration, concentration
from analysis.measures.exposure import concentrations, exposures
from analysis.measures.limits import LimitUse, limit_months, limit_use, limit_use_at
from analysis.measures.policy_exceptions import (
    EXCEPTIONS,
    KINDS,
    exceptions_by_kind,
    issued_against_policy,
    severe_share,
)
from analysis.measures.positions import month_ends
from analysis.measures.single_name import HighRisk, average_debtors_needed, high_risk

TOP = 10
_DIVISIONS = {"customer_id": "customers", "parent_id": "groups", "industry": "industries", "country": "countries"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposed:
    """Exposure as page 6 shows it.

    ``owed``: exposures by customer; ``previous``: use of limits a month before, by customer; ``issued``: invoices by
    their standing to the policy and customer; ``divisions`` and ``of_loss``: concentration of the open balance and of
    expected loss (None where that is not known); ``risk``: None where nobody is classed; ``needed``: average debtors
    that the target of the effective number would take, None without a target.
    """

    opened: Opened
    owed: pd.DataFrame
    used: LimitUse
    months: pd.DataFrame
    previous: pd.Series[float]
    issued: pd.DataFrame
    book: Concentration
    divisions: pd.DataFrame
    of_loss: pd.DataFrame | None
    expected_loss: pd.Series[float] | None
    risk: HighRisk | None
    needed: int | None

    @property
    def currency(self) -> str:
        return self.opened.company.currency

    @property
    def kinds(self) -> pd.DataFrame:
        """What became of invoices by their standing to the policy when they were issued."""
        return exceptions_by_kind(self.issued, group_minimum=self.opened.company.policy.group_minimum)

    def became_severe(self, *, exceptions: bool) -> tuple[float, float, float]:
        """Share of invoices against policy, or of all others, that became severely late, with its interval."""
        kinds = [kind for kind in KINDS if (kind in EXCEPTIONS) is exceptions]
        return severe_share(self.issued, kinds, group_minimum=self.opened.company.policy.group_minimum)


def exposed(
    opened: Opened,
    *,
    expected_loss: pd.Series[float] | None = None,
    risk_class: pd.Series | None = None,
    probability: pd.Series[float] | None = None,
) -> Exposed:
    """Measure page 6; ``expected_loss``, ``risk_class`` (1 to 5), ``probability`` by customer where they are known."""
    snapshot, target = opened.snapshot, opened.company.targets.effective_number
    owed = exposures(snapshot)
    balances = owed["open_balance"]
    customers = snapshot.customers.select("customer_id", "parent_id", "industry", "country").execute()
    customers = customers.set_index("customer_id")
    before = limit_use_at(snapshot, month_ends(snapshot.as_of, 2)[:1])
    is_classed = risk_class is not None or probability is not None
    return Exposed(
        opened=opened,
        owed=owed,
        used=limit_use(snapshot),
        months=limit_months(snapshot),
        previous=before["use"].droplevel("month_end"),
        issued=issued_against_policy(snapshot),
        book=concentration(balances, n=TOP),
        divisions=concentrations(balances, customers),
        of_loss=None if expected_loss is None else concentrations(expected_loss, customers),
        expected_loss=expected_loss,
        risk=high_risk(balances, risk_class=risk_class, probability=probability) if is_classed else None,
        needed=None if target is None else average_debtors_needed(balances, target=target),
    )


def largest_use(found: Exposed, *, most: int = TOP) -> pd.DataFrame:
    """Use of limits of the largest exposures, now and a month before, as :func:`limit_dots` wants it."""
    top = found.used.table.head(most)
    return top[["name", "exposure", "limit", "use"]].assign(previous=found.previous.reindex(top.index))


def breaches_table(found: Exposed) -> pd.DataFrame:
    """Customers over their limit, the greatest excess first: what they owe, their limit, since when."""
    columns = ["name", "exposure", "limit", "use", "excess", "overdue", "over_since"]
    table = found.used.breaches[columns].rename(columns={"name": "customer", "over_since": "over since"})
    return table.assign(**{"over since": table["over since"].dt.strftime("%Y-%m-%d")}).reset_index(drop=True)


def exceptions_table(found: Exposed) -> pd.DataFrame:
    """Invoices of twelve months by their standing to the policy at issue, and what became of them.

    Empty where the books hold open items only: all that is left would look badly paid.
    """
    if found.opened.snapshot.open_items_only:
        return pd.DataFrame()
    kinds = found.kinds.rename_axis(index="when issued")[
        ["invoices", "customers", "amount", "overdue", "written_off", "severe_share", "low", "high"]
    ]
    names = {"written_off": "written off", "severe_share": "severe", "low": "from", "high": "to"}
    return kinds.rename(columns={**names, "overdue": "late now"}).reset_index()


def divisions_table(found: Exposed) -> pd.DataFrame:
    """Concentration of exposure, and of expected loss where it is known, by customer, group, industry and country."""
    kept = {"number": "number", "effective_number": "effective", "top_1": "largest"}
    table = found.divisions[list(kept)].rename(columns=kept)
    if found.of_loss is not None:
        lost = found.of_loss[["effective_number", "top_1"]]
        table = table.join(lost.rename(columns={"effective_number": "effective, loss", "top_1": "largest, loss"}))
    return table.rename(index=_DIVISIONS).rename_axis(index="over").reset_index()
