"""The open book of each month end by customer, segment and age, with what was expected of it and what was lost."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import numpy as np
import pandas as pd

from analysis.models.loss_history import LossHistory, standing_on
from analysis.models.loss_rates import LossRates

# A year is how long a past provision is followed; half of it, where what was lost is to be known for most months.
FOLLOWED_DAYS, SEEN_DAYS = 365, 180
_PARTS = 1_000_000_000
KEYS = ("place", "customer_id", "segment", "bucket", "currency")
_MONEY = ("balance", "then", "now", "lost_seen", "lost_followed")


def loss_books(found: LossHistory, *, known: Mapping[int, LossRates], latest: LossRates) -> pd.DataFrame:
    """What stood open on each mark, in company currency at its rate.

    Columns ``place``, ``customer_id``, ``segment``, ``bucket``, ``currency``, ``balance``, ``then`` (write-offs
    expected by the rates ``known`` on the mark itself, NaN where it had none), ``now`` (by the ``latest`` rates),
    ``lost_seen`` and ``lost_followed`` (written off within :data:`SEEN_DAYS` and :data:`FOLLOWED_DAYS`, as far as the
    books go). The engine multiplies by whole billionths, so that the sums are exact and do not depend on their order.
    """
    rows = standing_on(found, lost_within=(SEEN_DAYS, FOLLOWED_DAYS))
    rates = ibis.memtable(_rate_table(found, known, latest))
    keys = ["place", "segment", "bucket"]
    joined = rows.inner_join(rates, [rows[key] == rates[f"_{key}"] for key in keys])
    balance = joined["balance"]
    counted = joined.group_by(list(KEYS)).aggregate(
        balance=balance.sum(),
        then=(balance.cast("decimal(18, 3)") * joined["_then"]).sum(),
        now=(balance.cast("decimal(18, 3)") * joined["_now"]).sum(),
        lost_seen=joined[f"lost_{SEEN_DAYS}"].sum(),
        lost_followed=joined[f"lost_{FOLLOWED_DAYS}"].sum(),
    )
    frame = counted.execute().sort_values(list(KEYS), ignore_index=True)
    frame[list(_MONEY)] = frame[list(_MONEY)].astype(float)
    frame[["then", "now"]] /= _PARTS
    pairs = frame[["place", "currency"]].drop_duplicates()
    snapshot = found.history.snapshot
    rate = {(p, c): snapshot.rate_on(c, found.marks[p]) for p, c in zip(pairs["place"], pairs["currency"], strict=True)}
    in_company = np.array([rate[pair] for pair in zip(frame["place"], frame["currency"], strict=True)], dtype=float)
    frame[list(_MONEY)] = frame[list(_MONEY)].mul(in_company, axis=0)
    frame["then"] = frame["then"].where(frame["place"].isin(list(known)))
    return frame


def _rate_table(found: LossHistory, known: Mapping[int, LossRates], latest: LossRates) -> pd.DataFrame:
    """Loss rates by place, segment and bucket as whole billionths."""
    index = latest.cells.index

    def billionths(of: LossRates | None) -> np.ndarray:
        rate = np.zeros(len(index)) if of is None else of.cells["rate"].reindex(index).to_numpy(dtype=float)
        return np.rint(rate * _PARTS).astype(np.int64)

    parts = [
        pd.DataFrame(
            {
                "_place": np.int64(place),
                "_segment": index.get_level_values("segment"),
                "_bucket": index.get_level_values("bucket"),
                "_then": billionths(known.get(place)),
                "_now": billionths(latest),
            }
        )
        for place in range(len(found.marks))
    ]
    return pd.concat(parts, ignore_index=True)
