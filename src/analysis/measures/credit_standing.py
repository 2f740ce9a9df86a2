"""Limits and ratings of customers as they stood on earlier days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import pandas as pd

from analysis.ledger.snapshot import Snapshot
from analysis.measures.history import History, day_numbers, marks_table


def limits_held(snapshot: Snapshot, marks: Sequence[date]) -> pd.DataFrame:
    """The limit that held on each mark: the latest that is said to hold from that day or an earlier one.

    Index ``mark`` (day number), ``customer_id``, of those with one; ``limit`` (company currency, also one of 0) and
    ``since`` (day number). Limits have no day of recording, so one that was entered late counts from its own day.
    """
    limits = snapshot.limits
    marked = limits.select("customer_id", "credit_limit", since=day_numbers(limits["valid_from"]))
    marked = marked.cross_join(marks_table(marks)).filter(lambda t: t["since"] <= t["mark"])
    held = marked.group_by("mark", "customer_id").aggregate(
        limit=marked["credit_limit"].argmax(marked["since"]), since=marked["since"].max()
    )
    return held.execute().set_index(["mark", "customer_id"]).sort_index().astype({"limit": float})


def ratings_at(history: History, marks: Sequence[date]) -> pd.DataFrame:
    """The latest rating that had arrived by each mark; index ``mark``, ``customer_id``, of those rated.

    ``rating_score``, ``rating_grade`` (text), ``rating_age_days`` (since it was rated). Scales of providers cannot be
    compared, so only the one counts that rates the most customers on the mark, the first by name of equals.
    """
    ratings = history.snapshot.ratings
    marked = ratings.select(
        "customer_id",
        "provider",
        "score",
        "grade",
        rated=day_numbers(ratings["rated_on"]),
        shown=day_numbers(ratings["recorded_on"]),
    ).cross_join(marks_table(marks))
    marked = marked.filter((marked["rated"] <= marked["mark"]) & (marked["shown"] <= marked["mark"]))
    keys = ["mark", "provider", "customer_id"]
    latest = ibis.window(group_by=keys, order_by=ibis.desc("rated"))
    frame = marked.mutate(_nth=ibis.row_number().over(latest)).filter(lambda t: t["_nth"] == 0).execute()
    frame = frame.sort_values(keys, ignore_index=True)
    rated = frame.groupby(["mark", "provider"], as_index=False).size()
    main = rated.sort_values(["mark", "size", "provider"], ascending=[True, False, True]).drop_duplicates("mark")
    frame = frame.merge(main[["mark", "provider"]], on=["mark", "provider"])
    frame = frame.assign(age=frame["mark"] - frame["rated"]).set_index(["mark", "customer_id"]).sort_index()
    return pd.DataFrame(
        {
            "rating_score": frame["score"].astype(float),
            "rating_grade": frame["grade"].astype(object),
            "rating_age_days": frame["age"].astype(float),
        }
    )
