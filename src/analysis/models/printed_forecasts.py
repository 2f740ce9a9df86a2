"""Forecasts of cash that earlier reports printed, held against what came: they cannot have been improved since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from analysis.measures.cash_received import received
from analysis.measures.history import History
from analysis.models.cash_record import TrackRecord, judged, track_record
from analysis.models.landmarks import open_book


def printed_record(printed: Mapping[date, pd.DataFrame], history: History) -> TrackRecord:
    """The record of forecasts as they were printed.

    ``printed`` holds by day of the forecast what :func:`analysis.models.cash_record.frozen` gave then. Actual is the
    cash that the invoices open on that day brought, as the books showed them on it. Days on or after the last of the
    history are left out.
    """
    found = []
    for on in sorted(day for day in printed if day < history.last):
        items = open_book(history, on).items
        found.append(judged(printed[on], received(history.snapshot, items, on=on)))
    return track_record(found)
