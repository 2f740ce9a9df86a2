"""How much cash comes in over the next thirteen weeks, by week and by whom, with bands that hold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.measures.cash_received import CashShare
from analysis.measures.outcomes import OTHERS
from analysis.models.cash_draws import QUANTILES, ReceiptDraws, bands, draw_receipts, limits_of
from analysis.models.cash_record import frozen, week_ends
from analysis.models.cash_shocks import Shocks
from analysis.models.coming_invoices import ComingInvoices
from analysis.models.receipts import DAYS, WEEKS, Floats, OpenDebt, expected_receipts, where_it_goes

LARGEST = 10
# By what a forecast can be divided; all but the first stand among the items of open debt.
DIVISIONS = ("customer", "segment", "currency", "entity", "status")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashForecast:
    """Cash of the next thirteen weeks; company currency.

    ``daily``: expected cash from open invoices on day 1 to 91. ``weeks``: index week 1 to 13; ``ends_on``,
    ``expected``, and the quantiles of the simulation as columns named by their share (0.025 ... 0.975), of open
    invoices alone. ``with_coming``: the same with invoices that are not issued yet, None where that layer is
    switched off or the books know too few months of sales.
    """

    debt: OpenDebt
    share: CashShare
    shocks: Shocks
    coming: ComingInvoices | None
    draws: ReceiptDraws
    daily: pd.Series[float]
    weeks: pd.DataFrame
    with_coming: pd.DataFrame | None

    @property
    def expected(self) -> float:
        """Cash expected from open invoices within the thirteen weeks."""
        return float(self.weeks["expected"].sum())

    @property
    def within_30_days(self) -> float:
        """Cash expected from open invoices within 30 days."""
        return float(self.daily.loc[:30].sum())

    def band(self, level: float, *, weeks: int = WEEKS) -> tuple[float, float]:
        """Limits of what open invoices bring in the first ``weeks`` weeks together."""
        summed = self.draws.weekly()[:, :weeks].sum(axis=1)
        return _limits(summed, level)

    def band_30_days(self, level: float) -> tuple[float, float]:
        """Limits of what open invoices bring within 30 days."""
        return _limits(self.draws.within_30_days(), level)

    def where_it_goes(self, *, by: str | None = None) -> pd.DataFrame:
        """Where the open balance is expected to go; see :func:`analysis.models.receipts.where_it_goes`."""
        return where_it_goes(self.debt, self.share, by=by)

    def divided(self, by: str, *, level: float = 0.80) -> pd.DataFrame:
        """The forecast by one of :data:`DIVISIONS`, largest balance first; ``customer`` names the ten largest.

        Columns ``open_balance``, ``within_30_days``, ``expected`` (thirteen weeks), ``low``, ``high`` (its band),
        ``later_or_never``. Balances and expectations add up to those of the whole; bands come from the same draws,
        and are narrower for the whole than their sum, because not all is late at once.
        """
        goes = self.where_it_goes(by=by)
        weeks = goes.loc[:, "week_1" : f"week_{WEEKS}"].sum(axis=1)
        first = expected_receipts(self.debt, self.share, by=by).loc[:30].sum()
        limits = [_limits(self.draws.weekly(**{by: name}).sum(axis=1), level) for name in goes.index]
        table = pd.DataFrame(
            {
                "open_balance": goes["open_balance"],
                "within_30_days": first,
                "expected": weeks,
                "low": [low for low, _ in limits],
                "high": [high for _, high in limits],
                "later_or_never": goes["beyond"] + goes["never"],
            }
        )
        # names in order first, so that equal balances keep one order
        return table.sort_index().sort_values("open_balance", ascending=False, kind="stable")

    def kept(self) -> pd.DataFrame:
        """The forecast of open invoices as it is frozen, to be judged later."""
        return frozen(
            self.debt.on,
            self.weeks["expected"].to_numpy(dtype=float),
            self.draws.weekly(),
            self.draws.within_30_days(),
            expected_30=self.within_30_days,
        )


def cash_forecast(
    debt: OpenDebt,
    share: CashShare,
    shocks: Shocks,
    *,
    coming: ComingInvoices | None = None,
    seed: int = 0,
    draws: int = 2_000,
) -> CashForecast:
    """Expected cash by day and week from open invoices, with bands from a joint simulation.

    ``share`` turns settled balances into cash, ``shocks`` says how far invoices miss together, ``coming`` adds the
    layer of invoices not yet issued. The same arguments give the same figures; the order of the invoices is
    irrelevant to all but the last digits of a sum.
    """
    debt = _in_order(debt)
    rng = np.random.default_rng(seed)
    by = [column for column in DIVISIONS if column in debt.items]
    simulated = draw_receipts(debt, share, shocks, rng=rng, draws=draws, by=by)
    daily = expected_receipts(debt, share)["all"]
    expected = daily.to_numpy(dtype=float).reshape(WEEKS, -1).sum(axis=1)
    weekly = simulated.weekly()
    layered = None
    if coming is not None and coming.is_known:
        layered = _weeks(debt, expected + coming.weekly(), weekly + coming.draws(rng, size=len(weekly)))
    return CashForecast(
        debt=debt,
        share=share,
        shocks=shocks,
        coming=coming,
        draws=simulated,
        daily=daily,
        weeks=_weeks(debt, expected, weekly),
        with_coming=layered,
    )


def coherence(forecast: CashForecast) -> list[tuple[str, float, float]]:
    """What must add up, as formula and both sides: the open balance and where it goes, each division and the whole.

    The sides agree up to the last digits of a float.
    """
    goes = forecast.where_it_goes().iloc[0]
    pairs = [("weeks + not cash + beyond + never = open balance", float(goes.iloc[:-1].sum()), forecast.debt.total)]
    for by in (column for column in DIVISIONS if column in forecast.debt.items):
        parts = forecast.where_it_goes(by=by).loc[:, "week_1" : f"week_{WEEKS}"]
        pairs.append((f"expected cash by {by} = total", float(parts.to_numpy().sum()), forecast.expected))
    return pairs


def _in_order(debt: OpenDebt) -> OpenDebt:
    """Invoices by number, and the column ``customer`` that names the largest ten of them."""
    order = np.argsort(debt.items["invoice_id"].astype(str).to_numpy(), kind="stable")
    items = debt.items.iloc[order].reset_index(drop=True)
    owed = items.groupby("customer_id")["balance"].sum().sort_index()
    largest = set(owed.sort_values(ascending=False, kind="stable").index[:LARGEST])
    customer = items["customer_id"].where(items["customer_id"].isin(largest), OTHERS)
    return replace(
        debt, items=items.assign(customer=customer), unpaid=debt.unpaid[order][:, :DAYS], never=debt.never[order]
    )


def _weeks(debt: OpenDebt, expected: Floats, weekly: Floats) -> pd.DataFrame:
    table = bands(weekly)
    table.insert(0, "ends_on", pd.to_datetime(week_ends(debt.on)))
    table.insert(1, "expected", expected)
    return table[["ends_on", "expected", *QUANTILES]]


def _limits(values: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, limits_of(level))
    return float(low), float(high)
