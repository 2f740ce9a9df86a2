"""What segments are called, and the one rule by which people can tell who is in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from analysis.models.segment_features import FEATURES, Feature

NEW = "New or too few invoices"
ALL = "All customers with history"
# Median of mean days late up to which a segment is called so.
_TIMING = ((-3.0, "Early"), (5.0, "On-time"), (30.0, "Late"), (math.inf, "Very late"))
# From this share of payments on one weekday or at month end on, the customer pays in runs.
_RUNS_SHARE = 0.75
# A second condition makes a rule harder to read; it has to raise its F1 score by so much.
_WORTH_A_CONDITION = 0.01
_FEATURES = {feature.id: feature for feature in FEATURES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A figure above (``above``) a threshold, or at most so much."""

    feature: str
    above: bool
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions that all hold for (nearly) all of a segment and (nearly) nobody else.

    ``caught`` is the share of the segment's customers that meet the rule, ``right`` the share of those that meet it
    who are in the segment.
    """

    conditions: tuple[Condition, ...]
    caught: float
    right: float

    def holds(self, figures: pd.DataFrame) -> pd.Series[bool]:
        """Whether each customer meets the rule; ``figures`` as of ``segment_features.shown``."""
        met = pd.Series(True, index=figures.index)
        for condition in self.conditions:
            above = figures[condition.feature] > condition.threshold
            met &= above if condition.above else ~above
        return met


def names_of(figures: pd.DataFrame, segment: pd.Series[int]) -> dict[int, str]:
    """A name for each segment from the medians of its customers, in order; 0, last, is who cannot be judged.

    When they pay, and whether in payment runs ("run payers"); where two would be called alike, about how many days as
    well. ``figures`` as of ``segment_features.shown``, for the customers of ``segment``.
    """
    medians = figures.groupby(segment).median().drop(index=0, errors="ignore")
    if len(medians) == 1:
        return {int(medians.index[0]): ALL, 0: NEW}
    names: dict[int, str] = {}
    called = {int(number): _called(row) for number, row in medians.iterrows()}  # type: ignore[call-overload]
    for place, (number, name) in enumerate(called.items()):
        if sum(other == name for other in called.values()) > 1:
            name = f"{name}, about {_days(float(medians['days_late'].iloc[place]))}"
        names[number] = name if name not in names.values() else f"{name} ({number})"
    return names | {0: NEW}


def _called(medians: pd.Series[float]) -> str:
    timing = next(name for limit, name in _TIMING if medians["days_late"] <= limit)
    return f"{timing} {'run payers' if medians['regularity'] >= _RUNS_SHARE else 'payers'}"


def _days(late: float) -> str:
    number = round(abs(late))
    days = f"{number} day{'' if number == 1 else 's'}"
    return "on the due date" if not number else f"{days} {'late' if late > 0 else 'early'}"


def rules_of(figures: pd.DataFrame, segment: pd.Series[int]) -> dict[int, Rule]:
    """For each segment the best rule of at most two conditions; segment 0 and one alone have none.

    The node of a tree of two levels (this segment against all others) that has the highest F1 score, a second condition
    having to add a hundredth; thresholds are rounded as people would write them, and the shares are those of the
    rounded rule.

    Source: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984); F1: van Rijsbergen,
    Information Retrieval (2nd ed., 1979), chapter 7.
    """
    known = segment > 0
    figures, segment = figures[known].sort_index(), segment[known].sort_index()
    numbers = sorted(set(segment))
    return {int(number): _best_rule(figures, segment == number) for number in numbers} if len(numbers) > 1 else {}


def _best_rule(figures: pd.DataFrame, inside: pd.Series[bool]) -> Rule:
    tree = DecisionTreeClassifier(max_depth=2, class_weight="balanced", random_state=0)
    tree.fit(figures.to_numpy(float), inside.to_numpy())
    rules = [_judged(conditions, figures, inside) for conditions in _nodes(tree, list(figures.columns))]
    # The first of equals, so that ties do not depend on anything but the order of the tree.
    return max(rules, key=lambda rule: _f1(rule) - _WORTH_A_CONDITION * len(rule.conditions))


def _judged(conditions: tuple[Condition, ...], figures: pd.DataFrame, inside: pd.Series[bool]) -> Rule:
    met = Rule(conditions=conditions, caught=0.0, right=0.0).holds(figures)
    both = float((met & inside).sum())
    right = both / float(met.sum()) if met.any() else 0.0
    return Rule(conditions=conditions, caught=both / float(inside.sum()), right=right)


def _f1(rule: Rule) -> float:
    return 2 * rule.caught * rule.right / (rule.caught + rule.right) if rule.caught and rule.right else 0.0


def _nodes(tree: DecisionTreeClassifier, columns: list[str]) -> Iterator[tuple[Condition, ...]]:
    """The conditions that lead to each node, tightest ones only, from the root down and from left to right."""
    grown = tree.tree_

    def below(node: int, path: Mapping[tuple[str, bool], float]) -> Iterator[tuple[Condition, ...]]:
        yield tuple(Condition(feature=name, above=above, threshold=at) for (name, above), at in path.items())
        if grown.children_left[node] == grown.children_right[node]:
            return
        feature = _FEATURES[columns[grown.feature[node]]]
        at = _rounded(float(grown.threshold[node]), feature)
        # Below a split on the same figure the later threshold is the tighter one.
        yield from below(int(grown.children_left[node]), {**path, (feature.id, False): at})
        yield from below(int(grown.children_right[node]), {**path, (feature.id, True): at})

    return below(0, {})


def _rounded(threshold: float, feature: Feature) -> float:
    if feature.unit == "days":
        return float(round(threshold))
    if feature.unit == "share":
        return round(threshold, 2)
    digits = 1 - math.floor(math.log10(abs(threshold))) if threshold else 0
    return float(np.round(threshold, digits))
