"""What each segment is and costs: customers, exposure, days late, curve, and what was lost, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
from scipy.stats import beta

from analysis.ledger.snapshot import Snapshot
from analysis.measures.ratio import ratio
from analysis.measures.settlement import settlement_counts
from analysis.models.before_after import mean_with_interval
from analysis.models.survival import Estimate, PaymentCurve, payment_curves

YEAR_DAYS = 365


def profile(
    view: pd.DataFrame,
    assigned: pd.DataFrame,
    losses: Mapping[str, Estimate],
    curves: Mapping[str, PaymentCurve],
    *,
    names: Mapping[int, str],
    smallest: int,
) -> pd.DataFrame:
    """One row per segment, named, in order, who cannot be judged last.

    Columns: ``customers``, ``share`` (of customers), ``sales_12m``, ``open_balance``, ``exposure`` (share of all open
    balances), ``overdue``, ``days_late`` with ``days_late_low`` and ``_high`` (mean over customers), ``median`` days
    to settle with ``median_low`` and ``_high`` (inf where not reached), ``loss_rate`` with ``loss_low`` and ``_high``,
    and ``probability`` (mean membership). What is of a segment of fewer than ``smallest`` customers is NaN but for
    their number, and so is the next smallest segment's money, so that nobody is found by subtraction.
    """
    rows = {}
    total = float(view["open_balance"].sum())
    for number, name in names.items():
        part = view[assigned["segment"] == number]
        if part.empty:
            continue
        late = mean_with_interval(part["days_late"], smallest=smallest)
        none = Estimate(value=math.nan, low=math.nan, high=math.nan)
        loss, curve = losses.get(name, none), curves.get(name)
        low, high = curve.median_interval if curve is not None else (math.nan, math.nan)
        rows[name] = {
            "customers": len(part),
            "share": len(part) / len(view),
            "sales_12m": part["sales_12m"].sum(),
            "open_balance": part["open_balance"].sum(),
            "exposure": ratio(part["open_balance"].sum(), total),
            "overdue": part["overdue"].sum(),
            **{"days_late": late.value, "days_late_low": late.low, "days_late_high": late.high},
            **{"median": curve.median_days if curve is not None else math.nan, "median_low": low, "median_high": high},
            **{"loss_rate": loss.value, "loss_low": loss.low, "loss_high": loss.high},
            "probability": assigned.loc[part.index, "probability"].mean(),
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("segment")
    if not rows:
        return frame
    return _suppressed(frame.astype({"customers": int}), smallest=smallest)


def _suppressed(frame: pd.DataFrame, *, smallest: int) -> pd.DataFrame:
    """Figures of segments with too few customers taken out, and one more segment's money where only one is."""
    few = frame["customers"] < smallest
    hidden = frame.mask(few.to_numpy()[:, None] & ~frame.columns.isin(["customers", "share"]))
    if few.sum() == 1 and len(frame) > 2:
        next_smallest = frame.loc[~few, "customers"].idxmin()
        hidden.loc[next_smallest, ["sales_12m", "open_balance", "exposure", "overdue"]] = math.nan
    return hidden


def segment_curves(snapshot: Snapshot, segment: pd.Series[str], *, smallest: int) -> dict[str, PaymentCurve]:
    """Curve of the invoices of the last 365 days of each segment; ``segment`` is a name by customer.

    Whatever settles an invoice counts, as in the curves of the company. Segments of fewer than ``smallest``
    customers, and curves of too few invoices to be shown, are left out.
    """
    sizes = segment.value_counts()
    shown = segment[segment.map(sizes) >= smallest]
    if shown.empty:
        return {}
    keys = pd.DataFrame({"customer_id": shown.index.astype(str), "payer_segment": shown.to_numpy(object)})
    items = snapshot.items.inner_join(ibis.memtable(keys), "customer_id")
    since = snapshot.as_of - timedelta(days=YEAR_DAYS - 1)
    counts = settlement_counts(replace(snapshot, items=items), by="payer_segment", issued_from=since)
    found = payment_curves(counts, by="group")
    return {curve.label: curve for curve in found if curve.reliability != "suppressed"}


def loss_rates(
    year_ago: pd.DataFrame, view: pd.DataFrame, assigned: pd.DataFrame, *, names: Mapping[int, str], smallest: int
) -> dict[str, Estimate]:
    """What was written off within a year of what customers owed and bought, by their segment a year ago.

    ``sum(written off since) / sum(open balance a year ago + sales since)``. The segment is that of the beginning of
    the year (``assigned``, by customer of ``year_ago``), so nobody is in a bad segment because of the loss itself.
    Segments of fewer than ``smallest`` customers are left out.
    """
    since = view.reindex(year_ago.index)
    lost = (since["written_off"] - year_ago["written_off"]).clip(lower=0.0)
    exposed = (year_ago["open_balance"] + since["sales_12m"]).clip(lower=0.0)
    share = (lost / exposed.where(exposed > 0)).clip(upper=1.0)
    severity = float(share[share > 0].mean()) if (share > 0).any() else 1.0
    found = {}
    for number, name in names.items():
        rows = (assigned["segment"] == number).to_numpy()
        if rows.sum() >= smallest:
            of_segment = (values[rows].to_numpy(float) for values in (lost, exposed))
            found[name] = weighted_share(*of_segment, severity=severity)
    return found


def weighted_share(
    lost: np.ndarray, exposed: np.ndarray, *, severity: float = 1.0, confidence: float = 0.95
) -> Estimate:
    """A share of money with an interval that few or no losses do not make narrow.

    ``p = sum(lost) / sum(exposed)``, each customer's loss at most what was exposed. The interval is Clopper and
    Pearson's for ``p (1 - p) / var(p)`` customers, var by linearisation over customers
    (``sum((lost - p exposed)^2) / sum(exposed)^2``): where all have the same business and some lost it whole, it is the
    interval of so many events, and one large loss says as little as one event does.
    Without any loss the upper limit is that of no event among all customers times ``severity``, the share that a
    customer who fails is taken to cost. NaN without exposure.

    Source: Korn and Graubard, Survey Methodology 24 (1998) 193-201.
    """
    whole, customers = float(exposed.sum()), int((exposed > 0).sum())
    if not whole > 0:
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    tail, borne = (1 - confidence) / 2, np.minimum(lost, exposed)
    value = float(borne.sum()) / whole
    if not value > 0:
        return Estimate(value=0.0, low=0.0, high=(1 - tail ** (1 / customers)) * severity)
    spread = float(((borne - value * exposed) ** 2).sum()) / whole**2
    effective = value * (1 - value) / spread if spread > 0 else float(customers)
    events = value * effective
    low = float(beta.ppf(tail, events, effective - events + 1))
    high = float(beta.ppf(1 - tail, events + 1, effective - events)) if events < effective else 1.0
    return Estimate(value=value, low=low, high=high, std_err=math.sqrt(spread))
