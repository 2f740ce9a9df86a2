"""The allowance of a day: the open book times its loss rates, moved by the forward view, judgements added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from analysis.ledger.company import Company
from analysis.ledger.currencies import MINOR_UNITS
from analysis.ledger.provisioning import Overlay, SpecificAllowance, holding_on
from analysis.models.forward_view import ForwardView, forward_view
from analysis.models.provision_matrix import in_coins, matrix_of

_CELL = ["customer_id", "segment", "bucket", "currency"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allowance:
    """Expected credit loss of an open book on a day, in whole coins of the company's currency (cents, say).

    ``cells`` has a row per customer, segment, bucket and currency: ``exposure``, ``history`` (loss by historic rates,
    after recoveries), ``loss`` (forward view included, or the named loss), ``specific`` (whether it is one). In each
    row 0 <= loss <= exposure, and every sum of rows is exact. ``overlay`` is what of the overlays could be taken: the
    allowance is neither negative nor more than what is owed.
    """

    on: date
    cells: pd.DataFrame
    forward: ForwardView
    overlays: tuple[Overlay, ...]
    specific: tuple[SpecificAllowance, ...]
    overlay: int
    loss_given_default: float
    decimals: int

    @property
    def total(self) -> int:
        """The allowance in coins."""
        return int(self.cells["loss"].sum()) + self.overlay

    def amount(self, coins: float) -> float:
        """Coins as an amount of the company's currency."""
        return float(coins) / 10**self.decimals

    @property
    def exposure(self) -> float:
        """What is owed."""
        return self.amount(self.cells["exposure"].sum())

    @property
    def expected_loss(self) -> float:
        """The whole allowance as an amount."""
        return self.amount(self.total)

    def matrix(self) -> pd.DataFrame:
        """Exposure, loss and rate by segment and bucket with sums, as amounts; overlays are not in it."""
        table = matrix_of(self.cells, buckets=list(self.forward.factors.index))
        return table.assign(**{name: table[name] / 10**self.decimals for name in ("exposure", "loss")})

    def by_customer(self) -> pd.DataFrame:
        """Index ``customer_id``; ``exposure``, ``expected_loss`` (without overlays), ``rate``; largest loss first."""
        sums = self.cells.groupby("customer_id")[["exposure", "loss"]].sum() / 10**self.decimals
        sums = sums.rename(columns={"loss": "expected_loss"}).reset_index()
        sums = sums.sort_values(["expected_loss", "customer_id"], ascending=[False, True]).set_index("customer_id")
        return sums.assign(rate=sums["expected_loss"] / sums["exposure"].where(sums["exposure"] > 0))

    def parts(self) -> dict[str, int]:
        """From history to the allowance, in coins; ``history``, ``forward``, ``specific`` and ``overlay`` sum to it."""
        matrix, named = self.cells[~self.cells["specific"]], self.cells[self.cells["specific"]]
        return {
            "history": int(self.cells["history"].sum()),
            "forward": int(matrix["loss"].sum() - matrix["history"].sum()),
            "specific": int(named["loss"].sum() - named["history"].sum()),
            "overlay": self.overlay,
        }

    def by_currency(self) -> pd.Series[int]:
        """The loss by document currency, in coins of the company's, without overlays."""
        return self.cells.groupby("currency")["loss"].sum()


def allowance(book: pd.DataFrame, company: Company, *, on: date, buckets: list[str], kept: float) -> Allowance:
    """The allowance of an open book.

    ``book`` has a row per customer, segment, bucket and currency: ``balance`` and ``expected`` (write-offs by historic
    rates, before recoveries) in company currency; ``kept`` is the part of a write-off that never comes back.
    ``loss = min(balance, expected x kept x factor of the bucket)``; a customer named in ``specific_allowances`` loses
    the part stated instead. Coins are given by the largest remainder, so that segments, buckets, customers and the
    total agree to the last one.

    Source: IFRS 9 5.5.15 to 5.5.20, B5.5.35 (provision matrix).
    """
    decimals = MINOR_UNITS[company.currency]
    forward = forward_view(company, buckets=buckets, on=on)
    specific = holding_on(company.specific_allowances, on)
    named = {judged.customer_id: judged.loss_rate for judged in specific}
    rows = book.sort_values(_CELL, ignore_index=True)
    balance = rows["balance"].to_numpy(dtype=float)
    history = np.minimum(rows["expected"].to_numpy(dtype=float) * kept, balance)
    factor = forward.weighted.reindex(rows["bucket"]).to_numpy(dtype=float)
    stated = rows["customer_id"].map(named).to_numpy(dtype=float)
    loss = np.where(np.isnan(stated), np.minimum(history * factor, balance), stated * balance)
    exposure = in_coins(balance, decimals=decimals)
    cells = rows[_CELL].assign(
        exposure=exposure,
        history=in_coins(history, decimals=decimals, most=exposure),
        loss=in_coins(loss, decimals=decimals, most=exposure),
        specific=~np.isnan(stated),
    )
    overlays = holding_on(company.overlays, on)
    wanted = int(sum((overlay.amount for overlay in overlays), Decimal(0)).scaleb(decimals).to_integral_value())
    modelled, owed = int(cells["loss"].sum()), int(exposure.sum())
    return Allowance(
        on=on,
        cells=cells,
        forward=forward,
        overlays=overlays,
        specific=specific,
        overlay=min(max(wanted, -modelled), owed - modelled),
        loss_given_default=kept,
        decimals=decimals,
    )
