"""Expected credit loss of an open book by the simplified approach of IFRS 9, with its record, interval and movement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.measures.history import History
from analysis.models.allowance import Allowance, allowance
from analysis.models.allowance_movement import Movement, movement
from analysis.models.loss_books import FOLLOWED_DAYS, SEEN_DAYS, loss_books
from analysis.models.loss_given_default import LossGivenDefault, loss_given_default
from analysis.models.loss_history import LossHistory, loss_history
from analysis.models.loss_interval import LossDraws, loss_draws
from analysis.models.loss_rates import LossRates, flow_by_cell, loss_rates
from analysis.models.provision_record import ProvisionRecord, provision_record

# Books younger than a year have not seen what becomes of a late debt.
LEAST_MONTHS = 12
_MOST_VINTAGES = 24
_DRAWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """What the open book is expected to lose, and what that rests on.

    ``allowances``: by month end, oldest first, each from what it knew; the last is that of the as-of date.
    ``rates_by_bucket``: index bucket; ``exposure``, ``rate`` (part lost by competing causes, after recoveries) with
    ``low`` and ``high`` (95%), ``flow`` (the same by flow rates), ``factor`` (forward view), ``loss``. ``flow_loss`` is
    what flow rates would expect before any forward view; both are NaN where nothing was ever written off, because a
    chain without a loss at its end has no loss rate. ``draws`` are those of the loss to come.
    """

    found: LossHistory
    rates: LossRates
    given_default: LossGivenDefault
    allowances: Mapping[date, Allowance]
    rates_by_bucket: pd.DataFrame
    flow_loss: float
    draws: LossDraws
    record: ProvisionRecord
    month: Movement | None
    year: Movement | None
    names: pd.Series[str]

    @property
    def allowance(self) -> Allowance:
        """The allowance of the as-of date."""
        return self.allowances[self.found.marks[-1]]

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self.found.history.snapshot.company.currency

    @property
    def ever_written_off(self) -> bool:
        """Whether the books ever showed a write-off; without one, history says nothing of losses."""
        return bool(len(self.found.losers))

    @property
    def sales_to_replace(self) -> float:
        """Sales whose net profit makes good the allowance; NaN where the company states no net margin."""
        margin = self.found.history.snapshot.company.policy.net_margin
        return self.allowance.expected_loss / margin if margin else math.nan


def why_no_losses(history: History) -> str:
    """Why no loss can be expected from these books; blank where it can."""
    if history.snapshot.open_items_only:
        return "the books hold open items only, and say nothing of what became of earlier ones"
    first, last = history.first(), history.last
    if first is None:
        return "the books hold no invoice"
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months < LEAST_MONTHS:
        return f"loss rates need {LEAST_MONTHS} months of books, and these hold {months}"
    return ""


def losses(history: History, *, seed: int = 0) -> Losses:
    """Expected credit loss as of the last day of a history.

    ValueError where :func:`why_no_losses` says why not. Past allowances are made again from what each month end knew,
    with the scenarios and named customers in force on it.
    """
    if reason := why_no_losses(history):
        raise ValueError(f"no loss can be expected: {reason}")
    found, company = loss_history(history), history.snapshot.company
    last = len(found.marks) - 1
    rated = range(LEAST_MONTHS - 1, last + 1)
    known = {place: loss_rates(found, place=place) for place in rated}
    books = loss_books(found, known=known, latest=known[last])
    kept = {place: loss_given_default(found, place=place, draws=0).value for place in rated}
    allowances = {
        found.marks[place]: allowance(
            books[books["place"] == place].rename(columns={"then": "expected"}),
            company,
            on=found.marks[place],
            buckets=list(found.buckets),
            kept=kept[place],
        )
        for place in rated
    }
    current, given = allowances[history.last], loss_given_default(found, seed=seed)
    past = _past_books(books, found)
    flow = flow_by_cell(found, known[last]) if len(found.losers) else None
    by_bucket, flow_loss = _by_bucket(past, current, flow, seed=seed)
    snapshot = history.snapshot
    names = snapshot.customers.select("customer_id", "name").execute().set_index("customer_id")["name"].sort_index()
    return Losses(
        found=found,
        rates=known[last],
        given_default=given,
        allowances=allowances,
        rates_by_bucket=by_bucket,
        flow_loss=flow_loss,
        draws=loss_draws(
            past.groupby(["place", "customer_id"], as_index=False)[["balance", "expected", "lost"]].sum(),
            current.by_customer().reset_index().rename(columns={"exposure": "balance", "expected_loss": "expected"}),
            seed=seed,
        ),
        record=provision_record(
            _judged(books, allowances, found, kept=given.value), buckets=list(found.buckets), seed=seed
        ),
        month=_moved(found, allowances, months=1),
        year=_moved(found, allowances, months=12),
        names=names,
    )


def _past_books(books: pd.DataFrame, found: LossHistory) -> pd.DataFrame:
    """Open books old enough to have shown what they lost, with what today's rates expected of them."""
    until = found.history.last - timedelta(days=SEEN_DAYS)
    old = [place for place, mark in enumerate(found.marks) if mark <= until]
    return books[books["place"].isin(old)].rename(columns={"now": "expected", "lost_seen": "lost"})


def _judged(
    books: pd.DataFrame, allowances: Mapping[date, Allowance], found: LossHistory, *, kept: float
) -> pd.DataFrame:
    """Past provisions by month, customer and bucket beside what was lost within a year, of months so old."""
    until = found.history.last - timedelta(days=FOLLOWED_DAYS)
    days = [day for day in allowances if day <= until][-_MOST_VINTAGES:]
    parts = [pd.DataFrame(columns=["on", "customer_id", "bucket", "exposure", "provided", "lost"])]
    for day in days:
        made, place = allowances[day], found.place_of(day)
        cells = made.cells.groupby(["customer_id", "bucket"], as_index=False)[["exposure", "loss"]].sum()
        lost = books[books["place"] == place].groupby(["customer_id", "bucket"])["lost_followed"].sum() * kept
        cells = cells.join(lost.rename("lost"), on=["customer_id", "bucket"])
        provided = cells["loss"] / 10**made.decimals
        parts.append(
            cells.assign(on=day, exposure=cells["exposure"] / 10**made.decimals, provided=provided).drop(columns="loss")
        )
    whole = pd.concat(parts[1:] or parts, ignore_index=True)
    return whole.astype({"exposure": float, "provided": float, "lost": float})


def _by_bucket(
    past: pd.DataFrame, current: Allowance, flow_rate: pd.Series[float] | None, *, seed: int
) -> tuple[pd.DataFrame, float]:
    """Rates of the book by bucket, by both methods; and what flow rates would expect of it (NaN without any)."""
    cells, kept = current.cells, current.loss_given_default
    by_flow = pd.Series(math.nan, index=cells.index)
    if flow_rate is not None:
        flow = flow_rate.reindex(pd.MultiIndex.from_frame(cells[["segment", "bucket"]])).to_numpy(dtype=float)
        by_flow = cells["exposure"] * flow * kept
    cells = cells.assign(by_flow=by_flow)
    buckets = current.forward.factors.index
    sums = cells.groupby("bucket")[["exposure", "history", "loss", "by_flow"]].sum().reindex(buckets).fillna(0.0)
    owed = sums["exposure"].where(sums["exposure"] > 0)
    spread = _spread(past, list(buckets), seed=seed)
    rate = sums["history"] / owed
    table = pd.DataFrame(
        {
            "exposure": sums["exposure"] / 10**current.decimals,
            "rate": rate,
            "low": (rate * spread["low"]).clip(upper=1),
            "high": (rate * spread["high"]).clip(upper=1),
            "flow": math.nan if flow_rate is None else sums["by_flow"] / owed,
            "factor": current.forward.weighted,
            "loss": sums["loss"] / 10**current.decimals,
        }
    )
    return table.rename_axis(index="bucket"), (
        math.nan if flow_rate is None else current.amount(float(sums["by_flow"].sum()))
    )


def _spread(past: pd.DataFrame, buckets: list[str], *, seed: int) -> pd.DataFrame:
    """By how much the rate of each bucket moves with the customers of whom it is made: 95% limits, as factors."""
    rng = np.random.default_rng(seed)
    limits = {}
    for bucket in buckets:
        by_customer = past[past["bucket"] == bucket].groupby("customer_id")[["expected", "lost"]].sum().sort_index()
        expected, lost = by_customer.to_numpy(dtype=float).T
        limits[bucket] = (math.nan, math.nan)
        if (lost > 0).sum() > 1:
            n = len(lost)
            weight = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)
            sums = weight @ expected
            drawn = (weight @ lost)[sums > 0] / sums[sums > 0] * (expected.sum() / lost.sum())
            low, high = np.quantile(drawn, (0.025, 0.975))
            limits[bucket] = (float(low), float(high))
    return pd.DataFrame.from_dict(limits, orient="index", columns=["low", "high"])


def _moved(found: LossHistory, allowances: Mapping[date, Allowance], *, months: int) -> Movement | None:
    """The movement over the last months; None where there was no allowance so long ago."""
    place = len(found.marks) - 1 - months
    first = allowances.get(found.marks[place]) if place >= 0 else None
    return None if first is None else movement(found, first, allowances[found.marks[-1]])
