"""Which forecaster is used: a model has to beat the strongest naive rule, by a rule fixed beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from analysis.models.backtest import ORIGINS_MIN, Backtest
from analysis.models.ladder import Rung
from analysis.models.monitoring import Monitor
from analysis.models.skill import Comparison, DrawnScores, drawn_scores

# Below ten clusters a bootstrap over them is known to be too narrow: Cameron, Gelbach and Miller, Review of
# Economics and Statistics 90 (2008) 414-427.
CUSTOMERS_MIN = 10
# A rung is chosen by its record only where there is one, of three days of the past and a hundred forecasts.
FORECASTS_MIN = 100

# Differences of a hundredth between heads of one model are noise (the project's notes on modelling say two).
PREFERENCE_MARGIN = 0.01

PROMOTION_RULE = (
    "The strongest naive rule, by integrated Brier score over all origins, is the champion. Its challenger is the "
    "last of the models, the mean of the others, unless another has an error more than "
    f"{PREFERENCE_MARGIN:.0%} below it; then the one with the least error is. It replaces the champion only where "
    "the upper limit of the 95% interval of the difference of their scores, from a bootstrap over customers, lies "
    f"below zero. Fewer than {CUSTOMERS_MIN} customers promote no model; on fewer than {ORIGINS_MIN} origins or "
    f"{FORECASTS_MIN} forecasts the record is not asked and the highest rule that the books can carry is used."
)

DEMOTION_RULE = (
    "A model that was promoted is held against what came: invoice-days unpaid over those that it expected on the first "
    "month end on which each invoice was open, by month, within the control limits of the months before. Two months "
    "running outside put the naive rule that it had to beat in its place, two months running within put it back. A "
    "rule has no other to stand in for it; that it is outside is said."
)

Reason = Literal["promoted", "demoted", "no better", "no model", "few customers", "no record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The forecaster to use, and why.

    ``rung`` is the id of the naive rule that had to be beaten; ``against_rung`` the challenger against it (None
    without a model or a record). ``verdict`` says it in a sentence. ``demoted`` is the id of a model that was promoted
    and is not used, because it stands demoted; None where there is none.
    """

    id: str
    name: str
    rung: str
    reason: Reason
    against_rung: Comparison | None
    verdict: str
    demoted: str | None = None

    @property
    def is_model(self) -> bool:
        """Whether a model is used and not a naive rule."""
        return self.id != self.rung


def champion(tested: Backtest, *, carried: Rung, drawn: DrawnScores | None = None) -> Champion:
    """The forecaster that :data:`PROMOTION_RULE` chooses.

    ``carried`` is the rung to use where there is no record, see
    :func:`~analysis.models.ladder.strongest_carried`; ``drawn`` the bootstrap, made here where not given.
    """
    if len(tested.origins) < ORIGINS_MIN or tested.n_invoices < FORECASTS_MIN:
        short = f"{_record(tested)} are too little of a record to judge by"
        why = short if tested.n_invoices else "the books hold no past day to judge by"
        return _kept(carried.id, carried.name, "no record", why)
    rung = tested.strongest(tested.rungs)
    name = tested.names[rung]
    if not tested.models:
        return _kept(rung, name, "no model", f"it has the smallest error of the naive rules over {_record(tested)}")
    if tested.n_customers < CUSTOMERS_MIN:
        few = f"with {_counted(tested.n_customers, 'customer')} luck cannot be told from skill"
        return _kept(rung, name, "few customers", f"{few}, so that no model is promoted")
    scores = drawn or drawn_scores(tested)
    best = scores.compare(_challenger(tested), against=rung)
    used = best.id if best.surely_better else rung
    if used == rung:
        verdict = (
            f"{_capital(name)} is used, because no model is surely better: over {_record(tested)} the error of "
            f"{tested.names[best.id]} is {_told(best)}."
        )
        reason: Reason = "no better"
    else:
        reason = "promoted"
        verdict = (
            f"{_capital(tested.names[used])} is used: over {_record(tested)} its error is {_told(best)} than that of "
            f"the strongest naive rule, {name}."
        )
    return Champion(
        id=used,
        name=tested.names[used],
        rung=rung,
        reason=reason,
        against_rung=best,
        verdict=verdict,
    )


def standing(chosen: Champion, held: Monitor) -> Champion:
    """The champion as :data:`DEMOTION_RULE` leaves it: itself, or its naive rule where ``held`` stands demoted."""
    if not chosen.is_model or not held.is_demoted:
        return chosen
    last = held.months.iloc[-1]
    ratio, low, high = (float(last[name]) for name in ("ratio", "low", "high"))
    found = f"{ratio:.2f} times as long as it expected (usual: {low:.2f} to {high:.2f})"
    latest = "too few invoices waited to judge by" if math.isnan(ratio + low) else f"invoices waited {found}"
    fell = "two months running were outside its control limits"
    why = f"{fell}, and two running within them put it back" if held.side is None else fell
    verdict = (
        f"{_capital(held.baseline)} is used in place of {chosen.name}, which stands demoted: {why}. In the last whole "
        f"month {latest}."
    )
    return replace(chosen, id=chosen.rung, name=held.baseline, reason="demoted", verdict=verdict, demoted=chosen.id)


def _challenger(tested: Backtest) -> str:
    """The model that challenges: the last, unless another is better by more than the margin."""
    preferred, best = tested.models[-1], tested.strongest(tested.models)
    errors = [tested.figure(id, "integrated_brier") for id in (best, preferred)]
    return best if errors[0] < (1.0 - PREFERENCE_MARGIN) * errors[1] else preferred


def _kept(rung: str, name: str, reason: Reason, why: str) -> Champion:
    """A rung that no model challenged."""
    verdict = f"{_capital(name)} is used: {why}."
    return Champion(id=rung, name=name, rung=rung, reason=reason, against_rung=None, verdict=verdict)


def _told(found: Comparison) -> str:
    """A skill with its interval: "12.0% smaller (95% interval 8.0% to 16.0%)"."""
    if math.isnan(found.skill):
        return "not to be compared"
    low, high = found.skill_low, found.skill_high
    if low >= 0:
        between = f"{low:.1%} to {high:.1%}"
    elif high <= 0:
        between = f"{-high:.1%} to {-low:.1%}"
    else:
        between = f"from {-low:.1%} larger to {high:.1%} smaller"
    return f"{abs(found.skill):.1%} {'smaller' if found.skill >= 0 else 'larger'} (95% interval {between})"


def _record(tested: Backtest) -> str:
    return f"{_counted(tested.n_invoices, 'forecast')} of {_counted(len(tested.origins), 'past day')}"


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
