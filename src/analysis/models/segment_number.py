"""How many segments: as many as stand a redraw of the customers and tell more about the year to come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.models.segment_features import Floats, judged
from analysis.models.segment_fit import fit_segments
from analysis.models.segment_gain import JUDGED_STARTS, OWN_PAST, OWN_SEGMENTS, foretold, gains

MOST_SEGMENTS = 6
# The least mean agreement (adjusted Rand index) with segments learned from redrawn customers. 0.75 is asked for; a mean
# of 20 redraws has an error, so a little more is required.
STABILITY_MINIMUM = 0.80
REDRAWS = 20
_SEED = 20_260_101


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberOfSegments:
    """How many segments were chosen, and why.

    ``table``: index ``number`` (1, 2, ...), and the columns

    - ``stability``: mean adjusted Rand index with segments of redrawn customers; 1 for one segment;
    - ``least_alike``: the least over segments of the mean Jaccard similarity with the most alike one of a redraw;
    - ``smallest``: customers of the smallest segment; ``stands``: stable enough, and no segment too small to show;
    - ``gain``, ``gain_error``: share of the differences between customers in the following year that the segments of
      a year ago foretold, with its standard error;
    - ``shortfall``, ``shortfall_error``: how much less that is than the best number that stands, with the standard
      error of the difference on the same customers. These four are NaN without a year to look back.

    ``references``: ``gain`` and ``gain_error`` of the company's own segments and of each customer's own past.
    ``reason`` is a clause that follows "because".
    """

    table: pd.DataFrame
    references: pd.DataFrame
    chosen: int
    reason: str


def choose_number(
    view: pd.DataFrame, *, year_ago: pd.DataFrame | None, smallest: int, redraws: int = REDRAWS
) -> NumberOfSegments:
    """Judge one to six segments by stability and by what they foretell, and choose.

    ``view`` is the customer view of the day, ``year_ago`` that of a year before (None where the books do not reach
    back). Numbers whose segments do not stand a redraw, or of which one has fewer than ``smallest`` customers, are
    out. Of the rest the smallest is chosen that falls short of the best by no more than one standard error of the
    difference: finer segments have to pay. Without a year to look back the most stable number above one is taken.

    Source: one standard error: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984),
    section 3.4.3, here of the difference, because all numbers are judged on the same customers.
    """
    known = view[judged(view)].sort_index()
    numbers = list(range(1, 1 + max(1, min(MOST_SEGMENTS, len(known) // (2 * smallest)))))
    table = pd.DataFrame.from_dict(
        {number: stability(known, number=number, redraws=redraws) for number in numbers}, orient="index"
    ).rename_axis("number")
    table["stands"] = (table["stability"] >= STABILITY_MINIMUM) & (table["smallest"] >= smallest)
    table.loc[1, "stands"] = True
    misses = foretold(view, year_ago, numbers=numbers)
    told = gains(misses)
    table = table.join(told.loc[numbers]).join(_shortfalls(misses, table["stands"]))
    chosen, reason = _chosen(table)
    references = told.loc[[OWN_SEGMENTS, OWN_PAST]]
    return NumberOfSegments(table=table, references=references, chosen=chosen, reason=reason)


def stability(known: pd.DataFrame, *, number: int, redraws: int = REDRAWS) -> dict[str, float]:
    """How far segments of redrawn customers agree with those of all; see :class:`NumberOfSegments`.

    Customers are drawn with replacement, segments learned from the drawn ones, and all customers assigned by both. The
    draws are always the same, so that nothing hangs on a seed.

    Source: agreement: Hubert and Arabie, Journal of Classification 2 (1985) 193-218; redraws and Jaccard similarity:
    Hennig, Computational Statistics and Data Analysis 52 (2007) 258-271.
    """
    if number == 1 or len(known) <= number:
        whole_or_none = 1.0 if number == 1 else math.nan
        return {"stability": whole_or_none, "least_alike": whole_or_none, "smallest": float(len(known) // number)}
    whole = fit_segments(known, number=number).assigned(known)["segment"].to_numpy()
    rng = np.random.default_rng(_SEED)
    agreements, alike = [], []
    for _ in range(redraws):
        drawn = known.iloc[np.sort(rng.integers(len(known), size=len(known)))].reset_index(drop=True)
        again = fit_segments(drawn, number=number, starts=JUDGED_STARTS).assigned(known)["segment"].to_numpy()
        agreements.append(adjusted_rand_score(whole, again))
        alike.append(jaccard(whole, again, number=number))
    return {
        "stability": float(np.mean(agreements)),
        "least_alike": float(np.mean(alike, axis=0).min()),
        "smallest": float(np.bincount(whole, minlength=number + 1)[1:].min()),
    }


def jaccard(whole: np.ndarray, again: np.ndarray, *, number: int) -> Floats:
    """For each segment (1 to ``number``) of ``whole`` its Jaccard similarity with the most alike one of ``again``.

    ``|A and B| / |A or B|`` over customers.

    >>> jaccard(np.array([1, 1, 2, 2]), np.array([2, 2, 2, 1]), number=2).round(3).tolist()
    [0.667, 0.5]
    """
    both = np.zeros((number + 1, number + 1))
    np.add.at(both, (whole, again), 1)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    best: Floats = np.divide(both, either, out=np.zeros_like(both), where=either > 0)[1:, 1:].max(axis=1)
    return best


def _shortfalls(misses: pd.DataFrame, stands: pd.Series[bool]) -> pd.DataFrame:
    """Gain less than that of the best number that stands, and the standard error of the difference."""
    columns = [number for number in misses.columns if number in stands.index]
    if misses.empty:
        return pd.DataFrame(math.nan, index=stands.index, columns=["shortfall", "shortfall_error"])
    best = misses[stands.index[stands]].mean().idxmin()
    behind = misses[columns].sub(misses[best], axis=0)
    return pd.DataFrame({"shortfall": behind.mean(), "shortfall_error": behind.std() / np.sqrt(len(behind))})


def _chosen(table: pd.DataFrame) -> tuple[int, str]:
    """The number, and the reason."""
    standing = table[table["stands"]]
    if len(table) == 1:
        return 1, "there are too few customers with history enough to divide them"
    if len(standing) == 1:
        return 1, "no finer division stood a redraw of the customers with segments large enough to show"
    if standing["gain"].isna().all():
        finer = standing.loc[standing.index > 1, "stability"]
        reason = (
            "this division stood redraws of the customers best; the books do not reach back far enough to test more"
        )
        return int(finer.idxmax()), reason
    best = int(standing["gain"].idxmax())
    near = standing.index[standing["shortfall"] <= standing["shortfall_error"]]
    chosen = int(near[0])
    if chosen == best:
        reason = "fewer surely foretold less of the year that followed"
    else:
        reason = f"{best} foretold no more of the year that followed than chance may"
    fallen = table.index[(table.index > chosen) & ~table["stands"]]
    if len(fallen):
        reason += f"; {_numbers(fallen)} did not stand a redraw of the customers or had segments too small to show"
    return chosen, reason


def _numbers(numbers: pd.Index[int]) -> str:
    return " and ".join(part for part in (", ".join(map(str, numbers[:-1])), str(numbers[-1])) if part)
